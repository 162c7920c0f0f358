extends "support/suite.gd"
## RustWebSocketClient and RustWebSocketServer in Godot 3's multiplayer mode, by hand and under the engine's SceneMultiplayer.

const Room := preload("support/room.gd")
const Caller := preload("support/caller.gd")

const TREE_SECONDS := 10.0

var room: Room


func run_test(name: String) -> void:
	room = null
	await super(name)
	if room != null:
		room.finish()
		room = null


func _room() -> bool:
	if engine_differs():
		return false
	room = Room.new([], true)
	return true


func _taken(peer: MultiplayerPeer) -> Array:
	var taken := []
	while peer.get_available_packet_count() > 0:
		taken.append([peer.get_packet_peer(), peer.get_packet().get_string_from_utf8()])
	return taken


func test_peers_are_introduced_and_leave() -> void:
	if not _room():
		return
	var first := room.joined()
	equal(room.clients_told[0], ["peer_connected(server)", "connection_succeeded()"])
	equal(first.get_unique_id(), room.id())
	var second := room.joined()
	check(room.until_client_told("peer_connected(#2)"), "the first is told")
	check(room.until_client_told("peer_connected(#1)", 1), "the second is told")
	equal(room.told, ["peer_connected(#1)", "peer_connected(#2)"])
	equal(room.clients_told[1], ["peer_connected(server)", "connection_succeeded()", "peer_connected(#1)"])
	room.forget()
	second.disconnect_from_host(1000, "bye")
	check(room.until_client_told("peer_disconnected(#2)"), "the first is told")
	equal(room.told, ["client_close_request(#2, 1000, bye)", "peer_disconnected(#2)"])
	check(room.until_client_told("connection_failed()", 1), "the second too")
	equal(room.clients_told[1], ["connection_failed()"])
	room.forget()
	room.server.stop()
	check(room.until_client_told("connection_failed()"), "the loss of the server")
	equal(room.clients_told[0], ["server_close_request(1000, )", "server_disconnected()", "connection_failed()"])


func test_packets_reach_whom_they_are_for() -> void:
	if not _room():
		return
	var members := [room.joined(), room.joined(), room.joined()]
	var ids := [room.id(0), room.id(1), room.id(2)]
	for case: Array in [[0, true, [1, 2]], [1, true, []], [ids[1], false, [1]], [-ids[1], true, [2]], [-1, false, [1, 2]], [ids[0], false, []]]:
		members[0].set_target_peer(case[0])
		equal(members[0].put_packet(str(case[0]).to_utf8_buffer()), OK)
		members[0].set_target_peer(0)
		members[0].put_packet("end".to_utf8_buffer())
		var has_end := func(peer: MultiplayerPeer, extra: bool) -> bool: return peer.get_available_packet_count() == 1 + int(extra)
		check(room.until(func() -> bool: return has_end.call(room.server, case[1]) and has_end.call(members[1], 1 in case[2]) and has_end.call(members[2], 2 in case[2])), "to %d" % case[0])
		var wanted := func(gets: bool) -> Array: return [[ids[0], str(case[0])], [ids[0], "end"]] if gets else [[ids[0], "end"]]
		equal(_taken(room.server), wanted.call(case[1]))
		equal(_taken(members[1]), wanted.call(1 in case[2]))
		equal(_taken(members[2]), wanted.call(2 in case[2]))
	room.server.set_target_peer(1)
	equal(room.server.put_packet([1]), OK)
	room.server.set_target_peer(77)
	equal(room.server.put_packet([1]), FAILED)
	equal([room.server.get_packet(), room.server.get_packet_error()], [PackedByteArray(), ERR_UNAVAILABLE])


