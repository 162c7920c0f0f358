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


func _frame(link: Link, one: Array) -> PackedByteArray:
	return link.frame(one[0], one[1], one[2] if one.size() > 2 else {})


## That the peer, whatever was done to it before, can connect and get a message.
func _check_usable(peer: Object, what: String) -> void:
	var link := stage.reconnect(peer)
	link.say(Wire.TEXT, "fresh")
	stage.until_packets(peer, 1)
	equal(link.packets(), ["fresh"], what)
	peer.send_text("answer")
	stage.until(func() -> bool: return not link.raw.frames().is_empty())
	equal(link.raw.described(), ["text masked 'answer'"], what)


## That the open connection was not disturbed.
func _check_alive(link: Link, what: String) -> void:
	equal(link.state(), OPEN, what)
	link.say(Wire.TEXT, "still there?")
	stage.until_packets(link.peer, 1)
	equal(link.packets(), ["still there?"], what)


func _check_reason(peer: Object, what: String) -> void:
	if implementation.is_ours():
		check(peer.get_error_message() != "", what + " has a reason to read")


# Wrong calls.

func test_calls_on_a_new_peer() -> void:
	if engine_differs():
		return
	var peer := stage.peer()
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
	var link := stage.client_link()
	link.say(Wire.CLOSE, Wire.close_payload(4001, "kept"))
	stage.until(link.over)
	for url: String in ["", "ws://", "http://localhost", "ws://localhost:0", "ws://localhost:99999", "ws://[::1", "ws://a b/", "ws://localhost:1\r\nX: 1/"]:
		equal(link.peer.connect_to_url(url), ERR_INVALID_PARAMETER, "'%s'" % url.c_escape())
		_check_reason(link.peer, "'%s'" % url.c_escape())
	equal([link.state(), link.peer.get_close_code(), link.peer.get_close_reason()], [CLOSED, 4001, "kept"], "nothing was reset")
	equal(link.peer.connect_to_url("ws://localhost:9", TLSOptions.server(CryptoKey.new(), X509Certificate.new())), ERR_INVALID_PARAMETER, "server options")
	_check_usable(link.peer, "after the wrong URLs")


func test_url_is_refused_while_closing_without_harm() -> void:
	if engine_differs():
		return
	var link := stage.client_link()
	link.peer.close(1000, "mine")
	equal(link.peer.connect_to_url("nonsense://"), ERR_INVALID_PARAMETER)
	equal(link.state(), CLOSING)
	link.say(Wire.CLOSE, Wire.close_payload(1000, "mine"))
	check(stage.until(link.over), "closes")
	equal(link.peer.get_close_code(), 1000)


func test_streams_that_cannot_be_accepted() -> void:
	var peer := stage.peer()
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
	for link: Link in [stage.client_link(), stage.server_link()]:
		equal(link.peer.connect_to_url("ws://localhost:9"), ERR_ALREADY_IN_USE)
		_check_reason(link.peer, "connect_to_url")
		equal(link.peer.accept_stream(implementation.stream()), ERR_ALREADY_IN_USE)
		_check_alive(link, "after connect_to_url and accept_stream")


func test_sizes_that_are_none() -> void:
	if engine_differs():
		return
	# A negative outbound_buffer_size means no limit, as in the engine.
	var defaults := {"inbound_buffer_size": 65535, "outbound_buffer_size": 0, "max_queued_packets": 4096}
	var peer := stage.peer()
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
	for link: Link in [stage.client_link(), stage.server_link()]:
		for bad: PackedByteArray in [PackedByteArray([0xff]), PackedByteArray([0x61, 0xc3]), PackedByteArray([0xed, 0xa0, 0x80])]:
			equal(link.peer.send(bad, WebSocketPeer.WRITE_MODE_TEXT), ERR_INVALID_DATA)
			_check_reason(link.peer, "the text")
		link.peer.send_text("good")
		stage.until(func() -> bool: return not link.raw.frames().is_empty())
		equal(link.raw.frames().size(), 1)
		_check_alive(link, "after the bad text")


func test_messages_above_the_limits() -> void:
	var link := stage.client_link()
	equal(link.peer.send(Wire.filler(65536)), ERR_OUT_OF_MEMORY)
	_check_reason(link.peer, "a message above the limit")
	equal(link.peer.send(Wire.filler(65535)), OK)
	link.peer.max_queued_packets = 0
	equal(link.peer.send_text("x"), ERR_OUT_OF_MEMORY)
	link.peer.max_queued_packets = 1
	_check_alive(link, "after refused messages")


func test_close_codes_that_may_not_be_sent() -> void:
	if engine_differs():
		return
	var link := stage.client_link()
	for code: int in [1, 999, 1004, 1005, 1006, 1015, 1016, 2999, 5000, 65535, 70000]:
		link.peer.close(code, "why")
		equal(link.state(), OPEN, str(code))
		_check_reason(link.peer, "close code %d" % code)
	_check_alive(link, "after refused closes")
	equal(link.raw.frames().size(), 0, "nothing was sent")
	link.peer.close(1013, "now")
	equal(link.state(), CLOSING)
	stage.until(func() -> bool: return link.raw.close_code() == 1013)
	equal(link.raw.close_code(), 1013)


