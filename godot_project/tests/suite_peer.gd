extends "support/suite.gd"
## WebSocketPeer by its class reference: states, URLs, sending, receiving, closing, the PacketPeer members and the heartbeat.
## suite_handshake.gd has the handshakes.


func _until_both_closed(pair: Array[Object]) -> bool:
	return loopback.until(func() -> bool: return pair.all(func(peer: Object) -> bool: return peer.get_ready_state() == CLOSED))


## Returns an open client and an open server-side peer, each with a raw socket as its remote peer.
func _open_both_roles(properties := {}) -> Array[RawConnection]:
	return [loopback.open_client(properties), loopback.open_server(properties)]


# States.

func test_new_peer() -> void:
	var peer := loopback.peer()
	equal(peer.get_ready_state(), CLOSED)
	equal(peer.get_close_code(), -1)
	equal(peer.get_close_reason(), "")
	equal(peer.get_requested_url(), "")
	equal(peer.get_selected_protocol(), "")
	equal(peer.was_string_packet(), false)
	equal(peer.get_available_packet_count(), 0)
	equal(peer.get_current_outbound_buffered_amount(), 0)
	equal([peer.get_connected_host(), peer.get_connected_port()], ["", 0])
	peer.poll()
	equal(peer.get_ready_state(), CLOSED)


func test_states_of_a_whole_connection() -> void:
	var pair := loopback.pair()
	equal(loopback.states(pair[0]).slice(0, 2), [CONNECTING, OPEN])
	pair[0].close(1000, "done")
	equal(pair[0].get_ready_state(), CLOSING)
	equal(pair[0].get_close_code(), -1, "unknown before the response")
	check(_until_both_closed(pair), "both close")
	for peer in pair:
		equal([peer.get_close_code(), peer.get_close_reason()], [1000, "done"])


func test_only_an_open_peer_sends() -> void:
	var connection := loopback.requesting_client()
	for state: int in [CONNECTING, CLOSING, CLOSED]:
		if state == CLOSING:
			loopback.send_response(connection)
			loopback.until_state(connection.peer, OPEN)
			connection.peer.close()
		elif state == CLOSED:
			connection.peer.close(-1)
		equal(connection.state(), state)
		equal(connection.peer.send_text("x"), FAILED)
		equal(connection.peer.send(PackedByteArray()), FAILED)
		equal(connection.peer.put_packet(PackedByteArray([1])), FAILED)
		equal(connection.peer.put_packet(PackedByteArray()), OK, "an empty put_packet does nothing")
		equal(connection.peer.put_var(1), FAILED)
		equal(connection.peer.get_packet(), [])
		equal(connection.peer.get_packet_error(), FAILED)


func test_busy_peer_cannot_connect_or_accept() -> void:
	for connection: RawConnection in [loopback.requesting_client(), loopback.open_client(), loopback.open_server()]:
		var state := connection.state()
		equal(connection.peer.connect_to_url("ws://localhost:9"), ERR_ALREADY_IN_USE)
		equal(connection.peer.accept_stream(implementation.stream()), ERR_ALREADY_IN_USE)
		equal(connection.state(), state)


func test_address_of_the_remote_peer() -> void:
	var connection := loopback.open_server()
	equal(connection.peer.get_connected_host(), loopback.HOST)
	equal(connection.peer.get_connected_port(), connection.remote.local_port())
	connection.peer.set_no_delay(false)
	connection.peer.set_no_delay(true)
	connection.peer.close(-1)
	equal([connection.peer.get_connected_host(), connection.peer.get_connected_port()], ["", 0])


func test_one_object_connects_repeatedly() -> void:
	var peer := loopback.peer()
	for i in 4:
		var connection := loopback.open_as_client(peer) if i % 2 == 0 else loopback.open_as_server(peer)
		connection.send_frame(Rfc6455.TEXT, "message %d" % i)
		check(loopback.until_packets(peer, 1), "message %d arrives" % i)
		equal(connection.packets(), ["message %d" % i])
		connection.send_frame(Rfc6455.CLOSE, Rfc6455.close_payload(4000 + i))
		check(loopback.until(connection.is_over), "closes")
		equal(peer.get_close_code(), 4000 + i)


