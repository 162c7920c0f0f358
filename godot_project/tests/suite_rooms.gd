extends "support/suite.gd"
## What RustWebSocketMultiplayerPeer has beside the engine's members, TLS, and what wrong calls
## leave behind. Its likeness to the engine's class is the differential suite's.

const Hall := preload("support/hall.gd")
const HOST := Stage.HOST
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
			var hall := Hall.new(stage, {}, server_of)
			hall.server.close()
			var error := ERR_ALREADY_IN_USE
			for attempt in 20:
				var probe := TCPServer.new()
				probe.listen(0, HOST)
				hall.port = probe.get_local_port()
				probe.stop()
				error = hall.server.create_server(hall.port, HOST, _tls())
				if error == OK:
					break
			equal(error, OK, "create_server")
			var client := hall.room({}, client_of)
			hall.clients.append(client)
			equal(client.create_client("wss://localhost:%d" % hall.port, TLSOptions.client(_identity[1])), OK, "create_client")
			check(hall.until_status(client, CONNECTED), "connected by TLS, %s to %s" % [client_of.name, server_of.name])
			hall.until_told(hall.server, 1)
			equal(Hall.send(client, 1, "secret"), OK)
			check(hall.until_packets(hall.server, 1), "a packet")
			equal(hall.server.get_packet().get_string_from_utf8(), "secret")
			if client_of.is_ours():
				var stranger := hall.room({}, client_of)
				hall.clients.append(stranger)
				equal(stranger.create_client("wss://localhost:%d" % hall.port), OK, "create_client of one who does not trust")
				# The engine's server prints that its client has hung up.
				expect_engine_errors(true)
				check(hall.until_status(stranger, DISCONNECTED), "who does not trust does not connect")
				stage.turns(5)
				expect_engine_errors(false)
				check("certificate" in stranger.get_error_message().to_lower(), stranger.get_error_message())
			hall.clear()


func test_compression_where_both_have_it() -> void:
	if engine_differs():
		return
	var hall := Hall.new(stage, {"compression_enabled": true})
	var with := hall.admit({"compression_enabled": true})
	var without := hall.admit()
	var engines := hall.admit({}, Implementation.new(Implementation.ENGINE))
	equal(Hall.send(hall.server, 0, "a".repeat(5000)), OK)
	for client: MultiplayerPeer in [with, without, engines]:
		check(hall.until_packets(client, 1), "the packet")
		equal(client.get_packet().size(), 5000)
	equal(hall.server.get_peer(with.get_unique_id()).is_compression_active(), true)
	equal(hall.server.get_peer(without.get_unique_id()).is_compression_active(), false)
	equal(hall.server.get_peer(engines.get_unique_id()).is_compression_active(), false)
	var statistics: Dictionary = with.get_peer(1).get_compression_statistics()
	check(statistics.received_compressed < 100 and statistics.received_plain == 5000, str(statistics))


func test_round_trip_times() -> void:
	if engine_differs():
		return
	var hall := Hall.new(stage, {"heartbeat_interval": 0.02})
	var clients := [hall.admit(), hall.admit({}, Implementation.new(Implementation.ENGINE))]
	for client: MultiplayerPeer in clients:
		var id := client.get_unique_id()
		check(stage.until(func() -> bool: return hall.server.get_round_trip_time(id) >= 0.0), "a round trip")
		check(hall.server.get_smoothed_round_trip_time(id) >= 0.0, "its average")
	equal(hall.server.get_round_trip_time(7), -1.0, "of nobody")
	equal(clients[0].get_round_trip_time(1), -1.0, "no pings, no time")
	equal(clients[0].get_peer(1).ping(), OK, "one by hand")
	check(stage.until(func() -> bool: return clients[0].get_round_trip_time(1) >= 0.0), "its answer")


