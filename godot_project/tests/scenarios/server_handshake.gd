extends "../support/scenarios.gd"
## Which requests a peer made with accept_stream takes, and what it answers.

const REQUEST := {
	Wire.FIRST: "GET / HTTP/1.1",
	"Host": "game.example",
	"Upgrade": "websocket",
	"Connection": "Upgrade",
	"Sec-WebSocket-Key": Wire.KEY,
	"Sec-WebSocket-Version": "13",
}

## What is different about each request. suite_handshake.gd has more, for the extension alone.
const CHANGES := {
	"minimal": {},
	"path": {Wire.FIRST: "GET /room/1?a=b HTTP/1.1", "Host": "game.example:99"},
	"without_host": {"Host": null},
	"names_in_other_case": {"Upgrade": null, "UPGRADE": "WebSocket", "Sec-WebSocket-Key": null, "sec-websocket-KEY": Wire.KEY},
	"of_a_browser": {
		"User-Agent": "Mozilla/5.0", "Accept": "*/*", "Origin": "http://game.example", "Cookie": "a=b; c=d",
		"Connection": "keep-alive, Upgrade", "Sec-WebSocket-Extensions": "x-unknown", "Cache-Control": "no-cache",
	},
	"empty_header_value": {Wire.MORE: ["Origin:"]},
	"key_of_other_length": {"Sec-WebSocket-Key": "c2hvcnQ="},
	"post": {Wire.FIRST: "POST / HTTP/1.1"},
	"http_1_0": {Wire.FIRST: "GET / HTTP/1.0"},
	"version_8": {"Sec-WebSocket-Version": "8"},
	"no_upgrade": {"Upgrade": null, "Connection": "keep-alive"},
	"no_key": {"Sec-WebSocket-Key": null},
	"one_word": {Wire.FIRST: "GET"},
	"line_without_colon": {Wire.MORE: ["nonsense"]},
}

## Of these the answer's first digit is enough.
const CHANGES_FOR_4XX := {
	"other_upgrade": {"Upgrade": "h2c"},
	"no_version": {"Sec-WebSocket-Version": null},
	"no_connection": {"Connection": null},
}

## Name: [protocols of the server, lines of the client].
const PROTOCOLS := {
	"nobody_has_one": [[], []],
	"order_of_the_client": [["a", "b"], ["Sec-WebSocket-Protocol: x, b, a"]],
	"repeated_header": [["b"], ["Sec-WebSocket-Protocol: a", "Sec-WebSocket-Protocol: b"]],
	"exact_case": [["chat"], ["Sec-WebSocket-Protocol: Chat"]],
	"none_matches": [["a"], ["Sec-WebSocket-Protocol: x, y"]],
	"client_offers_none": [["a"], []],
	"server_has_none": [[], ["Sec-WebSocket-Protocol: x, y"]],
}

const SIZES := {"size_4096": 4096, "size_4097": 4097, "size_16384": 16384}
const INVALID_HEADERS := {"with_line_break": "X-One: 1\r\nX-Two: 2", "without_colon": "nonsense", "accept": "Sec-WebSocket-Accept: x"}

## How long a request is given that the engine never answers nor refuses.
const PATIENCE := 0.25


func rows() -> Dictionary[String, Callable]:
	var out: Dictionary[String, Callable] = {}
	for name: String in CHANGES:
		out["request_" + name] = _request.bind([], CHANGES[name])
	for name: String in CHANGES_FOR_4XX:
		out["request_" + name] = _request.bind([], CHANGES_FOR_4XX[name], 1)
	for name: String in PROTOCOLS:
		out["protocol_" + name] = _request.bind(PROTOCOLS[name][0], {Wire.MORE: PROTOCOLS[name][1]})
	for name: String in SIZES:
		out["request_" + name] = _sized_request.bind(SIZES[name])
	for name: String in INVALID_HEADERS:
		out["handshake_header_" + name] = _invalid_header.bind(INVALID_HEADERS[name])
	return out


func _request(t: Recorder, protocols: Array, changes: Dictionary, digits := 3, seconds := Recorder.SECONDS) -> void:
	var link := t.accepting_peer({"supported_protocols": protocols})
	link.raw.send(Wire.changed_head(REQUEST, changes))
	link.say(Wire.TEXT, "hello")
	t.until(func() -> bool: return link.over() or (link.peer.get_available_packet_count() > 0 and link.raw.head() != ""), seconds)
	t.note("status", link.raw.head().get_slice(" ", 1).left(digits))
	t.note("states", t.states(link.peer))
	t.note("code", link.peer.get_close_code())
	t.note("packets", link.packets())
	if link.state() == OPEN:
		t.note("url", link.peer.get_requested_url())
		t.note("protocol", link.peer.get_selected_protocol())
		t.note_exchange(link)


func _sized_request(t: Recorder, size: int) -> void:
	var bare := Wire.changed_head(REQUEST, {"X-Filler": ""}).length()
	_request(t, [], {"X-Filler": "f".repeat(size - bare)}, 3, PATIENCE)


func _invalid_header(t: Recorder, header: String) -> void:
	var listener := t.server()
	t.raw_connect(listener)
	var peer := t.peer({"handshake_headers": [header]})
	t.note("error", peer.accept_stream(t.take_connection(listener)))
	t.note("state", peer.get_ready_state())


func play_whole_answer(t: Recorder) -> void:
	var link := t.server_link()
	t.note("answer", link.raw.head())


func play_whole_answer_with_protocol_and_headers(t: Recorder) -> void:
	var link := t.server_link(
		{"supported_protocols": ["chat"], "handshake_headers": ["X-One: 1", "Set-Cookie: a=b; c=d"]},
		["Sec-WebSocket-Protocol: game, chat"])
	t.note("answer", link.raw.head())
	t.note("protocol", link.peer.get_selected_protocol())


func play_request_byte_by_byte(t: Recorder) -> void:
	var link := t.accepting_peer()
	for byte in Wire.request().to_ascii_buffer() + link.frame(Wire.TEXT, "slow"):
		link.raw.send([byte])
		t.turn()
	t.until_packets(link.peer, 1)
	t.note("states", t.states(link.peer))
	t.note("packets", link.packets())


func play_end_of_stream_instead_of_a_request(t: Recorder) -> void:
	for text: String in ["", "GET / HTT"]:
		var link := t.accepting_peer()
		link.raw.send(text)
		t.turns(2)
		link.raw.finish()
		t.note("closes after '%s'" % text, t.until_state(link.peer, CLOSED))
		t.note("code after '%s'" % text, link.peer.get_close_code())


func play_streams_that_cannot_be_accepted(t: Recorder) -> void:
	var streams := {"null": null, "buffer": StreamPeerBuffer.new(), "gzip": StreamPeerGZIP.new(), "tls without base": StreamPeerTLS.new()}
	for name: String in streams:
		var peer := t.peer()
		t.note(name, [peer.accept_stream(streams[name]), peer.get_ready_state()])


func play_unconnected_streams(t: Recorder) -> void:
	var streams := {"engine's": StreamPeerTCP.new(), "its own": t.implementation.stream()}
	for whose: String in streams:
		var peer := t.peer()
		t.note(whose, [peer.accept_stream(streams[whose]), peer.get_ready_state()])
		peer.poll()
		t.note(whose + " after a poll", [peer.get_ready_state(), peer.get_close_code()])


func play_failed_handshake_leaves_the_peer_usable(t: Recorder) -> void:
	var link := t.accepting_peer()
	link.raw.send("nonsense\r\n\r\n")
	t.until(link.over)
	t.note("state", link.state())
	t.note_exchange(t.serve(link.peer))