func test_closing_peer_connects_at_once() -> void:
	var old := loopback.open_client()
	old.peer.close()
	var connection := loopback.open_as_client(old.peer)
	check(loopback.until(func() -> bool: return old.remote.ended), "the old connection ends")
	connection.send_frame(Rfc6455.TEXT, "new")
	loopback.until_packets(connection.peer, 1)
	equal(connection.packets(), ["new"])


func test_last_reference_dropped_while_open() -> void:
	var connection := loopback.open_client()
	loopback.release(connection.peer)
	connection.peer = null
	check(loopback.until(func() -> bool: return connection.remote.ended), "the remote peer reads the end")
	equal(connection.remote.frames().size(), 1, "the close frame")


# URLs.

func _first_lines(url_format: String, address := Loopback.HOST) -> PackedStringArray:
	var listener := loopback.raw_listener(address)
	var peer := loopback.peer()
	var url := url_format % listener.get_local_port()
	equal(peer.connect_to_url(url), OK, url)
	equal(peer.get_requested_url(), url)
	var socket := loopback.accept_raw_socket(listener)
	loopback.require(func() -> bool: return socket.head() != "", "request for " + url)
	return loopback.without_ports(socket.head()).split("\r\n")


func test_urls() -> void:
	for url: String in ["ws://127.0.0.1:%d/", "127.0.0.1:%d", "WS://127.0.0.1:%d", "ws://127.0.0.1:%d/#part"]:
		equal(_first_lines(url).slice(0, 2), ["GET / HTTP/1.1", "Host: 127.0.0.1:PORT"], url)
	equal(_first_lines("ws://127.0.0.1:%d/a/b?x=1#f")[0], "GET /a/b?x=1 HTTP/1.1")
	equal(_first_lines("ws://LOCALHOST:%d/")[1], "Host: localhost:PORT")


func test_unusual_urls() -> void:
	if engine_differs():
		return
	equal(_first_lines("ws://[::1]:%d/", "::1")[1], "Host: [::1]:PORT")
	equal(_first_lines("ws://127.0.0.1:%d?x=1")[0], "GET /?x=1 HTTP/1.1")
	equal(_first_lines("ws://127.0.0.1:%d/p q/ü?a b")[0], "GET /p%%20q/%%C3%%BC?a%%20b HTTP/1.1" % [])
	var lines := _first_lines("ws://user:p%%40ss@127.0.0.1:%d/")
	check("Authorization: Basic " + Marshalls.utf8_to_base64("user:p@ss") in lines, "credentials are decoded and sent: " + str(lines))
	equal(lines[1], "Host: 127.0.0.1:PORT")


func test_refused_port() -> void:
	for host: String in [loopback.HOST, "localhost"]:
		var peer := loopback.peer()
		equal(peer.connect_to_url("ws://%s:%d" % [host, loopback.free_port()]), OK)
		check(loopback.until_state(peer, CLOSED), "closes")
		equal([peer.get_close_code(), peer.get_close_reason()], [-1, ""])


func test_unknown_host() -> void:
	if engine_differs():
		return
	var peer := loopback.peer()
	equal(peer.connect_to_url("ws://%s.example" % "a".repeat(70)), OK)
	equal(peer.get_ready_state(), CONNECTING)
	check(loopback.until_state(peer, CLOSED), "closes")
	equal(peer.get_close_code(), -1)


# Sending.

func test_frames_of_each_way_to_send() -> void:
	for connection in _open_both_roles():
		connection.peer.send_text("text")
		connection.peer.send("bytes".to_ascii_buffer())
		connection.peer.send("as text".to_ascii_buffer(), WebSocketPeer.WRITE_MODE_TEXT)
		connection.peer.send(PackedByteArray())
		connection.peer.put_packet("packet".to_ascii_buffer())
		connection.peer.put_var("variable")
		check(loopback.until(func() -> bool: return connection.remote.frames().size() == 6), "six frames")
		var mask := "" if connection.remote_is_client else "masked "
		equal(connection.remote.described_frames(), [
			"text %s'text'" % mask, "binary %s'bytes'" % mask, "text %s'as text'" % mask, "binary %s''" % mask,
			"binary %s'packet'" % mask, "binary %s%s" % [mask, Rfc6455.describe_payload(var_to_bytes("variable"))],
		])


