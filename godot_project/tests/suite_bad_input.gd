extends "support/suite.gd"
## Wrong calls and malformed input: the documented error number, a reason to read, nothing
## printed, nothing lost, and an object that can be used again. That TCP_NODELAY is set for
## host names as well is not visible from a script; a Rust test looks at the socket.

## Bytes of one frame each that no endpoint may send, as [opcode, payload, options], and the
## code that answers them.
const MALFORMED := {
	"rsv1": [[1, "x", {"rsv": 0x40}], 1002],
	"rsv2 and rsv3": [[2, "x", {"rsv": 0x30}], 1002],
	"reserved data opcode": [[3, "x"], 1002],
	"reserved control opcode": [[11, "x"], 1002],
	"continuation of nothing": [[0, "x"], 1002],
	"ping of 126 bytes": [[9, [], {"form": 16, "length": 126}], 1002],
	"ping in fragments": [[9, "x", {"not_final": true}], 1002],
	"pong of 65536 bytes": [[10, [], {"form": 64, "length": 65536}], 1002],
	"length not minimal, 16 bits": [[2, "x", {"form": 16}], 1002],
	"length not minimal, 64 bits": [[2, "x", {"form": 64}], 1002],
	"length with the top bit": [[2, [], {"form": 64, "length": -0x7fffffffffffffff - 1}], 1002],
	"length above every limit": [[2, [], {"form": 64, "length": 0x7fffffffffffffff}], 1009],
	"length above the limit": [[2, [], {"form": 64, "length": 65536}], 1009],
	"text that is not UTF-8": [[1, [0x61, 0xff]], 1007],
	"text cut within a code point": [[1, [0xf0, 0x9f, 0x98]], 1007],
	"close reason that is not UTF-8": [[8, [0x03, 0xe8, 0xc0]], 1007],
	"close code 1005": [[8, [0x03, 0xed]], 1002],
	"close code 2999": [[8, [0x0b, 0xb7]], 1002],
}


func _frame(connection: RawConnection, one: Array) -> PackedByteArray:
	return connection.frame(one[0], one[1], one[2] if one.size() > 2 else {})


## That the peer, whatever was done to it before, can connect and get a message.
func _check_usable(peer: Object, what: String) -> void:
	var connection := loopback.open_as_client(peer)
	connection.send_frame(Rfc6455.TEXT, "fresh")
	loopback.until_packets(peer, 1)
	equal(connection.packets(), ["fresh"], what)
	peer.send_text("answer")
	loopback.until(func() -> bool: return not connection.remote.frames().is_empty())
	equal(connection.remote.described_frames(), ["text masked 'answer'"], what)


## That the open connection was not disturbed.
func _check_alive(connection: RawConnection, what: String) -> void:
	equal(connection.state(), OPEN, what)
	connection.send_frame(Rfc6455.TEXT, "still there?")
	loopback.until_packets(connection.peer, 1)
	equal(connection.packets(), ["still there?"], what)


func _check_reason(peer: Object, what: String) -> void:
	if implementation.is_ours():
		check(peer.get_error_message() != "", what + " has a reason to read")


# Wrong calls.

func test_calls_on_a_new_peer() -> void:
	if engine_differs():
		return
	var peer := loopback.peer()
	equal(peer.get_error_message(), "", "nothing has failed yet")
	for method: String in ["send_text", "send", "put_packet"]:
		equal(peer.call(method, "x" if method == "send_text" else "x".to_ascii_buffer()), FAILED, method)
		_check_reason(peer, method)
	equal(peer.get_packet(), [])
	equal(peer.get_packet_error(), FAILED)
	equal([peer.get_connected_host(), peer.get_connected_port()], ["", 0])
	peer.set_no_delay(true)
	for code: int in [1000, 0, -1, 5, 70000]:
		peer.close(code)
	peer.poll()
	equal(peer.get_ready_state(), CLOSED)
	_check_usable(peer, "after the wrong calls")


