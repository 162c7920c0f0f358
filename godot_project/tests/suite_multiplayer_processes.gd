extends "support/multiplayer_suite.gd"
## Rooms over several processes: they play together, and one that dies, stops or reads nothing
## does not keep the others from playing.

## Longer than a process on a busy machine is kept waiting, so that none but the dead miss it.
const HEARTBEAT := 2.0


## A server here and guests in processes of their own, all of whom have said hello.
func _host(families: Array) -> Player:
	var server := _add_player(implementation.name, true)
	# For the engine's class, which has no such property, this does nothing.
	server.room.set("heartbeat_interval", HEARTBEAT)
	for family: String in families:
		_launch(family, "client", str(port), families.size() + 1)
	if await _until(func() -> bool: return server.game.heard.size() == families.size(), "everybody's hello", 40.0):
		return server
	return null


func _end_well(server: Player, pids: PackedInt32Array) -> void:
	await _until(func() -> bool:
		return server.game.heard.filter(func(entry: Array) -> bool: return entry[2] == "complete").size() == pids.size(), "all have heard all")
	server.game.rpc("say", "it is over")
	for pid in pids:
		await _until(func() -> bool: return not OS.is_process_running(pid), "the end of a guest")
		equal(OS.get_process_exit_code(pid), 0, "exit code of a guest")


func test_guests_of_both_families_play_together() -> void:
	var server := await _host([Implementation.OURS, Implementation.ENGINE, Implementation.OURS, Implementation.ENGINE] if implementation.is_ours() else [Implementation.ENGINE, Implementation.ENGINE])
	if server == null:
		return
	server.game.rpc("say", "hello")
	await _end_well(server, _pids)


func test_a_server_in_another_process() -> void:
	for family: String in [Implementation.OURS, Implementation.ENGINE] if implementation.is_ours() else [Implementation.ENGINE]:
		var path := OS.get_temp_dir().path_join("wspeer_port_%d_%d" % [OS.get_process_id(), Time.get_ticks_usec()])
		var pid := _launch(family, "server", path, 3)
		if not await _until(func() -> bool: return FileAccess.file_exists(path), "the server's port", 40.0):
			return
		port = int(FileAccess.get_file_as_string(path))
		DirAccess.remove_absolute(path)
		var guests := [_add_player(implementation.name, false), _add_player(Implementation.ENGINE, false)]
		for guest: Player in guests:
			_join(guest)
		for guest: Player in guests:
			await _until(func() -> bool: return guest.peers().size() == 2, "all together")
			await _until(func() -> bool: return [1, "say", "hello"] in guest.game.heard, "the server's hello")
			guest.game.rpc("say", "hello")
		for guest: Player in guests:
			await _until(func() -> bool: return guest.game.heard.size() == 2, "the other's hello")
		guests[0].game.rpc_id(1, "say", "it is over")
		await _until(func() -> bool: return not OS.is_process_running(pid), "the end of the server")
		equal(OS.get_process_exit_code(pid), 0, "exit code of the server")
		for guest: Player in guests:
			await _until(func() -> bool: return "server_disconnected" in guest.told, "told")


## The server's client in this process, who goes on playing whatever happens to the others.
func _companion() -> Player:
	var companion := _add_player(implementation.name, false)
	_join(companion)
	await _until(func() -> bool: return companion.id() in players[0].peers(), "a companion")
	return companion


func _play_on(server: Player, companion: Player) -> void:
	var text := "round %d" % Time.get_ticks_usec()
	companion.game.rpc_id(1, "say", text)
	await _until(_heard.bind(server, [companion.id(), "say", text]), "the companion plays on")
	server.game.rpc("say", text)
	await _until(_heard.bind(companion, [1, "say", text]), "the server plays on")


## Notes why a peer leaves, at the moment the server is told.
func _reasons(server: Player) -> Dictionary:
	var reasons := {}
	server.room.peer_disconnected.connect(func(id: int) -> void:
		reasons[id] = [server.room.get_peer(id).get_close_code(), server.room.get_peer(id).call("get_error_message")])
	return reasons


func test_a_process_is_killed() -> void:
	if engine_differs():
		return
	var server := await _host([Implementation.OURS, Implementation.ENGINE])
	if server == null:
		return
	var ids := server.peers()
	var companion := await _companion()
	var reasons := _reasons(server)
	OS.kill(_pids[0])
	# The engine has waited for it, and may not be asked about it again.
	_pids.remove_at(0)
	await _until(func() -> bool: return reasons.size() == 1, "told")
	for id: int in reasons:
		check(id in ids, "one of the guests")
		equal(reasons[id][0], -1, "code")
		check(reasons[id][1] != "", "a reason: " + str(reasons[id][1]))
		await _until(func() -> bool: return "peer_disconnected %d" % id in companion.told, "the others are told")
	await _play_on(server, companion)
	equal(server.peers().size(), 2, "who is left")


## A stopped process answers nothing and closes nothing: for the server, a half-open connection.
func test_a_process_is_stopped() -> void:
	if engine_differs():
		return
	for family: String in [Implementation.OURS, Implementation.ENGINE]:
		var server := await _host([family])
		if server == null:
			return
		var companion := await _companion()
		var reasons := _reasons(server)
		var pid := _pids[-1]
		var id: int = server.peers().filter(func(peer: int) -> bool: return peer != companion.id())[0]
		equal(OS.execute("kill", ["-STOP", str(pid)]), 0, "kill -STOP")
		await _until(func() -> bool: return id in reasons, "told")
		check("answered no ping" in reasons[id][1], str(reasons[id]))
		await _until(func() -> bool: return "peer_disconnected %d" % id in companion.told, "the others are told")
		await _play_on(server, companion)
		# When it goes on, it finds itself outside.
		equal(OS.execute("kill", ["-CONT", str(pid)]), 0, "kill -CONT")
		await _until(func() -> bool: return not OS.is_process_running(pid), "the end of the stopped one")
		check(server.room.get_round_trip_time(companion.id()) >= 0.0, "round-trip time of who is left")
		for player in players:
			player.leave(tree)
		players.clear()


func test_a_client_never_reads() -> void:
	if engine_differs():
		return
	var server := _add_player(implementation.name, true)
	server.room.heartbeat_interval = HEARTBEAT
	var companion := await _companion()
	var reasons := _reasons(server)
	var stuck := StreamPeerTCP.new()
	stuck.connect_to_host("127.0.0.1", port)
	await _until(func() -> bool:
		stuck.poll()
		return stuck.get_status() == StreamPeerTCP.STATUS_CONNECTED, "a connection")
	stuck.put_data(Wire.request([]).to_utf8_buffer())
	await _until(func() -> bool: return server.room.get_peers().size() == 2, "an id for it")
	var id: int = Array(server.room.get_peers()).filter(func(peer: int) -> bool: return peer != companion.id())[0]
	var filler := "x".repeat(30000)
	var sent := 0
	while id not in reasons and sent < 10000:
		companion.game.heard.clear()
		for i in 20:
			server.game.rpc_id(id, "say", filler)
		server.game.rpc_id(companion.id(), "say", "to one who reads")
		sent += 1
		await _until(_heard.bind(companion, [1, "say", "to one who reads"]), "the other is not held up")
	check(id in reasons, "the server knows")
	check("answered no ping" in reasons.get(id, [0, ""])[1], str(reasons))
	equal(server.room.get_error_message().contains(str(id)), true, server.room.get_error_message())
	await _play_on(server, companion)
	stuck.disconnect_from_host()