func test_each_message_is_one_frame_with_the_shortest_length() -> void:
	for connection in _open_both_roles({"outbound_buffer_size": 1 << 20}):
		var sizes: PackedInt32Array = [0, 1, 125, 126, 127, 65535, 65536, 200000]
		for size in sizes:
			equal(connection.peer.send(Payload.bytes(size)), OK)
		check(loopback.until(func() -> bool: return connection.remote.frames().size() == sizes.size()), "all frames arrive")
		for i in connection.remote.frames().size():
			var one := connection.remote.frames()[i]
			check(one.final and one.minimal and one.masked != connection.remote_is_client, Rfc6455.describe(one).left(80))
			check(one.payload == Payload.bytes(sizes[i]), "payload of %d" % sizes[i])


func test_masks_differ() -> void:
	var connection := loopback.open_client()
	for i in 20:
		connection.peer.send(PackedByteArray([0, 0, 0, 0]))
	loopback.until(func() -> bool: return connection.remote.frames().size() == 20)
	var masks := {}
	var body := connection.remote.received.slice(connection.remote.head().length())
	for i in 20:
		# A masked payload of zeroes equals the mask.
		masks[body.slice(i * 10 + 6, i * 10 + 10).hex_encode()] = true
	check(masks.size() > 18, "%d masks for 20 frames" % masks.size())


func test_outbound_limits_refuse_and_change_nothing() -> void:
	var connection := loopback.open_client({"outbound_buffer_size": 100})
	equal(connection.peer.send(Payload.bytes(101)), ERR_OUT_OF_MEMORY)
	equal(connection.peer.send(Payload.bytes(100)), OK)
	loopback.turn()
	connection.peer.max_queued_packets = 0
	equal(connection.peer.send_text("x"), ERR_OUT_OF_MEMORY)
	connection.peer.max_queued_packets = 10
	connection.peer.outbound_buffer_size = 0
	equal(connection.peer.send(Payload.bytes(100_000)), OK, "0 means no limit")
	check(loopback.until(func() -> bool: return connection.remote.frames().size() == 2), "two frames")
	equal(connection.state(), OPEN)


func test_burst_without_a_poll_is_limited_by_the_kernel_alone() -> void:
	for connection in _open_both_roles():
		for i in 6000:
			if connection.peer.send_text("message %08d" % i) != OK:
				check(false, "refused after %d" % i)
				break
		check(loopback.until(func() -> bool: return connection.remote.frames().size() == 6000), "all arrive")
		equal(connection.remote.frames()[-1].payload.get_string_from_ascii(), "message 00005999")


func test_full_network_is_reported_and_nothing_is_lost() -> void:
	for connection in _open_both_roles():
		connection.remote.is_reading = false
		var sent := 0
		var data := Payload.bytes(20000)
		while sent < 4000 and connection.peer.send(data) == OK:
			sent += 1
			loopback.turn()
		equal(connection.peer.send(Payload.bytes(60000)), ERR_OUT_OF_MEMORY)
		var queued: int = connection.peer.get_current_outbound_buffered_amount()
		check(queued > 0 and queued <= 65535, "%d bytes are queued" % queued)
		connection.remote.is_reading = true
		var overhead := 4 if connection.remote_is_client else 8
		var due := connection.remote.head().length() + sent * (20000 + overhead)
		check(loopback.until(func() -> bool: return connection.remote.received.size() == due), "%d of %d bytes" % [connection.remote.received.size(), due])
		equal(connection.peer.get_current_outbound_buffered_amount(), 0)
		equal(connection.peer.send_text("again"), OK)


# Receiving. scenarios/receiving.gd and suite_bad_input.gd have the malformed input.