func test_urls_that_are_none() -> void:
	if engine_differs():
		return
	var connection := loopback.open_client()
	connection.send_frame(Rfc6455.CLOSE, Rfc6455.close_payload(4001, "kept"))
	loopback.until(connection.is_over)
	for url: String in ["", "ws://", "http://localhost", "ws://localhost:0", "ws://localhost:99999", "ws://[::1", "ws://a b/", "ws://localhost:1\r\nX: 1/"]:
		equal(connection.peer.connect_to_url(url), ERR_INVALID_PARAMETER, "'%s'" % url.c_escape())
		_check_reason(connection.peer, "'%s'" % url.c_escape())
	equal([connection.state(), connection.peer.get_close_code(), connection.peer.get_close_reason()], [CLOSED, 4001, "kept"], "nothing was reset")
	equal(connection.peer.connect_to_url("ws://localhost:9", TLSOptions.server(CryptoKey.new(), X509Certificate.new())), ERR_INVALID_PARAMETER, "server options")
	_check_usable(connection.peer, "after the wrong URLs")


func test_url_is_refused_while_closing_without_harm() -> void:
	if engine_differs():
		return
	var connection := loopback.open_client()
	connection.peer.close(1000, "mine")
	equal(connection.peer.connect_to_url("nonsense://"), ERR_INVALID_PARAMETER)
	equal(connection.state(), CLOSING)
	connection.send_frame(Rfc6455.CLOSE, Rfc6455.close_payload(1000, "mine"))
	check(loopback.until(connection.is_over), "closes")
	equal(connection.peer.get_close_code(), 1000)


func test_streams_that_cannot_be_accepted() -> void:
	var peer := loopback.peer()
	for stream: Variant in [null, StreamPeerBuffer.new(), StreamPeerGZIP.new(), StreamPeerTLS.new()]:
		var what: String = "null" if stream == null else stream.get_class()
		equal(peer.accept_stream(stream), ERR_INVALID_PARAMETER, what)
		equal(peer.get_ready_state(), CLOSED, what)
		_check_reason(peer, what)
	for stream: Object in [StreamPeerTCP.new(), implementation.stream()]:
		equal(peer.accept_stream(stream), OK, "a stream that is not connected")
		peer.poll()
		equal([peer.get_ready_state(), peer.get_close_code()], [CLOSED, -1])
	_check_usable(peer, "after the wrong streams")


func test_busy_peer_keeps_its_connection() -> void:
	for connection: RawConnection in [loopback.open_client(), loopback.open_server()]:
		equal(connection.peer.connect_to_url("ws://localhost:9"), ERR_ALREADY_IN_USE)
		_check_reason(connection.peer, "connect_to_url")
		equal(connection.peer.accept_stream(implementation.stream()), ERR_ALREADY_IN_USE)
		_check_alive(connection, "after connect_to_url and accept_stream")


func test_sizes_that_are_none() -> void:
	if engine_differs():
		return
	# A negative outbound_buffer_size means no limit, as in the engine.
	var defaults := {"inbound_buffer_size": 65535, "outbound_buffer_size": 0, "max_queued_packets": 4096}
	var peer := loopback.peer()
	for property: String in defaults:
		for value: int in [-1, -5, -1099511627776]:
			peer.set(property, value)
			equal(peer.get(property), defaults[property], property)
	for property: String in defaults:
		peer.set(property, 2147483647)
		equal(peer.get(property), 2147483647, property)
	_check_usable(peer, "with the largest sizes")


func test_text_that_is_not_utf8_is_not_sent() -> void:
	if engine_differs():
		return
	for connection: RawConnection in [loopback.open_client(), loopback.open_server()]:
		for bad: PackedByteArray in [PackedByteArray([0xff]), PackedByteArray([0x61, 0xc3]), PackedByteArray([0xed, 0xa0, 0x80])]:
			equal(connection.peer.send(bad, WebSocketPeer.WRITE_MODE_TEXT), ERR_INVALID_DATA)
			_check_reason(connection.peer, "the text")
		connection.peer.send_text("good")
		loopback.until(func() -> bool: return not connection.remote.frames().is_empty())
		equal(connection.remote.frames().size(), 1)
		_check_alive(connection, "after the bad text")


