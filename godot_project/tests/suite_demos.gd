extends "support/suite.gd"
## The start scene, and the demos that do not quit by themselves; tools/run test-demos runs the others.

const DEMOS := "res://demos/"
## Demos that quit the engine.
const UNLISTED: PackedStringArray = ["godot3_run"]


func _tree() -> SceneTree:
	return Engine.get_main_loop()


func _add(scene: String) -> Node:
	return load(DEMOS + scene + ".tscn").instantiate()


func test_the_start_scene_lists_every_demo() -> void:
	if engine_differs():
		return
	var start := _add("start")
	var listed: Array = start.DEMOS.map(func(demo: Array) -> String: return demo[1])
	for folder in DirAccess.get_directories_at(DEMOS):
		check(folder in UNLISTED or listed.any(func(scene: String) -> bool: return scene.begins_with(folder + "/")), folder)
	for scene: String in listed:
		var packed: PackedScene = load(DEMOS + scene + ".tscn")
		check(packed != null and packed.can_instantiate(), scene)
	start.free()


func test_the_start_scene_runs_one_demo_at_a_time() -> void:
	if engine_differs():
		return
	var start := _add("start")
	_tree().root.add_child(start)
	await _tree().process_frame
	for scene: String in ["chat/chat_client", "chat/chat_server", "chat/chat_client"]:
		start.open(start.DEMOS.filter(func(demo: Array) -> bool: return demo[1] == scene)[0])
		await _tree().process_frame
		var stage_node: Node = start.get_node("%Stage")
		equal(stage_node.get_child_count(), 1)
		equal(stage_node.get_child(0).scene_file_path, DEMOS + scene + ".tscn")
	start.queue_free()
	await _tree().process_frame


func test_chat_server_and_clients() -> void:
	if engine_differs():
		return
	var server := _add("chat/chat_server")
	server.port = 0
	_tree().root.add_child(server)
	await _tree().process_frame
	var received := PackedStringArray()
	var clients: Array[Node] = []
	for player: String in ["Ada", "Bob"]:
		var client := _add("chat/chat_client")
		client.player = player
		client.url = "ws://localhost:%d" % server.get_port()
		client.line_received.connect(func(line: String) -> void: received.append("%s receives %s" % [player, line]))
		_tree().root.add_child(client)
		client.join()
		clients.append(client)
	check(not clients[0].send_line("too early"), "no line before the connection is open")
	await frames_until(func() -> bool: return clients.all(func(client: Node) -> bool: return client.is_connected_to_server()), "both clients to connect")
	check(not clients[0].send_line(""), "no empty line")
	check(clients[0].send_line("hello"), "a line is sent")
	await frames_until(func() -> bool: return received.size() == 2, "the line at both clients")
	received.sort()
	equal(received, ["Ada receives Ada: hello", "Bob receives Ada: hello"])
	clients[1].leave()
	await frames_until(func() -> bool: return not clients[1].is_connected_to_server(), "one client to disconnect")
	check(clients[0].send_line("bye"), "the other client sends")
	await frames_until(func() -> bool: return received.size() == 3, "its own line")
	for node: Node in clients + [server]:
		node.queue_free()
	await _tree().process_frame
