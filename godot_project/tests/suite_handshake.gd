extends "support/suite.gd"
## The opening handshake in both roles. scenarios/client_handshake.gd and scenarios/server_handshake.gd have the accepted and refused
## requests and responses.

const REQUEST := {
	Rfc6455.FIRST: "GET /room?id=1 HTTP/1.1",
	"Host": "game.example",
	"Upgrade": "websocket",
	"Connection": "Upgrade",
	"Sec-WebSocket-Key": Rfc6455.KEY,
	"Sec-WebSocket-Version": "13",
}

## Changes to the request, and the HTTP status of the response.
const REFUSED := {
	"two words": [{Rfc6455.FIRST: "GET /"}, 400],
	"one word": [{Rfc6455.FIRST: "GET"}, 400],
	"no first line": [{Rfc6455.FIRST: ""}, 400],
	"control characters": [{Rfc6455.FIRST: "GET /\u0001 HTTP/1.1"}, 400],
	"line without colon": [{Rfc6455.MORE: ["nonsense"]}, 400],
	"name with a space": [{Rfc6455.MORE: ["X One: 1"]}, 400],
	"asterisk form": [{Rfc6455.FIRST: "GET * HTTP/1.1"}, 400],
	"authority form": [{Rfc6455.FIRST: "GET game.example:80 HTTP/1.1"}, 400],
	"fragment": [{Rfc6455.FIRST: "GET /room#id HTTP/1.1"}, 400],
	"no Host": [{"Host": null}, 400],
	"two Hosts": [{Rfc6455.MORE: ["Host: game.example"]}, 400],
	"invalid Host": [{"Host": "a b"}, 400],
	"Content-Length": [{"Content-Length": "5"}, 400],
	"Transfer-Encoding": [{"Transfer-Encoding": "chunked"}, 400],
	"no key": [{"Sec-WebSocket-Key": null}, 400],
	"key that is not base64": [{"Sec-WebSocket-Key": "!!!!!!!!!!!!!!!!!!!!!!=="}, 400],
	"key of 15 bytes": [{"Sec-WebSocket-Key": "AAAAAAAAAAAAAAAAAAAA"}, 400],
	"POST": [{Rfc6455.FIRST: "POST / HTTP/1.1"}, 405],
	"version 8": [{"Sec-WebSocket-Version": "8"}, 426],
	"plain request": [{"Upgrade": null, "Connection": "keep-alive"}, 426],
	"HTTP/1.0": [{Rfc6455.FIRST: "GET / HTTP/1.0"}, 505],
}


func _response_to(properties: Dictionary, changes: Dictionary) -> RawConnection:
	var connection := loopback.accepting_peer(properties)
	connection.remote.send(Rfc6455.changed_head(REQUEST, changes))
	loopback.until(func() -> bool: return connection.remote.head() != "" or connection.remote.ended)
	return connection


func test_request() -> void:
	var connection := loopback.requesting_client({
		"supported_protocols": [" chat ", "game"], "handshake_headers": ["X-One: 1", "Cookie: a=b"],
	}, "/room?id=1")
	var key := Rfc6455.header(connection.remote.head(), "Sec-WebSocket-Key")
	equal(Marshalls.base64_to_raw(key).size(), 16)
	equal(loopback.without_ports(connection.remote.head()).replace(key, "KEY"), Rfc6455.head([
		"GET /room?id=1 HTTP/1.1", "Host: 127.0.0.1:PORT", "Upgrade: websocket", "Connection: Upgrade",
		"Sec-WebSocket-Key: KEY", "Sec-WebSocket-Version: 13", "Sec-WebSocket-Protocol: chat,game", "X-One: 1", "Cookie: a=b",
	]))


func test_response() -> void:
	var connection := _response_to({"supported_protocols": ["chat", "game"], "handshake_headers": ["X-One: 1"]}, {"Sec-WebSocket-Protocol": "other, game, chat"})
	equal(connection.remote.head(), Rfc6455.head([
		"HTTP/1.1 101 Switching Protocols", "Upgrade: websocket", "Connection: Upgrade",
		# The example of RFC 6455 section 1.3.
		"Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=", "Sec-WebSocket-Protocol: game", "X-One: 1",
	]))
	equal(connection.peer.get_selected_protocol(), "game")
	equal(connection.peer.get_requested_url(), "ws://game.example/room?id=1")
	equal(connection.state(), OPEN)


func test_sub_protocol_in_the_order_of_the_client() -> void:
	var pair := loopback.pair({"supported_protocols": ["a", "b"]}, {"supported_protocols": ["c", "b", "a"]})
	for peer in pair:
		equal(peer.get_selected_protocol(), "a", "the client's first")


func test_client_limits_the_size_of_responses() -> void:
	if engine_differs():
		return
	for size: int in [4097, 16384, 16385]:
		var connection := loopback.requesting_client()
		var bare := Rfc6455.response(Rfc6455.KEY, ["X: "]).length()
		loopback.send_response(connection, ["X: " + "f".repeat(size - bare)])
		check(loopback.until_state(connection.peer, OPEN if size <= 16384 else CLOSED), "%d bytes" % size)


func test_client_accepts_responses_of_proxies() -> void:
	if engine_differs():
		return
	var connection := loopback.requesting_client()
	var accept := Rfc6455.accept_value(Rfc6455.header(connection.remote.head(), "Sec-WebSocket-Key"))
	connection.remote.send(Rfc6455.head(["HTTP/1.1 101 Web Socket Protocol Handshake", "upgrade: WebSocket", "connection: keep-alive, Upgrade", "sec-websocket-accept: " + accept, "Via:", "server: x"]))
	check(loopback.until_state(connection.peer, OPEN), "opens")


