extends "support/suite.gd"
## The opening handshake in both roles. Which single requests and answers are taken is in
## scenarios/client_handshake.gd and scenarios/server_handshake.gd.

const REQUEST := {
	Wire.FIRST: "GET /room?id=1 HTTP/1.1",
	"Host": "game.example",
	"Upgrade": "websocket",
	"Connection": "Upgrade",
	"Sec-WebSocket-Key": Wire.KEY,
	"Sec-WebSocket-Version": "13",
}

## Changes to the request and the status they lead to.
const REFUSED := {
	"two words": [{Wire.FIRST: "GET /"}, 400],
	"one word": [{Wire.FIRST: "GET"}, 400],
	"no first line": [{Wire.FIRST: ""}, 400],
	"control characters": [{Wire.FIRST: "GET /\u0001 HTTP/1.1"}, 400],
	"line without colon": [{Wire.MORE: ["nonsense"]}, 400],
	"name with a space": [{Wire.MORE: ["X One: 1"]}, 400],
	"no key": [{"Sec-WebSocket-Key": null}, 400],
	"key that is not base64": [{"Sec-WebSocket-Key": "!!!!!!!!!!!!!!!!!!!!!!=="}, 400],
	"key of 15 bytes": [{"Sec-WebSocket-Key": "AAAAAAAAAAAAAAAAAAAA"}, 400],
	"POST": [{Wire.FIRST: "POST / HTTP/1.1"}, 405],
	"version 8": [{"Sec-WebSocket-Version": "8"}, 426],
	"plain request": [{"Upgrade": null, "Connection": "keep-alive"}, 426],
	"HTTP/1.0": [{Wire.FIRST: "GET / HTTP/1.0"}, 505],
}


func _answer_to(properties: Dictionary, changes: Dictionary) -> Link:
	var link := stage.accepting_peer(properties)
	link.raw.send(Wire.changed_head(REQUEST, changes))
	stage.until(func() -> bool: return link.raw.head() != "" or link.raw.ended)
	return link


func test_request() -> void:
	var link := stage.asking_client({
		"supported_protocols": [" chat ", "game"], "handshake_headers": ["X-One: 1", "Cookie: a=b"],
	}, "/room?id=1")
	var key := Wire.header(link.raw.head(), "Sec-WebSocket-Key")
	equal(Marshalls.base64_to_raw(key).size(), 16)
	equal(stage.plain(link.raw.head()).replace(key, "KEY"), Wire.head([
		"GET /room?id=1 HTTP/1.1", "Host: 127.0.0.1:PORT", "Upgrade: websocket", "Connection: Upgrade",
		"Sec-WebSocket-Key: KEY", "Sec-WebSocket-Version: 13", "Sec-WebSocket-Protocol: chat,game", "X-One: 1", "Cookie: a=b",
	]))


func test_answer() -> void:
	var link := _answer_to({"supported_protocols": ["chat", "game"], "handshake_headers": ["X-One: 1"]}, {"Sec-WebSocket-Protocol": "other, game, chat"})
	equal(link.raw.head(), Wire.head([
		"HTTP/1.1 101 Switching Protocols", "Upgrade: websocket", "Connection: Upgrade",
		# The RFC's own example of a key and its answer.
		"Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=", "Sec-WebSocket-Protocol: game", "X-One: 1",
	]))
	equal(link.peer.get_selected_protocol(), "game")
	equal(link.peer.get_requested_url(), "ws://game.example/room?id=1")
	equal(link.state(), OPEN)


func test_protocol_is_agreed_on() -> void:
	var ends := stage.pair({"supported_protocols": ["a", "b"]}, {"supported_protocols": ["c", "b", "a"]})
	for end in ends:
		equal(end.get_selected_protocol(), "a", "the client's order counts")


func test_client_takes_long_answers_up_to_a_limit() -> void:
	if engine_differs():
		return
	for size: int in [4097, 16384, 16385]:
		var link := stage.asking_client()
		var bare := Wire.response(Wire.KEY, ["X: "]).length()
		stage.answer(link, ["X: " + "f".repeat(size - bare)])
		check(stage.until_state(link.peer, OPEN if size <= 16384 else CLOSED), "%d bytes" % size)


func test_client_takes_answers_of_proxies() -> void:
	if engine_differs():
		return
	var link := stage.asking_client()
	var accept := Wire.accept_value(Wire.header(link.raw.head(), "Sec-WebSocket-Key"))
	link.raw.send(Wire.head(["HTTP/1.1 101 Web Socket Protocol Handshake", "upgrade: WebSocket", "connection: keep-alive, Upgrade", "sec-websocket-accept: " + accept, "Via:", "server: x"]))
	check(stage.until_state(link.peer, OPEN), "opens")


func test_client_reports_a_refusal() -> void:
	var link := stage.asking_client()
	link.raw.send(Wire.head(["HTTP/1.1 403 Forbidden", "Content-Length: 4", "A: b", "C: d"]) + "nope")
	check(stage.until(link.over), "closes")
	equal(link.peer.get_close_code(), -1)
	if implementation.is_ours():
		check("403" in link.peer.get_error_message(), "the status is in the message: " + link.peer.get_error_message())


