extends "support/suite.gd"
## Invalid calls and malformed input: the documented error number, an error message, nothing printed, nothing lost, and an object that
## remains usable.

## Invalid frames, each as [opcode, payload, options], and the close code that is sent in response.
const MALFORMED := {
	"rsv1": [[1, "x", {"rsv": 0x40}], 1002],
	"rsv2 and rsv3": [[2, "x", {"rsv": 0x30}], 1002],
	"reserved data opcode": [[3, "x"], 1002],
	"reserved control opcode": [[11, "x"], 1002],
	"continuation without a first frame": [[0, "x"], 1002],
	"ping of 126 bytes": [[9, [], {"form": 16, "length": 126}], 1002],
	"ping in fragments": [[9, "x", {"not_final": true}], 1002],
	"pong of 65536 bytes": [[10, [], {"form": 64, "length": 65536}], 1002],
	"length not minimal, 16 bits": [[2, "x", {"form": 16}], 1002],
	"length not minimal, 64 bits": [[2, "x", {"form": 64}], 1002],
	"length with the top bit": [[2, [], {"form": 64, "length": -0x7fffffffffffffff - 1}], 1002],
	"length above every limit": [[2, [], {"form": 64, "length": 0x7fffffffffffffff}], 1009],
	"length above the limit": [[2, [], {"form": 64, "length": 65536}], 1009],
	"text with invalid UTF-8": [[1, [0x61, 0xff]], 1007],
	"text cut within a code point": [[1, [0xf0, 0x9f, 0x98]], 1007],
	"close reason with invalid UTF-8": [[8, [0x03, 0xe8, 0xc0]], 1007],
	"close code 1005": [[8, [0x03, 0xed]], 1002],
	"close code 2999": [[8, [0x0b, 0xb7]], 1002],
}


func _frame(connection: RawConnection, fields: Array) -> PackedByteArray:
	return connection.frame(fields[0], fields[1], fields[2] if fields.size() > 2 else {})


## Checks that the peer can connect, receive and send.
func _check_usable(peer: Object, what: String) -> void:
	var connection := loopback.open_as_client(peer)
	connection.send_frame(Rfc6455.TEXT, "fresh")
	loopback.until_packets(peer, 1)
	equal(connection.packets(), ["fresh"], what)
	peer.send_text("answer")
	loopback.until(func() -> bool: return not connection.remote.frames().is_empty())
	equal(connection.remote.described_frames(), ["text masked 'answer'"], what)


## Checks that the connection is open and receives.
func _check_open(connection: RawConnection, what: String) -> void:
	equal(connection.state(), OPEN, what)
	connection.send_frame(Rfc6455.TEXT, "still open?")
	loopback.until_packets(connection.peer, 1)
	equal(connection.packets(), ["still open?"], what)


func _check_error_message(peer: Object, what: String) -> void:
	if implementation.is_ours():
		check(peer.get_error_message() != "", what + " has an error message")


# Invalid calls.

func test_calls_on_a_new_peer() -> void:
	if engine_differs():
		return
	var peer := loopback.peer()
	equal(peer.get_error_message(), "", "no failure yet")
	for method: String in ["send_text", "send", "put_packet"]:
		equal(peer.call(method, "x" if method == "send_text" else "x".to_ascii_buffer()), FAILED, method)
		_check_error_message(peer, method)
	equal(peer.get_packet(), [])
	equal(peer.get_packet_error(), FAILED)
	equal([peer.get_connected_host(), peer.get_connected_port()], ["", 0])
	peer.set_no_delay(true)
	for code: int in [1000, 0, -1, 5, 70000]:
		peer.close(code)
	peer.poll()
	equal(peer.get_ready_state(), CLOSED)
	_check_usable(peer, "after the invalid calls")


func test_invalid_urls() -> void:
	if engine_differs():
		return
	var connection := loopback.open_client()
	connection.send_frame(Rfc6455.CLOSE, Rfc6455.close_payload(4001, "kept"))
	loopback.until(connection.is_over)
	for url: String in ["", "ws://", "http://localhost", "ws://localhost:0", "ws://localhost:99999", "ws://[::1", "ws://a b/", "ws://localhost:1\r\nX: 1/"]:
		equal(connection.peer.connect_to_url(url), ERR_INVALID_PARAMETER, "'%s'" % url.c_escape())
		_check_error_message(connection.peer, "'%s'" % url.c_escape())
	equal([connection.state(), connection.peer.get_close_code(), connection.peer.get_close_reason()], [CLOSED, 4001, "kept"], "nothing is reset")
	equal(connection.peer.connect_to_url("ws://localhost:9", TLSOptions.server(CryptoKey.new(), X509Certificate.new())), ERR_INVALID_PARAMETER, "server options")
	_check_usable(connection.peer, "after the invalid URLs")