func test_close_reasons_that_are_too_long() -> void:
	if engine_differs():
		return
	var link := stage.client_link()
	for reason: String in ["x".repeat(124), "ü".repeat(62), "x".repeat(100_000)]:
		link.peer.close(1000, reason)
		equal(link.state(), OPEN, "%d bytes" % reason.to_utf8_buffer().size())
		_check_reason(link.peer, "a long reason")
	_check_alive(link, "after refused closes")
	link.peer.close(1000, "x".repeat(123))
	stage.until(func() -> bool: return link.raw.close_code() == 1000)
	link.say(Wire.CLOSE, Wire.close_payload(1000))
	check(stage.until(link.over), "closes")


# Malformed input.

func test_malformed_frames_are_answered_and_nothing_before_them_is_lost() -> void:
	if engine_differs():
		return
	for as_client: bool in [true, false]:
		for name: String in MALFORMED:
			var link := stage.link(as_client)
			var what := "%s to the %s" % [name, "client" if as_client else "server"]
			link.raw.send(link.frame(Wire.TEXT, "before") + _frame(link, MALFORMED[name][0]) + link.frame(Wire.TEXT, "after"))
			check(stage.until(link.over), what + ": closes")
			equal(link.peer.get_close_code(), MALFORMED[name][1], what)
			equal(link.raw.close_code(), MALFORMED[name][1], what + ": close frame")
			_check_reason(link.peer, what)
			equal(link.packets(), ["before"], what)
			_check_usable(link.peer, what)
			stage.clear()


func test_wrong_masking() -> void:
	for link: Link in [stage.client_link(), stage.server_link()]:
		link.say(Wire.TEXT, "x", {"masked": not link.raw_is_client})
		check(stage.until(link.over), "closes")
		equal([link.peer.get_close_code(), link.raw.close_code()], [1002, 1002])
		_check_usable(link.peer, "after wrong masking")


func test_noise_instead_of_frames() -> void:
	var random := RandomNumberGenerator.new()
	random.seed = 20240229
	for i in 200:
		var link := stage.link(i % 2 == 0)
		var noise := PackedByteArray()
		for j in random.randi_range(1, 200):
			noise.append(random.randi_range(0, 255))
		link.raw.send(noise)
		stage.turn()
		link.raw.finish()
		check(stage.until_state(link.peer, CLOSED), "closes after noise %d: %s" % [i, noise.hex_encode()])
		stage.clear()


func test_noise_instead_of_a_handshake() -> void:
	if engine_differs():
		return
	var random := RandomNumberGenerator.new()
	random.seed = 20240229
	for i in 200:
		var link := stage.asking_client() if i % 2 == 0 else stage.accepting_peer()
		var noise := Wire.request().to_ascii_buffer()
		for j in random.randi_range(1, 20):
			noise[random.randi_range(0, noise.size() - 1)] = random.randi_range(0, 255)
		link.raw.send(noise)
		stage.turn()
		link.raw.finish()
		check(stage.until_state(link.peer, CLOSED), "closes after noise %d: %s" % [i, noise.hex_encode()])
		stage.clear()


func test_request_line_of_two_words() -> void:
	if engine_differs():
		return
	var link := stage.accepting_peer()
	link.raw.send("GET /\r\n" + Wire.request().split("\r\n", true, 1)[1])
	check(stage.until(link.over), "closes")
	equal(link.raw.head().get_slice(" ", 1), "400")
	_check_usable(link.peer, "after a request line of two words")


func test_long_request_is_answered_and_closed() -> void:
	if engine_differs():
		return
	var link := stage.accepting_peer()
	link.raw.send("GET / HTTP/1.1\r\nHost: x\r\nCookie: " + "c".repeat(20000))
	check(stage.until(link.over), "closes although the request never ends")
	equal(link.raw.head().get_slice(" ", 1), "431")
	_check_reason(link.peer, "a long request")


# What is easily got wrong about well-formed input.

func test_packets_before_a_close_stay_readable() -> void:
	if engine_differs():
		return
	for as_client: bool in [true, false]:
		for ending: String in ["close frame", "end of stream"]:
			var link := stage.link(as_client)
			stage.pause(link.peer)
			link.say(Wire.TEXT, "one")
			link.say(Wire.BINARY, [2])
			if ending == "close frame":
				link.say(Wire.CLOSE, Wire.close_payload(1000))
			else:
				link.raw.finish()
			stage.turns(3)
			stage.resume(link.peer)
			check(stage.until_state(link.peer, CLOSED), "closes")
			equal(link.peer.get_available_packet_count(), 2, ending)
			equal(link.packets(), ["one", [2]], ending)
			equal(link.peer.get_packet(), [])
			equal(link.peer.get_close_code(), 1000 if ending == "close frame" else -1)


