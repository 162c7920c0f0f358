extends "support/suite.gd"
## The classes under test with the engine's classes as remote peers, in both roles and over the streams of both implementations, and
## with a raw socket that splits the bytes.

const SIZES: PackedInt32Array = [0, 1, 125, 126, 127, 65535, 65536, 1 << 20, 8 << 20]
const LARGEST := 8 << 20

var _engine := Implementation.new(Implementation.ENGINE)


## Returns pairs of [client, server side] with one peer of each implementation.
func _mixed_pairs(properties := {}) -> Dictionary[String, Array]:
	return {
		"engine's server": loopback.pair(properties, properties, implementation, _engine),
		"engine's client": loopback.pair(properties, properties, _engine, implementation),
	}


func test_messages_of_all_sizes() -> void:
	var large_buffers := {"inbound_buffer_size": LARGEST, "outbound_buffer_size": LARGEST}
	var mixed := _mixed_pairs(large_buffers)
	for name in mixed:
		for from in 2:
			for size in SIZES:
				var what := "%s, from %s, %d bytes" % [name, ["client", "server"][from], size]
				var data := Payload.bytes(size)
				equal(mixed[name][from].send(data), OK, what)
				check(loopback.until_packets(mixed[name][1 - from], 1), what)
				var got: PackedByteArray = mixed[name][1 - from].get_packet()
				check(got == data, what + ": equal bytes")
				equal(mixed[name][1 - from].was_string_packet(), false, what)
				var text := Payload.text(size)
				equal(mixed[name][from].send_text(text), OK, what)
				check(loopback.until_packets(mixed[name][1 - from], 1), what + " of text")
				check(mixed[name][1 - from].get_packet().get_string_from_ascii() == text, what + ": equal text")
				equal(mixed[name][1 - from].was_string_packet(), true, what)


func test_text_of_many_scripts() -> void:
	var text := "Grüße, 世界, שלום, 🙂\u0001\t\n"
	var mixed := _mixed_pairs()
	for name in mixed:
		for from in 2:
			mixed[name][from].send_text(text)
			check(loopback.until_packets(mixed[name][1 - from], 1), name)
			equal(mixed[name][1 - from].get_packet().get_string_from_utf8(), text, name)


func test_variables() -> void:
	var mixed := _mixed_pairs()
	for name in mixed:
		for from in 2:
			equal(mixed[name][from].put_var({"key": [1, 2.5, "three"]}), OK)
			check(loopback.until_packets(mixed[name][1 - from], 1), name)
			equal(mixed[name][1 - from].get_var(), {"key": [1, 2.5, "three"]}, name)


func test_burst_in_both_directions() -> void:
	var mixed := _mixed_pairs()
	for name in mixed:
		var pair: Array[Object] = mixed[name]
		var got := [[], []]
		loopback.each_turn = func() -> void:
			for i in 2:
				got[i].append_array(RawConnection.take_packets(pair[i]))
		for i in 3000:
			for peer in pair:
				equal(peer.send_text("message %d" % i), OK)
			if i % 500 == 0:
				loopback.turn()
		check(loopback.until(func() -> bool: return got[0].size() == 3000 and got[1].size() == 3000), name)
		for texts: Array in got:
			equal([texts.size(), texts[0], texts[-1]], [3000, "message 0", "message 2999"], name)


func test_close_by_either_peer() -> void:
	for from in 2:
		var mixed := _mixed_pairs()
		for name in mixed:
			mixed[name][from].close(4001, "bye")
			check(loopback.until(func() -> bool: return mixed[name].all(func(peer: Object) -> bool: return peer.get_ready_state() == CLOSED)), name)
			for peer: Object in mixed[name]:
				equal([peer.get_close_code(), peer.get_close_reason()], [4001, "bye"], name)


func test_protocols_and_headers() -> void:
	var mixed := _mixed_pairs({"supported_protocols": ["game", "chat"], "handshake_headers": ["X-One: 1"]})
	for name in mixed:
		for peer: Object in mixed[name]:
			equal(peer.get_selected_protocol(), "game", name)


func test_heartbeats() -> void:
	const INTERVAL := 0.2
	# The engine closes a connection if its own poll is late. On a loaded machine that is no result, and the test is repeated.
	var longest_pause := INF
	while longest_pause >= INTERVAL:
		var mixed := _mixed_pairs({"heartbeat_interval": INTERVAL})
		longest_pause = loopback.turns_for(3.0 * INTERVAL)
		if longest_pause < INTERVAL:
			for name in mixed:
				for peer: Object in mixed[name]:
					equal(peer.get_ready_state(), OPEN, name)
		loopback.clear()


