extends "support/suite.gd"
## What a WebSocketPeer does, by the class reference: states, URLs, sending, receiving,
## closing, the PacketPeer layer and the heartbeat. suite_handshake.gd has the handshakes.


func _both_closed(ends: Array[Object]) -> bool:
	return stage.until(func() -> bool: return ends.all(func(end: Object) -> bool: return end.get_ready_state() == CLOSED))


## Input to peers in both roles, each opposite a raw socket.
func _links(properties := {}) -> Array[Link]:
	return [stage.client_link(properties), stage.server_link(properties)]


# States.

func test_new_peer() -> void:
	var peer := stage.peer()
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
	var ends := stage.pair()
	equal(stage.states(ends[0]).slice(0, 2), [CONNECTING, OPEN])
	ends[0].close(1000, "done")
	equal(ends[0].get_ready_state(), CLOSING)
	equal(ends[0].get_close_code(), -1, "not known before the reply")
	check(_both_closed(ends), "both close")
	for end in ends:
		equal([end.get_close_code(), end.get_close_reason()], [1000, "done"])


func test_only_an_open_peer_sends() -> void:
	var link := stage.asking_client()
	for state: int in [CONNECTING, CLOSING, CLOSED]:
		if state == CLOSING:
			stage.answer(link)
			stage.until_state(link.peer, OPEN)
			link.peer.close()
		elif state == CLOSED:
			link.peer.close(-1)
		equal(link.state(), state)
		equal(link.peer.send_text("x"), FAILED)
		equal(link.peer.send(PackedByteArray()), FAILED)
		equal(link.peer.put_packet(PackedByteArray([1])), FAILED)
		equal(link.peer.put_packet(PackedByteArray()), OK, "an empty put_packet does nothing")
		equal(link.peer.put_var(1), FAILED)
		equal(link.peer.get_packet(), [])
		equal(link.peer.get_packet_error(), FAILED)


func test_busy_peer_cannot_connect_or_accept() -> void:
	for link: Link in [stage.asking_client(), stage.client_link(), stage.server_link()]:
		var state := link.state()
		equal(link.peer.connect_to_url("ws://localhost:9"), ERR_ALREADY_IN_USE)
		equal(link.peer.accept_stream(implementation.stream()), ERR_ALREADY_IN_USE)
		equal(link.state(), state)


func test_addresses_of_the_remote_side() -> void:
	var link := stage.server_link()
	equal(link.peer.get_connected_host(), stage.HOST)
	equal(link.peer.get_connected_port(), link.raw.local_port())
	link.peer.set_no_delay(false)
	link.peer.set_no_delay(true)
	link.peer.close(-1)
	equal([link.peer.get_connected_host(), link.peer.get_connected_port()], ["", 0])


func test_one_object_connects_again_and_again() -> void:
	var peer := stage.peer()
	for i in 4:
		var link := stage.reconnect(peer) if i % 2 == 0 else stage.serve(peer)
		link.say(Wire.TEXT, "message %d" % i)
		check(stage.until_packets(peer, 1), "message %d arrives" % i)
		equal(link.packets(), ["message %d" % i])
		link.say(Wire.CLOSE, Wire.close_payload(4000 + i))
		check(stage.until(link.over), "closes")
		equal(peer.get_close_code(), 4000 + i)


func test_closing_peer_connects_at_once() -> void:
	var old := stage.client_link()
	old.peer.close()
	var link := stage.reconnect(old.peer)
	check(stage.until(func() -> bool: return old.raw.ended), "the old connection ends")
	link.say(Wire.TEXT, "new")
	stage.until_packets(link.peer, 1)
	equal(link.packets(), ["new"])


func test_last_reference_dropped_while_open() -> void:
	var link := stage.client_link()
	stage.forget(link.peer)
	link.peer = null
	check(stage.until(func() -> bool: return link.raw.ended), "the remote side sees the end")
	equal(link.raw.frames().size(), 0)


# URLs.

func _first_lines(url_format: String, address := Stage.HOST) -> PackedStringArray:
	var listener := stage.raw_server(address)
	var peer := stage.peer()
	var url := url_format % listener.get_local_port()
	equal(peer.connect_to_url(url), OK, url)
	equal(peer.get_requested_url(), url)
	var raw := stage.raw_accept(listener)
	stage.need(func() -> bool: return raw.head() != "", "request for " + url)
	return stage.plain(raw.head()).split("\r\n")


