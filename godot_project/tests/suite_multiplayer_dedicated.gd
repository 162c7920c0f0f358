extends "support/multiplayer_suite.gd"
## SceneMultiplayer of clients of both implementations at a dedicated server in C.

var _server: ChildProcess


func _start_server(arguments: PackedStringArray = []) -> bool:
	_server = start_process(OS.get_environment("WSPEER_ROOM_SERVER"), arguments)
	if not await _until_line("LISTENING "):
		return false
	port = int(_server.line("LISTENING ").get_slice(" ", 1))
	return true


## Ends the server by closing its standard input.
func _stop_server() -> void:
	_server.close_pipes()


func _until_line(beginning: String) -> bool:
	return await frames_until(_server.has_line.bind(beginning), "the server's line " + beginning)


func _connect_clients(implementations: Array) -> bool:
	for implementation_name: String in implementations:
		_join(_add_player(implementation_name, false))
	return await frames_until(func() -> bool:
		return _connected_players().size() == implementations.size() and players.all(func(player: Player) -> bool: return player.peers().size() == implementations.size()),
		"every client has all other clients as peers")


func _implementations() -> Array:
	return [Implementation.OURS, Implementation.ENGINE, Implementation.OURS, Implementation.ENGINE] if implementation.is_ours() else [Implementation.ENGINE, Implementation.ENGINE, Implementation.ENGINE]


func test_remote_calls_are_relayed() -> void:
	if not (await _start_server() and await _connect_clients(_implementations())):
		return
	for from in players:
		await _until_line("CONNECTED %d" % from.id())
		from.game.rpc("say", "from %d" % from.id())
		from.game.rpc_id(1, "say", "to the server")
	for to in players:
		for from in _others(to):
			await frames_until(_received.bind(to, [from.id(), "say", "from %d" % from.id()]), "a relayed call")
			from.game.rpc_id(to.id(), "mention", "only you")
			await frames_until(_received.bind(to, [from.id(), "mention", "only you"]), "a call to one client")
		await _until_line("CALL %d" % to.id())


func test_bytes_to_the_server_and_between_clients() -> void:
	if not (await _start_server() and await _connect_clients(_implementations())):
		return
	for player in players:
		player.api.send_bytes("echo me".to_utf8_buffer(), 1)
		await frames_until(func() -> bool: return [1, "echo me"] in player.bytes, "the echo")
	players[0].api.send_bytes("all of you".to_utf8_buffer(), 1)
	for player in players:
		await frames_until(func() -> bool: return [1, "all of you"] in player.bytes, "bytes for all clients")
		equal(player.bytes.filter(func(entry: Array) -> bool: return entry[1] == "echo me").size(), 1, "only the sender receives the echo")
	players[1].api.send_bytes("between clients".to_utf8_buffer(), players[2].id())
	await frames_until(func() -> bool: return [players[1].id(), "between clients"] in players[2].bytes, "bytes between clients")


func test_replication_is_relayed() -> void:
	if not (await _start_server() and await _connect_clients(_implementations())):
		return
	# The server has no scene, so a client owns the spawner.
	var owner := players[0]
	for player in players:
		player.game.spawner.set_multiplayer_authority(owner.id())
	owner.game.spawner.spawn({"name": "node", "cell": Vector2i(1, 2), "authority": owner.id()})
	for player in players:
		await frames_until(func() -> bool: return player.game.state() == owner.game.state(), "the replicated node")
	owner.game.replicated.get_node("node").cell = Vector2i(7, 8)
	owner.game.replicated.get_node("node").label = "renamed"
	for player in players:
		await frames_until(func() -> bool: return player.game.state() == {"node": [Vector2i(7, 8), 100, "renamed"]}, "the changed properties")


func test_disconnected_clients_are_reported() -> void:
	if not (await _start_server() and await _connect_clients(_implementations())):
		return
	var left := players[0].id()
	players[0].peer.close()
	await _until_line("DISCONNECTED %d " % left)
	var kicked := players[1].id()
	players[1].api.send_bytes("kick me".to_utf8_buffer(), 1)
	await frames_until(func() -> bool: return "server_disconnected" in players[1].events, "server_disconnected")
	for player: Player in players.slice(2):
		for id: int in [left, kicked]:
			await frames_until(func() -> bool: return "peer_disconnected %d" % id in player.events, "peer_disconnected")
	_stop_server()
	for player: Player in players.slice(2):
		await frames_until(func() -> bool: return "server_disconnected" in player.events, "server_disconnected")


## A stopped process neither answers nor closes.
func test_stopped_client_is_reported() -> void:
	if not (await _start_server() and await _connect_clients([_implementations()[0], Implementation.ENGINE])):
		return
	var process := _start_player(Implementation.ENGINE, "client", str(port), 3)
	await frames_until(func() -> bool: return players[0].peers().size() == 3, "the client in another process")
	var stopped: int = players[0].peers().filter(func(id: int) -> bool: return id not in [1, players[1].id()])[0]
	equal(OS.execute("kill", ["-STOP", str(process.pid)]), 0, "kill -STOP")
	await _until_line("DISCONNECTED %d -1" % stopped)
	check(Array(_server.lines).any(func(line: String) -> bool: return "answered no ping" in line), "the reason: " + _server.lines[-1])
	for player in players:
		await frames_until(func() -> bool: return "peer_disconnected %d" % stopped in player.events, "peer_disconnected at the others")
	players[0].game.rpc_id(players[1].id(), "say", "still connected")
	await frames_until(_received.bind(players[1], [players[0].id(), "say", "still connected"]), "a call between the others")
	equal(OS.execute("kill", ["-CONT", str(process.pid)]), 0, "kill -CONT")


func test_authentication() -> void:
	if not await _start_server(["the password"]):
		return
	for implementation_name: String in [Implementation.OURS, Implementation.ENGINE] if implementation.is_ours() else [Implementation.ENGINE]:
		for password: String in ["the password", "a guess"]:
			var client := _add_player(implementation_name, false)
			client.api.auth_callback = func(id: int, _data: PackedByteArray) -> void: client.api.complete_auth(id)
			client.api.peer_authenticating.connect(func(id: int) -> void:
				client.api.send_auth(id, password.to_utf8_buffer())
				client.api.complete_auth(id))
			_join(client)
			if password == "the password":
				await frames_until(func() -> bool: return "connected_to_server" in client.events, "connected_to_server")
			else:
				await _until_line("REFUSED")
				await frames_until(func() -> bool: return client.peer.get_connection_status() == MultiplayerPeer.CONNECTION_DISCONNECTED, "the refusal")
				check("connected_to_server" not in client.events, "no connected_to_server")