func test_packets_arrive_in_order_with_their_kind() -> void:
	for connection in _open_both_roles():
		connection.remote.send(connection.frame(Rfc6455.TEXT, "one") + connection.frame(Rfc6455.BINARY, [2]) + connection.frame(Rfc6455.TEXT) + connection.frame(Rfc6455.BINARY))
		check(loopback.until_packets(connection.peer, 4), "four packets")
		equal(connection.peer.was_string_packet(), false, "before the first is read")
		equal(connection.packets(), ["one", [2], "", []])
		equal(connection.peer.get_packet_error(), OK)
		equal(connection.peer.get_packet(), [])
		equal(connection.peer.get_packet_error(), ERR_UNAVAILABLE)


func test_fragments_are_joined() -> void:
	for connection in _open_both_roles():
		var cut := "Grüße, 世界".to_utf8_buffer()
		for i in cut.size():
			connection.send_frame(Rfc6455.TEXT if i == 0 else Rfc6455.CONTINUATION, [cut[i]], {"not_final": i + 1 < cut.size()})
		connection.send_frame(Rfc6455.TEXT, "whole")
		check(loopback.until_packets(connection.peer, 2), "two packets")
		equal(connection.packets(), ["Grüße, 世界", "whole"])


func test_pings_are_answered_in_the_poll_that_reads_them() -> void:
	for connection in _open_both_roles():
		loopback.pause(connection.peer)
		connection.send_frame(Rfc6455.PING, "payload")
		loopback.turns(3)
		connection.peer.poll()
		check(loopback.until(func() -> bool: return connection.remote.frames().size() == 1), "a pong")
		equal(connection.remote.frames()[0].opcode, Rfc6455.PONG)
		equal(connection.remote.frames()[0].payload.get_string_from_ascii(), "payload")


func test_full_queue_stops_reading_and_loses_nothing() -> void:
	for connection in _open_both_roles({"max_queued_packets": 3}):
		for i in 20:
			connection.send_frame(Rfc6455.TEXT, "message %d" % i)
		loopback.turns(10)
		equal(connection.peer.get_available_packet_count(), 3)
		var got := []
		loopback.until(func() -> bool:
			got.append_array(connection.packets())
			return got.size() == 20)
		equal(got, range(20).map(func(i: int) -> String: return "message %d" % i))


func test_inbound_buffer_size_limits_single_messages() -> void:
	for connection in _open_both_roles({"inbound_buffer_size": 1000}):
		for i in 5:
			connection.send_frame(Rfc6455.BINARY, Payload.bytes(1000))
		var got := []
		loopback.until(func() -> bool:
			got.append_array(connection.packets())
			return got.size() == 5)
		equal(got.size(), 5, "messages of exactly that size")
		connection.send_frame(Rfc6455.BINARY, Payload.bytes(1001))
		check(loopback.until(connection.is_over), "closes")
		equal([connection.peer.get_close_code(), connection.remote.close_code()], [1009, 1009])


# Closing.

func test_close_frames() -> void:
	for connection in _open_both_roles():
		connection.peer.close(4321, "why")
		check(loopback.until(func() -> bool: return connection.remote.frames().size() == 1), "a close frame")
		equal(connection.remote.frames()[0].payload, Rfc6455.close_payload(4321, "why"))
		equal(connection.state(), CLOSING)
		connection.send_frame(Rfc6455.CLOSE, Rfc6455.close_payload(3000, "theirs"))
		check(loopback.until(connection.is_over), "closes")
		equal([connection.peer.get_close_code(), connection.peer.get_close_reason()], [3000, "theirs"])


func test_close_frame_of_the_remote_peer_is_echoed() -> void:
	for connection in _open_both_roles():
		connection.send_frame(Rfc6455.CLOSE, Rfc6455.close_payload(4000, "bye"))
		check(loopback.until(connection.is_over), "closes")
		equal([connection.peer.get_close_code(), connection.peer.get_close_reason()], [4000, "bye"])
		equal(connection.remote.frames()[0].payload, Rfc6455.close_payload(4000, "bye"))