func test_one_signal_for_each_packet() -> void:
	if not _room():
		return
	var counts := []
	var server: WeakRef = weakref(room.server)
	room.server.peer_packet.connect(func(_source: int) -> void: counts.append(server.get_ref().get_available_packet_count()))
	var client := room.joined()
	client.set_target_peer(1)
	for i in 3:
		client.put_packet([i])
	check(room.until(func() -> bool: return counts.size() == 3), "told")
	equal([counts, room.server.get_packet_peer()], [[1, 2, 3], room.id()])


func test_bad_packets_are_dropped_and_the_link_kept() -> void:
	if not _room():
		return
	var bystander := room.joined()
	var raw := room.raw()
	raw.send(Wire.request())
	check(room.until_told("peer_connected(#2)"), "connected")
	var header := func(type: int, from: int, to: int) -> PackedByteArray:
		var bytes := PackedByteArray([type, 0, 0, 0, 0, 0, 0, 0, 0])
		bytes.encode_s32(1, from)
		bytes.encode_s32(5, to)
		return bytes
	var spoofed: PackedByteArray = header.call(0, room.id(0), 0)
	var masked := {"masked": true}
	for bad: PackedByteArray in [spoofed, header.call(0, 1, 0), header.call(9, room.id(1), 0), header.call(2, room.id(1), 0) + PackedByteArray([1, 0, 0, 0]), PackedByteArray([0, 1, 2]), PackedByteArray()]:
		raw.send(Wire.frame(2, bad, masked))
	raw.send(Wire.frame(2, header.call(0, room.id(1), 0) + "good".to_utf8_buffer(), masked))
	check(room.until(func() -> bool: return bystander.get_available_packet_count() > 0), "arrives")
	equal(_taken(bystander), [[room.id(1), "good"]])
	equal(_taken(room.server), [[room.id(1), "good"]])
	equal(room.server.get_peer_list().size(), 2)


func test_calls_of_scenes() -> void:
	if engine_differs():
		return
	# Nothing is in the tree before its first frame.
	await (Engine.get_main_loop() as SceneTree).process_frame
	var server := RustWebSocketServer.new()
	equal(server.listen(0, ["ludus"], true), OK)
	var places: Array[Caller] = [Caller.placed(server)]
	for i in 2:
		var client := RustWebSocketClient.new()
		equal(client.connect_to_url("ws://127.0.0.1:%d" % server.get_local_port(), ["ludus"], true), OK)
		places.append(Caller.placed(client))
	var ready := func() -> bool: return places.all(func(place: Caller) -> bool: return place.others().size() == 2)
	check(await _until(ready), "everybody knows everybody: %s" % [places.map(func(place: Caller) -> Array: return Array(place.others()))])
	equal(places.map(func(place: Caller) -> bool: return place.multiplayer.is_server()), [true, false, false])
	equal(places[1].events, ["connected_to_server"])
	places[1].say.rpc("to all")
	places[2].say.rpc_id(1, "to the server")
	places[0].say.rpc_id(places[1].multiplayer.get_unique_id(), "to the first")
	check(await _until(func() -> bool: return places[0].heard.size() == 2 and places[1].heard.size() == 1 and places[2].heard.size() == 1), "heard")
	var first := places[1].multiplayer.get_unique_id()
	var second := places[2].multiplayer.get_unique_id()
	check([first, "to all"] in places[0].heard and [second, "to the server"] in places[0].heard, str(places[0].heard))
	equal([places[1].heard, places[2].heard], [[[1, "to the first"]], [[first, "to all"]]])
	places[0].multiplayer.multiplayer_peer.close()
	check(await _until(func() -> bool: return places[1].events.has("server_disconnected") and places[2].events.has("server_disconnected")), "the loss of the server")
	for place in places:
		place.leave()
	await (Engine.get_main_loop() as SceneTree).process_frame


func _until(condition: Callable) -> bool:
	var deadline := Time.get_ticks_msec() + int(TREE_SECONDS * 1000)
	while not condition.call():
		if Time.get_ticks_msec() > deadline:
			return false
		await (Engine.get_main_loop() as SceneTree).process_frame
	return true