func test_invalid_url_while_closing_changes_nothing() -> void:
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
		_check_error_message(peer, what)
	for stream: Object in [StreamPeerTCP.new(), implementation.stream()]:
		equal(peer.accept_stream(stream), OK, "a stream that is not connected")
		peer.poll()
		equal([peer.get_ready_state(), peer.get_close_code()], [CLOSED, -1])
	_check_usable(peer, "after the invalid streams")


func test_connected_peer_keeps_its_connection() -> void:
	for connection: RawConnection in [loopback.open_client(), loopback.open_server()]:
		equal(connection.peer.connect_to_url("ws://localhost:9"), ERR_ALREADY_IN_USE)
		_check_error_message(connection.peer, "connect_to_url")
		equal(connection.peer.accept_stream(implementation.stream()), ERR_ALREADY_IN_USE)
		_check_open(connection, "after connect_to_url and accept_stream")


func test_negative_sizes() -> void:
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


func test_text_with_invalid_utf8_is_not_sent() -> void:
	if engine_differs():
		return
	for connection: RawConnection in [loopback.open_client(), loopback.open_server()]:
		for invalid: PackedByteArray in [PackedByteArray([0xff]), PackedByteArray([0x61, 0xc3]), PackedByteArray([0xed, 0xa0, 0x80])]:
			equal(connection.peer.send(invalid, WebSocketPeer.WRITE_MODE_TEXT), ERR_INVALID_DATA)
			_check_error_message(connection.peer, "the text")
		connection.peer.send_text("good")
		loopback.until(func() -> bool: return not connection.remote.frames().is_empty())
		equal(connection.remote.frames().size(), 1)
		_check_open(connection, "after the invalid text")


func test_messages_above_the_limits() -> void:
	var connection := loopback.open_client()
	equal(connection.peer.send(Payload.bytes(65536)), ERR_OUT_OF_MEMORY)
	_check_error_message(connection.peer, "a message above the limit")
	equal(connection.peer.send(Payload.bytes(65535)), OK)
	connection.peer.max_queued_packets = 0
	equal(connection.peer.send_text("x"), ERR_OUT_OF_MEMORY)
	connection.peer.max_queued_packets = 1
	_check_open(connection, "after refused messages")


func test_invalid_close_codes() -> void:
	if engine_differs():
		return
	var connection := loopback.open_client()
	for code: int in [1, 999, 1004, 1005, 1006, 1015, 1016, 2999, 5000, 65535, 70000]:
		connection.peer.close(code, "why")
		equal(connection.state(), OPEN, str(code))
		_check_error_message(connection.peer, "close code %d" % code)
	_check_open(connection, "after refused closes")
	equal(connection.remote.frames().size(), 0, "nothing is sent")
	connection.peer.close(1013, "now")
	equal(connection.state(), CLOSING)
	loopback.until(func() -> bool: return connection.remote.close_code() == 1013)
	equal(connection.remote.close_code(), 1013)


func test_too_long_close_reasons() -> void:
	if engine_differs():
		return
	var connection := loopback.open_client()
	for reason: String in ["x".repeat(124), "ü".repeat(62), "x".repeat(100_000)]:
		connection.peer.close(1000, reason)
		equal(connection.state(), OPEN, "%d bytes" % reason.to_utf8_buffer().size())
		_check_error_message(connection.peer, "a long reason")
	_check_open(connection, "after refused closes")
	connection.peer.close(1000, "x".repeat(123))
	loopback.until(func() -> bool: return connection.remote.close_code() == 1000)
	connection.send_frame(Rfc6455.CLOSE, Rfc6455.close_payload(1000))
	check(loopback.until(connection.is_over), "closes")


# Malformed input.

func test_malformed_frames_close_after_earlier_messages() -> void:
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
			_check_error_message(connection.peer, what)
			equal(connection.packets(), ["before"], what)
			_check_usable(connection.peer, what)
			loopback.clear()


func test_wrong_masking() -> void:
	for connection: RawConnection in [loopback.open_client(), loopback.open_server()]:
		connection.send_frame(Rfc6455.TEXT, "x", {"masked": not connection.remote_is_client})
		check(loopback.until(connection.is_over), "closes")
		equal([connection.peer.get_close_code(), connection.remote.close_code()], [1002, 1002])
		_check_usable(connection.peer, "after wrong masking")


func _check_closes_after(connection: RawConnection, bytes: PackedByteArray) -> void:
	connection.remote.send(bytes)
	loopback.turn()
	connection.remote.close()
	check(loopback.until_state(connection.peer, CLOSED), "closes after " + bytes.hex_encode())
	loopback.clear()


func test_random_bytes_instead_of_frames() -> void:
	var random := RandomNumberGenerator.new()
	random.seed = 20240229
	for i in 200:
		var connection := loopback.open(i % 2 == 0)
		var bytes := PackedByteArray()
		for j in random.randi_range(1, 200):
			bytes.append(random.randi_range(0, 255))
		_check_closes_after(connection, bytes)


