extends "support/suite.gd"
## The members of RustWebSocketPeer that the engine's class does not have.

const DEFAULTS := {
	"compression_enabled": false,
	"compression_level": 6,
	"compression_threshold": 128,
	"compression_context_takeover": true,
	"compression_max_window_bits": 15,
	"heartbeat_timeout": 0.0,
	"close_timeout": 5.0,
	"connect_timeout": 30.0,
	"handshake_timeout": 10.0,
	"auto_accept": true,
	"http_proxy": "",
	"https_proxy": "",
	"no_proxy": "",
	"tls_trusted_certificates": "",
	"tls_certificate": "",
	"tls_private_key": "",
	"max_frame_size": 0,
}

const REFUSED := {
	"compression_level": [-1, 10, 1 << 40],
	"compression_threshold": [-1],
	"compression_max_window_bits": [8, 16, -9],
	"heartbeat_timeout": [-1.0, NAN, INF, 1e19],
	"close_timeout": [-0.5, NAN],
	"connect_timeout": [-0.5, NAN],
	"handshake_timeout": [-0.5, INF],
	"heartbeat_interval": [-1.0, NAN, 1e300],
	"max_frame_size": [-1],
}

const COMPRESSED := {"compression_enabled": true, "compression_threshold": 0, "inbound_buffer_size": 1 << 24, "outbound_buffer_size": 1 << 24}


func test_defaults_and_refused_values() -> void:
	if engine_differs():
		return
	var peer := loopback.peer()
	for property: String in DEFAULTS:
		equal(peer.get(property), DEFAULTS[property], property)
	for property: String in REFUSED:
		var before: Variant = peer.get(property)
		for value: Variant in REFUSED[property]:
			peer.set(property, value)
			equal(peer.get(property), before, "%s = %s" % [property, value])
			check(peer.get_error_message().contains(property), "the message names %s" % property)


func test_compressed_messages() -> void:
	if engine_differs():
		return
	for takeover: bool in [true, false]:
		var properties := COMPRESSED.merged({"compression_context_takeover": takeover})
		var pair := loopback.pair(properties, properties)
		equal([pair[0].is_compression_active(), pair[1].is_compression_active()], [true, true])
		for size: int in [0, 1, 1000, 65536, 1 << 20]:
			var text := Payload.text(size)
			equal(pair[0].send_text(text), OK)
			check(loopback.until_packets(pair[1], 1), "%d bytes" % size)
			check(pair[1].get_packet().get_string_from_ascii() == text, "%d bytes: equal text" % size)
		var sent: Dictionary = pair[0].get_compression_statistics()
		var received: Dictionary = pair[1].get_compression_statistics()
		check(sent.sent_plain > 1 << 20 and sent.sent_compressed < sent.sent_plain, str(sent))
		equal([received.received_plain, received.received_compressed], [sent.sent_plain, sent.sent_compressed])
		pair[0].release_compression_memory()
		equal(pair[0].send_text("after the memory was released"), OK)
		check(loopback.until_packets(pair[1], 1), "message after the release")


func test_compression_needs_both_peers() -> void:
	if engine_differs():
		return
	var pair := loopback.pair(COMPRESSED, {})
	equal([pair[0].is_compression_active(), pair[1].is_compression_active()], [false, false])
	pair[0].send_text("plain")
	check(loopback.until_packets(pair[1], 1), "the message arrives")


func test_uncompressed_messages() -> void:
	if engine_differs():
		return
	var pair := loopback.pair(COMPRESSED, COMPRESSED)
	equal(pair[0].send_uncompressed(Payload.bytes(5000)), OK)
	pair[0].compression_threshold = 100
	equal(pair[0].send(Payload.bytes(99)), OK)
	check(loopback.until_packets(pair[1], 2), "both arrive")
	equal(pair[0].get_compression_statistics().sent_plain, 0)


func test_ping_measures_the_round_trip() -> void:
	if engine_differs():
		return
	var pair := loopback.pair()
	equal([pair[0].get_round_trip_time(), pair[0].get_smoothed_round_trip_time()], [-1.0, -1.0])
	equal(pair[0].ping(Payload.bytes(126)), ERR_INVALID_PARAMETER)
	equal(pair[0].ping("hello".to_ascii_buffer()), OK)
	check(loopback.until(func() -> bool: return pair[0].get_round_trip_time() >= 0.0), "the pong arrives")
	check(pair[0].get_round_trip_time() < 10.0, "the time is in seconds")
	equal(pair[0].get_smoothed_round_trip_time(), pair[0].get_round_trip_time())
	equal(loopback.peer().ping(), FAILED)


