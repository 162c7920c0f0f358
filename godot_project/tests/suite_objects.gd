extends "support/client_server_suite.gd"
## RustWebSocketClient and RustWebSocketServer emit the signals of Godot 3 in its order, without its defects.

const CONNECTED := MultiplayerPeer.CONNECTION_CONNECTED
const DISCONNECTED := MultiplayerPeer.CONNECTION_DISCONNECTED


func _text(packet: PackedByteArray) -> String:
	return packet.get_string_from_utf8()


func test_the_server_emits_before_the_client() -> void:
	if not make_group():
		return
	var client := group.connecting_client()
	group.until(func() -> bool: return not group.client_events[0].is_empty() or not group.server_events.is_empty())
	check(not group.server_events.is_empty(), "the server emits first")
	group.until_client_event("connection_established()")
	equal(group.server_events, ["client_connected(#1, )"])
	equal(group.client_events[0], ["connection_established()"])
	check(group.id() >= 2, "a client id")
	equal([client.get_connection_status(), group.server.get_connection_status()], [CONNECTED, CONNECTED])
	equal([client.get_unique_id(), group.server.get_unique_id()], [0, 1])
	equal([client.get_connected_host(), client.get_connected_port()], ["127.0.0.1", group.server.get_local_port()])
	equal(group.server.get_peer_address(group.id()), "127.0.0.1")
	check(group.server.get_peer_port(group.id()) > 0, "a port")
	equal(group.server.get_peer(group.id()), group.server.get_peer(group.id()), "the same object each time")
	equal(group.server.get_peer(group.id()).get_requested_url(), group.url())


func test_sub_protocols() -> void:
	if not make_group(["p", "binary"]):
		return
	group.connecting_client(["p2", "binary", "p"])
	check(group.until_client_event("connection_established(binary)"), "the client's order")
	equal(group.server_events, ["client_connected(#1, binary)"])
	group.connecting_client(["x"])
	check(group.until_client_event("connection_error()", 1), "none in common")
	group.connecting_client()
	check(group.until_client_event("connection_error()", 2), "none asked for")
	equal(Array(group.server_events).filter(func(line: String) -> bool: return not line.begins_with("client_failed")), ["client_connected(#1, binary)"])


func test_one_signal_for_each_message_in_order() -> void:
	if not make_group():
		return
	var client := group.connected_client()
	group.clear_events()
	var peer := client.get_peer(1)
	peer.set_write_mode(RustWebSocketRemotePeer.WRITE_MODE_TEXT)
	for text: String in ["a", "b", "c"]:
		equal(peer.put_packet(text.to_utf8_buffer()), OK)
	peer.set_write_mode(RustWebSocketRemotePeer.WRITE_MODE_BINARY)
	equal(peer.put_packet("d".to_utf8_buffer()), OK)
	peer.flush()
	equal(peer.get_current_outbound_buffered_amount(), 0)
	check(group.until(func() -> bool: return group.server_events.size() == 4), "four signals")
	equal(group.server_events, ["data_received(#1)", "data_received(#1)", "data_received(#1)", "data_received(#1)"])
	var server_side := group.server.get_peer(group.id())
	equal(server_side.was_string_packet(), false)
	equal(server_side.get_available_packet_count(), 4)
	var read := []
	for i in 4:
		read.append([_text(server_side.get_packet()), server_side.was_string_packet()])
	equal(read, [["a", true], ["b", true], ["c", true], ["d", false]])
	equal([server_side.get_packet(), server_side.get_packet_error()], [PackedByteArray(), ERR_UNAVAILABLE])


func test_one_packet_is_available_in_each_handler() -> void:
	if not make_group():
		return
	var counts := []
	var texts := []
	var server: WeakRef = weakref(group.server)
	group.server.data_received.connect(func(id: int) -> void:
		var peer: RustWebSocketRemotePeer = server.get_ref().get_peer(id)
		equal(server.get_ref().get_peer_id(), id)
		counts.append(peer.get_available_packet_count())
		while peer.get_available_packet_count() > 0:
			texts.append(_text(peer.get_packet())))
	var client := group.connected_client()
	for i in 5:
		client.get_peer(1).put_packet(str(i).to_utf8_buffer())
	client.get_peer(1).flush()
	check(group.until(func() -> bool: return counts.size() == 5), "five signals")
	equal([counts, texts], [[1, 1, 1, 1, 1], ["0", "1", "2", "3", "4"]])


