extends "support/multiplayer_suite.gd"
## SceneMultiplayer over the WebSocketMultiplayerPeer of the extension and of the engine, in every combination.

const ACTIONS := 200

## The implementation of each player, the server first.
const LINE_UPS: Dictionary[String, Array] = {
	"ours": ["ours", "ours", "ours", "ours"],
	"our_server": ["ours", "engine", "engine", "engine"],
	"our_clients": ["engine", "ours", "ours", "ours"],
	"mixed": ["ours", "engine", "ours", "engine", "ours"],
	"mixed_at_the_engines_server": ["engine", "ours", "engine", "ours", "engine"],
}


## Each test runs with each line-up.
func test_names() -> PackedStringArray:
	var names := PackedStringArray()
	for name in super.test_names():
		if implementation.is_ours():
			for line_up in LINE_UPS:
				names.append("%s.%s" % [name, line_up])
		else:
			names.append("%s.engine" % name)
	return names


func run_test(name: String) -> void:
	_line_up = LINE_UPS.get(name.get_slice(".", 1), ["engine", "engine", "engine", "engine"])
	await super.run_test(name.get_slice(".", 0))


# Remote calls.

func test_calls_between_the_server_and_its_clients() -> void:
	if not await _connect_players():
		return
	var server := players[0]
	for client: Player in players.slice(1):
		for mode: String in ["say", "mention", "report"]:
			client.game.rpc_id(1, mode, "%s from %s" % [mode, client.branch.name])
			await frames_until(_received.bind(server, [client.id(), mode, "%s from %s" % [mode, client.branch.name]]), mode + " at the server")
			server.game.rpc_id(client.id(), mode, "%s for %s" % [mode, client.branch.name])
			await frames_until(_received.bind(client, [1, mode, "%s for %s" % [mode, client.branch.name]]), mode + " at a client")
			for other in _others(client):
				check(not _received(other, [1, mode, "%s for %s" % [mode, client.branch.name]]), "not received by others")
	server.game.rpc("order", "an order")
	server.game.rpc("announce", "for all")
	for client: Player in players.slice(1):
		await frames_until(_received.bind(client, [1, "order", "an order"]), "an order")
		await frames_until(_received.bind(client, [1, "announce", "for all"]), "an announcement")
	check(_received(server, [0, "announce", "for all"]) or _received(server, [1, "announce", "for all"]), "call_local")
	expect_engine_errors(true)
	players[1].game.rpc_id(1, "order", "without authority")
	players[1].game.rpc_id(1, "say", "after it")
	await frames_until(_received.bind(server, [players[1].id(), "say", "after it"]), "the next call")
	expect_engine_errors(false)
	check(not _received(server, [players[1].id(), "order", "without authority"]), "not received without authority")


func test_calls_relayed_between_clients() -> void:
	if not await _connect_players():
		return
	for from: Player in players.slice(1):
		equal(from.peers().size(), players.size() - 1, "peers")
		from.game.rpc("say", "to all from %s" % from.branch.name)
		for to in _others(from):
			await frames_until(_received.bind(to, [from.id(), "say", "to all from %s" % from.branch.name]), "a relayed broadcast")
		for to: Player in _others(from).slice(1):
			from.game.rpc_id(to.id(), "say", "only to %s" % to.branch.name)
			await frames_until(_received.bind(to, [from.id(), "say", "only to %s" % to.branch.name]), "a relayed call")
			for other in _others(to):
				check(not _received(other, [from.id(), "say", "only to %s" % to.branch.name]), "received by one client")


func test_order_is_kept() -> void:
	if not await _connect_players():
		return
	var count := 300
	for i in count:
		for from in players:
			from.game.rpc("say", str(i))
	for to in players:
		await frames_until(func() -> bool: return to.game.calls.size() == count * (players.size() - 1), "all remote calls")
		for from in _others(to):
			var numbers := to.game.calls.filter(func(entry: Array) -> bool: return entry[0] == from.id()).map(func(entry: Array) -> int: return int(entry[2]))
			equal(numbers, range(count), "in order")


