extends Node
## Runs the programs of Godot 3's tutorial and of the summary, each with a suitable remote peer, until they have exchanged their
## messages. The exit code is the number of failed programs.


func _ready() -> void:
	var failed := PackedStringArray()
	for part: Callable in [_tutorial_client, _tutorial_server, _summary]:
		if not await part.call():
			failed.append(part.get_method())
	for name in failed:
		printerr("failed: ", name)
	get_tree().quit(failed.size())


## The client requires a sub-protocol, so its server must support it.
func _tutorial_client() -> bool:
	var server := WebSocketServer.new()
	server.data_received.connect(_echo_and_close.bind(weakref(server)))
	server.listen(0, ["lws-mirror-protocol"])
	var client := _scene("godot3_client/godot3_client.tscn", {"websocket_url": "ws://localhost:%d" % server.get_local_port()})
	var done := await _until(func() -> bool:
		server.poll()
		return not client.is_processing())
	client.queue_free()
	server.stop()
	return done


func _echo_and_close(id: int, server: WeakRef) -> void:
	var peer: RustWebSocketRemotePeer = server.get_ref().get_peer(id)
	peer.put_packet(peer.get_packet())
	peer.close(1000, "done")


func _tutorial_server() -> bool:
	var server := _scene("godot3_server/godot3_server.tscn", {"port": 0})
	var client := WebSocketClient.new()
	var state := {"closed": false}
	var weak: WeakRef = weakref(client)
	client.connection_established.connect(func(_protocol: String) -> void: weak.get_ref().get_peer(1).put_packet("Test packet".to_utf8_buffer()))
	client.data_received.connect(func() -> void: weak.get_ref().disconnect_from_host(1000, "done"))
	client.connection_closed.connect(func(_clean: bool) -> void: state.closed = true)
	client.connect_to_url("ws://localhost:%d" % server._server.get_local_port())
	var done := await _until(func() -> bool:
		client.poll()
		return state.closed)
	server.queue_free()
	return done


func _summary() -> bool:
	var server := _scene("godot3_summary/server.tscn", {"port": 0})
	var client := _scene("godot3_summary/client.tscn", {"url": "ws://localhost:%d" % server.server.get_local_port()})
	var state := {"received": false}
	client.ws.data_received.connect(func() -> void: state.received = true)
	var done := await _until(func() -> bool: return state.received)
	client.queue_free()
	server.queue_free()
	return done


func _scene(path: String, properties: Dictionary) -> Node:
	var node: Node = load("res://demos/" + path).instantiate()
	for name: String in properties:
		node.set(name, properties[name])
	add_child(node)
	return node


func _until(condition: Callable) -> bool:
	# Loaded at run time, because the editor's tests have a copy of the project without its tests.
	return await load("res://tests/support/wait.gd").frames_until(condition)
