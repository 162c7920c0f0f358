extends SceneTree
## Fuzzing client loop of the Autobahn suite: every case echoed, then the report.
## Run by `godot --headless --path godot_project -s res://tests/autobahn_client.gd -- ws://127.0.0.1:PORT AGENT`.

const BUFFER := 32 << 20
const CASE_SECONDS := 120.0


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
	var counted := _visit(url + "/getCaseCount")
	var count := counted.get_string_from_ascii().to_int()
	if count <= 0:
		printerr("the suite counts no cases")
		quit(1)
		return
	for case in range(1, count + 1):
		_visit("%s/runCase?case=%d&agent=%s" % [url, case, agent])
	_visit("%s/updateReports?agent=%s" % [url, agent])
	print("%d cases run" % count)
	quit(0)


## Echoes until the connection is closed; returns the last packet.
func _visit(url: String) -> PackedByteArray:
	var peer := RustWebSocketPeer.new()
	peer.inbound_buffer_size = BUFFER
	peer.outbound_buffer_size = BUFFER
	peer.compression_enabled = true
	peer.compression_threshold = 0
	var last := PackedByteArray()
	# The suite's server has a certificate for nobody in particular.
	if peer.connect_to_url(url, TLSOptions.client_unsafe()) != OK:
		printerr("%s: %s" % [url, peer.get_error_message()])
		return last
	var deadline := Time.get_ticks_msec() + int(CASE_SECONDS * 1000)
	while peer.get_ready_state() != RustWebSocketPeer.STATE_CLOSED and Time.get_ticks_msec() < deadline:
		peer.poll()
		var idle := true
		while peer.get_available_packet_count() > 0:
			idle = false
			last = peer.get_packet()
			var mode := RustWebSocketPeer.WRITE_MODE_TEXT if peer.was_string_packet() else RustWebSocketPeer.WRITE_MODE_BINARY
			# Refused once the connection has ended, and while a large echo is still leaving.
			while peer.send(last, mode) == ERR_OUT_OF_MEMORY and Time.get_ticks_msec() < deadline:
				peer.poll()
		peer.flush()
		if idle:
			OS.delay_usec(100)
	return last
