extends "support/client_server_suite.gd"
## send_to_list() of servers and rooms.

const RoomGroup := preload("support/room_group.gd")


func test_a_packet_reaches_the_listed_clients() -> void:
	if not make_group():
		return
	var clients: Array[RustWebSocketClient] = [group.connected_client(), group.connected_client(), group.connected_client()]
	var server := group.server
	equal(server.send_to_list([group.id(0), group.id(1)], "two".to_utf8_buffer(), RustWebSocketRemotePeer.WRITE_MODE_TEXT), OK)
	equal(server.send_to_list([group.id(2)], "one".to_utf8_buffer()), OK)
	equal(server.send_to_list([group.id(0), 123, group.id(1)], "x".to_utf8_buffer()), ERR_INVALID_PARAMETER)
	equal(server.send_to_list([], "to no client".to_utf8_buffer()), OK)
	equal(server.send_to_list([group.id(0), group.id(1)], PackedByteArray([255]), RustWebSocketRemotePeer.WRITE_MODE_TEXT), ERR_INVALID_DATA)
	equal(server.send_to(0, "end".to_utf8_buffer()), OK)
	for index in clients.size():
		var peer := clients[index].get_peer(1)
		var expected := ["one", "end"] if index == 2 else ["two", "x", "end"]
		check(group.until(func() -> bool: return peer.get_available_packet_count() == expected.size()), "packets of %d" % index)
		for text: String in expected:
			equal(peer.get_packet().get_string_from_utf8(), text)
			equal(peer.was_string_packet(), text == "two")


func test_a_packet_reaches_the_listed_peers_of_a_room() -> void:
	if engine_differs():
		return
	equal(implementation.room().send_to_list([], PackedByteArray([1])), ERR_UNCONFIGURED)
	var rooms := RoomGroup.new(loopback)
	var clients: Array[MultiplayerPeer] = [rooms.connected_client(), rooms.connected_client(), rooms.connected_client()]
	var ids := clients.map(func(client: MultiplayerPeer) -> int: return client.get_unique_id())
	equal(rooms.server.send_to_list([ids[0], ids[1]], "two".to_utf8_buffer()), OK)
	equal(rooms.server.send_to_list([ids[2]], "one".to_utf8_buffer()), OK)
	equal(rooms.server.send_to_list([ids[0], 123, ids[1]], "x".to_utf8_buffer()), ERR_INVALID_PARAMETER)
	equal(RoomGroup.send(rooms.server, 0, "end"), OK)
	for index in clients.size():
		var expected := ["one", "end"] if index == 2 else ["two", "x", "end"]
		check(rooms.until_packets(clients[index], expected.size()), "packets of %d" % index)
		equal(rooms.packets(clients[index]), expected.map(func(text: String) -> String: return "server: " + text))
