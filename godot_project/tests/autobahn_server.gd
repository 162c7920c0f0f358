extends SceneTree
## Echo server for conformance suites: prints `LISTENING <port>` and echoes until its standard input ends.
## Run by `godot --headless --path godot_project -s res://tests/autobahn_server.gd [-- KEY CERTIFICATE]`.
## With a key and a certificate (PEM files) it serves wss.

const BUFFER := 32 << 20

var _server := RustTCPServer.new()
var _peers: Array[RustWebSocketPeer] = []
var _tls: TLSOptions
var _held: Dictionary[RustWebSocketPeer, Array] = {}


func _initialize() -> void:
	# The suites count thousands of round trips; a frame must not wait for the next sixtieth of a second.
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
			_held.erase(peer)
	# Nothing to do until the network has news; a busy loop would starve the suite's own process.
	OS.delay_usec(100)
	return false


func _secured(connection: StreamPeer) -> StreamPeer:
	if _tls == null:
		return connection
	var stream := RustStreamPeerTLS.new()
	stream.accept_stream(connection, _tls)
	return stream


func _echo(peer: RustWebSocketPeer) -> void:
	# A packet the peer could not take yet goes first, and none is read before it has left.
	if _held.has(peer):
		if peer.send(_held[peer][0], _held[peer][1]) == ERR_OUT_OF_MEMORY:
			return
		_held.erase(peer)
	while peer.get_available_packet_count() > 0:
		var packet := peer.get_packet()
		var mode := RustWebSocketPeer.WRITE_MODE_TEXT if peer.was_string_packet() else RustWebSocketPeer.WRITE_MODE_BINARY
		if peer.send(packet, mode) == ERR_OUT_OF_MEMORY:
			_held[peer] = [packet, mode]
			return
	peer.flush()
