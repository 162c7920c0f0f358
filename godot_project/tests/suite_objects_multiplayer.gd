extends "support/client_server_suite.gd"
## RustWebSocketClient and RustWebSocketServer in Godot 3's multiplayer mode, directly and with SceneMultiplayer.

const Player := preload("support/player.gd")


var players: Array[Player] = []


func _take_packets(peer: MultiplayerPeer) -> Array:
	var taken := []
	while peer.get_available_packet_count() > 0:
		taken.append([peer.get_packet_peer(), peer.get_packet().get_string_from_utf8()])
	return taken


func test_peer_connected_and_peer_disconnected() -> void:
	if not make_group([], true):
		return
	var first := group.connected_client()
	equal(group.client_events[0], ["peer_connected(server)", "connection_succeeded()"])
	equal(first.get_unique_id(), group.id())
	var second := group.connected_client()
	check(group.until_client_event("peer_connected(#2)"), "emitted at the first client")
	check(group.until_client_event("peer_connected(#1)", 1), "emitted at the second client")
	equal(group.server_events, ["peer_connected(#1)", "peer_connected(#2)"])
	equal(group.client_events[1], ["peer_connected(server)", "connection_succeeded()", "peer_connected(#1)"])
	group.clear_events()
	second.disconnect_from_host(1000, "bye")
	check(group.until_client_event("peer_disconnected(#2)"), "emitted at the first client")
	equal(group.server_events, ["client_close_request(#2, 1000, bye)", "peer_disconnected(#2)"])
	check(group.until_client_event("connection_failed()", 1), "emitted at the second client")
	equal(group.client_events[1], ["connection_failed()"])
	group.clear_events()
	group.server.stop()
	check(group.until_client_event("connection_failed()"), "emitted without the server")
	equal(group.client_events[0], ["server_close_request(1001, )", "server_disconnected()", "connection_failed()"])


func test_target_peers() -> void:
	if not make_group([], true):
		return
	var clients := [group.connected_client(), group.connected_client(), group.connected_client()]
	var ids := [group.id(0), group.id(1), group.id(2)]
	for case: Array in [[0, true, [1, 2]], [1, true, []], [ids[1], false, [1]], [-ids[1], true, [2]], [-1, false, [1, 2]], [ids[0], false, []]]:
		clients[0].set_target_peer(case[0])
		equal(clients[0].put_packet(str(case[0]).to_utf8_buffer()), OK)
		clients[0].set_target_peer(0)
		clients[0].put_packet("last".to_utf8_buffer())
		var has_last := func(peer: MultiplayerPeer, extra: bool) -> bool: return peer.get_available_packet_count() == 1 + int(extra)
		check(group.until(func() -> bool: return has_last.call(group.server, case[1]) and has_last.call(clients[1], 1 in case[2]) and has_last.call(clients[2], 2 in case[2])), "to %d" % case[0])
		var expected := func(gets: bool) -> Array: return [[ids[0], str(case[0])], [ids[0], "last"]] if gets else [[ids[0], "last"]]
		equal(_take_packets(group.server), expected.call(case[1]))
		equal(_take_packets(clients[1]), expected.call(1 in case[2]))
		equal(_take_packets(clients[2]), expected.call(2 in case[2]))
	group.server.set_target_peer(1)
	equal(group.server.put_packet([1]), OK)
	group.server.set_target_peer(77)
	equal(group.server.put_packet([1]), FAILED)
	equal([group.server.get_packet(), group.server.get_packet_error()], [PackedByteArray(), ERR_UNAVAILABLE])


func test_one_signal_for_each_packet() -> void:
	if not make_group([], true):
		return
	var counts := []
	var server: WeakRef = weakref(group.server)
	group.server.peer_packet.connect(func(_source: int) -> void: counts.append(server.get_ref().get_available_packet_count()))
	var client := group.connected_client()
	client.set_target_peer(1)
	for i in 3:
		client.put_packet([i])
	check(group.until(func() -> bool: return counts.size() == 3), "emitted")
	equal([counts, group.server.get_packet_peer()], [[1, 2, 3], group.id()])


func test_invalid_packets_are_dropped() -> void:
	if not make_group([], true):
		return
	var other := group.connected_client()
	var socket := group.raw_socket()
	socket.send(Rfc6455.request())
	check(group.until_server_event("peer_connected(#2)"), "connected")
	var header := func(type: int, from: int, to: int) -> PackedByteArray:
		var bytes := PackedByteArray([type, 0, 0, 0, 0, 0, 0, 0, 0])
		bytes.encode_s32(1, from)
		bytes.encode_s32(5, to)
		return bytes
	var spoofed: PackedByteArray = header.call(0, group.id(0), 0)
	var masked := {"masked": true}
	for invalid: PackedByteArray in [spoofed, header.call(0, 1, 0), header.call(9, group.id(1), 0), header.call(2, group.id(1), 0) + PackedByteArray([1, 0, 0, 0]), PackedByteArray([0, 1, 2]), PackedByteArray()]:
		socket.send(Rfc6455.frame(2, invalid, masked))
	socket.send(Rfc6455.frame(2, header.call(0, group.id(1), 0) + "valid".to_utf8_buffer(), masked))
	check(group.until(func() -> bool: return other.get_available_packet_count() > 0), "arrives")
	equal(_take_packets(other), [[group.id(1), "valid"]])
	equal(_take_packets(group.server), [[group.id(1), "valid"]])
	equal(group.server.get_peer_list().size(), 2)


func test_remote_calls() -> void:
	if engine_differs():
		return
	# The scene tree is incomplete before its first frame.
	var tree: SceneTree = Engine.get_main_loop()
	await tree.process_frame
	var server := RustWebSocketServer.new()
	equal(server.listen(0, ["ludus"], true), OK)
	players.append(Player.new(tree, "Player0", server))
	for i in 2:
		var client := RustWebSocketClient.new()
		equal(client.connect_to_url("ws://127.0.0.1:%d" % server.get_local_port(), ["ludus"], true), OK)
		players.append(Player.new(tree, "Player%d" % (i + 1), client))
	for player in players:
		player.enter()
	await frames_until(func() -> bool: return players.all(func(player: Player) -> bool: return player.peers().size() == 2), "all peers known")
	equal(players.map(func(player: Player) -> bool: return player.api.is_server()), [true, false, false])
	check("connected_to_server" in players[1].events, str(players[1].events))
	var first := players[1].id()
	var second := players[2].id()
	players[1].game.rpc("say", "to all")
	players[2].game.rpc_id(1, "say", "to the server")
	players[0].game.rpc_id(first, "say", "to the first")
	await frames_until(func() -> bool: return players.map(func(player: Player) -> int: return player.game.calls.size()) == [2, 1, 1], "the remote calls")
	check([first, "say", "to all"] in players[0].game.calls and [second, "say", "to the server"] in players[0].game.calls, str(players[0].game.calls))
	equal([players[1].game.calls, players[2].game.calls], [[[1, "say", "to the first"]], [[first, "say", "to all"]]])
	server.close()
	for client: Player in players.slice(1):
		await frames_until(func() -> bool: return client.events.has("server_disconnected"), "server_disconnected")


func tear_down() -> void:
	super()
	for player in players:
		player.leave(Engine.get_main_loop())
	players.clear()


func observation() -> Array:
	return players.map(func(player: Player) -> Array: return player.observation())
