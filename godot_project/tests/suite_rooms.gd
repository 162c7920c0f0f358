extends "support/suite.gd"
## The members of RustWebSocketMultiplayerPeer that the engine's class does not have, TLS, and invalid calls. scenarios/rooms.gd
## compares it with the engine's class.

const RoomGroup := preload("support/room_group.gd")
const HOST := Loopback.HOST
const CONNECTED := MultiplayerPeer.CONNECTION_CONNECTED
const DISCONNECTED := MultiplayerPeer.CONNECTION_DISCONNECTED

static var _identity: Array = []


static func _tls() -> TLSOptions:
	if _identity.is_empty():
		var crypto := Crypto.new()
		var key := crypto.generate_rsa(2048)
		_identity = [key, crypto.generate_self_signed_certificate(key, "CN=localhost,O=Example,C=DE")]
	return TLSOptions.server(_identity[0], _identity[1])


func test_tls_in_both_roles_and_with_the_engines_class() -> void:
	if engine_differs():
		return
	var engine := Implementation.new(Implementation.ENGINE)
	for server_of: Implementation in [implementation, engine]:
		for client_of: Implementation in [implementation, engine]:
			var group := RoomGroup.new(loopback, {}, server_of)
			group.server.close()
			group.port = RoomGroup.listen(group.server, _tls())
			check(group.port > 0, "create_server")
			var client := group.new_room({}, client_of)
			group.clients.append(client)
			equal(client.create_client("wss://localhost:%d" % group.port, TLSOptions.client(_identity[1])), OK, "create_client")
			check(group.until_status(client, CONNECTED), "connected by TLS, %s to %s" % [client_of.name, server_of.name])
			group.until_events(group.server, 1)
			equal(RoomGroup.send(client, 1, "secret"), OK)
			check(group.until_packets(group.server, 1), "a packet")
			equal(group.server.get_packet().get_string_from_utf8(), "secret")
			if client_of.is_ours():
				var untrusting_client := group.new_room({}, client_of)
				group.clients.append(untrusting_client)
				equal(untrusting_client.create_client("wss://localhost:%d" % group.port), OK, "create_client without the certificate")
				# The engine's server prints that its client has disconnected.
				expect_engine_errors(true)
				check(group.until_status(untrusting_client, DISCONNECTED), "the untrusting client fails")
				loopback.turns(5)
				expect_engine_errors(false)
				check("certificate" in untrusting_client.get_error_message().to_lower(), untrusting_client.get_error_message())
			group.clear()


func test_compression_if_both_peers_enable_it() -> void:
	if engine_differs():
		return
	var group := RoomGroup.new(loopback, {"compression_enabled": true})
	var with := group.connected_client({"compression_enabled": true})
	var without := group.connected_client()
	var engines := group.connected_client({}, Implementation.new(Implementation.ENGINE))
	equal(RoomGroup.send(group.server, 0, "a".repeat(5000)), OK)
	for client: MultiplayerPeer in [with, without, engines]:
		check(group.until_packets(client, 1), "the packet")
		equal(client.get_packet().size(), 5000)
	equal(group.server.get_peer(with.get_unique_id()).is_compression_active(), true)
	equal(group.server.get_peer(without.get_unique_id()).is_compression_active(), false)
	equal(group.server.get_peer(engines.get_unique_id()).is_compression_active(), false)
	var statistics: Dictionary = with.get_peer(1).get_compression_statistics()
	check(statistics.received_compressed < 100 and statistics.received_plain == 5000, str(statistics))


func test_round_trip_times() -> void:
	if engine_differs():
		return
	var group := RoomGroup.new(loopback, {"heartbeat_interval": 0.02})
	var clients := [group.connected_client(), group.connected_client({}, Implementation.new(Implementation.ENGINE))]
	for client: MultiplayerPeer in clients:
		var id := client.get_unique_id()
		check(loopback.until(func() -> bool: return group.server.get_round_trip_time(id) >= 0.0), "a round trip")
		check(group.server.get_smoothed_round_trip_time(id) >= 0.0, "its average")
	equal(group.server.get_round_trip_time(7), -1.0, "of an unknown peer")
	equal(clients[0].get_round_trip_time(1), -1.0, "without pings")
	equal(clients[0].get_peer(1).ping(), OK, "ping()")
	check(loopback.until(func() -> bool: return clients[0].get_round_trip_time(1) >= 0.0), "its pong")