func test_put_packet_ignores_empty_packets() -> void:
	if not make_group():
		return
	var client := group.connected_client()
	equal(client.get_peer(1).put_packet(PackedByteArray()), OK)
	equal(client.get_peer(1).put_packet([1]), OK)
	equal(group.server.send_to(group.id(), PackedByteArray()), OK)
	group.clear_events()
	check(group.until(func() -> bool: return not group.server_events.is_empty() and not group.client_events[0].is_empty()), "both arrive")
	equal(group.server.get_peer(group.id()).get_packet(), [1])
	equal([client.get_peer(1).get_packet(), client.get_peer(1).get_packet_error()], [PackedByteArray(), OK])


func test_variants() -> void:
	if not make_group():
		return
	var client := group.connected_client()
	equal(client.get_peer(1).put_var({"a": [1, 2.5, "x"]}), OK)
	group.clear_events()
	check(group.until_server_event("data_received(#1)"), "arrives")
	equal(group.server.get_peer(group.id()).get_var(), {"a": [1, 2.5, "x"]})


func test_a_server_disconnects_a_client() -> void:
	if not make_group():
		return
	var client := group.connected_client()
	group.server.get_peer(group.id()).put_packet("last".to_utf8_buffer())
	group.clear_events()
	group.server.disconnect_peer(group.id(), 4000, "bye bye")
	check(group.until_server_event("client_disconnected(#1, true)"), "emitted")
	equal(group.client_events[0], ["data_received()", "server_close_request(4000, bye bye)", "connection_closed(true)"])
	equal(group.server_events, ["client_disconnected(#1, true)"])
	equal(group.server.has_peer(group.id()), false)
	equal(group.server.get_peer(group.id()), null)
	equal(_text(client.get_peer(1).get_packet()), "last", "packets before the close remain readable")


func test_a_client_disconnects() -> void:
	if not make_group():
		return
	var client := group.connected_client()
	var seen := []
	var server: WeakRef = weakref(group.server)
	group.server.client_close_request.connect(func(id: int, _code: int, _reason: String) -> void:
		seen.append([server.get_ref().has_peer(id), server.get_ref().get_peer(id).is_connected_to_host()]))
	group.server.client_disconnected.connect(func(id: int, _clean: bool) -> void:
		var peer: RustWebSocketRemotePeer = server.get_ref().get_peer(id)
		seen.append([server.get_ref().has_peer(id), peer.is_connected_to_host(), peer.get_connected_port()]))
	group.clear_events()
	client.disconnect_from_host(1001, "Bye")
	equal(client.get_connection_status(), CONNECTED, "until connection_closed")
	check(group.until_client_event("connection_closed(true)"), "emitted")
	equal(group.server_events, ["client_close_request(#1, 1001, Bye)", "client_disconnected(#1, true)"])
	equal(group.client_events[0], ["connection_closed(true)"])
	equal(seen, [[true, true], [true, false, 0]])
	equal(client.get_connection_status(), DISCONNECTED)


func test_stop_emits_at_the_clients_only() -> void:
	if not make_group():
		return
	group.connected_client()
	var peer := group.server.get_peer(group.id())
	group.clear_events()
	group.server.stop()
	equal([group.server.is_listening(), group.server.get_peer_list(), peer.is_connected_to_host()], [false, PackedInt32Array(), false])
	check(group.until_client_event("connection_closed(true)"), "emitted")
	equal(group.client_events[0], ["server_close_request(1001, )", "connection_closed(true)"])
	equal(group.server_events, PackedStringArray())
	equal(group.server.listen(0), OK)


func test_a_lost_connection_is_not_clean() -> void:
	if not make_group():
		return
	var socket := group.raw_socket()
	socket.send(Rfc6455.request())
	check(group.until_server_event("client_connected(#1, )"), "connected")
	socket.close()
	check(group.until_server_event("client_disconnected(#1, false)"), "emitted")
	equal(group.server_events, ["client_connected(#1, )", "client_disconnected(#1, false)"])