func test_urls() -> void:
	for url: String in ["ws://127.0.0.1:%d/", "127.0.0.1:%d", "WS://127.0.0.1:%d", "ws://127.0.0.1:%d/#part"]:
		equal(_first_lines(url).slice(0, 2), ["GET / HTTP/1.1", "Host: 127.0.0.1:PORT"], url)
	equal(_first_lines("ws://127.0.0.1:%d/a/b?x=1#f")[0], "GET /a/b?x=1 HTTP/1.1")
	equal(_first_lines("ws://LOCALHOST:%d/")[1], "Host: localhost:PORT")


func test_urls_that_need_care() -> void:
	if engine_differs():
		return
	equal(_first_lines("ws://[::1]:%d/", "::1")[1], "Host: [::1]:PORT")
	equal(_first_lines("ws://127.0.0.1:%d?x=1")[0], "GET /?x=1 HTTP/1.1")
	equal(_first_lines("ws://127.0.0.1:%d/p q/ü?a b")[0], "GET /p%%20q/%%C3%%BC?a%%20b HTTP/1.1" % [])
	var lines := _first_lines("ws://user:p%%40ss@127.0.0.1:%d/")
	check("Authorization: Basic " + Marshalls.utf8_to_base64("user:p@ss") in lines, "credentials are decoded and sent: " + str(lines))
	equal(lines[1], "Host: 127.0.0.1:PORT")


func test_refused_port() -> void:
	for host: String in [stage.HOST, "localhost"]:
		var peer := stage.peer()
		equal(peer.connect_to_url("ws://%s:%d" % [host, stage.unused_port()]), OK)
		check(stage.until_state(peer, CLOSED), "closes")
		equal([peer.get_close_code(), peer.get_close_reason()], [-1, ""])


func test_unknown_host() -> void:
	if engine_differs():
		return
	var peer := stage.peer()
	equal(peer.connect_to_url("ws://%s.example" % "a".repeat(70)), OK)
	equal(peer.get_ready_state(), CONNECTING)
	check(stage.until_state(peer, CLOSED), "closes")
	equal(peer.get_close_code(), -1)


# Sending.

func test_frames_of_each_way_to_send() -> void:
	for link in _links():
		link.peer.send_text("text")
		link.peer.send("bytes".to_ascii_buffer())
		link.peer.send("as text".to_ascii_buffer(), WebSocketPeer.WRITE_MODE_TEXT)
		link.peer.send(PackedByteArray())
		link.peer.put_packet("packet".to_ascii_buffer())
		link.peer.put_var("variable")
		check(stage.until(func() -> bool: return link.raw.frames().size() == 6), "six frames")
		var mask := "" if link.raw_is_client else "masked "
		equal(link.raw.described(), [
			"text %s'text'" % mask, "binary %s'bytes'" % mask, "text %s'as text'" % mask, "binary %s''" % mask,
			"binary %s'packet'" % mask, "binary %s%s" % [mask, Wire.show(var_to_bytes("variable"))],
		])


func test_each_message_is_one_frame_with_the_shortest_length() -> void:
	for link in _links({"outbound_buffer_size": 1 << 20}):
		var sizes: PackedInt32Array = [0, 1, 125, 126, 127, 65535, 65536, 200000]
		for size in sizes:
			equal(link.peer.send(Wire.filler(size)), OK)
		check(stage.until(func() -> bool: return link.raw.frames().size() == sizes.size()), "all frames arrive")
		for i in link.raw.frames().size():
			var one := link.raw.frames()[i]
			check(one.final and one.minimal and one.masked != link.raw_is_client, Wire.describe(one).left(80))
			check(one.payload == Wire.filler(sizes[i]), "payload of %d" % sizes[i])


func test_masks_differ() -> void:
	var link := stage.client_link()
	for i in 20:
		link.peer.send(PackedByteArray([0, 0, 0, 0]))
	stage.until(func() -> bool: return link.raw.frames().size() == 20)
	var masks := {}
	var body := link.raw.received.slice(link.raw.head().length())
	for i in 20:
		# A payload of zeroes shows the mask.
		masks[body.slice(i * 10 + 6, i * 10 + 10).hex_encode()] = true
	check(masks.size() > 18, "%d masks for 20 frames" % masks.size())


func test_outbound_limits_refuse_and_change_nothing() -> void:
	var link := stage.client_link({"outbound_buffer_size": 100})
	equal(link.peer.send(Wire.filler(101)), ERR_OUT_OF_MEMORY)
	equal(link.peer.send(Wire.filler(100)), OK)
	stage.turn()
	link.peer.max_queued_packets = 0
	equal(link.peer.send_text("x"), ERR_OUT_OF_MEMORY)
	link.peer.max_queued_packets = 10
	link.peer.outbound_buffer_size = 0
	equal(link.peer.send(Wire.filler(100_000)), OK, "0 is no limit")
	check(stage.until(func() -> bool: return link.raw.frames().size() == 2), "two frames")
	equal(link.state(), OPEN)