func test_local_port_and_peers() -> void:
	if engine_differs():
		return
	var server: MultiplayerPeer = implementation.room()
	equal(server.get_local_port(), 0, "no port yet")
	equal(server.create_server(0, HOST), OK)
	check(server.get_local_port() > 0, "a port")
	var group := RoomGroup.new(loopback)
	equal(group.server.get_local_port(), group.port)
	equal(group.server.get_peers(), [])
	var ids := [group.connected_client().get_unique_id(), group.connected_client().get_unique_id()]
	ids.sort()
	var present := Array(group.server.get_peers())
	present.sort()
	equal(present, ids)
	equal(group.clients[0].get_peers(), [1])


func test_max_clients() -> void:
	if engine_differs():
		return
	var group := RoomGroup.new(loopback, {"max_clients": 1})
	var first := group.connected_client()
	for of: Implementation in [implementation, Implementation.new(Implementation.ENGINE)]:
		# The engine's client prints that the status is not 101.
		expect_engine_errors(true)
		var second := group.connecting_client({}, group.url(), of)
		check(group.until_status(second, DISCONNECTED), "the server is full")
		expect_engine_errors(false)
		equal(group.described_events(second), [])
		if of.is_ours():
			check("503" in second.get_error_message() and "full" in second.get_error_message(), second.get_error_message())
	equal(group.events_of(group.server).size(), 1, "no signal at the server")
	first.close()
	group.until_events(group.server, 2)
	group.connected_client()


func test_pending_requests() -> void:
	if engine_differs():
		return
	var group := RoomGroup.new(loopback, {"auto_accept": false})
	var requesting_ids := []
	group.server.peer_requested.connect(func(id: int) -> void: requesting_ids.append(id))
	var engine := Implementation.new(Implementation.ENGINE)
	for of: Implementation in [implementation, engine]:
		requesting_ids.clear()
		var good := group.connecting_client({"handshake_headers": ["X-Token: right"]}, group.url() + "/room?name=a", of)
		expect_engine_errors(true)
		var bad := group.connecting_client({"handshake_headers": ["X-Token: wrong"]}, group.url() + "/room?name=b", of)
		check(loopback.until(func() -> bool: return requesting_ids.size() == 2), "both requests")
		loopback.turns(3)
		equal(requesting_ids.size(), 2, "once each")
		for id: int in requesting_ids:
			var request: Dictionary = group.server.get_peer(id).get_request()
			check(str(request).contains("/room"), str(request))
			if str(request).contains("right"):
				equal(group.server.get_peer(id).accept_request(), OK)
			else:
				equal(group.server.get_peer(id).reject_request(403), OK)
		check(group.until_status(good, CONNECTED), "with the token")
		check(group.until_status(bad, DISCONNECTED), "without the token")
		expect_engine_errors(false)
		if of.is_ours():
			check("403" in bad.get_error_message(), bad.get_error_message())
		good.close()
	var pending := group.connecting_client({"handshake_timeout": 0.1})
	group.server.handshake_timeout = 0.1
	check(group.until_status(pending, DISCONNECTED), "the time-out of a pending request")


func test_failures_of_a_client() -> void:
	if engine_differs():
		return
	var group := RoomGroup.new(loopback)
	var refused := group.connecting_client({}, "ws://%s:%d" % [HOST, loopback.free_port()])
	check(group.until_status(refused, DISCONNECTED), "no server listens")
	check(refused.get_error_message() != "", "error message: " + refused.get_error_message())
	check("tcp" in str(refused.get_peer(1).get_failure()), str(refused.get_peer(1).get_failure()))
	var client := group.connected_client()
	group.server.close()
	check(group.until_status(client, DISCONNECTED), "the server closes")
	check("1001" in client.get_error_message(), client.get_error_message())
	equal(client.get_peer(1).get_close_code(), 1001, "the close code of its connection")
	client.close()
	equal(client.get_peer(1), null, "no connection after close()")


func test_invalid_properties_are_refused() -> void:
	if engine_differs():
		return
	var room := implementation.room()
	var invalid := {"inbound_buffer_size": -1, "max_queued_packets": -1, "max_clients": -1, "handshake_timeout": 0.0, "heartbeat_interval": -1.0,
		"heartbeat_timeout": NAN, "close_timeout": INF, "compression_level": 10, "compression_threshold": -1, "http_proxy": "ftp://x"}
	for property: String in invalid:
		var before: Variant = room.get(property)
		room.set(property, invalid[property])
		equal(room.get(property), before, property)
		check(room.get_error_message() != "", property + " has an error message")
	var valid := {"inbound_buffer_size": 5, "outbound_buffer_size": 6, "max_queued_packets": 7, "max_clients": 8, "handshake_timeout": 1.5,
		"heartbeat_interval": 2.5, "heartbeat_timeout": 3.5, "close_timeout": 4.5, "compression_level": 9, "compression_threshold": 10,
		"auto_accept": false, "compression_enabled": true, "compression_context_takeover": false, "supported_protocols": ["a", "b"],
		"handshake_headers": ["A: b"], "allowed_origins": ["https://a.example"], "http_proxy": "http://p:1", "https_proxy": "http://q:2",
		"refuse_new_connections": true, "transfer_mode": MultiplayerPeer.TRANSFER_MODE_UNRELIABLE, "transfer_channel": 3}
	for property: String in valid:
		room.set(property, valid[property])
	for property: String in valid:
		equal(room.get(property), valid[property], property)