func test_messages_above_the_limits() -> void:
	var connection := loopback.open_client()
	equal(connection.peer.send(Payload.bytes(65536)), ERR_OUT_OF_MEMORY)
	_check_reason(connection.peer, "a message above the limit")
	equal(connection.peer.send(Payload.bytes(65535)), OK)
	connection.peer.max_queued_packets = 0
	equal(connection.peer.send_text("x"), ERR_OUT_OF_MEMORY)
	connection.peer.max_queued_packets = 1
	_check_alive(connection, "after refused messages")


func test_close_codes_that_may_not_be_sent() -> void:
	if engine_differs():
		return
	var connection := loopback.open_client()
	for code: int in [1, 999, 1004, 1005, 1006, 1015, 1016, 2999, 5000, 65535, 70000]:
		connection.peer.close(code, "why")
		equal(connection.state(), OPEN, str(code))
		_check_reason(connection.peer, "close code %d" % code)
	_check_alive(connection, "after refused closes")
	equal(connection.remote.frames().size(), 0, "nothing was sent")
	connection.peer.close(1013, "now")
	equal(connection.state(), CLOSING)
	loopback.until(func() -> bool: return connection.remote.close_code() == 1013)
	equal(connection.remote.close_code(), 1013)


func test_close_reasons_that_are_too_long() -> void:
	if engine_differs():
		return
	var connection := loopback.open_client()
	for reason: String in ["x".repeat(124), "ü".repeat(62), "x".repeat(100_000)]:
		connection.peer.close(1000, reason)
		equal(connection.state(), OPEN, "%d bytes" % reason.to_utf8_buffer().size())
		_check_reason(connection.peer, "a long reason")
	_check_alive(connection, "after refused closes")
	connection.peer.close(1000, "x".repeat(123))
	loopback.until(func() -> bool: return connection.remote.close_code() == 1000)
	connection.send_frame(Rfc6455.CLOSE, Rfc6455.close_payload(1000))
	check(loopback.until(connection.is_over), "closes")


# Malformed input.

func test_malformed_frames_are_answered_and_nothing_before_them_is_lost() -> void:
	if engine_differs():
		return
	for as_client: bool in [true, false]:
		for name: String in MALFORMED:
			var connection := loopback.open(as_client)
			var what := "%s to the %s" % [name, "client" if as_client else "server"]
			connection.remote.send(connection.frame(Rfc6455.TEXT, "before") + _frame(connection, MALFORMED[name][0]) + connection.frame(Rfc6455.TEXT, "after"))
			check(loopback.until(connection.is_over), what + ": closes")
			equal(connection.peer.get_close_code(), MALFORMED[name][1], what)
			equal(connection.remote.close_code(), MALFORMED[name][1], what + ": close frame")
			_check_reason(connection.peer, what)
			equal(connection.packets(), ["before"], what)
			_check_usable(connection.peer, what)
			loopback.clear()


func test_wrong_masking() -> void:
	for connection: RawConnection in [loopback.open_client(), loopback.open_server()]:
		connection.send_frame(Rfc6455.TEXT, "x", {"masked": not connection.remote_is_client})
		check(loopback.until(connection.is_over), "closes")
		equal([connection.peer.get_close_code(), connection.remote.close_code()], [1002, 1002])
		_check_usable(connection.peer, "after wrong masking")


func test_noise_instead_of_frames() -> void:
	var random := RandomNumberGenerator.new()
	random.seed = 20240229
	for i in 200:
		var connection := loopback.open(i % 2 == 0)
		var noise := PackedByteArray()
		for j in random.randi_range(1, 200):
			noise.append(random.randi_range(0, 255))
		connection.remote.send(noise)
		loopback.turn()
		connection.remote.close()
		check(loopback.until_state(connection.peer, CLOSED), "closes after noise %d: %s" % [i, noise.hex_encode()])
		loopback.clear()