func test_server_answers_what_it_refuses() -> void:
	if engine_differs():
		return
	for name: String in REFUSED:
		var link := _answer_to({}, REFUSED[name][0])
		equal(link.raw.head().get_slice(" ", 0), "HTTP/1.1", name)
		equal(link.raw.head().get_slice(" ", 1).to_int(), REFUSED[name][1], name)
		check(stage.until(link.over), name + " is closed")
		equal(link.peer.get_close_code(), -1, name)
		check(link.peer.get_error_message() != "", name + " has a reason to read")


func test_server_says_what_it_would_take() -> void:
	if engine_differs():
		return
	equal(Wire.header(_answer_to({}, {"Sec-WebSocket-Version": "8"}).raw.head(), "Sec-WebSocket-Version"), "13")
	equal(Wire.header(_answer_to({}, {"Upgrade": null, "Connection": "close"}).raw.head(), "Upgrade").to_lower(), "websocket")


func test_server_takes_long_requests_up_to_a_limit() -> void:
	if engine_differs():
		return
	var bare := Wire.changed_head(REQUEST, {"X": ""}).length()
	for size: int in [4097, 16384]:
		equal(_answer_to({}, {"X": "f".repeat(size - bare)}).raw.head().get_slice(" ", 1), "101", "%d bytes" % size)
	for size: int in [16385, 100_000]:
		var link := _answer_to({}, {"X": "f".repeat(size - bare)})
		equal(link.raw.head().get_slice(" ", 1), "431", "%d bytes" % size)
		check(stage.until(link.over), "%d bytes: closed" % size)


func test_server_protocols() -> void:
	if engine_differs():
		return
	# Protocols of the server, the client's header (null: none), the status, the one selected.
	for row: Array in [
		[[], null, "101", ""],
		[[], "x, y", "101", ""],
		[["a"], "x, a", "101", "a"],
		[["a"], "x", "400", ""],
		[["a"], null, "400", ""],
	]:
		var link := _answer_to({"supported_protocols": row[0]}, {"Sec-WebSocket-Protocol": row[1]})
		equal(link.raw.head().get_slice(" ", 1), row[2], str(row))
		equal(Wire.header(link.raw.head(), "Sec-WebSocket-Protocol"), row[3], str(row))


func test_headers_that_would_corrupt_the_handshake() -> void:
	if engine_differs():
		return
	for header: String in [
		"X-One: 1\r\nX-Two: 2", "X-One: 1\n", "no colon", "Host: x", "hOsT: x", "Upgrade: x", "Connection: x",
		"Sec-WebSocket-Key: x", "Sec-WebSocket-Protocol: x", "Sec-WebSocket-Extensions: x", "Sec-WebSocket-Accept: x", "",
	]:
		var listener := stage.raw_server()
		var peer := stage.peer({"handshake_headers": ["X-Good: 1", header]})
		equal(peer.connect_to_url(stage.url(listener)), ERR_INVALID_PARAMETER, "'%s'" % header.c_escape())
		equal(peer.get_ready_state(), CLOSED)
		check(peer.get_error_message() != "", "has a reason to read")
		stage.turns(2)
		equal(listener.is_connection_available(), false, "nothing was sent")
		var server := stage.server()
		stage.raw_connect(server)
		equal(peer.accept_stream(stage.take_connection(server)), ERR_INVALID_PARAMETER)
		peer.handshake_headers = ["X-Good: 1"]
		equal(Wire.header(stage.ask(peer).raw.head(), "X-Good"), "1", "usable afterwards")


func test_every_cut_of_a_request_and_of_an_answer() -> void:
	var request := Wire.request().to_ascii_buffer()
	for cut in range(0, request.size(), 7):
		var link := stage.accepting_peer()
		link.raw.send(request.slice(0, cut))
		stage.turn()
		link.raw.send(request.slice(cut) + link.frame(Wire.TEXT, "hello"))
		check(stage.until_packets(link.peer, 1), "request cut at %d" % cut)
		link.peer.close(-1)
	var length := Wire.response(Wire.KEY).length()
	for cut in range(0, length, 7):
		var link := stage.asking_client()
		var answer := Wire.response(Wire.header(link.raw.head(), "Sec-WebSocket-Key")).to_ascii_buffer()
		link.raw.send(answer.slice(0, cut))
		stage.turn()
		link.raw.send(answer.slice(cut) + link.frame(Wire.TEXT, "hello"))
		check(stage.until_packets(link.peer, 1), "answer cut at %d" % cut)
		link.peer.close(-1)


func test_handshake_that_ends_early() -> void:
	var asking := stage.asking_client()
	asking.raw.finish()
	var accepting := stage.accepting_peer()
	accepting.raw.send("GET / HT")
	accepting.raw.finish()
	for link: Link in [asking, accepting]:
		check(stage.until_state(link.peer, CLOSED), "closes")
		equal(link.peer.get_close_code(), -1)