func test_client_reports_a_refusal() -> void:
	var connection := loopback.requesting_client()
	connection.remote.send(Rfc6455.head(["HTTP/1.1 403 Forbidden", "Content-Length: 4", "A: b", "C: d"]) + "nope")
	check(loopback.until(connection.is_over), "closes")
	equal(connection.peer.get_close_code(), -1)
	if implementation.is_ours():
		check("403" in connection.peer.get_error_message(), "the status in the error message: " + connection.peer.get_error_message())


func test_server_responds_to_refused_requests() -> void:
	if engine_differs():
		return
	for name: String in REFUSED:
		var connection := _response_to({}, REFUSED[name][0])
		equal(connection.remote.head().get_slice(" ", 0), "HTTP/1.1", name)
		equal(connection.remote.head().get_slice(" ", 1).to_int(), REFUSED[name][1], name)
		check(loopback.until(connection.is_over), name + " is closed")
		equal(connection.peer.get_close_code(), -1, name)
		check(connection.peer.get_error_message() != "", name + " has an error message")


func test_server_names_the_supported_version_and_upgrade() -> void:
	if engine_differs():
		return
	equal(Rfc6455.header(_response_to({}, {"Sec-WebSocket-Version": "8"}).remote.head(), "Sec-WebSocket-Version"), "13")
	equal(Rfc6455.header(_response_to({}, {"Upgrade": null, "Connection": "close"}).remote.head(), "Upgrade").to_lower(), "websocket")


func test_server_limits_the_size_of_requests() -> void:
	if engine_differs():
		return
	var bare := Rfc6455.changed_head(REQUEST, {"X": ""}).length()
	for size: int in [4097, 16384]:
		equal(_response_to({}, {"X": "f".repeat(size - bare)}).remote.head().get_slice(" ", 1), "101", "%d bytes" % size)
	for size: int in [16385, 100_000]:
		var connection := _response_to({}, {"X": "f".repeat(size - bare)})
		equal(connection.remote.head().get_slice(" ", 1), "431", "%d bytes" % size)
		check(loopback.until(connection.is_over), "%d bytes: closed" % size)


func test_server_protocols() -> void:
	if engine_differs():
		return
	# Protocols of the server, the client's header (null: absent), the status, the selected protocol.
	for row: Array in [
		[[], null, "101", ""],
		[[], "x, y", "101", ""],
		[["a"], "x, a", "101", "a"],
		[["a"], "x", "400", ""],
		[["a"], null, "400", ""],
	]:
		var connection := _response_to({"supported_protocols": row[0]}, {"Sec-WebSocket-Protocol": row[1]})
		equal(connection.remote.head().get_slice(" ", 1), row[2], str(row))
		equal(Rfc6455.header(connection.remote.head(), "Sec-WebSocket-Protocol"), row[3], str(row))


func test_headers_that_would_corrupt_the_handshake() -> void:
	if engine_differs():
		return
	for header: String in [
		"X-One: 1\r\nX-Two: 2", "X-One: 1\n", "no colon", "Host: a b", "hOsT:", "Upgrade: x", "Connection: x",
		"Sec-WebSocket-Key: x", "Sec-WebSocket-Protocol: x", "Sec-WebSocket-Extensions: x", "Sec-WebSocket-Accept: x", "",
	]:
		var listener := loopback.raw_listener()
		var peer := loopback.peer({"handshake_headers": ["X-Good: 1", header]})
		equal(peer.connect_to_url(loopback.url(listener)), ERR_INVALID_PARAMETER, "'%s'" % header.c_escape())
		equal(peer.get_ready_state(), CLOSED)
		check(peer.get_error_message() != "", "has an error message")
		loopback.turns(2)
		equal(listener.is_connection_available(), false, "nothing is sent")
		var server := loopback.server()
		loopback.connect_raw_socket(server)
		equal(peer.accept_stream(loopback.take_connection(server)), ERR_INVALID_PARAMETER)
		peer.handshake_headers = ["X-Good: 1"]
		equal(Rfc6455.header(loopback.send_request(peer).remote.head(), "X-Good"), "1", "the peer remains usable")


func test_requests_and_responses_in_two_parts() -> void:
	var request := Rfc6455.request().to_ascii_buffer()
	for cut in range(0, request.size(), 7):
		var connection := loopback.accepting_peer()
		connection.remote.send(request.slice(0, cut))
		loopback.turn()
		connection.remote.send(request.slice(cut) + connection.frame(Rfc6455.TEXT, "hello"))
		check(loopback.until_packets(connection.peer, 1), "request cut at %d" % cut)
		connection.peer.close(-1)
	var length := Rfc6455.response(Rfc6455.KEY).length()
	for cut in range(0, length, 7):
		var connection := loopback.requesting_client()
		var response := Rfc6455.response(Rfc6455.header(connection.remote.head(), "Sec-WebSocket-Key")).to_ascii_buffer()
		connection.remote.send(response.slice(0, cut))
		loopback.turn()
		connection.remote.send(response.slice(cut) + connection.frame(Rfc6455.TEXT, "hello"))
		check(loopback.until_packets(connection.peer, 1), "response cut at %d" % cut)
		connection.peer.close(-1)


func test_end_of_stream_during_the_handshake() -> void:
	var requesting := loopback.requesting_client()
	requesting.remote.close()
	var accepting := loopback.accepting_peer()
	accepting.remote.send("GET / HT")
	accepting.remote.close()
	for connection: RawConnection in [requesting, accepting]:
		check(loopback.until_state(connection.peer, CLOSED), "closes")
		equal(connection.peer.get_close_code(), -1)