## Peers accept the streams of both implementations.
func test_streams_of_both_implementations() -> void:
	for peers_of: Implementation in [implementation, _engine]:
		for server_of: Implementation in [implementation, _engine]:
			# The engine's peer accepts only the engine's streams.
			if server_of.is_ours() and not peers_of.is_ours():
				continue
			var listener := server_of.server()
			equal(listener.listen(0, loopback.HOST), OK)
			var client := loopback.peer()
			equal(client.connect_to_url(loopback.url(listener)), OK)
			var stream := loopback.take_connection(listener)
			equal(stream.get_class(), server_of.name_of("StreamPeerTCP"))
			var accepted := peers_of.peer()
			loopback.resume(accepted)
			equal(accepted.accept_stream(stream), OK)
			# The peer holds a reference to the stream.
			stream = null
			check(loopback.until_state(client, OPEN), "opens")
			for round_trip in 3:
				client.send_text("ask %d" % round_trip)
				check(loopback.until_packets(accepted, 1), "arrives")
				equal(accepted.get_packet().get_string_from_ascii(), "ask %d" % round_trip)
				accepted.send(Payload.bytes(60000))
				check(loopback.until_packets(client, 1), "the response arrives")
				check(client.get_packet() == Payload.bytes(60000), "equal bytes")
			equal(accepted.get_connected_host(), loopback.HOST)
			client.close()
			check(loopback.until_state(accepted, CLOSED), "closes")
			equal(accepted.get_close_code(), 1000)


## A stream may have been read and written before accept_stream().
func test_stream_that_was_used_before() -> void:
	for server_of: Implementation in [implementation, _engine]:
		var listener := server_of.server()
		listener.listen(0, loopback.HOST)
		var socket := RawSocket.new(_connected_stream(listener))
		var stream := loopback.take_connection(listener)
		loopback.each_turn = socket.pump
		socket.send("hello\n")
		loopback.until(func() -> bool: return stream.get_available_bytes() >= 6)
		equal(stream.get_data(6), [OK, "hello\n".to_ascii_buffer()])
		stream.put_data("go\n".to_ascii_buffer())
		socket.send(Rfc6455.request())
		socket.send(Rfc6455.frame(Rfc6455.TEXT, "first", {"masked": true}))
		var accepted := loopback.peer()
		if not server_of.is_ours() or implementation.is_ours():
			equal(accepted.accept_stream(stream), OK)
			check(loopback.until_packets(accepted, 1), "the message arrives")
			equal(RawConnection.take_packets(accepted), ["first"])
			check(loopback.until(func() -> bool: return socket.head() != ""), "the answer arrives")
			check(socket.head().begins_with("go\nHTTP/1.1 101"), socket.head())
		socket.close()


func _connected_stream(listener: Object) -> StreamPeerTCP:
	var stream := StreamPeerTCP.new()
	stream.connect_to_host(loopback.HOST, listener.get_local_port())
	loopback.until(func() -> bool:
		stream.poll()
		return stream.get_status() == StreamPeerTCP.STATUS_CONNECTED)
	return stream


func _frames_of_all_kinds(connection: RawConnection) -> PackedByteArray:
	return (connection.frame(Rfc6455.TEXT, "Grüße") + connection.frame(Rfc6455.BINARY, Payload.bytes(300)) + connection.frame(Rfc6455.PING, "ping")
			+ connection.frame(Rfc6455.TEXT, "a", {"not_final": true}) + connection.frame(Rfc6455.CONTINUATION, "", {"not_final": true})
			+ connection.frame(Rfc6455.CONTINUATION, "b") + connection.frame(Rfc6455.PONG) + connection.frame(Rfc6455.TEXT))


func test_bytes_one_at_a_time() -> void:
	for connection: RawConnection in [loopback.open_client(), loopback.open_server()]:
		for byte in _frames_of_all_kinds(connection):
			connection.remote.send([byte])
			loopback.turn()
		check(loopback.until_packets(connection.peer, 4), "all packets")
		equal(connection.packets(), ["Grüße", Payload.bytes(300), "ab", ""])
		equal(connection.remote.frames().size(), 1, "one pong")


func test_bytes_in_two_parts() -> void:
	for as_client: bool in [true, false]:
		var connection := loopback.open(as_client)
		var whole := _frames_of_all_kinds(connection)
		for cut in range(1, whole.size(), 3):
			connection.remote.send(whole.slice(0, cut))
			loopback.turn()
			connection.remote.send(whole.slice(cut))
			check(loopback.until_packets(connection.peer, 4), "cut at %d" % cut)
			equal(connection.packets(), ["Grüße", Payload.bytes(300), "ab", ""], "cut at %d" % cut)


func test_message_of_many_fragments() -> void:
	for connection: RawConnection in [loopback.open_client({"inbound_buffer_size": 1 << 20}), loopback.open_server({"inbound_buffer_size": 1 << 20})]:
		var data := Payload.bytes(100_000)
		for at in range(0, data.size(), 1000):
			connection.send_frame(Rfc6455.BINARY if at == 0 else Rfc6455.CONTINUATION, data.slice(at, at + 1000), {"not_final": at + 1000 < data.size()})
			if at % 7000 == 0:
				loopback.turn()
		check(loopback.until_packets(connection.peer, 1), "arrives")
		check(connection.peer.get_packet() == data, "equal bytes")
