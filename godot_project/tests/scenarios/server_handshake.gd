extends "../support/scenario_file.gd"
## The requests that a peer accepts or refuses after accept_stream(), and its responses.

const REQUEST := {
	Rfc6455.FIRST: "GET / HTTP/1.1",
	"Host": "game.example",
	"Upgrade": "websocket",
	"Connection": "Upgrade",
	"Sec-WebSocket-Key": Rfc6455.KEY,
	"Sec-WebSocket-Version": "13",
}

## The changed headers of each request. suite_handshake.gd has more, for the extension only.
const CHANGES := {
	"minimal": {},
	"path": {Rfc6455.FIRST: "GET /room/1?a=b HTTP/1.1", "Host": "game.example:99"},
	"without_host": {"Host": null},
	"names_in_other_case": {"Upgrade": null, "UPGRADE": "WebSocket", "Sec-WebSocket-Key": null, "sec-websocket-KEY": Rfc6455.KEY},
	"of_a_browser": {
		"User-Agent": "Mozilla/5.0", "Accept": "*/*", "Origin": "http://game.example", "Cookie": "a=b; c=d",
		"Connection": "keep-alive, Upgrade", "Sec-WebSocket-Extensions": "x-unknown", "Cache-Control": "no-cache",
	},
	"empty_header_value": {Rfc6455.MORE: ["Origin:"]},
	"key_of_other_length": {"Sec-WebSocket-Key": "c2hvcnQ="},
	"post": {Rfc6455.FIRST: "POST / HTTP/1.1"},
	"http_1_0": {Rfc6455.FIRST: "GET / HTTP/1.0"},
	"version_8": {"Sec-WebSocket-Version": "8"},
	"no_upgrade": {"Upgrade": null, "Connection": "keep-alive"},
	"no_key": {"Sec-WebSocket-Key": null},
	"one_word": {Rfc6455.FIRST: "GET"},
	"line_without_colon": {Rfc6455.MORE: ["nonsense"]},
}

## Requests of whose status only the first digit is compared.
const CHANGES_FOR_4XX := {
	"other_upgrade": {"Upgrade": "h2c"},
	"no_version": {"Sec-WebSocket-Version": null},
	"no_connection": {"Connection": null},
}

## Name: [protocols of the server, lines of the client].
const PROTOCOLS := {
	"without_protocols": [[], []],
	"order_of_the_client": [["a", "b"], ["Sec-WebSocket-Protocol: x, b, a"]],
	"repeated_header": [["b"], ["Sec-WebSocket-Protocol: a", "Sec-WebSocket-Protocol: b"]],
	"exact_case": [["chat"], ["Sec-WebSocket-Protocol: Chat"]],
	"none_matches": [["a"], ["Sec-WebSocket-Protocol: x, y"]],
	"client_offers_none": [["a"], []],
	"server_has_none": [[], ["Sec-WebSocket-Protocol: x, y"]],
}

const SIZES := {"size_4096": 4096, "size_4097": 4097, "size_16384": 16384}
const INVALID_HEADERS := {"with_line_break": "X-One: 1\r\nX-Two: 2", "without_colon": "nonsense", "accept": "Sec-WebSocket-Accept: x"}


func rows() -> Dictionary[String, Callable]:
	var scenarios: Dictionary[String, Callable] = {}
	for name: String in CHANGES:
		scenarios["request_" + name] = _request.bind([], CHANGES[name])
	for name: String in CHANGES_FOR_4XX:
		scenarios["request_" + name] = _request.bind([], CHANGES_FOR_4XX[name], 1)
	for name: String in PROTOCOLS:
		scenarios["protocol_" + name] = _request.bind(PROTOCOLS[name][0], {Rfc6455.MORE: PROTOCOLS[name][1]})
	for name: String in SIZES:
		scenarios["request_" + name] = _sized_request.bind(SIZES[name])
	for name: String in INVALID_HEADERS:
		scenarios["handshake_header_" + name] = _invalid_header.bind(INVALID_HEADERS[name])
	return scenarios


func _request(t: TraceRecorder, protocols: Array, changes: Dictionary, digits := 3, patience := Wait.PATIENCE) -> void:
	var connection := t.accepting_peer({"supported_protocols": protocols})
	connection.remote.send(Rfc6455.changed_head(REQUEST, changes))
	connection.send_frame(Rfc6455.TEXT, "hello")
	t.until(func() -> bool: return connection.is_over() or (connection.peer.get_available_packet_count() > 0 and connection.remote.head() != ""), patience)
	t.note("status", connection.remote.head().get_slice(" ", 1).left(digits))
	t.note("states", t.states(connection.peer))
	t.note("code", connection.peer.get_close_code())
	t.note("packets", connection.packets())
	if connection.state() == OPEN:
		t.note("url", connection.peer.get_requested_url())
		t.note("protocol", connection.peer.get_selected_protocol())
		t.note_exchange(connection)


## The engine neither answers nor refuses a request that is too long for it.
func _sized_request(t: TraceRecorder, size: int) -> void:
	var bare := Rfc6455.changed_head(REQUEST, {"X-Filler": ""}).length()
	_request(t, [], {"X-Filler": "f".repeat(size - bare)}, 3, Wait.QUIET)


func _invalid_header(t: TraceRecorder, header: String) -> void:
	var listener := t.server()
	t.connect_raw_socket(listener)
	var peer := t.peer({"handshake_headers": [header]})
	t.note("error", peer.accept_stream(t.take_connection(listener)))
	t.note("state", peer.get_ready_state())


func play_response(t: TraceRecorder) -> void:
	var connection := t.open_server()
	t.note("response", connection.remote.head())


func play_response_with_protocol_and_headers(t: TraceRecorder) -> void:
	var connection := t.open_server(
		{"supported_protocols": ["chat"], "handshake_headers": ["X-One: 1", "Set-Cookie: a=b; c=d"]},
		["Sec-WebSocket-Protocol: game, chat"])
	t.note("response", connection.remote.head())
	t.note("protocol", connection.peer.get_selected_protocol())


func play_request_byte_by_byte(t: TraceRecorder) -> void:
	var connection := t.accepting_peer()
	t.note_single_bytes(connection, Rfc6455.request().to_ascii_buffer() + connection.frame(Rfc6455.TEXT, "slow"))


func play_end_of_stream_instead_of_a_request(t: TraceRecorder) -> void:
	for text: String in ["", "GET / HTT"]:
		t.note_end_of_stream(t.accepting_peer(), text)


func play_streams_that_cannot_be_accepted(t: TraceRecorder) -> void:
	var streams := {"null": null, "buffer": StreamPeerBuffer.new(), "gzip": StreamPeerGZIP.new(), "tls without base": StreamPeerTLS.new()}
	for name: String in streams:
		var peer := t.peer()
		t.note(name, [peer.accept_stream(streams[name]), peer.get_ready_state()])


func play_unconnected_streams(t: TraceRecorder) -> void:
	var streams := {"engine's": StreamPeerTCP.new(), "its own": t.implementation.stream()}
	for owner: String in streams:
		var peer := t.peer()
		t.note(owner, [peer.accept_stream(streams[owner]), peer.get_ready_state()])
		peer.poll()
		t.note(owner + " after a poll", [peer.get_ready_state(), peer.get_close_code()])


func play_failed_handshake_leaves_the_peer_usable(t: TraceRecorder) -> void:
	var connection := t.accepting_peer()
	connection.remote.send("nonsense\r\n\r\n")
	t.until(connection.is_over)
	t.note("state", connection.state())
	t.note_exchange(t.open_as_server(connection.peer))