func test_empty_close() -> void:
	for connection in _open_both_roles():
		connection.peer.close(0, "not sent")
		loopback.until(func() -> bool: return connection.remote.frames().size() == 1)
		equal(connection.remote.close_code(), 0)
		connection.send_frame(Rfc6455.CLOSE)
		check(loopback.until(connection.is_over), "closes")
		equal([connection.peer.get_close_code(), connection.peer.get_close_reason()], [0, ""])


func test_negative_close_code_sends_no_frame() -> void:
	for connection in _open_both_roles():
		connection.peer.close(-1)
		equal(connection.state(), CLOSED)
		check(loopback.until(connection.is_over), "closes")
		equal(connection.remote.frames().size(), 0)
		equal(connection.peer.get_close_code(), -1)


func test_lost_connection_is_not_clean() -> void:
	for connection in _open_both_roles():
		connection.remote.close()
		check(loopback.until_state(connection.peer, CLOSED), "closes")
		equal([connection.peer.get_close_code(), connection.peer.get_close_reason()], [-1, ""])


func test_message_sent_before_close_arrives() -> void:
	var pair := loopback.pair()
	var got := []
	loopback.each_turn = func() -> void: got.append_array(RawConnection.take_packets(pair[1]))
	pair[0].send_text("last message")
	pair[0].close(1000)
	loopback.until(func() -> bool: return not got.is_empty() or pair[1].get_ready_state() == CLOSED)
	if engine_differs():
		return
	got.append_array(RawConnection.take_packets(pair[1]))
	equal(got, ["last message"])


# PacketPeer members.

func test_variables() -> void:
	var pair := loopback.pair()
	var values := [null, 1, 2.5, "text", [1, 2], {"a": Vector2i(3, 4)}, Color.RED, PackedInt32Array([1, 2])]
	for value: Variant in values:
		equal(pair[0].put_var(value), OK)
	check(loopback.until_packets(pair[1], values.size()), "all arrive")
	for value: Variant in values:
		equal(var_to_str(pair[1].get_var()), var_to_str(value))
	equal(pair[1].was_string_packet(), false)


func test_encode_buffer() -> void:
	var pair := loopback.pair()
	equal(pair[0].encode_buffer_max_size, 8 << 20)
	pair[0].encode_buffer_max_size = 1500
	equal(pair[0].encode_buffer_max_size, 2048)
	# PacketPeer, the engine's base class of both implementations, prints errors here.
	expect_engine_errors(true)
	equal(pair[0].put_var(Payload.bytes(5000)), ERR_OUT_OF_MEMORY)
	pair[0].encode_buffer_max_size = 10
	equal(pair[1].get_var(), null)
	expect_engine_errors(false)
	equal(pair[0].encode_buffer_max_size, 2048)
	equal(pair[0].put_var("fits"), OK)
	check(loopback.until_packets(pair[1], 1), "arrives")
	equal(pair[1].get_var(), "fits")


# The heartbeat.

func test_heartbeat_property() -> void:
	var peer := loopback.peer()
	for value: float in [0.5, 20.0, 0.0]:
		peer.heartbeat_interval = value
		equal(peer.heartbeat_interval, value)
	peer.heartbeat_interval = 3.0
	peer.heartbeat_interval = -1.0
	equal(peer.heartbeat_interval, 3.0, "a negative interval is ignored")


func test_heartbeat_between_two_peers() -> void:
	var pair := loopback.pair({"heartbeat_interval": 0.05}, {"heartbeat_interval": 0.05})
	loopback.turns(200)
	for peer in pair:
		equal(peer.get_ready_state(), OPEN)
		equal(peer.get_available_packet_count(), 0)


func test_heartbeat_without_a_pong() -> void:
	for connection in _open_both_roles({"heartbeat_interval": 0.05}):
		check(loopback.until(func() -> bool: return not connection.remote.frames().is_empty()), "a ping")
		equal([connection.remote.frames()[0].opcode, connection.remote.frames()[0].payload.size()], [Rfc6455.PING, 8])
		check(loopback.until(connection.is_over), "closes")
		equal([connection.peer.get_close_code(), connection.remote.close_code()], [-1, -1])