func test_max_frame_size() -> void:
	if engine_differs():
		return
	var connection := loopback.open_server({"max_frame_size": 4})
	connection.peer.send_text("0123456789")
	check(loopback.until(func() -> bool: return connection.remote.frames().size() == 3), "three frames")
	equal(connection.remote.described_frames(), PackedStringArray(["text not final '0123'", "continuation not final '4567'", "continuation '89'"]))


func test_drained_signal() -> void:
	if engine_differs():
		return
	var connection := loopback.open_server({"outbound_buffer_size": 1 << 20})
	var drained := [0]
	# The signal holds the handler, so the handler must not hold the peer.
	var weak: WeakRef = weakref(connection.peer)
	connection.peer.drained.connect(func() -> void:
		drained[0] += 1
		# A handler may use the peer that emits.
		weak.get_ref().send_text("drained"))
	connection.remote.is_reading = false
	var message := Payload.bytes(1 << 16)
	var sent := 0
	while connection.peer.send(message) == OK and sent < 1000:
		sent += 1
	check(sent < 1000, "the kernel buffer fills up")
	equal([connection.peer.is_drained(), drained[0]], [false, 0])
	connection.remote.is_reading = true
	check(loopback.until(func() -> bool: return drained[0] == 1), "drained is emitted")
	check(loopback.until(func() -> bool: return connection.peer.is_drained()), "everything is sent")


func test_close_timeout() -> void:
	if engine_differs():
		return
	var connection := loopback.open_client({"close_timeout": 0.05})
	connection.peer.close()
	check(loopback.until_state(connection.peer, CLOSED), "closes")
	equal(connection.peer.get_close_code(), -1)


func test_two_threads_send() -> void:
	if engine_differs():
		return
	var pair := loopback.pair({"outbound_buffer_size": 0, "max_queued_packets": 1 << 20}, {"inbound_buffer_size": 1 << 24, "max_queued_packets": 1 << 20})
	var thread := Thread.new()
	thread.start(func() -> void:
		for i in 2000:
			pair[0].send_text("thread"))
	for i in 2000:
		pair[0].send_text("main")
		if i % 100 == 0:
			loopback.turn()
	thread.wait_to_finish()
	check(loopback.until_packets(pair[1], 4000), "all messages arrive: %d" % pair[1].get_available_packet_count())
	var counts := {"thread": 0, "main": 0}
	while pair[1].get_available_packet_count() > 0:
		counts[pair[1].get_packet().get_string_from_ascii()] += 1
	equal(counts, {"thread": 2000, "main": 2000})


func test_two_threads_receive() -> void:
	if engine_differs():
		return
	const MESSAGES := 600
	const LENGTH := 20_000
	var large_buffers := {"inbound_buffer_size": 1 << 25, "outbound_buffer_size": 0, "max_queued_packets": 1 << 20}
	var pair := loopback.pair(large_buffers, large_buffers)
	for i in MESSAGES:
		var message := PackedByteArray()
		message.resize(LENGTH)
		message.fill(i % 251)
		pair[0].put_var(message)
	# Each value is complete, whichever thread takes it.
	var taken := [0, 0]
	var take_whole := func(reader: int) -> int:
		var whole := 0
		var wait := Wait.new(func() -> Array: return taken.duplicate())
		while taken[0] + taken[1] < MESSAGES and not wait.is_stalled():
			pair[0].poll()
			pair[1].poll()
			if pair[1].get_available_packet_count() == 0:
				continue
			var message: Variant = pair[1].get_var()
			if message is PackedByteArray:
				taken[reader] += 1
				if message.size() == LENGTH and message.count(message[0]) == LENGTH:
					whole += 1
		return whole
	# The engine prints an error if the other thread has taken the packet.
	expect_engine_errors(true)
	var thread := Thread.new()
	thread.start(take_whole.bind(0))
	var whole_here: int = take_whole.call(1)
	equal(whole_here + int(thread.wait_to_finish()), MESSAGES)
	expect_engine_errors(false)
