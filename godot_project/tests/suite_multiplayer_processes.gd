extends "support/multiplayer_suite.gd"
## SceneMultiplayer over several processes: a process that is killed, stopped or does not read must not hold up the others.

## Seconds between pings. Longer than a loaded machine delays a process, so that only a dead one misses it.
const HEARTBEAT := 4.0


## Starts a server here and clients in other processes. Returns null if not all of them have said hello.
func _host(implementations: Array) -> Player:
	var server := _add_player(implementation.name, true)
	# The engine's class has no such property and ignores this.
	server.peer.set("heartbeat_interval", HEARTBEAT)
	for implementation_name: String in implementations:
		_start_player(implementation_name, "client", str(port), implementations.size() + 1)
	if await frames_until(func() -> bool: return _count_texts(server, "hello") == implementations.size(), "hello from every client"):
		return server
	return null


func _count_texts(player: Player, text: String) -> int:
	return player.game.calls.filter(func(remote_call: Array) -> bool: return remote_call[2] == text).size()


func _expect_success(process: ChildProcess, what: String) -> void:
	await frames_until(func() -> bool: return not process.is_running(), "the end of " + what)
	equal(process.exit_code(), 0, "exit code of " + what)


func test_clients_of_both_implementations_in_other_processes() -> void:
	var server := await _host([Implementation.OURS, Implementation.ENGINE, Implementation.OURS, Implementation.ENGINE] if implementation.is_ours() else [Implementation.ENGINE, Implementation.ENGINE])
	if server == null:
		return
	server.game.rpc("say", "hello")
	await frames_until(func() -> bool: return _count_texts(server, "complete") == processes.size(), "every client to be complete")
	server.game.rpc("say", "it is over")
	for process in processes:
		await _expect_success(process, "a client")


func test_server_in_another_process() -> void:
	for implementation_name: String in [Implementation.OURS, Implementation.ENGINE] if implementation.is_ours() else [Implementation.ENGINE]:
		var process := _start_player(implementation_name, "server", "0", 3)
		if not await frames_until(process.has_line.bind("LISTENING "), "the port of the server"):
			return
		port = int(process.line("LISTENING ").get_slice(" ", 1))
		var clients := [_add_player(implementation.name, false), _add_player(Implementation.ENGINE, false)]
		for client: Player in clients:
			_join(client)
		for client: Player in clients:
			await frames_until(func() -> bool: return client.peers().size() == 2, "every client to know its peers")
			await frames_until(_received.bind(client, [1, "say", "hello"]), "hello from the server")
			client.game.rpc("say", "hello")
		for client: Player in clients:
			await frames_until(func() -> bool: return client.game.calls.size() == 2, "hello from the other client")
		clients[0].game.rpc_id(1, "say", "it is over")
		await _expect_success(process, "the server")
		for client: Player in clients:
			await frames_until(func() -> bool: return "server_disconnected" in client.events, "server_disconnected")


## Adds a client in this process that must not be held up.
func _add_witness() -> Player:
	var witness := _add_player(implementation.name, false)
	_join(witness)
	await frames_until(func() -> bool: return witness.id() in players[0].peers(), "the connection of the witness")
	return witness


func _check_calls(server: Player, witness: Player) -> void:
	var text := "round %d" % Time.get_ticks_usec()
	witness.game.rpc_id(1, "say", text)
	await frames_until(_received.bind(server, [witness.id(), "say", text]), "a call of the witness")
	server.game.rpc("say", text)
	await frames_until(_received.bind(witness, [1, "say", text]), "a call of the server")


## Records the close code and the error message of each peer when the server emits peer_disconnected.
func _record_reasons(server: Player) -> Dictionary:
	var reasons := {}
	server.peer.peer_disconnected.connect(func(id: int) -> void:
		reasons[id] = [server.peer.get_peer(id).get_close_code(), server.peer.get_peer(id).call("get_error_message")])
	return reasons


func test_killed_process() -> void:
	if engine_differs():
		return
	var server := await _host([Implementation.OURS, Implementation.ENGINE])
	if server == null:
		return
	var ids := server.peers()
	var witness := await _add_witness()
	var reasons := _record_reasons(server)
	processes[0].kill()
	await frames_until(func() -> bool: return reasons.size() == 1, "peer_disconnected at the server")
	for id: int in reasons:
		check(id in ids, "the id of a killed process")
		equal(reasons[id][0], -1, "close code")
		check(reasons[id][1] != "", "error message")
		await frames_until(func() -> bool: return "peer_disconnected %d" % id in witness.events, "peer_disconnected at the witness")
	await _check_calls(server, witness)
	equal(server.peers().size(), 2, "remaining peers")


## A stopped process neither answers nor closes: for the server, the connection is half-open.
func test_stopped_process() -> void:
	if engine_differs():
		return
	for implementation_name: String in [Implementation.OURS, Implementation.ENGINE]:
		var server := await _host([implementation_name])
		if server == null:
			return
		var witness := await _add_witness()
		var reasons := _record_reasons(server)
		var process := processes[-1]
		var id: int = server.peers().filter(func(peer: int) -> bool: return peer != witness.id())[0]
		equal(OS.execute("kill", ["-STOP", str(process.pid)]), 0, "kill -STOP")
		await frames_until(func() -> bool: return id in reasons, "peer_disconnected at the server")
		check("answered no ping" in reasons[id][1], str(reasons[id]))
		await frames_until(func() -> bool: return "peer_disconnected %d" % id in witness.events, "peer_disconnected at the witness")
		await _check_calls(server, witness)
		# When it continues, it is disconnected.
		equal(OS.execute("kill", ["-CONT", str(process.pid)]), 0, "kill -CONT")
		await frames_until(func() -> bool: return not process.is_running(), "the end of the stopped process")
		check(server.peer.get_round_trip_time(witness.id()) >= 0.0, "round-trip time of the witness")
		for player in players:
			player.leave(tree)
		players.clear()


func test_client_that_never_reads() -> void:
	if engine_differs():
		return
	var server := _add_player(implementation.name, true)
	server.peer.heartbeat_interval = HEARTBEAT
	var witness := await _add_witness()
	var reasons := _record_reasons(server)
	var stream := StreamPeerTCP.new()
	stream.connect_to_host("127.0.0.1", port)
	await frames_until(func() -> bool:
		stream.poll()
		return stream.get_status() == StreamPeerTCP.STATUS_CONNECTED, "a TCP connection")
	stream.put_data(Rfc6455.request([]).to_utf8_buffer())
	await frames_until(func() -> bool: return server.peer.get_peers().size() == 2, "the id of the client")
	var id: int = Array(server.peer.get_peers()).filter(func(peer: int) -> bool: return peer != witness.id())[0]
	var text := "x".repeat(30000)
	while id not in reasons and failures.is_empty():
		witness.game.calls.clear()
		for i in 20:
			server.game.rpc_id(id, "say", text)
		server.game.rpc_id(witness.id(), "say", "to the witness")
		await frames_until(_received.bind(witness, [1, "say", "to the witness"]), "a call of the witness")
	check(id in reasons, "peer_disconnected at the server")
	check("answered no ping" in reasons.get(id, [0, ""])[1], str(reasons))
	equal(server.peer.get_error_message().contains(str(id)), true, server.peer.get_error_message())
	await _check_calls(server, witness)
	stream.disconnect_from_host()