func test_states_of_a_client() -> void:
	if not make_group():
		return
	var client := group.new_client()
	equal([client.get_connection_status(), client.get_connected_host(), client.get_connected_port()], [DISCONNECTED, "", 0])
	check(client.get_peer(1) != null and client.get_peer(1) == client.get_peer(0), "the server's peer exists before")
	equal([client.get_peer(2), client.get_peer(-1)], [null, null])
	equal(client.get_peer(1).put_packet([1]), FAILED)
	equal([client.get_peer(1).get_packet(), client.get_peer(1).get_packet_error()], [PackedByteArray(), FAILED])
	var seen := []
	var weak: WeakRef = weakref(client)
	client.connection_error.connect(func() -> void: seen.append(weak.get_ref().get_connection_status()))
	var free := TCPServer.new()
	free.listen(0, "127.0.0.1")
	var port := free.get_local_port()
	free.stop()
	equal(client.connect_to_url("ws://127.0.0.1:%d" % port), OK)
	check(group.until_client_event("connection_error()"), "refused")
	equal(seen, [DISCONNECTED])
	check(client.get_error_message().contains("refused"), client.get_error_message())
	equal(client.get_failure().stage, "tcp")
	group.clear_events()
	equal(client.connect_to_url(group.url()), OK)
	equal(client.connect_to_url(group.url()), ERR_ALREADY_IN_USE)
	client.disconnect_from_host()
	equal(client.get_connection_status(), DISCONNECTED)
	for i in 20:
		group.turn()
	equal(group.client_events[0], PackedStringArray(), "disconnect_from_host() while connecting emits nothing")
	for invalid: String in ["", "ws://", "a:b:c", "ws://h:0", "ws://h:99999", "http://h"]:
		equal(client.connect_to_url(invalid), ERR_INVALID_PARAMETER, invalid)
	equal(client.connect_to_url(group.url(), [], false, ["a: b\r\nc: d"]), ERR_INVALID_PARAMETER)


func test_buffers() -> void:
	if engine_differs():
		return
	make_group([], false, false)
	equal(group.server.set_buffers(1, 4, 1, 4), OK)
	equal(group.server.set_buffers(0, 4, 1, 4), ERR_INVALID_PARAMETER)
	group.server.listen(0)
	equal(group.server.set_buffers(1, 4, 1, 4), FAILED)
	var client := group.new_client()
	equal(client.set_buffers(1, 4, 1, 4), OK)
	client.connect_to_url(group.url())
	equal(client.set_buffers(1, 4, 1, 4), FAILED)
	check(group.until_client_event("connection_established()"), "connected")
	equal(client.get_peer(1).put_packet(Payload.bytes(1024)), ERR_OUT_OF_MEMORY)
	equal(client.get_peer(1).put_packet(Payload.bytes(1023)), OK)
	check(group.until_server_event("data_received(#1)"), "1023 bytes arrive")
	equal(group.server.get_peer(group.id()).get_packet().size(), 1023)
	var large := group.connected_client()
	equal(large.get_peer(1).put_packet(Payload.bytes(1025)), OK)
	check(group.until(func() -> bool: return group.client_events[1].size() == 3), str(group.client_events[1]))
	check(group.client_events[1][1].begins_with("server_close_request(1009, "), group.client_events[1][1])
	check(group.server_events.has("client_disconnected(#2, false)"), "a protocol error closes immediately")


func test_connect_to_url_in_a_handler() -> void:
	if not make_group():
		return
	var client := group.connected_client()
	var peer := client.get_peer(1)
	peer.set_write_mode(RustWebSocketRemotePeer.WRITE_MODE_TEXT)
	var weak: WeakRef = weakref(client)
	var url := group.url()
	var results := []
	client.connection_closed.connect(func(_clean: bool) -> void: results.append(weak.get_ref().connect_to_url(url)), CONNECT_ONE_SHOT)
	group.clear_events()
	group.server.disconnect_peer(group.id(), 1012, "")
	check(group.until_client_event("connection_established()"), "connected again")
	equal(results, [OK])
	check(client.get_peer(1) != peer, "a new object")
	equal(client.get_peer(1).get_write_mode(), RustWebSocketRemotePeer.WRITE_MODE_BINARY)
	equal([peer.is_connected_to_host(), peer.put_packet([1])], [false, FAILED])