func test_noise_instead_of_a_handshake() -> void:
	if engine_differs():
		return
	var random := RandomNumberGenerator.new()
	random.seed = 20240229
	for i in 200:
		var connection := loopback.requesting_client() if i % 2 == 0 else loopback.accepting_peer()
		var noise := Rfc6455.request().to_ascii_buffer()
		for j in random.randi_range(1, 20):
			noise[random.randi_range(0, noise.size() - 1)] = random.randi_range(0, 255)
		connection.remote.send(noise)
		loopback.turn()
		connection.remote.close()
		check(loopback.until_state(connection.peer, CLOSED), "closes after noise %d: %s" % [i, noise.hex_encode()])
		loopback.clear()


func test_request_line_of_two_words() -> void:
	if engine_differs():
		return
	var connection := loopback.accepting_peer()
	connection.remote.send("GET /\r\n" + Rfc6455.request().split("\r\n", true, 1)[1])
	check(loopback.until(connection.is_over), "closes")
	equal(connection.remote.head().get_slice(" ", 1), "400")
	_check_usable(connection.peer, "after a request line of two words")


func test_long_request_is_answered_and_closed() -> void:
	if engine_differs():
		return
	var connection := loopback.accepting_peer()
	connection.remote.send("GET / HTTP/1.1\r\nHost: x\r\nCookie: " + "c".repeat(20000))
	check(loopback.until(connection.is_over), "closes although the request never ends")
	equal(connection.remote.head().get_slice(" ", 1), "431")
	_check_reason(connection.peer, "a long request")


# What is easily got wrong about well-formed input.

func test_packets_before_a_close_stay_readable() -> void:
	if engine_differs():
		return
	for as_client: bool in [true, false]:
		for ending: String in ["close frame", "end of stream"]:
			var connection := loopback.open(as_client)
			loopback.pause(connection.peer)
			connection.send_frame(Rfc6455.TEXT, "one")
			connection.send_frame(Rfc6455.BINARY, [2])
			if ending == "close frame":
				connection.send_frame(Rfc6455.CLOSE, Rfc6455.close_payload(1000))
			else:
				connection.remote.close()
			loopback.turns(3)
			loopback.resume(connection.peer)
			check(loopback.until_state(connection.peer, CLOSED), "closes")
			equal(connection.peer.get_available_packet_count(), 2, ending)
			equal(connection.packets(), ["one", [2]], ending)
			equal(connection.peer.get_packet(), [])
			equal(connection.peer.get_close_code(), 1000 if ending == "close frame" else -1)


func test_unread_packets_are_gone_with_the_next_connection() -> void:
	if engine_differs():
		return
	var connection := loopback.open_client()
	connection.send_frame(Rfc6455.TEXT, "unread")
	loopback.until_packets(connection.peer, 1)
	connection.peer.close(-1)
	equal(connection.peer.get_available_packet_count(), 1)
	_check_usable(connection.peer, "with a packet unread")


func test_ping_inside_a_message_is_no_part_of_it() -> void:
	if engine_differs():
		return
	for connection: RawConnection in [loopback.open_client(), loopback.open_server()]:
		connection.send_frame(Rfc6455.TEXT, "AA", {"not_final": true})
		connection.send_frame(Rfc6455.PING, "PING")
		connection.send_frame(Rfc6455.CONTINUATION, "BB", {"not_final": true})
		connection.send_frame(Rfc6455.PONG, "PONG")
		connection.send_frame(Rfc6455.CONTINUATION, "CC")
		loopback.until_packets(connection.peer, 1)
		equal(connection.packets(), ["AABBCC"])
		equal(connection.remote.frames().size(), 1, "one pong")


func test_fragments_above_the_limit_together() -> void:
	if engine_differs():
		return
	for connection: RawConnection in [loopback.open_client(), loopback.open_server()]:
		connection.send_frame(Rfc6455.TEXT, "before")
		connection.send_frame(Rfc6455.BINARY, Payload.bytes(40000), {"not_final": true})
		connection.send_frame(Rfc6455.CONTINUATION, Payload.bytes(40000))
		check(loopback.until(connection.is_over), "closes")
		equal([connection.peer.get_close_code(), connection.remote.close_code()], [1009, 1009])
		equal(connection.packets(), ["before"])
		_check_usable(connection.peer, "after a message too large")


