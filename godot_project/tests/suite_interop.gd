extends "support/suite.gd"
## The classes under test against the engine's, in both roles and through both kinds of
## stream, and against a socket that cuts the bytes anywhere.

const SIZES: PackedInt32Array = [0, 1, 125, 126, 127, 65535, 65536, 1 << 20, 8 << 20]
const LARGEST := 8 << 20

var _engine := Implementation.new(Implementation.ENGINE)


## [client, server side] for both ways to mix the two implementations.
func _mixed_pairs(properties := {}) -> Dictionary[String, Array]:
	return {
		"engine's server": stage.pair(properties, properties, implementation, _engine),
		"engine's client": stage.pair(properties, properties, _engine, implementation),
	}


func test_messages_of_all_sizes() -> void:
	var roomy := {"inbound_buffer_size": LARGEST, "outbound_buffer_size": LARGEST}
	var mixed := _mixed_pairs(roomy)
	for name in mixed:
		for from in 2:
			for size in SIZES:
				var what := "%s, from %s, %d bytes" % [name, ["client", "server"][from], size]
				var data := Wire.filler(size)
				equal(mixed[name][from].send(data), OK, what)
				check(stage.until_packets(mixed[name][1 - from], 1, 30.0), what)
				var got: PackedByteArray = mixed[name][1 - from].get_packet()
				check(got == data, what + ": the same bytes")
				equal(mixed[name][1 - from].was_string_packet(), false, what)
				var text := Wire.text_filler(size)
				equal(mixed[name][from].send_text(text), OK, what)
				check(stage.until_packets(mixed[name][1 - from], 1, 30.0), what + " of text")
				check(mixed[name][1 - from].get_packet().get_string_from_ascii() == text, what + ": the same text")
				equal(mixed[name][1 - from].was_string_packet(), true, what)


func test_text_of_many_scripts() -> void:
	var text := "Grüße, 世界, שלום, 🙂\u0001\t\n"
	var mixed := _mixed_pairs()
	for name in mixed:
		for from in 2:
			mixed[name][from].send_text(text)
			check(stage.until_packets(mixed[name][1 - from], 1), name)
			equal(mixed[name][1 - from].get_packet().get_string_from_utf8(), text, name)


func test_variables() -> void:
	var mixed := _mixed_pairs()
	for name in mixed:
		for from in 2:
			equal(mixed[name][from].put_var({"key": [1, 2.5, "three"]}), OK)
			check(stage.until_packets(mixed[name][1 - from], 1), name)
			equal(mixed[name][1 - from].get_var(), {"key": [1, 2.5, "three"]}, name)


func test_burst_in_both_directions() -> void:
	var mixed := _mixed_pairs()
	for name in mixed:
		var ends: Array[Object] = mixed[name]
		var got := [[], []]
		stage.each_turn = func() -> void:
			for i in 2:
				got[i].append_array(Link.take(ends[i]))
		for i in 3000:
			for end in ends:
				equal(end.send_text("message %d" % i), OK)
			if i % 500 == 0:
				stage.turn()
		check(stage.until(func() -> bool: return got[0].size() == 3000 and got[1].size() == 3000), name)
		for one: Array in got:
			equal([one.size(), one[0], one[-1]], [3000, "message 0", "message 2999"], name)


func test_close_from_either_side() -> void:
	for from in 2:
		var mixed := _mixed_pairs()
		for name in mixed:
			mixed[name][from].close(4001, "bye")
			check(stage.until(func() -> bool: return mixed[name].all(func(end: Object) -> bool: return end.get_ready_state() == CLOSED)), name)
			for end: Object in mixed[name]:
				equal([end.get_close_code(), end.get_close_reason()], [4001, "bye"], name)


func test_protocols_and_headers() -> void:
	var mixed := _mixed_pairs({"supported_protocols": ["game", "chat"], "handshake_headers": ["X-One: 1"]})
	for name in mixed:
		for end: Object in mixed[name]:
			equal(end.get_selected_protocol(), "game", name)


func test_heartbeats() -> void:
	var mixed := _mixed_pairs({"heartbeat_interval": 0.05})
	stage.turns(150)
	for name in mixed:
		for end: Object in mixed[name]:
			equal(end.get_ready_state(), OPEN, name)