func test_automatic_reconnecting() -> void:
	if not make_group():
		return
	var client := group.connected_client()
	client.auto_reconnect = true
	client.reconnect_delay = 0.01
	client.reconnect_jitter = 0.0
	group.clear_events()
	group.server.disconnect_peer(group.id(), 1012, "restart")
	check(group.until_client_event("reconnected()"), "connected again")
	equal(group.client_events[0], ["server_close_request(1012, restart)", "connection_closed(true)", "reconnecting(1, 0.01)", "connection_established()", "reconnected()"])
	group.clear_events()
	client.disconnect_from_host()
	check(group.until_client_event("connection_closed(true)"), "closed")
	for i in 20:
		group.turn()
	equal(group.client_events[0], ["connection_closed(true)"])


func test_slow_and_invalid_handshakes() -> void:
	if not make_group():
		return
	var client := group.connected_client()
	group.server.handshake_timeout = 0.1
	for request: String in ["", "GET / HT", "GET /\r\na: b\r\nc: d\r\ne: f\r\n\r\n", "GET / HTTP/1.1\r\nX: " + "x".repeat(20000)]:
		group.raw_socket().send(request)
	check(group.until(func() -> bool: return group.sockets.all(func(socket: RawSocket) -> bool: return socket.ended)), "all are closed")
	equal(Array(group.server_events).filter(func(line: String) -> bool: return line.begins_with("client_failed")).size(), 4)
	equal(group.server.get_peer_list(), [group.id()])
	equal(client.get_connection_status(), CONNECTED)


func test_handshake_timeout_of_a_client() -> void:
	if not make_group():
		return
	var listener := TCPServer.new()
	listener.listen(0, "127.0.0.1")
	var client := group.new_client()
	client.handshake_timeout = 0.1
	client.connect_to_url("ws://127.0.0.1:%d" % listener.get_local_port())
	check(group.until_client_event("connection_error()"), "connection_error")
	listener.stop()


func test_limits_and_requests() -> void:
	if not make_group():
		return
	group.server.max_clients = 1
	group.server.max_clients = -5
	equal(group.server.max_clients, 1)
	group.connected_client()
	var second := group.connecting_client()
	check(group.until_client_event("connection_error()", 1), "full")
	equal(second.get_failure().http_status, 503)
	group.server.max_clients = 0
	group.server.refuse_new_connections = true
	equal(group.server.refuse_new_connections, true)
	second.connect_to_url(group.url())
	check(group.until(func() -> bool: return group.client_events[1].size() == 2), "refused")
	group.server.refuse_new_connections = false
	group.server.auto_accept = false
	group.server.set_extra_headers(["X-Server: ours"])
	group.clear_events()
	second.connect_to_url(group.url("/secret?x=1"), [], false, ["X-Token: wrong"])
	check(group.until(func() -> bool: return Array(group.server_events).any(func(line: String) -> bool: return line.begins_with("client_request"))), "a request")
	var requesting_id := group.ids[-1]
	equal(group.server.get_request(requesting_id).path, "/secret")
	check(group.server.get_request(requesting_id).headers.has("X-Token: wrong"), "headers")
	equal(group.server.reject_request(requesting_id, 401), OK)
	check(group.until_client_event("connection_error()", 1), "rejected")
	equal(second.get_failure().http_status, 401)
	group.clear_events()
	second.connect_to_url(group.url())
	check(group.until(func() -> bool: return not group.server_events.is_empty()), "a request")
	equal(group.server.accept_request(group.ids[-1], ["X-Mine: 1"]), OK)
	check(group.until_client_event("connection_established()", 1), "accepted")


func test_send_to() -> void:
	if not make_group():
		return
	var clients := [group.connected_client(), group.connected_client(), group.connected_client()]
	group.server.send_to(0, "all".to_utf8_buffer(), RustWebSocketRemotePeer.WRITE_MODE_TEXT)
	group.server.send_to(-group.id(1), "not #2".to_utf8_buffer())
	group.server.send_to(group.id(2), "#3".to_utf8_buffer())
	equal(group.server.send_to(123, [1]), ERR_INVALID_PARAMETER)
	check(group.until(func() -> bool: return clients[2].get_peer(1).get_available_packet_count() == 3), "three packets at #3")
	check(group.until(func() -> bool: return clients[0].get_peer(1).get_available_packet_count() == 2), "two packets at #1")
	equal(clients[1].get_peer(1).get_available_packet_count(), 1)
	equal([_text(clients[1].get_peer(1).get_packet()), clients[1].get_peer(1).was_string_packet()], ["all", true])