func test_random_bytes_in_a_handshake() -> void:
	if engine_differs():
		return
	var random := RandomNumberGenerator.new()
	random.seed = 20240229
	for i in 200:
		var connection := loopback.requesting_client() if i % 2 == 0 else loopback.accepting_peer()
		var bytes := Rfc6455.request().to_ascii_buffer()
		for j in random.randi_range(1, 20):
			bytes[random.randi_range(0, bytes.size() - 1)] = random.randi_range(0, 255)
		_check_closes_after(connection, bytes)


func test_request_line_of_two_words() -> void:
	if engine_differs():
		return
	var connection := loopback.accepting_peer()
	connection.remote.send("GET /\r\n" + Rfc6455.request().split("\r\n", true, 1)[1])
	check(loopback.until(connection.is_over), "closes")
	equal(connection.remote.head().get_slice(" ", 1), "400")
	_check_usable(connection.peer, "after a request line of two words")


func test_too_long_request_gets_a_response() -> void:
	if engine_differs():
		return
	var connection := loopback.accepting_peer()
	connection.remote.send("GET / HTTP/1.1\r\nHost: x\r\nCookie: " + "c".repeat(20000))
	check(loopback.until(connection.is_over), "closes although the request is incomplete")
	equal(connection.remote.head().get_slice(" ", 1), "431")
	_check_error_message(connection.peer, "a long request")


# Valid input that is easily mishandled.

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


func test_unread_packets_are_removed_by_the_next_connection() -> void:
	if engine_differs():
		return
	var connection := loopback.open_client()
	connection.send_frame(Rfc6455.TEXT, "unread")
	loopback.until_packets(connection.peer, 1)
	connection.peer.close(-1)
	equal(connection.peer.get_available_packet_count(), 1)
	_check_usable(connection.peer, "with a packet unread")


func test_control_frames_between_fragments() -> void:
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


func test_fragments_whose_sum_exceeds_the_limit() -> void:
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


func test_late_poll_does_not_close_an_open_connection() -> void:
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
		_check_open(connection, "after late polls")


func test_peers_freed_while_open_do_not_leak() -> void:
	var objects := Performance.get_monitor(Performance.OBJECT_COUNT)
	for i in 500:
		var pair := loopback.pair()
		loopback.release(pair[0])
		pair.remove_at(0)
		check(loopback.until_state(pair[0], CLOSED), "the remote peer closes")
		equal(pair[0].get_close_code(), 1001)
		loopback.clear()
	check(Performance.get_monitor(Performance.OBJECT_COUNT) - objects < 10, "%d objects more" % (Performance.get_monitor(Performance.OBJECT_COUNT) - objects))


func test_new_connection_during_a_close_handshake() -> void:
	if engine_differs():
		return
	var connection := loopback.open_client({"heartbeat_interval": 0.05})
	loopback.until(func() -> bool: return not connection.remote.frames().is_empty())
	# The old connection has an unanswered ping, an incomplete message and an incomplete close handshake.
	connection.send_frame(Rfc6455.TEXT, "half a", {"not_final": true})
	loopback.turns(2)
	connection.peer.close()
	connection.peer.heartbeat_interval = 0.0
	_check_usable(connection.peer, "after an incomplete connection")


func test_heartbeat_restarts_with_the_next_connection() -> void:
	if engine_differs():
		return
	var old := loopback.open_client({"heartbeat_interval": 0.1})
	loopback.until(func() -> bool: return not old.remote.frames().is_empty())
	old.peer.close()
	var connection := loopback.open_as_client(old.peer)
	check(loopback.until(func() -> bool: return not connection.remote.frames().is_empty()), "a ping of the new connection")
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
	check(connection.peer.get_close_reason().ends_with("b"), "the part after the NUL")


func test_full_queue_does_not_block_a_close_handshake() -> void:
	if engine_differs():
		return
	var connection := loopback.open_client({"max_queued_packets": 2})
	connection.peer.close(1000)
	for i in 10:
		connection.send_frame(Rfc6455.TEXT, "late %d" % i)
	connection.send_frame(Rfc6455.CLOSE, Rfc6455.close_payload(1000))
	check(loopback.until_state(connection.peer, CLOSED), "closes")


## The default time-outs apply: 10 s for a handshake, 5 s for a close handshake.
func test_silent_remote_peer_times_out() -> void:
	if engine_differs():
		return
	var connections: Array[RawConnection] = [loopback.requesting_client(), loopback.accepting_peer(), loopback.open_client(), loopback.open_server()]
	connections[2].peer.close(1000)
	connections[3].peer.close(1000)
	for i in [2, 3, 0, 1]:
		check(loopback.until_state(connections[i].peer, CLOSED), "peer %d closes" % i)
		equal(connections[i].peer.get_close_code(), -1)
		_check_error_message(connections[i].peer, "peer %d" % i)