func test_the_chosen_port_and_the_present_peers() -> void:
	if engine_differs():
		return
	var server: MultiplayerPeer = implementation.room()
	equal(server.get_local_port(), 0, "no port yet")
	equal(server.create_server(0, HOST), OK)
	check(server.get_local_port() > 0, "a port")
	var hall := Hall.new(stage)
	equal(hall.server.get_local_port(), hall.port)
	equal(hall.server.get_peers(), [])
	var ids := [hall.admit().get_unique_id(), hall.admit().get_unique_id()]
	ids.sort()
	var present := Array(hall.server.get_peers())
	present.sort()
	equal(present, ids)
	equal(hall.clients[0].get_peers(), [1])


func test_places() -> void:
	if engine_differs():
		return
	var hall := Hall.new(stage, {"max_clients": 1})
	var first := hall.admit()
	for of: Implementation in [implementation, Implementation.new(Implementation.ENGINE)]:
		# The engine's client prints that the answer is no 101.
		expect_engine_errors(true)
		var second := hall.invite({}, hall.url(), of)
		check(hall.until_status(second, DISCONNECTED), "no place")
		expect_engine_errors(false)
		equal(hall.news(second), [])
		if of.is_ours():
			check("503" in second.get_error_message() and "full" in second.get_error_message(), second.get_error_message())
	equal(hall.told(hall.server).size(), 1, "the server is not told")
	first.close()
	hall.until_told(hall.server, 2)
	hall.admit()


func test_the_server_sees_requests_and_decides() -> void:
	if engine_differs():
		return
	var hall := Hall.new(stage, {"auto_accept": false})
	var asked := []
	hall.server.peer_requested.connect(func(id: int) -> void: asked.append(id))
	var engine := Implementation.new(Implementation.ENGINE)
	for of: Implementation in [implementation, engine]:
		asked.clear()
		var good := hall.invite({"handshake_headers": ["X-Token: right"]}, hall.url() + "/room?name=a", of)
		expect_engine_errors(true)
		var bad := hall.invite({"handshake_headers": ["X-Token: wrong"]}, hall.url() + "/room?name=b", of)
		check(stage.until(func() -> bool: return asked.size() == 2), "both ask")
		stage.turns(3)
		equal(asked.size(), 2, "once each")
		for id: int in asked:
			var request: Dictionary = hall.server.get_peer(id).get_request()
			check(str(request).contains("/room"), str(request))
			if str(request).contains("right"):
				equal(hall.server.get_peer(id).accept_request(), OK)
			else:
				equal(hall.server.get_peer(id).reject_request(403), OK)
		check(hall.until_status(good, CONNECTED), "who has the token")
		check(hall.until_status(bad, DISCONNECTED), "who has not")
		expect_engine_errors(false)
		if of.is_ours():
			check("403" in bad.get_error_message(), bad.get_error_message())
		good.close()
	var undecided := hall.invite({"handshake_timeout": 0.1})
	hall.server.handshake_timeout = 0.1
	check(hall.until_status(undecided, DISCONNECTED), "who waits too long")


func test_why_a_client_could_not_connect() -> void:
	if engine_differs():
		return
	var hall := Hall.new(stage)
	var unheard := hall.invite({}, "ws://%s:%d" % [HOST, stage.unused_port()])
	check(hall.until_status(unheard, DISCONNECTED), "nobody listens")
	check(unheard.get_error_message() != "", "and that is said: " + unheard.get_error_message())
	check("tcp" in str(unheard.get_peer(1).get_failure()), str(unheard.get_peer(1).get_failure()))
	var client := hall.admit()
	hall.server.close()
	check(hall.until_status(client, DISCONNECTED), "the server goes")
	check("1001" in client.get_error_message(), client.get_error_message())
	equal(client.get_peer(1).get_close_code(), 1001, "its connection can be asked")
	client.close()
	equal(client.get_peer(1), null, "until it is closed")