func test_invalid_calls_are_refused() -> void:
	if engine_differs():
		return
	var room := implementation.room()
	for call_and_error: Array in [
			[func() -> Error: return room.create_client(""), ERR_INVALID_PARAMETER],
			[func() -> Error: return room.create_client("http://x"), ERR_INVALID_PARAMETER],
			[func() -> Error: return room.create_client("wss://localhost:1", _tls()), ERR_INVALID_PARAMETER],
			[func() -> Error: return room.create_server(-1, HOST), ERR_INVALID_PARAMETER],
			[func() -> Error: return room.create_server(65536, HOST), ERR_INVALID_PARAMETER],
			[func() -> Error: return room.create_server(0, "nowhere"), ERR_INVALID_PARAMETER],
			[func() -> Error: return room.create_server(0, HOST, TLSOptions.client()), ERR_INVALID_PARAMETER],
			[func() -> Error: return room.put_packet([1]), ERR_UNCONFIGURED]]:
		equal(call_and_error[0].call(), call_and_error[1])
		check(room.get_error_message() != "", "error message")
		equal(room.get_connection_status(), DISCONNECTED, "still disconnected")
	room.handshake_headers = PackedStringArray(["no colon"])
	equal(room.create_server(0, HOST), ERR_INVALID_PARAMETER)
	equal(room.create_client("ws://localhost:1"), ERR_INVALID_PARAMETER)
	room.handshake_headers = PackedStringArray()
	equal(room.create_server(0, HOST), OK, "still usable")
	room.disconnect_peer(5)
	check("5" in room.get_error_message(), room.get_error_message())


func test_handlers_may_do_anything() -> void:
	if engine_differs():
		return
	var group := RoomGroup.new(loopback)
	var results := []
	group.server.peer_connected.connect(func(id: int) -> void:
		# Polls, sends, reads and disconnects inside of poll().
		group.server.poll()
		group.server.set_target_peer(id)
		results.append([group.server.put_packet("hi".to_utf8_buffer()), group.server.get_peer(id) != null, group.server.get_peers().has(id)])
		group.server.disconnect_peer(id))
	group.server.peer_disconnected.connect(func(_id: int) -> void:
		group.server.close()
		results.append(group.server.create_server(0, HOST)))
	var client := group.connecting_client()
	check(group.until_status(client, DISCONNECTED), "disconnected")
	equal(results[0], [OK, true, true])
	equal(client.get_packet().get_string_from_utf8(), "hi", "the packet before the disconnection")
	check(loopback.until(func() -> bool: return results.size() == 2), "closed and created again")
	equal([results[1], group.server.get_connection_status()], [OK, CONNECTED])


func test_freed_room_sends_a_close_frame() -> void:
	if engine_differs():
		return
	var group := RoomGroup.new(loopback)
	var code := []
	var client: MultiplayerPeer = implementation.room()
	equal(client.create_client(group.url()), OK)
	group.server.peer_disconnected.connect(func(id: int) -> void: code.append(group.server.get_peer(id).get_close_code()))
	check(loopback.until(func() -> bool:
		client.poll()
		return client.get_connection_status() == CONNECTED), "connected")
	client = null
	check(loopback.until(func() -> bool: return not code.is_empty()), "peer_disconnected")
	equal(code, [1001], "the close code")


func test_two_threads_use_one_room() -> void:
	if engine_differs():
		return
	var group := RoomGroup.new(loopback)
	var client := group.connected_client()
	var count := 500
	var thread := Thread.new()
	thread.start(func() -> int:
		var sent := 0
		while sent < count:
			if client.put_packet(str(sent).to_utf8_buffer()) == OK:
				sent += 1
		return sent)
	var got := []
	check(loopback.until(func() -> bool:
		while group.server.get_available_packet_count() > 0:
			got.append(int(group.server.get_packet().get_string_from_utf8()))
		return got.size() == count), "all packets")
	equal(thread.wait_to_finish(), count)
	equal(got, range(count), "in order")