func test_names_of_other_tutorials() -> void:
	if not make_group():
		return
	var client := group.new_client()
	var seen := []
	client.connected_to_host.connect(func() -> void: seen.append("connected_to_host"))
	client.connect_to_url(group.url())
	equal([group.server.is_connection_available(), group.server.take_connection()], [false, 0])
	check(group.until(func() -> bool: return group.server.is_connection_available() and not seen.is_empty()), "connected")
	var id := group.server.take_connection()
	equal([id, group.server.is_connection_available(), group.server.get_peer_list()], [group.id(), false, [id]])
	equal([client.get_peer_id(), client.get_peer_list()], [1, [1]])
	client.get_peer(0).put_packet("Hello, server!".to_utf8_buffer())
	check(group.until_server_event("data_received(#1)"), "arrives")
	equal(_text(group.server.get_peer(group.server.get_peer_id()).get_peer_packet()), "Hello, server!")


func test_packets_of_the_objects_need_multiplayer() -> void:
	if not make_group():
		return
	var client := group.connected_client()
	equal([client.put_packet([1]), group.server.put_packet([1])], [ERR_UNCONFIGURED, ERR_UNCONFIGURED])
	equal([client.get_available_packet_count(), group.server.get_available_packet_count()], [0, 0])
	equal([client.get_packet_peer(), group.server.get_packet_peer()], [1, 1])
	equal([client.get_packet(), client.get_packet_error()], [PackedByteArray(), ERR_UNCONFIGURED])


func test_a_remote_peer_without_connection() -> void:
	if engine_differs():
		return
	var peer := RustWebSocketRemotePeer.new()
	equal([peer.is_connected_to_host(), peer.put_packet([1]), peer.get_available_packet_count()], [false, FAILED, 0])
	equal([peer.get_packet(), peer.get_packet_error(), peer.get_connected_host(), peer.get_connected_port()], [PackedByteArray(), FAILED, "", 0])
	peer.close()
	peer.set_no_delay(true)
	equal([peer.get_write_mode(), peer.was_string_packet(), peer.ping(), peer.get_round_trip_time()], [1, false, FAILED, -1.0])


func test_freeing_a_client_sends_a_close_frame() -> void:
	if not make_group():
		return
	group.connected_client()
	group.clear_events()
	group.clients.clear()
	check(group.until_server_event("client_disconnected(#1, true)"), "emitted")
	equal(group.server_events, ["client_close_request(#1, 1001, )", "client_disconnected(#1, true)"])


func test_listen() -> void:
	if engine_differs():
		return
	make_group([], false, false)
	var server := group.server
	server.bind_ip = "*"
	equal(server.bind_ip, "*")
	server.bind_ip = "nonsense"
	equal(server.bind_ip, "*")
	server.bind_ip = "::1"
	equal(server.bind_ip, "0:0:0:0:0:0:0:1")
	server.bind_ip = "127.0.0.1"
	server.handshake_timeout = 0.0
	equal(server.handshake_timeout, 3.0)
	equal([server.listen(-1), server.listen(65536), server.listen(0, ["a b"])], [ERR_INVALID_PARAMETER, ERR_INVALID_PARAMETER, ERR_INVALID_PARAMETER])
	equal(server.listen(0), OK)
	equal([server.listen(0), server.is_listening()], [ERR_ALREADY_IN_USE, true])
	server.bind_ip = "*"
	equal(server.bind_ip, "127.0.0.1")
	var key := CryptoKey.new()
	server.private_key = key
	equal(server.private_key, null)
	var other := RustWebSocketServer.new()
	other.bind_ip = "127.0.0.1"
	equal(other.listen(server.get_local_port()), ERR_ALREADY_IN_USE)
	check(other.get_error_message().contains("binding"), other.get_error_message())
	# Unknown peer ids.
	equal([server.has_peer(5), server.get_peer(5), server.get_peer_address(5), server.get_peer_port(5)], [false, null, "", 0])
	server.disconnect_peer(5)
	check(server.get_error_message().contains("no peer 5"), server.get_error_message())