## Every kind of stream, by whoever accepted it, can carry a peer.
func test_streams_of_both_implementations() -> void:
	for peers_of: Implementation in [implementation, _engine]:
		for server_of: Implementation in [implementation, _engine]:
			# The engine's peer takes the engine's streams only.
			if server_of.is_ours() and not peers_of.is_ours():
				continue
			var listener := server_of.server()
			equal(listener.listen(0, stage.HOST), OK)
			var client := stage.peer()
			equal(client.connect_to_url(stage.url(listener)), OK)
			var stream := stage.take_connection(listener)
			equal(stream.get_class(), server_of.name_of("StreamPeerTCP"))
			var accepted := peers_of.peer()
			stage.resume(accepted)
			equal(accepted.accept_stream(stream), OK)
			# The peer keeps the stream alive by itself.
			stream = null
			check(stage.until_state(client, OPEN), "opens")
			for round_trip in 3:
				client.send_text("ask %d" % round_trip)
				check(stage.until_packets(accepted, 1), "arrives")
				equal(accepted.get_packet().get_string_from_ascii(), "ask %d" % round_trip)
				accepted.send(Wire.filler(60000))
				check(stage.until_packets(client, 1), "comes back")
				check(client.get_packet() == Wire.filler(60000), "whole")
			equal(accepted.get_connected_host(), stage.HOST)
			client.close()
			check(stage.until_state(accepted, CLOSED), "closes")
			equal(accepted.get_close_code(), 1000)


## A stream may have been read and written before it becomes a WebSocket.
func test_stream_that_was_used_before() -> void:
	for server_of: Implementation in [implementation, _engine]:
		var listener := server_of.server()
		listener.listen(0, stage.HOST)
		var raw := Raw.new(_connected_stream(listener))
		var stream := stage.take_connection(listener)
		stage.each_turn = raw.pump
		raw.send("hello\n")
		stage.until(func() -> bool: return stream.get_available_bytes() >= 6)
		equal(stream.get_data(6), [OK, "hello\n".to_ascii_buffer()])
		stream.put_data("go\n".to_ascii_buffer())
		raw.send(Wire.request())
		raw.send(Wire.frame(Wire.TEXT, "first", {"masked": true}))
		var accepted := stage.peer()
		if not server_of.is_ours() or implementation.is_ours():
			equal(accepted.accept_stream(stream), OK)
			check(stage.until_packets(accepted, 1), "the message arrives")
			equal(Link.take(accepted), ["first"])
			check(stage.until(func() -> bool: return raw.head() != ""), "the answer arrives")
			check(raw.head().begins_with("go\nHTTP/1.1 101"), raw.head())
		raw.finish()


func _connected_stream(listener: Object) -> StreamPeerTCP:
	var stream := StreamPeerTCP.new()
	stream.connect_to_host(stage.HOST, listener.get_local_port())
	stage.until(func() -> bool:
		stream.poll()
		return stream.get_status() == StreamPeerTCP.STATUS_CONNECTED)
	return stream


func _conversation(link: Link) -> PackedByteArray:
	return (link.frame(Wire.TEXT, "Grüße") + link.frame(Wire.BINARY, Wire.filler(300)) + link.frame(Wire.PING, "ping")
			+ link.frame(Wire.TEXT, "a", {"not_final": true}) + link.frame(Wire.CONTINUATION, "", {"not_final": true})
			+ link.frame(Wire.CONTINUATION, "b") + link.frame(Wire.PONG) + link.frame(Wire.TEXT))


func test_bytes_one_at_a_time() -> void:
	for link: Link in [stage.client_link(), stage.server_link()]:
		for byte in _conversation(link):
			link.raw.send([byte])
			stage.turn()
		check(stage.until_packets(link.peer, 4), "all packets")
		equal(link.packets(), ["Grüße", Wire.filler(300), "ab", ""])
		equal(link.raw.frames().size(), 1, "one pong")


func test_bytes_cut_in_two_anywhere() -> void:
	for as_client: bool in [true, false]:
		var link := stage.link(as_client)
		var whole := _conversation(link)
		for cut in range(1, whole.size(), 3):
			link.raw.send(whole.slice(0, cut))
			stage.turn()
			link.raw.send(whole.slice(cut))
			check(stage.until_packets(link.peer, 4), "cut at %d" % cut)
			equal(link.packets(), ["Grüße", Wire.filler(300), "ab", ""], "cut at %d" % cut)


func test_message_of_many_fragments() -> void:
	for link: Link in [stage.client_link({"inbound_buffer_size": 1 << 20}), stage.server_link({"inbound_buffer_size": 1 << 20})]:
		var data := Wire.filler(100_000)
		for at in range(0, data.size(), 1000):
			link.say(Wire.BINARY if at == 0 else Wire.CONTINUATION, data.slice(at, at + 1000), {"not_final": at + 1000 < data.size()})
			if at % 7000 == 0:
				stage.turn()
		check(stage.until_packets(link.peer, 1), "arrives")
		check(link.peer.get_packet() == data, "whole")