func test_send_bytes() -> void:
	if not await _connect_players():
		return
	for from in players:
		for to in _others(from):
			from.api.send_bytes(("bytes for %d" % to.id()).to_utf8_buffer(), to.id())
	for to in players:
		for from in _others(to):
			await frames_until(func() -> bool: return [from.id(), "bytes for %d" % to.id()] in to.bytes, "bytes")
		equal(to.bytes.size(), players.size() - 1, "no packets of others")
	players[1].api.send_bytes("for all".to_utf8_buffer())
	for to in _others(players[1]):
		await frames_until(func() -> bool: return [players[1].id(), "for all"] in to.bytes, "bytes for all")


# Replication.

func test_replication_of_random_actions() -> void:
	if not await _connect_players():
		return
	var random := RandomNumberGenerator.new()
	random.seed = 4711
	var server := players[0]
	# The engine prints errors about nodes that have just been freed.
	expect_engine_errors(true)
	# One node for each player, which has its authority.
	for player in players:
		server.game.spawner.spawn({"name": "own_%d" % player.id(), "cell": Vector2i.ZERO, "authority": player.id()})
	await frames_until(func() -> bool: return players.all(func(player: Player) -> bool: return player.game.state().size() == players.size()), "a node of each player")
	var spawned := 0
	for action in ACTIONS:
		var nodes := server.game.replicated.get_children().filter(func(node: Node) -> bool: return node.name.begins_with("node_"))
		var cell := Vector2i(random.randi_range(-99, 99), random.randi_range(-99, 99))
		match random.randi_range(0, 5):
			0:
				spawned += 1
				server.game.spawner.spawn({"name": "node_%d" % spawned, "cell": cell, "authority": 1})
			1 when nodes.size() > 3:
				nodes[random.randi() % nodes.size()].free()
			2 when not nodes.is_empty():
				nodes[random.randi() % nodes.size()].health = random.randi_range(0, 100)
			3 when not nodes.is_empty():
				nodes[random.randi() % nodes.size()].label = "label %d" % action
			4:
				var player: Player = players[random.randi() % players.size()]
				var own := player.game.replicated.get_node("own_%d" % player.id())
				own.cell = cell
				own.health = action
			_:
				var client: Player = players[1 + random.randi() % (players.size() - 1)]
				if not nodes.is_empty():
					client.game.rpc_id(1, "push", String(nodes[random.randi() % nodes.size()].name), cell)
		if random.randi() % 3 == 0:
			await tree.process_frame
	var equal_states := func() -> bool:
		return players.all(func(player: Player) -> bool: return player.game.state() == server.game.state())
	# Remote calls that have not arrived yet change the server's state again.
	await _frames(30)
	await frames_until(equal_states, "equal state at all players")
	expect_engine_errors(false)
	check(spawned > 10, "nodes were spawned")
	for player in players:
		equal(player.game.state(), server.game.state(), String(player.branch.name))
	# A client that connects later has the same state.
	var late := _add_player(_line_up[1], false)
	_join(late)
	await frames_until(func() -> bool: return late.game.state() == server.game.state(), "the state of a late client")


# Connecting and disconnecting.

func test_clients_reconnect() -> void:
	if not await _connect_players():
		return
	var server := players[0]
	server.game.spawner.spawn({"name": "node", "cell": Vector2i(3, 4), "authority": 1})
	var client := players[1]
	for time in 3:
		var old_id := client.id()
		client.peer.close()
		for other in _others(client):
			await frames_until(func() -> bool: return "peer_disconnected %d" % old_id in other.events, "peer_disconnected")
			check(old_id not in other.peers(), "removed from the peers")
		await frames_until(func() -> bool: return client.events.back() == "server_disconnected" or client.peer.get_connection_status() == MultiplayerPeer.CONNECTION_DISCONNECTED, "the disconnection")
		# The spawned nodes remain after the connection.
		for node in client.game.replicated.get_children():
			node.free()
		_join(client)
		await _all_peers_known()
		check(client.id() != old_id, "a new id")
		await frames_until(func() -> bool: return client.game.state() == server.game.state(), "the replicated state")
		client.game.rpc("say", "back %d" % time)
		for other in _others(client):
			await frames_until(_received.bind(other, [client.id(), "say", "back %d" % time]), "a call of the reconnected client")