func test_late_poll_does_not_end_a_healthy_link() -> void:
	if engine_differs():
		return
	for as_client: bool in [true, false]:
		var connection := loopback.open(as_client, {"heartbeat_interval": 0.05})
		for i in 3:
			check(loopback.until(func() -> bool: return connection.remote.frames().size() > i), "ping %d" % i)
			connection.send_frame(Rfc6455.PONG)
			loopback.pause(connection.peer)
			loopback.turns(70)
			loopback.resume(connection.peer)
		connection.peer.heartbeat_interval = 0.0
		loopback.turn()
		_check_alive(connection, "after late polls")


func test_peers_freed_while_open_leave_nothing_behind() -> void:
	var objects := Performance.get_monitor(Performance.OBJECT_COUNT)
	for i in 500:
		var pair := loopback.pair()
		loopback.release(pair[0])
		pair.remove_at(0)
		check(loopback.until_state(pair[0], CLOSED), "the other side sees it")
		equal(pair[0].get_close_code(), -1)
		loopback.clear()
	check(Performance.get_monitor(Performance.OBJECT_COUNT) - objects < 10, "%d objects more" % (Performance.get_monitor(Performance.OBJECT_COUNT) - objects))


func test_connection_after_one_cut_short_starts_clean() -> void:
	if engine_differs():
		return
	var connection := loopback.open_client({"heartbeat_interval": 0.05})
	loopback.until(func() -> bool: return not connection.remote.frames().is_empty())
	# A ping is unanswered, a message unfinished and a close under way.
	connection.send_frame(Rfc6455.TEXT, "half a", {"not_final": true})
	loopback.turns(2)
	connection.peer.close()
	connection.peer.heartbeat_interval = 0.0
	_check_usable(connection.peer, "after a connection that was cut short")


func test_heartbeat_starts_clean_on_the_next_connection() -> void:
	if engine_differs():
		return
	var old := loopback.open_client({"heartbeat_interval": 0.1})
	loopback.until(func() -> bool: return not old.remote.frames().is_empty())
	old.peer.close()
	var connection := loopback.open_as_client(old.peer)
	check(loopback.until(func() -> bool: return not connection.remote.frames().is_empty()), "a ping of its own")
	connection.send_frame(Rfc6455.PONG)
	loopback.turn()
	equal(connection.state(), OPEN)


func test_nul_in_a_close_reason() -> void:
	if engine_differs():
		return
	var connection := loopback.open_client()
	connection.send_frame(Rfc6455.CLOSE, Rfc6455.close_payload(1000, [0x61, 0, 0x62]))
	check(loopback.until(connection.is_over), "closes")
	equal(connection.peer.get_close_reason().length(), 3)
	check(connection.peer.get_close_reason().ends_with("b"), "the part behind the NUL")


func test_input_that_fills_the_queue_does_not_keep_a_peer_closing() -> void:
	if engine_differs():
		return
	var connection := loopback.open_client({"max_queued_packets": 2})
	connection.peer.close(1000)
	for i in 10:
		connection.send_frame(Rfc6455.TEXT, "late %d" % i)
	connection.send_frame(Rfc6455.CLOSE, Rfc6455.close_payload(1000))
	check(loopback.until_state(connection.peer, CLOSED), "closes")


## The time limits are the library's own: 10 s for a handshake, 5 s for the reply to a close.
func test_silent_remote_side_is_given_up() -> void:
	if engine_differs():
		return
	var connections: Array[RawConnection] = [loopback.requesting_client(), loopback.accepting_peer(), loopback.open_client(), loopback.open_server()]
	connections[2].peer.close(1000)
	connections[3].peer.close(1000)
	for i in [2, 3, 0, 1]:
		check(loopback.until_state(connections[i].peer, CLOSED), "peer %d is given up" % i)
		equal(connections[i].peer.get_close_code(), -1)
		_check_reason(connections[i].peer, "peer %d" % i)
