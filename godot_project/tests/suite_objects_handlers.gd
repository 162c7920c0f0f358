extends "support/suite.gd"
## Handlers of RustWebSocketClient and RustWebSocketServer that do what handlers should better not: poll again, reconnect, close,
## stop, free what emits. Nothing of it crashes, loops or leaks (tools/run test-godot looks for leaks).

const Room := preload("support/room.gd")

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
	room = Room.new()
	return true


func _send(client: RustWebSocketClient, count: int) -> void:
	for i in count:
		client.get_peer(1).put_packet(str(i).to_utf8_buffer())
	client.get_peer(1).flush()


func test_polling_again_in_every_handler() -> void:
	if not _room():
		return
	var server: WeakRef = weakref(room.server)
	var order := []
	room.server.client_connected.connect(func(_id: int, _protocol: String) -> void: server.get_ref().poll())
	room.server.client_disconnected.connect(func(id: int, _clean: bool) -> void:
		server.get_ref().poll()
		order.append("still known: %s" % server.get_ref().has_peer(id)))
	room.server.data_received.connect(func(id: int) -> void:
		# Taken before the nested poll, whose handlers take the next ones.
		order.append(server.get_ref().get_peer(id).get_packet().get_string_from_utf8())
		server.get_ref().poll())
	var client := room.joined()
	var weak: WeakRef = weakref(client)
	client.data_received.connect(func() -> void: weak.get_ref().poll())
	client.connection_closed.connect(func(_clean: bool) -> void: weak.get_ref().poll())
	_send(client, 100)
	check(room.until(func() -> bool: return order.size() == 100), "all are told: %d" % order.size())
	equal(order, range(100).map(func(i: int) -> String: return str(i)))
	order.clear()
	client.disconnect_from_host()
	check(room.until_client_told("connection_closed(true)"), "closed")
	check(room.until(func() -> bool: return not order.is_empty()), "told")
	equal(order, ["still known: true"])


func test_a_conversation_in_nested_polls_ends_with_the_call() -> void:
	if not _room():
		return
	# Each answer is answered, and every handler polls both ends: without a bound this would never return.
	var server: WeakRef = weakref(room.server)
	var client: WeakRef = weakref(room.joined())
	var count := [0]
	room.server.data_received.connect(func(id: int) -> void:
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
		room.turn()
	check(count[0] > 0, "they talk")


func test_the_client_disconnects_or_reconnects_in_any_handler() -> void:
	if not _room():
		return
	var url := room.url()
	for name: String in ["connection_established", "data_received", "server_close_request", "connection_closed"]:
		for reconnects: bool in [false, true]:
			var client := room.client()
			var index := room.clients.size() - 1
			var weak: WeakRef = weakref(client)
			var act := func() -> void:
				weak.get_ref().disconnect_from_host()
				if reconnects:
					equal(weak.get_ref().connect_to_url(url), OK)
			var arguments := {"connection_established": 1, "data_received": 0, "server_close_request": 2, "connection_closed": 1}
			client.connect(name, act.unbind(arguments[name]) if arguments[name] > 0 else act, CONNECT_ONE_SHOT)
			client.connect_to_url(url)
			if name != "connection_established":
				check(room.until_client_told("connection_established()", index), "connected for " + name)
				var id := room.ids[-1]
				room.server.send_to(id, [1])
				room.server.send_to(id, [2])
				if name != "data_received":
					room.server.disconnect_peer(id)
			var established := func() -> int: return Array(room.clients_told[index]).count("connection_established()")
			if reconnects:
				check(room.until(func() -> bool: return established.call() == 2), "again after " + name)
				client.disconnect_from_host()
			check(room.until(func() -> bool: return client.get_connection_status() == MultiplayerPeer.CONNECTION_DISCONNECTED), "disconnected after " + name)
	check(room.until(func() -> bool: return room.server.get_peer_list().is_empty()), "all are gone")


func test_the_server_stops_in_any_handler() -> void:
	if not _room():
		return
	var server: WeakRef = weakref(room.server)
	var port := [0]
	for name: String in ["client_connected", "data_received", "client_close_request", "client_disconnected"]:
		var arguments := {"client_connected": 2, "data_received": 1, "client_close_request": 3, "client_disconnected": 2}
		var act := func() -> void: server.get_ref().stop()
		room.server.connect(name, act.unbind(arguments[name]), CONNECT_ONE_SHOT)
		var members := [room.connecting(), room.connecting()]
		for i in 40:
			room.turn()
			for member: RustWebSocketClient in members:
				_send(member, 3)
		for member: RustWebSocketClient in members:
			member.disconnect_from_host()
		check(room.until(func() -> bool: return not room.server.is_listening()), "stopped in " + name)
		equal(room.server.get_peer_list(), PackedInt32Array())
		equal(room.server.listen(0), OK)


func test_peers_are_closed_in_any_handler() -> void:
	if not _room():
		return
	var server: WeakRef = weakref(room.server)
	room.server.data_received.connect(func(id: int) -> void:
		for other: int in server.get_ref().get_peer_list():
			server.get_ref().get_peer(other).close(4000, "everybody out")
		server.get_ref().disconnect_peer(id))
	var members := [room.joined(), room.joined(), room.joined()]
	for member: RustWebSocketClient in members:
		_send(member, 3)
	check(room.until(func() -> bool: return room.server.get_peer_list().is_empty()), "all are gone")
	for i in 3:
		check(room.until_client_told("server_close_request(4000, everybody out)", i), "told")


func test_the_last_reference_goes_in_a_handler() -> void:
	if engine_differs():
		return
	var server := RustWebSocketServer.new()
	server.listen(0)
	# The holder's own reference is the only one.
	var holder := {"client": RustWebSocketClient.new()}
	var seen := []
	holder.client.connection_established.connect(func(_protocol: String) -> void:
		holder.erase("client")
		seen.append("freed"))
	holder.client.connect_to_url("ws://127.0.0.1:%d" % server.get_local_port())
	var deadline := Time.get_ticks_msec() + 5000
	while holder.has("client") and Time.get_ticks_msec() < deadline:
		server.poll()
		holder.client.poll()
	equal(seen, ["freed"])
	var servers := {"server": server}
	server = null
	servers.server.client_disconnected.connect(func(_id: int, _clean: bool) -> void:
		servers.erase("server")
		seen.append("freed"))
	while servers.has("server") and Time.get_ticks_msec() < deadline:
		servers.server.poll()
	equal(seen, ["freed", "freed"])


func test_signals_come_on_the_thread_that_polls() -> void:
	if not _room():
		return
	var client := room.joined()
	var sent := 500
	var thread := Thread.new()
	thread.start(func() -> void:
		for i in sent:
			while client.get_peer(1).put_packet([i & 255]) == ERR_OUT_OF_MEMORY:
				client.get_peer(1).flush())
	var main := OS.get_thread_caller_id()
	var wrong := [0]
	room.server.data_received.connect(func(_id: int) -> void: wrong[0] += int(OS.get_thread_caller_id() != main))
	room.forget()
	check(room.until(func() -> bool: return room.told.size() == sent), "all arrive: %d" % room.told.size())
	thread.wait_to_finish()
	equal(wrong[0], 0)
