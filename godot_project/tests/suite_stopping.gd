extends "support/suite.gd"
## How RustWebSocketServer and RustWebSocketMultiplayerPeer stop, and shut down without losing packets. Each case runs for both.

const CLIENTS := 4
const SIZE := 1 << 20

var host: MultiplayerPeer
var clients: Array[RustWebSocketPeer] = []
## Packets of each client, without the id that a room sends first.
var packets: Array[Array] = []
## What the host has reported: "closed", "packet TEXT".
var events: Array[String] = []


func tear_down() -> void:
	if host != null:
		host.close()
	host = null
	clients.clear()
	packets.clear()
	events.clear()


## Returns a server object, and a room.
func _hosts() -> Array[MultiplayerPeer]:
	return [RustWebSocketServer.new(), RustWebSocketMultiplayerPeer.new()]


func _listen() -> Error:
	if host is RustWebSocketServer:
		host.bind_ip = "127.0.0.1"
		return host.listen(0)
	return host.create_server(0, "127.0.0.1")


func _send(data: PackedByteArray) -> Error:
	if host is RustWebSocketServer:
		return host.send_to(0, data)
	host.set_target_peer(0)
	return host.put_packet(data)


func _open(index: int) -> void:
	tear_down()
	host = _hosts()[index]
	host.outbound_buffer_size = 1 << 26
	if host is RustWebSocketServer:
		# Not the object itself, which a handler would keep alive.
		var weak: WeakRef = weakref(host)
		host.data_received.connect(func(id: int) -> void:
			events.append("packet " + weak.get_ref().get_peer(id).get_packet().get_string_from_utf8()))
		host.client_disconnected.connect(func(_id: int, was_clean: bool) -> void: events.append("closed" if was_clean else "lost"))
	else:
		host.peer_disconnected.connect(func(_id: int) -> void: events.append("closed"))
	equal(_listen(), OK, "listens")
	for i in CLIENTS:
		var client := RustWebSocketPeer.new()
		client.inbound_buffer_size = 1 << 24
		equal(client.connect_to_url("ws://127.0.0.1:%d" % host.get_local_port()), OK)
		clients.append(client)
		packets.append([])
	check(_until(func() -> bool: return _connected() == CLIENTS and clients.all(_is_in.bind(OPEN))), "all connected")


func _connected() -> int:
	return (host.get_peer_list() if host is RustWebSocketServer else host.get_peers()).size()


func _is_in(client: RustWebSocketPeer, state: int) -> bool:
	return client.get_ready_state() == state


func _turn() -> void:
	if host != null:
		host.poll()
		if host is RustWebSocketMultiplayerPeer:
			while host.get_available_packet_count() > 0:
				events.append("packet " + host.get_packet().get_string_from_utf8())
	for i in clients.size():
		clients[i].poll()
		while clients[i].get_available_packet_count() > 0:
			var packet := clients[i].get_packet()
			if packet.size() != 4:
				packets[i].append(packet)


func _until(condition: Callable) -> bool:
	var observation := func() -> Array:
		return [events.size(), clients.map(func(client: RustWebSocketPeer) -> int: return client.get_ready_state()),
			packets.map(func(taken: Array) -> int: return taken.size())]
	return Wait.until(condition, _turn, observation)


func _check_clients(message: PackedByteArray, code: int, reason: String) -> void:
	check(_until(func() -> bool: return clients.all(_is_in.bind(CLOSED))), "all clients closed")
	for i in CLIENTS:
		check(packets[i] == [message], "the message of client %d" % i)
		equal([clients[i].get_close_code(), clients[i].get_close_reason()], [code, reason])


func test_stopped_and_freed_hosts_deliver_what_was_sent_and_1001() -> void:
	if engine_differs():
		return
	var message := Payload.bytes(SIZE)
	for is_freed: bool in [false, true]:
		for index in 2:
			# Nothing here refers to the host, so that it can be freed; a call's argument would until the function ends.
			_open(index)
			equal(_send(message), OK)
			if is_freed:
				host = null
			elif host is RustWebSocketServer:
				host.stop()
			else:
				host.close()
			_check_clients(message, 1001, "")
			equal(events, [] as Array[String])


func test_a_shutdown_delivers_packets_and_ends_in_both_directions() -> void:
	if engine_differs():
		return
	var message := Payload.bytes(SIZE)
	for index in 2:
		_open(index)
		equal(_send(message), OK)
		equal(clients[0].send_text("late"), OK)
		equal(host.shutdown(4001, "update", -1), OK)
		equal([host.is_shutting_down(), host.get_local_port(), host.get_connection_status()],
			[true, 0, MultiplayerPeer.CONNECTION_CONNECTED])
		check(_until(func() -> bool: return not host.is_shutting_down()), "it ends")
		equal(host.get_connection_status(), MultiplayerPeer.CONNECTION_DISCONNECTED)
		events.sort()
		equal(events, ["closed", "closed", "closed", "closed", "packet late"] as Array[String])
		_check_clients(message, 4001, "update")
		equal(_listen(), OK)


func test_a_shutdown_drops_clients_that_do_not_answer_in_time() -> void:
	if engine_differs():
		return
	for index in 2:
		_open(index)
		equal(host.shutdown(1001, "", 0.02), OK)
		check(Wait.until(func() -> bool: return not host.is_shutting_down(), func() -> void: host.poll(), func() -> int: return events.size()),
			"it ends")
		equal(events.size(), CLIENTS)
		equal(_connected(), 0)


func test_a_shutdown_is_refused_without_a_change_and_refuses_other_calls() -> void:
	if engine_differs():
		return
	for of: MultiplayerPeer in _hosts():
		host = of
		equal(host.shutdown(), ERR_UNCONFIGURED)
		equal(_listen(), OK)
		for arguments: Array in [[-1, "", 1.0], [1006, "", 1.0], [65536, "", 1.0], [1001, "x".repeat(124), 1.0], [1001, "", NAN], [1001, "", INF]]:
			equal(host.callv("shutdown", arguments), ERR_INVALID_PARAMETER, str(arguments))
			check(host.get_error_message() != "", "explained")
			check(not host.is_shutting_down() and host.get_local_port() > 0, "unchanged")
		equal(host.shutdown(), OK)
		equal([host.shutdown(), _listen(), _send([1])], [ERR_ALREADY_IN_USE, ERR_ALREADY_IN_USE, FAILED])
		equal(host.get_error_message(), "the server is shutting down")
		host.close()
		equal([host.is_shutting_down(), _listen()], [false, OK])
		host.close()
		host = null


func test_the_scene_tree_polls_a_shutdown_to_its_end() -> void:
	if engine_differs():
		return
	_open(1)
	var api := SceneMultiplayer.new()
	api.multiplayer_peer = host
	api.server_relay = false
	equal(host.shutdown(), OK)
	check(Wait.until(func() -> bool: return not host.is_shutting_down(), func() -> void:
		api.poll()
		for client in clients:
			client.poll(),
		func() -> Array: return [events.size()]), "it ends")
	equal(events.size(), CLIENTS)
	api.multiplayer_peer = null
