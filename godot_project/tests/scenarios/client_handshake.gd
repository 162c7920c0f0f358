extends "../support/scenario_file.gd"
## The request of a client, and the responses that it accepts or refuses.

## The word ACCEPT is replaced by the valid value.
const RESPONSE := {
	Rfc6455.FIRST: "HTTP/1.1 101 Switching Protocols",
	"Upgrade": "websocket",
	"Connection": "Upgrade",
	"Sec-WebSocket-Accept": "ACCEPT",
}

## The changed headers of each response.
const CHANGES := {
	"minimal": {},
	"without_phrase": {Rfc6455.FIRST: "HTTP/1.1 101"},
	"names_in_other_case": {"Upgrade": null, "UPGRADE": "websocket", "Connection": null, "connection": "Upgrade"},
	"values_in_other_case": {"Upgrade": "WebSocket", "Connection": "uPGRADE"},
	"spaces_around_values": {"Upgrade": "  websocket", "Connection": "   Upgrade  ", "Sec-WebSocket-Accept": " ACCEPT "},
	"no_space_before_value": {"Upgrade": null, Rfc6455.MORE: ["Upgrade:websocket"]},
	"other_headers": {"Server": "x", "Set-Cookie": "a=b: c", "X-Blank": ""},
	"empty_header_value": {Rfc6455.MORE: ["X-Empty:"]},
	"connection_list": {"Connection": "keep-alive, Upgrade"},
	"http_1_0": {Rfc6455.FIRST: "HTTP/1.0 101 Switching Protocols"},
	"status_100": {Rfc6455.FIRST: "HTTP/1.1 100 Continue"},
	"status_200": {Rfc6455.FIRST: "HTTP/1.1 200 OK"},
	"status_404": {Rfc6455.FIRST: "HTTP/1.1 404 Not Found", "Upgrade": null, "Connection": "close", "Content-Length": "0"},
	"redirect": {Rfc6455.FIRST: "HTTP/1.1 302 Found", "Location": "ws://localhost/"},
	"no_upgrade": {"Upgrade": null, "Server": "x"},
	"other_upgrade": {"Upgrade": "h2c"},
	"no_connection": {"Connection": null, "Server": "x"},
	"no_accept": {"Sec-WebSocket-Accept": null, "Server": "x"},
	"wrong_accept": {"Sec-WebSocket-Accept": "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="},
	"line_without_colon": {Rfc6455.MORE: ["nonsense"]},
	"not_http": {Rfc6455.FIRST: "SSH-2.0-OpenSSH_9.6"},
	"protocol_not_offered": {"Sec-WebSocket-Protocol": "chat"},
}

## As CHANGES, for a client that offers "chat" and "game".
const CHANGES_FOR_OFFER := {
	"protocol_chosen": {"Sec-WebSocket-Protocol": "game"},
	"protocol_header_in_other_case": {"sec-websocket-PROTOCOL": "  chat  "},
	"protocol_not_chosen": {},
	"protocol_unknown": {"Sec-WebSocket-Protocol": "other"},
	"protocol_in_other_case": {"Sec-WebSocket-Protocol": "Chat"},
	"protocol_list": {"Sec-WebSocket-Protocol": "chat, game"},
}

## Sizes of complete responses. The engine accepts up to 4096 bytes.
const SIZES := {"size_4096": 4096, "size_4097": 4097, "size_16384": 16384, "size_16385": 16385}

const INVALID_HEADERS := {
	"with_line_break": "X-One: 1\r\nX-Two: 2",
	"with_line_feed": "X-One: 1\nX-Two: 2",
	"without_colon": "nonsense",
	"upgrade": "upgrade: h2c",
	"connection": "Connection: close",
	"key": "Sec-WebSocket-Key: " + Rfc6455.KEY,
	"version": "Sec-WebSocket-Version: 8",
}


func rows() -> Dictionary[String, Callable]:
	var scenarios: Dictionary[String, Callable] = {}
	for name: String in CHANGES:
		scenarios["response_" + name] = _changed_response.bind([], CHANGES[name])
	for name: String in CHANGES_FOR_OFFER:
		scenarios["response_" + name] = _changed_response.bind(["chat", "game"], CHANGES_FOR_OFFER[name])
	for name: String in SIZES:
		scenarios["response_" + name] = _sized_response.bind(SIZES[name])
	for name: String in INVALID_HEADERS:
		scenarios["handshake_header_" + name] = _invalid_header.bind(INVALID_HEADERS[name])
	return scenarios


