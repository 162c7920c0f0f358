extends Node
## Runs the minimal server and the minimal client until they have exchanged the test packet and closed cleanly. The exit code is 0 if
## all of that has happened.

var _server: Node
var _client: Node
var _server_peer: RustWebSocketPeer
# Loaded at run time, because the editor's tests have a copy of the project without its tests.
var _wait: RefCounted = load("res://tests/support/wait.gd").new(_missing)


func _ready() -> void:
	_server = load("res://demos/minimal_server/minimal_server.tscn").instantiate()
	_server.port = 0
	add_child(_server)
	if not _server._tcp_server.is_listening():
		_finish(["the server does not listen"])
		return
	_client = load("res://demos/minimal_client/minimal_client.tscn").instantiate()
	_client.websocket_url = "ws://localhost:%d" % _server._tcp_server.get_local_port()
	add_child(_client)


func _process(_delta: float) -> void:
	# The server drops closed peers; this reference is used below.
	if _server_peer == null and not _server._peers.is_empty():
		_server_peer = _server._peers.values()[0]

	# The client receives nothing but the echo.
	if _exchanged() and _client.socket.get_ready_state() == RustWebSocketPeer.STATE_OPEN:
		_client.socket.close()

	var missing := _missing()
	if missing.is_empty() or _wait.is_stalled():
		_finish(missing)


func _exchanged() -> bool:
	return _server_peer != null and _server_peer.was_string_packet() and _client.socket.was_string_packet()


func _missing() -> PackedStringArray:
	var missing := PackedStringArray()
	if _server_peer == null:
		missing.append("no connection at the server")
	elif not _server_peer.was_string_packet():
		missing.append("no text at the server")
	if not _client.socket.was_string_packet():
		missing.append("no echo at the client")
	if _client.is_processing() or _client.socket.get_close_code() != 1000:
		missing.append("the client did not close cleanly")
	if not _server._peers.is_empty() or (_server_peer != null and _server_peer.get_close_code() != 1000):
		missing.append("the server's peer did not close cleanly")
	return missing


func _finish(missing: PackedStringArray) -> void:
	set_process(false)
	for what in missing:
		printerr("Missing: ", what)
	get_tree().quit(0 if missing.is_empty() else 1)
