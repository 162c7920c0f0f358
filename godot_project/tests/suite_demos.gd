extends "support/suite.gd"
## The start scene and the demos that do not end by themselves; tools/run test-demos runs the others.

const DEMOS := "res://demos/"
## Those that end the program.
const UNLISTED: PackedStringArray = ["godot3_run"]


func _tree() -> SceneTree:
	return Engine.get_main_loop()


## Lets the engine run frames until the condition holds.
func _comes(is_there: Callable, seconds := 10.0) -> bool:
	var start := Time.get_ticks_msec()
	while not is_there.call():
		if Time.get_ticks_msec() - start > seconds * 1000.0:
			return false
		await _tree().process_frame
	return true


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


func test_the_chat_works_apart() -> void:
	if engine_differs():
		return
	var server := _add("chat/chat_server")
	server.port = 0
	_tree().root.add_child(server)
	await _tree().process_frame
	var heard := PackedStringArray()
	var clients: Array[Node] = []
	for player: String in ["Ada", "Bob"]:
		var client := _add("chat/chat_client")
		client.player = player
		client.url = "ws://localhost:%d" % server.get_port()
		client.heard.connect(func(line: String) -> void: heard.append("%s hears %s" % [player, line]))
		_tree().root.add_child(client)
		client.join()
		clients.append(client)
	check(not clients[0].say("too early"), "nothing is said before the connection is open")
	check(await _comes(func() -> bool: return clients.all(func(client: Node) -> bool: return client.is_here())), "both are here")
	check(not clients[0].say(""), "nothing to say")
	check(clients[0].say("hello"), "said")
	check(await _comes(func() -> bool: return heard.size() == 2), "both hear it")
	heard.sort()
	equal(heard, ["Ada hears Ada: hello", "Bob hears Ada: hello"])
	clients[1].leave()
	check(await _comes(func() -> bool: return not clients[1].is_here()), "one leaves")
	check(clients[0].say("bye"), "the other stays")
	check(await _comes(func() -> bool: return heard.size() == 3), "and hears itself")
	for node: Node in clients + [server]:
		node.queue_free()
	await _tree().process_frame