func test_settings_that_make_no_sense_are_refused() -> void:
	if engine_differs():
		return
	var room := implementation.room()
	var wrong := {"inbound_buffer_size": -1, "max_queued_packets": -1, "max_clients": -1, "handshake_timeout": 0.0, "heartbeat_interval": -1.0,
		"heartbeat_timeout": NAN, "close_timeout": INF, "compression_level": 10, "compression_threshold": -1, "http_proxy": "ftp://x"}
	for property: String in wrong:
		var before: Variant = room.get(property)
		room.set(property, wrong[property])
		equal(room.get(property), before, property)
		check(room.get_error_message() != "", property + " is explained")
	var right := {"inbound_buffer_size": 5, "outbound_buffer_size": 6, "max_queued_packets": 7, "max_clients": 8, "handshake_timeout": 1.5,
		"heartbeat_interval": 2.5, "heartbeat_timeout": 3.5, "close_timeout": 4.5, "compression_level": 9, "compression_threshold": 10,
		"auto_accept": false, "compression_enabled": true, "compression_context_takeover": false, "supported_protocols": ["a", "b"],
		"handshake_headers": ["A: b"], "allowed_origins": ["https://a.example"], "http_proxy": "http://p:1", "https_proxy": "http://q:2",
		"refuse_new_connections": true, "transfer_mode": MultiplayerPeer.TRANSFER_MODE_UNRELIABLE, "transfer_channel": 3}
	for property: String in right:
		room.set(property, right[property])
	for property: String in right:
		equal(room.get(property), right[property], property)


func test_wrong_calls_are_refused_and_explained() -> void:
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
		check(room.get_error_message() != "", "explained")
		equal(room.get_connection_status(), DISCONNECTED, "nothing has begun")
	room.handshake_headers = PackedStringArray(["no colon"])
	equal(room.create_server(0, HOST), ERR_INVALID_PARAMETER)
	equal(room.create_client("ws://localhost:1"), ERR_INVALID_PARAMETER)
	room.handshake_headers = PackedStringArray()
	equal(room.create_server(0, HOST), OK, "usable all the same")
	room.disconnect_peer(5)
	check("5" in room.get_error_message(), room.get_error_message())


func test_handlers_may_do_anything() -> void:
	if engine_differs():
		return
	var hall := Hall.new(stage)
	var seen := []
	hall.server.peer_connected.connect(func(id: int) -> void:
		# Polling, sending, asking and dismissing from inside of poll().
		hall.server.poll()
		hall.server.set_target_peer(id)
		seen.append([hall.server.put_packet("hi".to_utf8_buffer()), hall.server.get_peer(id) != null, hall.server.get_peers().has(id)])
		hall.server.disconnect_peer(id))
	hall.server.peer_disconnected.connect(func(_id: int) -> void:
		hall.server.close()
		seen.append(hall.server.create_server(0, HOST)))
	var client := hall.invite()
	check(hall.until_status(client, DISCONNECTED), "dismissed")
	equal(seen[0], [OK, true, true])
	equal(client.get_packet().get_string_from_utf8(), "hi", "what it was told before")
	check(stage.until(func() -> bool: return seen.size() == 2), "closed and begun anew")
	equal([seen[1], hall.server.get_connection_status()], [OK, CONNECTED])


func test_a_room_without_a_goodbye_says_it() -> void:
	if engine_differs():
		return
	var hall := Hall.new(stage)
	var code := []
	var client: MultiplayerPeer = implementation.room()
	equal(client.create_client(hall.url()), OK)
	hall.server.peer_disconnected.connect(func(id: int) -> void: code.append(hall.server.get_peer(id).get_close_code()))
	check(stage.until(func() -> bool:
		client.poll()
		return client.get_connection_status() == CONNECTED), "connected")
	client = null
	check(stage.until(func() -> bool: return not code.is_empty()), "told")
	equal(code, [1000], "the last reference says goodbye")


func test_threads_share_a_room() -> void:
	if engine_differs():
		return
	var hall := Hall.new(stage)
	var client := hall.admit()
	var count := 500
	var thread := Thread.new()
	thread.start(func() -> int:
		var sent := 0
		while sent < count:
			if client.put_packet(str(sent).to_utf8_buffer()) == OK:
				sent += 1
		return sent)
	var got := []
	check(stage.until(func() -> bool:
		while hall.server.get_available_packet_count() > 0:
			got.append(int(hall.server.get_packet().get_string_from_utf8()))
		return got.size() == count), "all packets")
	equal(thread.wait_to_finish(), count)
	equal(got, range(count), "in order")