func test_burst_without_a_poll_is_not_limited_while_the_network_takes_it() -> void:
	for link in _links():
		for i in 6000:
			if link.peer.send_text("message %08d" % i) != OK:
				check(false, "refused after %d" % i)
				break
		check(stage.until(func() -> bool: return link.raw.frames().size() == 6000), "all arrive")
		equal(link.raw.frames()[-1].payload.get_string_from_ascii(), "message 00005999")


func test_full_network_is_reported_and_nothing_is_lost() -> void:
	for link in _links():
		link.raw.reading = false
		var sent := 0
		var data := Wire.filler(20000)
		while sent < 4000 and link.peer.send(data) == OK:
			sent += 1
			stage.turn()
		equal(link.peer.send(Wire.filler(60000)), ERR_OUT_OF_MEMORY)
		var waiting: int = link.peer.get_current_outbound_buffered_amount()
		check(waiting > 0 and waiting <= 65535, "%d bytes wait" % waiting)
		link.raw.reading = true
		var overhead := 4 if link.raw_is_client else 8
		var due := link.raw.head().length() + sent * (20000 + overhead)
		check(stage.until(func() -> bool: return link.raw.received.size() == due, 20.0), "%d of %d bytes" % [link.raw.received.size(), due])
		equal(link.peer.get_current_outbound_buffered_amount(), 0)
		equal(link.peer.send_text("again"), OK)


# Receiving. suite_differential.gd has the rows of malformed input, suite_bad_input.gd too.

func test_packets_arrive_in_order_with_their_kind() -> void:
	for link in _links():
		link.raw.send(link.frame(Wire.TEXT, "one") + link.frame(Wire.BINARY, [2]) + link.frame(Wire.TEXT) + link.frame(Wire.BINARY))
		check(stage.until_packets(link.peer, 4), "four packets")
		equal(link.peer.was_string_packet(), false, "before the first is read")
		equal(link.packets(), ["one", [2], "", []])
		equal(link.peer.get_packet_error(), OK)
		equal(link.peer.get_packet(), [])
		equal(link.peer.get_packet_error(), ERR_UNAVAILABLE)


func test_fragments_are_put_together() -> void:
	for link in _links():
		var cut := "Grüße, 世界".to_utf8_buffer()
		for i in cut.size():
			link.say(Wire.TEXT if i == 0 else Wire.CONTINUATION, [cut[i]], {"not_final": i + 1 < cut.size()})
		link.say(Wire.TEXT, "whole")
		check(stage.until_packets(link.peer, 2), "two packets")
		equal(link.packets(), ["Grüße, 世界", "whole"])


func test_pings_are_answered_in_the_poll_that_reads_them() -> void:
	for link in _links():
		stage.pause(link.peer)
		link.say(Wire.PING, "payload")
		stage.turns(3)
		link.peer.poll()
		check(stage.until(func() -> bool: return link.raw.frames().size() == 1), "a pong")
		equal(link.raw.frames()[0].opcode, Wire.PONG)
		equal(link.raw.frames()[0].payload.get_string_from_ascii(), "payload")


func test_full_queue_holds_the_network_back_and_loses_nothing() -> void:
	for link in _links({"max_queued_packets": 3}):
		for i in 20:
			link.say(Wire.TEXT, "message %d" % i)
		stage.turns(10)
		equal(link.peer.get_available_packet_count(), 3)
		var got := []
		stage.until(func() -> bool:
			got.append_array(link.packets())
			return got.size() == 20)
		equal(got, range(20).map(func(i: int) -> String: return "message %d" % i))


func test_inbound_size_is_one_of_messages() -> void:
	for link in _links({"inbound_buffer_size": 1000}):
		for i in 5:
			link.say(Wire.BINARY, Wire.filler(1000))
		var got := []
		stage.until(func() -> bool:
			got.append_array(link.packets())
			return got.size() == 5)
		equal(got.size(), 5, "messages of the very size")
		link.say(Wire.BINARY, Wire.filler(1001))
		check(stage.until(link.over), "closes")
		equal([link.peer.get_close_code(), link.raw.close_code()], [1009, 1009])


# Closing.