func test_unread_packets_are_gone_with_the_next_connection() -> void:
	if engine_differs():
		return
	var link := stage.client_link()
	link.say(Wire.TEXT, "unread")
	stage.until_packets(link.peer, 1)
	link.peer.close(-1)
	equal(link.peer.get_available_packet_count(), 1)
	_check_usable(link.peer, "with a packet unread")


func test_ping_inside_a_message_is_no_part_of_it() -> void:
	if engine_differs():
		return
	for link: Link in [stage.client_link(), stage.server_link()]:
		link.say(Wire.TEXT, "AA", {"not_final": true})
		link.say(Wire.PING, "PING")
		link.say(Wire.CONTINUATION, "BB", {"not_final": true})
		link.say(Wire.PONG, "PONG")
		link.say(Wire.CONTINUATION, "CC")
		stage.until_packets(link.peer, 1)
		equal(link.packets(), ["AABBCC"])
		equal(link.raw.frames().size(), 1, "one pong")


func test_fragments_above_the_limit_together() -> void:
	if engine_differs():
		return
	for link: Link in [stage.client_link(), stage.server_link()]:
		link.say(Wire.TEXT, "before")
		link.say(Wire.BINARY, Wire.filler(40000), {"not_final": true})
		link.say(Wire.CONTINUATION, Wire.filler(40000))
		check(stage.until(link.over), "closes")
		equal([link.peer.get_close_code(), link.raw.close_code()], [1009, 1009])
		equal(link.packets(), ["before"])
		_check_usable(link.peer, "after a message too large")


func test_late_poll_does_not_end_a_healthy_link() -> void:
	if engine_differs():
		return
	for as_client: bool in [true, false]:
		var link := stage.link(as_client, {"heartbeat_interval": 0.05})
		for i in 3:
			check(stage.until(func() -> bool: return link.raw.frames().size() > i), "ping %d" % i)
			link.say(Wire.PONG)
			stage.pause(link.peer)
			stage.turns(70)
			stage.resume(link.peer)
		link.peer.heartbeat_interval = 0.0
		stage.turn()
		_check_alive(link, "after late polls")


func test_peers_freed_while_open_leave_nothing_behind() -> void:
	var objects := Performance.get_monitor(Performance.OBJECT_COUNT)
	for i in 500:
		var ends := stage.pair()
		stage.forget(ends[0])
		ends.remove_at(0)
		check(stage.until_state(ends[0], CLOSED), "the other side sees it")
		equal(ends[0].get_close_code(), -1)
		stage.clear()
	check(Performance.get_monitor(Performance.OBJECT_COUNT) - objects < 10, "%d objects more" % (Performance.get_monitor(Performance.OBJECT_COUNT) - objects))


func test_connection_after_one_cut_short_starts_clean() -> void:
	if engine_differs():
		return
	var link := stage.client_link({"heartbeat_interval": 0.05})
	stage.until(func() -> bool: return not link.raw.frames().is_empty())
	# A ping is unanswered, a message unfinished and a close under way.
	link.say(Wire.TEXT, "half a", {"not_final": true})
	stage.turns(2)
	link.peer.close()
	link.peer.heartbeat_interval = 0.0
	_check_usable(link.peer, "after a connection that was cut short")


func test_heartbeat_starts_clean_on_the_next_connection() -> void:
	if engine_differs():
		return
	var old := stage.client_link({"heartbeat_interval": 0.1})
	stage.until(func() -> bool: return not old.raw.frames().is_empty())
	old.peer.close()
	var link := stage.reconnect(old.peer)
	check(stage.until(func() -> bool: return not link.raw.frames().is_empty()), "a ping of its own")
	link.say(Wire.PONG)
	stage.turn()
	equal(link.state(), OPEN)


func test_nul_in_a_close_reason() -> void:
	if engine_differs():
		return
	var link := stage.client_link()
	link.say(Wire.CLOSE, Wire.close_payload(1000, [0x61, 0, 0x62]))
	check(stage.until(link.over), "closes")
	equal(link.peer.get_close_reason().length(), 3)
	check(link.peer.get_close_reason().ends_with("b"), "the part behind the NUL")


func test_input_that_fills_the_queue_does_not_keep_a_peer_closing() -> void:
	if engine_differs():
		return
	var link := stage.client_link({"max_queued_packets": 2})
	link.peer.close(1000)
	for i in 10:
		link.say(Wire.TEXT, "late %d" % i)
	link.say(Wire.CLOSE, Wire.close_payload(1000))
	check(stage.until_state(link.peer, CLOSED, 10.0), "closes")


## The time limits are the library's own: 10 s for a handshake, 5 s for the reply to a close.
func test_silent_remote_side_is_given_up() -> void:
	if engine_differs():
		return
	var links: Array[Link] = [stage.asking_client(), stage.accepting_peer(), stage.client_link(), stage.server_link()]
	links[2].peer.close(1000)
	links[3].peer.close(1000)
	for i in [2, 3, 0, 1]:
		check(stage.until_state(links[i].peer, CLOSED, 15.0), "peer %d is given up" % i)
		equal(links[i].peer.get_close_code(), -1)
		_check_reason(links[i].peer, "peer %d" % i)
