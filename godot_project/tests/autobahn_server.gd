extends SceneTree
## Echo server for conformance suites: prints `LISTENING <port>` and echoes until its standard input ends.
## Run by `godot --headless --path godot_project -s res://tests/autobahn_server.gd [-- KEY CERTIFICATE]`.
## With a key and a certificate (PEM files) it accepts wss connections.

const BUFFER := 32 << 20

var _server := RustTCPServer.new()
var _peers: Array[RustWebSocketPeer] = []
var _tls: TLSOptions
var _refused: Dictionary[RustWebSocketPeer, Array] = {}


func _initialize() -> void:
	# The suites need thousands of round trips; an unlimited frame rate answers each without delay.
	Engine.max_fps = 0
	OS.low_processor_usage_mode = false
	var files := OS.get_cmdline_user_args()
	if files.size() == 2:
		var key := CryptoKey.new()
		var certificate := X509Certificate.new()
		key.load(files[0])
		certificate.load(files[1])
		_tls = TLSOptions.server(key, certificate)
	if _server.listen(0, "127.0.0.1") != OK:
		quit(1)
		return
	print("LISTENING %d" % _server.get_local_port())


func _process(_delta: float) -> bool:
	while _server.is_connection_available():
		var peer := RustWebSocketPeer.new()
		peer.inbound_buffer_size = BUFFER
		peer.outbound_buffer_size = BUFFER
		peer.compression_enabled = true
		peer.compression_threshold = 0
		peer.accept_stream(_secured(_server.take_connection()))
		_peers.append(peer)
	for peer in _peers.duplicate():
		peer.poll()
		_echo(peer)
		if peer.get_ready_state() == RustWebSocketPeer.STATE_CLOSED:
			_peers.erase(peer)
			_refused.erase(peer)
	# A busy loop would take CPU time from the suite's process.
	OS.delay_usec(100)
	return false


func _secured(connection: StreamPeer) -> StreamPeer:
	if _tls == null:
		return connection
	var stream := RustStreamPeerTLS.new()
	stream.accept_stream(connection, _tls)
	return stream


func _echo(peer: RustWebSocketPeer) -> void:
	# A refused packet is sent first; until then no other is read.
	if _refused.has(peer):
		if peer.send(_refused[peer][0], _refused[peer][1]) == ERR_OUT_OF_MEMORY:
			return
		_refused.erase(peer)
	while peer.get_available_packet_count() > 0:
		var packet := peer.get_packet()
		var mode := RustWebSocketPeer.WRITE_MODE_TEXT if peer.was_string_packet() else RustWebSocketPeer.WRITE_MODE_BINARY
		if peer.send(packet, mode) == ERR_OUT_OF_MEMORY:
			_refused[peer] = [packet, mode]
			return
	peer.flush()