func test_a_client_is_disconnected_by_the_server() -> void:
	if not await _connect_players():
		return
	var server := players[0]
	var disconnected := players[1]
	var id := disconnected.id()
	# Its last remote calls must not disturb the others.
	disconnected.game.rpc("say", "before the disconnection")
	server.api.disconnect_peer(id)
	disconnected.game.rpc("say", "after the disconnection")
	await frames_until(func() -> bool: return "server_disconnected" in disconnected.events, "server_disconnected at the client")
	for other: Player in players.slice(2):
		await frames_until(func() -> bool: return "peer_disconnected %d" % id in other.events, "peer_disconnected at the others")
	await _frames(5)
	equal(server.peers().size(), players.size() - 2, "peers of the server")
	players[2].game.rpc("say", "still connected")
	for other: Player in [players[0]] + players.slice(3):
		await frames_until(_received.bind(other, [players[2].id(), "say", "still connected"]), "a call between the others")


func test_the_server_closes() -> void:
	if not await _connect_players():
		return
	players[0].peer.close()
	for client: Player in players.slice(1):
		await frames_until(func() -> bool: return client.events.back() == "server_disconnected", "server_disconnected")
		equal(client.peers(), [], "peers")


func test_no_server_listens() -> void:
	port = Loopback.free_port()
	var client := _add_player(_line_up[1], false)
	_join(client)
	await frames_until(func() -> bool: return same(client.events, ["connection_failed"]), "connection_failed")


func test_authentication() -> void:
	var server := _add_player(_line_up[0], true)
	server.api.auth_callback = func(id: int, data: PackedByteArray) -> void:
		if data.get_string_from_utf8() == "the password":
			server.api.send_auth(id, "welcome".to_utf8_buffer())
			server.api.complete_auth(id)
		else:
			server.api.disconnect_peer(id)
	for i in 2:
		var client := _add_player(_line_up[i + 1], false)
		var password := ["the password", "a guess"][i] as String
		client.api.auth_callback = func(id: int, data: PackedByteArray) -> void:
			client.bytes.append([id, data.get_string_from_utf8()])
			client.api.complete_auth(id)
		client.api.peer_authenticating.connect(func(id: int) -> void: client.api.send_auth(id, password.to_utf8_buffer()))
		expect_engine_errors(i == 1)
		_join(client)
		if i == 0:
			await frames_until(func() -> bool: return "connected_to_server" in client.events, "connected_to_server")
			equal(client.bytes, [[1, "welcome"]], "the server's packet")
			await frames_until(func() -> bool: return server.peers() == [client.id()], "the peer at the server")
		else:
			await frames_until(func() -> bool: return client.peer.get_connection_status() == MultiplayerPeer.CONNECTION_DISCONNECTED, "the refusal")
			await _frames(5)
			check("connected_to_server" not in client.events, "no connected_to_server")
			equal(server.peers(), [players[1].id()], "the authenticated peer only")
			expect_engine_errors(false)
	players[1].game.rpc_id(1, "say", "authenticated")
	await frames_until(_received.bind(server, [players[1].id(), "say", "authenticated"]), "a call")


func test_two_servers_in_one_tree() -> void:
	if not await _connect_players(2):
		return
	var first := players.duplicate()
	var first_port := port
	var server := _add_player(_line_up[0], true)
	check(port != first_port, "another port")
	var client := _add_player(_line_up[1], false)
	_join(client)
	await frames_until(func() -> bool: return client.peers() == [1] and server.peers().size() == 1, "the second server")
	client.game.rpc("say", "at the second server")
	first[1].game.rpc("say", "at the first server")
	await frames_until(_received.bind(server, [client.id(), "say", "at the second server"]), "the call at the second server")
	await frames_until(_received.bind(first[0], [first[1].id(), "say", "at the first server"]), "the call at the first server")
	equal([server.game.calls.size(), first[0].game.calls.size()], [1, 1], "one call at each server")