func test_close_frames() -> void:
	for link in _links():
		link.peer.close(4321, "why")
		check(stage.until(func() -> bool: return link.raw.frames().size() == 1), "a close frame")
		equal(link.raw.frames()[0].payload, Wire.close_payload(4321, "why"))
		equal(link.state(), CLOSING)
		link.say(Wire.CLOSE, Wire.close_payload(3000, "theirs"))
		check(stage.until(link.over), "closes")
		equal([link.peer.get_close_code(), link.peer.get_close_reason()], [3000, "theirs"])


func test_close_of_the_remote_side_is_echoed() -> void:
	for link in _links():
		link.say(Wire.CLOSE, Wire.close_payload(4000, "bye"))
		check(stage.until(link.over), "closes")
		equal([link.peer.get_close_code(), link.peer.get_close_reason()], [4000, "bye"])
		equal(link.raw.frames()[0].payload, Wire.close_payload(4000, "bye"))


func test_empty_close() -> void:
	for link in _links():
		link.peer.close(0, "not sent")
		stage.until(func() -> bool: return link.raw.frames().size() == 1)
		equal(link.raw.close_code(), 0)
		link.say(Wire.CLOSE)
		check(stage.until(link.over), "closes")
		equal([link.peer.get_close_code(), link.peer.get_close_reason()], [0, ""])


func test_negative_close_says_nothing() -> void:
	for link in _links():
		link.peer.close(-1)
		equal(link.state(), CLOSED)
		check(stage.until(link.over), "closes")
		equal(link.raw.frames().size(), 0)
		equal(link.peer.get_close_code(), -1)


func test_lost_connection_is_not_clean() -> void:
	for link in _links():
		link.raw.finish()
		check(stage.until_state(link.peer, CLOSED), "closes")
		equal([link.peer.get_close_code(), link.peer.get_close_reason()], [-1, ""])


func test_message_sent_just_before_close_arrives() -> void:
	var ends := stage.pair()
	var got := []
	stage.each_turn = func() -> void: got.append_array(Link.take(ends[1]))
	ends[0].send_text("last words")
	ends[0].close(1000)
	stage.until(func() -> bool: return not got.is_empty() or ends[1].get_ready_state() == CLOSED)
	if engine_differs():
		return
	got.append_array(Link.take(ends[1]))
	equal(got, ["last words"])


# The PacketPeer layer.

func test_variables() -> void:
	var ends := stage.pair()
	var values := [null, 1, 2.5, "text", [1, 2], {"a": Vector2i(3, 4)}, Color.RED, PackedInt32Array([1, 2])]
	for value: Variant in values:
		equal(ends[0].put_var(value), OK)
	check(stage.until_packets(ends[1], values.size()), "all arrive")
	for value: Variant in values:
		equal(var_to_str(ends[1].get_var()), var_to_str(value))
	equal(ends[1].was_string_packet(), false)


func test_encode_buffer() -> void:
	var ends := stage.pair()
	equal(ends[0].encode_buffer_max_size, 8 << 20)
	ends[0].encode_buffer_max_size = 1500
	equal(ends[0].encode_buffer_max_size, 2048)
	# PacketPeer itself, the engine's base of both implementations, prints here.
	expect_engine_errors(true)
	equal(ends[0].put_var(Wire.filler(5000)), ERR_OUT_OF_MEMORY)
	ends[0].encode_buffer_max_size = 10
	equal(ends[1].get_var(), null)
	expect_engine_errors(false)
	equal(ends[0].encode_buffer_max_size, 2048)
	equal(ends[0].put_var("fits"), OK)
	check(stage.until_packets(ends[1], 1), "arrives")
	equal(ends[1].get_var(), "fits")


# The heartbeat.

func test_heartbeat_property() -> void:
	var peer := stage.peer()
	for value: float in [0.5, 20.0, 0.0]:
		peer.heartbeat_interval = value
		equal(peer.heartbeat_interval, value)
	peer.heartbeat_interval = 3.0
	peer.heartbeat_interval = -1.0
	equal(peer.heartbeat_interval, 3.0, "a negative interval is ignored")


func test_heartbeat_between_two_peers() -> void:
	var ends := stage.pair({"heartbeat_interval": 0.05}, {"heartbeat_interval": 0.05})
	stage.turns(200)
	for end in ends:
		equal(end.get_ready_state(), OPEN)
		equal(end.get_available_packet_count(), 0)


func test_heartbeat_without_an_answer() -> void:
	for link in _links({"heartbeat_interval": 0.05}):
		check(stage.until(func() -> bool: return not link.raw.frames().is_empty()), "a ping")
		equal([link.raw.frames()[0].opcode, link.raw.frames()[0].payload.size()], [Wire.PING, 0])
		check(stage.until(link.over), "closes")
		equal([link.peer.get_close_code(), link.raw.close_code()], [-1, -1])
