extends Node
## Runs the minimal server and the minimal client together until they have exchanged
## the test packet and closed cleanly. Exit code 0 only if all of that was seen.

const DEADLINE_SECONDS := 20.0

var _server: Node
var _client: Node
var _server_peer: RustWebSocketPeer
var _seconds := 0.0


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


func _process(delta: float) -> void:
	_seconds += delta
	# The server forgets a peer that has closed; this keeps it for the questions below.
	if _server_peer == null and not _server._peers.is_empty():
		_server_peer = _server._peers.values()[0]

	# Only the echo makes the client's last packet a text: nothing else is sent to it.
	if _exchanged() and _client.socket.get_ready_state() == RustWebSocketPeer.STATE_OPEN:
		_client.socket.close()

	var missing := _missing()
	if missing.is_empty() or _seconds > DEADLINE_SECONDS:
		_finish(missing)


func _exchanged() -> bool:
	return _server_peer != null and _server_peer.was_string_packet() and _client.socket.was_string_packet()


func _missing() -> PackedStringArray:
	var missing := PackedStringArray()
	if _server_peer == null:
		missing.append("the server saw no client")
	elif not _server_peer.was_string_packet():
		missing.append("the server got no text")
	if not _client.socket.was_string_packet():
		missing.append("the client got no echo")
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
