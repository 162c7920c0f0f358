extends "support/client_server_suite.gd"
## Signal handlers of RustWebSocketClient and RustWebSocketServer that poll, reconnect, close, stop or free the emitting object. None
## of them crashes, loops or leaks; tools/run test-godot detects leaks.


func _send(client: RustWebSocketClient, count: int) -> void:
	for i in count:
		client.get_peer(1).put_packet(str(i).to_utf8_buffer())
	client.get_peer(1).flush()


func test_nested_polls_in_every_handler() -> void:
	if not make_group():
		return
	var server: WeakRef = weakref(group.server)
	var order := []
	group.server.client_connected.connect(func(_id: int, _protocol: String) -> void: server.get_ref().poll())
	group.server.client_disconnected.connect(func(id: int, _clean: bool) -> void:
		server.get_ref().poll()
		order.append("still known: %s" % server.get_ref().has_peer(id)))
	group.server.data_received.connect(func(id: int) -> void:
		# Taken before the nested poll(), whose handlers take the next packets.
		order.append(server.get_ref().get_peer(id).get_packet().get_string_from_utf8())
		server.get_ref().poll())
	var client := group.connected_client()
	var weak: WeakRef = weakref(client)
	client.data_received.connect(func() -> void: weak.get_ref().poll())
	client.connection_closed.connect(func(_clean: bool) -> void: weak.get_ref().poll())
	_send(client, 100)
	check(group.until(func() -> bool: return order.size() == 100), "all packets: %d" % order.size())
	equal(order, range(100).map(func(i: int) -> String: return str(i)))
	order.clear()
	client.disconnect_from_host()
	check(group.until_client_event("connection_closed(true)"), "closed")
	check(group.until(func() -> bool: return not order.is_empty()), "emitted")
	equal(order, ["still known: true"])


func test_nested_polls_are_limited() -> void:
	if not make_group():
		return
	# Each packet is echoed and every handler polls both objects: without a limit this would never return.
	var server: WeakRef = weakref(group.server)
	var client: WeakRef = weakref(group.connected_client())
	var count := [0]
	group.server.data_received.connect(func(id: int) -> void:
		count[0] += 1
		server.get_ref().get_peer(id).put_packet(server.get_ref().get_peer(id).get_packet())
		client.get_ref().poll()
		server.get_ref().poll())
	client.get_ref().data_received.connect(func() -> void:
		client.get_ref().get_peer(1).put_packet(client.get_ref().get_peer(1).get_packet())
		server.get_ref().poll()
		client.get_ref().poll())
	client.get_ref().get_peer(1).put_packet([1])
	for i in 50:
		group.turn()
	check(count[0] > 0, "packets are exchanged")


func test_the_client_disconnects_or_reconnects_in_any_handler() -> void:
	if not make_group():
		return
	var url := group.url()
	for name: String in ["connection_established", "data_received", "server_close_request", "connection_closed"]:
		for reconnects: bool in [false, true]:
			var client := group.new_client()
			var index := group.clients.size() - 1
			var weak: WeakRef = weakref(client)
			var act := func() -> void:
				weak.get_ref().disconnect_from_host()
				if reconnects:
					equal(weak.get_ref().connect_to_url(url), OK)
			var arguments := {"connection_established": 1, "data_received": 0, "server_close_request": 2, "connection_closed": 1}
			client.connect(name, act.unbind(arguments[name]) if arguments[name] > 0 else act, CONNECT_ONE_SHOT)
			client.connect_to_url(url)
			if name != "connection_established":
				check(group.until_client_event("connection_established()", index), "connected for " + name)
				var id := group.ids[-1]
				group.server.send_to(id, [1])
				group.server.send_to(id, [2])
				if name != "data_received":
					group.server.disconnect_peer(id)
			var established := func() -> int: return Array(group.client_events[index]).count("connection_established()")
			if reconnects:
				check(group.until(func() -> bool: return established.call() == 2), "connected again after " + name)
				client.disconnect_from_host()
			check(group.until(func() -> bool: return client.get_connection_status() == MultiplayerPeer.CONNECTION_DISCONNECTED), "disconnected after " + name)
	check(group.until(func() -> bool: return group.server.get_peer_list().is_empty()), "all are disconnected")


func test_the_server_stops_in_any_handler() -> void:
	if not make_group():
		return
	var server: WeakRef = weakref(group.server)
	var port := [0]
	for name: String in ["client_connected", "data_received", "client_close_request", "client_disconnected"]:
		var arguments := {"client_connected": 2, "data_received": 1, "client_close_request": 3, "client_disconnected": 2}
		var act := func() -> void: server.get_ref().stop()
		group.server.connect(name, act.unbind(arguments[name]), CONNECT_ONE_SHOT)
		var clients := [group.connecting_client(), group.connecting_client()]
		for i in 40:
			group.turn()
			for client: RustWebSocketClient in clients:
				_send(client, 3)
		for client: RustWebSocketClient in clients:
			client.disconnect_from_host()
		check(group.until(func() -> bool: return not group.server.is_listening()), "stopped in " + name)
		equal(group.server.get_peer_list(), PackedInt32Array())
		equal(group.server.listen(0), OK)


func test_peers_are_closed_in_any_handler() -> void:
	if not make_group():
		return
	var server: WeakRef = weakref(group.server)
	group.server.data_received.connect(func(id: int) -> void:
		for other: int in server.get_ref().get_peer_list():
			server.get_ref().get_peer(other).close(4000, "server closes")
		server.get_ref().disconnect_peer(id))
	var clients := [group.connected_client(), group.connected_client(), group.connected_client()]
	for client: RustWebSocketClient in clients:
		_send(client, 3)
	check(group.until(func() -> bool: return group.server.get_peer_list().is_empty()), "all are disconnected")
	for i in 3:
		check(group.until_client_event("server_close_request(4000, server closes)", i), "emitted")


func test_the_last_reference_is_dropped_in_a_handler() -> void:
	if engine_differs():
		return
	var server := RustWebSocketServer.new()
	server.listen(0)
	# The dictionary holds the only reference.
	var references := {"client": RustWebSocketClient.new()}
	var events := []
	references.client.connection_established.connect(func(_protocol: String) -> void:
		references.erase("client")
		events.append("freed"))
	references.client.connect_to_url("ws://127.0.0.1:%d" % server.get_local_port())
	Wait.until(func() -> bool: return not references.has("client"), func() -> void:
		server.poll()
		references.client.poll())
	equal(events, ["freed"])
	var servers := {"server": server}
	server = null
	servers.server.client_disconnected.connect(func(_id: int, _clean: bool) -> void:
		servers.erase("server")
		events.append("freed"))
	Wait.until(func() -> bool: return not servers.has("server"), func() -> void: servers.server.poll())
	equal(events, ["freed", "freed"])


func test_signals_are_emitted_on_the_polling_thread() -> void:
	if not make_group():
		return
	var client := group.connected_client()
	var sent := 500
	var thread := Thread.new()
	thread.start(func() -> void:
		for i in sent:
			while client.get_peer(1).put_packet([i & 255]) == ERR_OUT_OF_MEMORY:
				client.get_peer(1).flush())
	var main := OS.get_thread_caller_id()
	var other_thread_count := [0]
	group.server.data_received.connect(func(_id: int) -> void: other_thread_count[0] += int(OS.get_thread_caller_id() != main))
	group.clear_events()
	check(group.until(func() -> bool: return group.server_events.size() == sent), "all arrive: %d" % group.server_events.size())
	thread.wait_to_finish()
	equal(other_thread_count[0], 0)