func _changed_response(t: TraceRecorder, offer: Array, changes: Dictionary) -> void:
	_response(t, t.requesting_client({"supported_protocols": offer}), Rfc6455.changed_head(RESPONSE, changes))


func _sized_response(t: TraceRecorder, size: int) -> void:
	# The valid value of ACCEPT has 28 bytes.
	var bare := Rfc6455.changed_head(RESPONSE, {"X-Filler": ""}).length() - "ACCEPT".length() + 28
	_response(t, t.requesting_client(), Rfc6455.changed_head(RESPONSE, {"X-Filler": "f".repeat(size - bare)}))


func _response(t: TraceRecorder, connection: RawConnection, text: String) -> void:
	connection.remote.send(text.replace("ACCEPT", Rfc6455.accept_value(Rfc6455.header(connection.remote.head(), "Sec-WebSocket-Key"))))
	connection.send_frame(Rfc6455.TEXT, "hello")
	# An interim response is followed by nothing.
	t.until_quiet(func() -> bool: return connection.state() == CLOSED or connection.peer.get_available_packet_count() > 0)
	t.note("states", t.states(connection.peer))
	t.note("code", connection.peer.get_close_code())
	t.note("packets", connection.packets())
	if connection.state() == OPEN:
		t.note("protocol", connection.peer.get_selected_protocol())
		t.note_exchange(connection)


## The peer refuses to connect, or sends the header.
func _invalid_header(t: TraceRecorder, header: String) -> void:
	var listener := t.raw_listener()
	var peer := t.peer({"handshake_headers": [header]})
	t.note("error", peer.connect_to_url(t.url(listener)))
	t.note("state", peer.get_ready_state())


func _request(connection: RawConnection) -> String:
	return connection.remote.head().replace(Rfc6455.header(connection.remote.head(), "Sec-WebSocket-Key"), "KEY")


func play_plain_request(t: TraceRecorder) -> void:
	var connection := t.requesting_client()
	t.note("request", _request(connection))


func play_request_with_protocols_and_headers(t: TraceRecorder) -> void:
	var connection := t.requesting_client({
		"supported_protocols": ["chat", " game "],
		"handshake_headers": ["X-One: 1", "Cookie: a=b; c=d", "User-Agent: tester"],
	}, "/room/1?name=x")
	t.note("protocols", connection.peer.supported_protocols)
	t.note("request", _request(connection))
	t.note("url", connection.peer.get_requested_url())


func play_key_is_random_and_has_16_bytes(t: TraceRecorder) -> void:
	var keys := PackedStringArray()
	for i in 2:
		keys.append(Rfc6455.header(t.requesting_client().remote.head(), "Sec-WebSocket-Key"))
		t.note("size %d" % i, Marshalls.base64_to_raw(keys[i]).size())
	t.note("differ", keys[0] != keys[1])


func play_request_is_fixed_by_connect_to_url(t: TraceRecorder) -> void:
	var listener := t.raw_listener()
	var peer := t.peer({"handshake_headers": ["X-One: 1"]})
	peer.connect_to_url(t.url(listener))
	peer.handshake_headers = ["X-Two: 2"]
	var socket := t.accept_raw_socket(listener)
	t.until(func() -> bool: return socket.head() != "")
	t.note("headers", [Rfc6455.header(socket.head(), "X-One"), Rfc6455.header(socket.head(), "X-Two")])


func play_response_byte_by_byte(t: TraceRecorder) -> void:
	var connection := t.requesting_client()
	var response := Rfc6455.response(Rfc6455.header(connection.remote.head(), "Sec-WebSocket-Key"))
	t.note_single_bytes(connection, response.to_ascii_buffer() + connection.frame(Rfc6455.TEXT, "slow"))


func play_end_of_stream_instead_of_a_response(t: TraceRecorder) -> void:
	for text: String in ["", "HTTP/1.1 101 Switching Proto"]:
		t.note_end_of_stream(t.requesting_client(), text)


func play_failed_handshake_leaves_the_peer_usable(t: TraceRecorder) -> void:
	var connection := t.requesting_client()
	connection.remote.send(Rfc6455.head(["HTTP/1.1 403 Forbidden", "A: b", "C: d", "E: f"]))
	t.until(connection.is_over)
	t.note("state", connection.state())
	t.note_exchange(t.open_as_client(connection.peer))
