extends SceneTree
## Client of the Autobahn test suite: echoes the messages of each case, then requests the report.
## Run by `godot --headless --path godot_project -s res://tests/autobahn_client.gd -- ws://127.0.0.1:PORT AGENT`.

const Wait := preload("support/wait.gd")

const BUFFER := 32 << 20
## Some cases have no data for minutes.
const CASE_PATIENCE := 2.0 * Wait.PATIENCE


func _initialize() -> void:
	Engine.max_fps = 0
	OS.low_processor_usage_mode = false
	var arguments := OS.get_cmdline_user_args()
	if arguments.size() != 2:
		printerr("usage: URL AGENT")
		quit(2)
		return
	_run.call_deferred(arguments[0], arguments[1])


func _run(url: String, agent: String) -> void:
	var count := _echo_until_closed(url + "/getCaseCount").get_string_from_ascii().to_int()
	if count <= 0:
		printerr("the suite reports no cases")
		quit(1)
		return
	for case in range(1, count + 1):
		_echo_until_closed("%s/runCase?case=%d&agent=%s" % [url, case, agent])
	_echo_until_closed("%s/updateReports?agent=%s" % [url, agent])
	print("%d cases run" % count)
	quit(0)


## Connects and echoes until the connection is closed. Returns the last packet.
func _echo_until_closed(url: String) -> PackedByteArray:
	var peer := RustWebSocketPeer.new()
	peer.inbound_buffer_size = BUFFER
	peer.outbound_buffer_size = BUFFER
	peer.compression_enabled = true
	peer.compression_threshold = 0
	var last := PackedByteArray()
	var echoed := [0]
	# The certificate of the suite's server has no usable name.
	if peer.connect_to_url(url, TLSOptions.client_unsafe()) != OK:
		printerr("%s: %s" % [url, peer.get_error_message()])
		return last
	var wait := Wait.new(func() -> Array: return [echoed[0], peer.get_ready_state(), peer.get_current_outbound_buffered_amount()], CASE_PATIENCE)
	while peer.get_ready_state() != RustWebSocketPeer.STATE_CLOSED and not wait.is_stalled():
		peer.poll()
		var idle := true
		while peer.get_available_packet_count() > 0:
			idle = false
			echoed[0] += 1
			last = peer.get_packet()
			var mode := RustWebSocketPeer.WRITE_MODE_TEXT if peer.was_string_packet() else RustWebSocketPeer.WRITE_MODE_BINARY
			# send() is refused after the end of the connection, and while the outbound buffer is full.
			while peer.send(last, mode) == ERR_OUT_OF_MEMORY and not wait.is_stalled():
				peer.poll()
		peer.flush()
		if idle:
			OS.delay_usec(100)
	return last
