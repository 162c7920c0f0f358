extends "support/multiplayer_suite.gd"
## Godot clients, of the extension and of the engine, at a dedicated server that is written in C.

var _server := {}
## Lines that the server has printed.
var _lines := PackedStringArray()


func run_test(name: String) -> void:
	await super.run_test(name)
	_stop_server()
	_lines.clear()


func _start_server(arguments: PackedStringArray = []) -> bool:
	var program := OS.get_environment("WSPEER_ROOM_SERVER")
	_server = OS.execute_with_pipe(program, arguments, false) if program != "" else {}
	check(not _server.is_empty(), "the server program runs: '%s'" % program)
	if _server.is_empty():
		return false
	var is_listening := await _until_line("LISTENING ")
	port = int(_lines[0].get_slice(" ", 1)) if is_listening else 0
	return is_listening


## Closing its standard input ends it.
func _stop_server() -> void:
	if not _server.is_empty():
		_server.stdio.close()
		_server.stderr.close()
		_server = {}


func _until_line(beginning: String) -> bool:
	return await _until(func() -> bool:
		for line in _read().split("\n", false):
			_lines.append(line)
		return Array(_lines).any(func(line: String) -> bool: return line.begins_with(beginning)), "the server says " + beginning)


## What the server has printed since the last question; it prints whole lines.
func _read() -> String:
	return (_server.stdio as FileAccess).get_buffer(4096).get_string_from_utf8()


func _arrive(families: Array) -> bool:
	for family: String in families:
		_join(_add_player(family, false))
	return await _until(func() -> bool:
		return _present().size() == families.size() and players.all(func(player: Player) -> bool: return player.peers().size() == families.size()),
		"everybody knows everybody")


func _families() -> Array:
	return [Implementation.OURS, Implementation.ENGINE, Implementation.OURS, Implementation.ENGINE] if implementation.is_ours() else [Implementation.ENGINE, Implementation.ENGINE, Implementation.ENGINE]


func test_clients_call_each_other_through_the_server() -> void:
	if not (await _start_server() and await _arrive(_families())):
		return
	for from in players:
		await _until_line("CONNECTED %d" % from.id())
		from.game.rpc("say", "from %d" % from.id())
		from.game.rpc_id(1, "say", "for the server")
	for to in players:
		for from in _others(to):
			await _until(_heard.bind(to, [from.id(), "say", "from %d" % from.id()]), "a relayed call")
			from.game.rpc_id(to.id(), "mention", "only you")
			await _until(_heard.bind(to, [from.id(), "mention", "only you"]), "a call to one")
		await _until_line("CALL %d" % to.id())


func test_bytes_reach_the_server_and_come_back() -> void:
	if not (await _start_server() and await _arrive(_families())):
		return
	for player in players:
		player.api.send_bytes("echo me".to_utf8_buffer(), 1)
		await _until(func() -> bool: return [1, "echo me"] in player.bytes, "the echo")
	players[0].api.send_bytes("all of you".to_utf8_buffer(), 1)
	for player in players:
		await _until(func() -> bool: return [1, "all of you"] in player.bytes, "bytes for all")
		equal(player.bytes.filter(func(entry: Array) -> bool: return entry[1] == "echo me").size(), 1, "an echo is for one")
	players[1].api.send_bytes("between clients".to_utf8_buffer(), players[2].id())
	await _until(func() -> bool: return [players[1].id(), "between clients"] in players[2].bytes, "bytes between clients")


func test_clients_replicate_through_the_server() -> void:
	if not (await _start_server() and await _arrive(_families())):
		return
	# Without a scene of its own the server owns nothing; a client's spawner does.
	var owner := players[0]
	for player in players:
		player.game.spawner.set_multiplayer_authority(owner.id())
	owner.game.spawner.spawn({"name": "unit", "cell": Vector2i(1, 2), "authority": owner.id()})
	for player in players:
		await _until(func() -> bool: return player.game.state() == owner.game.state(), "the unit")
	owner.game.units.get_node("unit").cell = Vector2i(7, 8)
	owner.game.units.get_node("unit").label = "renamed"
	for player in players:
		await _until(func() -> bool: return player.game.state() == {"unit": [Vector2i(7, 8), 100, "renamed"]}, "its changes")


func test_who_leaves_or_is_disconnected_is_told() -> void:
	if not (await _start_server() and await _arrive(_families())):
		return
	var left := players[0].id()
	players[0].room.close()
	await _until_line("DISCONNECTED %d " % left)
	var kicked := players[1].id()
	players[1].api.send_bytes("kick me".to_utf8_buffer(), 1)
	await _until(func() -> bool: return "server_disconnected" in players[1].told, "disconnected")
	for player: Player in players.slice(2):
		for id: int in [left, kicked]:
			await _until(func() -> bool: return "peer_disconnected %d" % id in player.told, "told")
	_stop_server()
	for player: Player in players.slice(2):
		await _until(func() -> bool: return "server_disconnected" in player.told, "the server's end")


## A stopped process answers nothing and closes nothing.
func test_who_hangs_is_told() -> void:
	if not (await _start_server() and await _arrive([_families()[0], Implementation.ENGINE])):
		return
	var pid := _launch(Implementation.ENGINE, "client", str(port), 3)
	await _until(func() -> bool: return players[0].peers().size() == 3, "the guest", 40.0)
	var guest: int = players[0].peers().filter(func(id: int) -> bool: return id not in [1, players[1].id()])[0]
	equal(OS.execute("kill", ["-STOP", str(pid)]), 0, "kill -STOP")
	await _until_line("DISCONNECTED %d -1" % guest)
	check(Array(_lines).any(func(line: String) -> bool: return "answered no ping" in line), "and why: " + _lines[-1])
	for player in players:
		await _until(func() -> bool: return "peer_disconnected %d" % guest in player.told, "the others are told")
	players[0].game.rpc_id(players[1].id(), "say", "we play on")
	await _until(_heard.bind(players[1], [players[0].id(), "say", "we play on"]), "a call among the others")
	equal(OS.execute("kill", ["-CONT", str(pid)]), 0, "kill -CONT")


func test_authentication() -> void:
	if not await _start_server(["the password"]):
		return
	for family: String in [Implementation.OURS, Implementation.ENGINE] if implementation.is_ours() else [Implementation.ENGINE]:
		for password: String in ["the password", "a guess"]:
			var client := _add_player(family, false)
			client.api.auth_callback = func(id: int, _data: PackedByteArray) -> void: client.api.complete_auth(id)
			client.api.peer_authenticating.connect(func(id: int) -> void:
				client.api.send_auth(id, password.to_utf8_buffer())
				client.api.complete_auth(id))
			_join(client)
			if password == "the password":
				await _until(func() -> bool: return "connected_to_server" in client.told, "admitted")
			else:
				await _until_line("REFUSED")
				await _until(func() -> bool: return client.room.get_connection_status() == MultiplayerPeer.CONNECTION_DISCONNECTED, "refused")
				check("connected_to_server" not in client.told, "never connected")
