extends "support/suite.gd"
## The request at the server, its acceptance or refusal, and the failure that a client reports.

const REQUEST_HEADERS: PackedStringArray = ["Cookie: a=1", "Cookie: b=2", "Origin: https://game.example"]


## Returns a server-side peer with a pending request.
func _pending_request(head: Variant, properties := {}) -> RawConnection:
	var connection := loopback.accepting_peer(properties.merged({"auto_accept": false}))
	equal([connection.peer.get_request(), connection.peer.is_request_pending()], [{}, false])
	connection.remote.send(head)
	loopback.require(func() -> bool: return connection.peer.is_request_pending(), "request")
	return connection


func _response(connection: RawConnection) -> String:
	loopback.require(func() -> bool: return connection.remote.ended, "the end of the response")
	return connection.remote.received.get_string_from_utf8()


func test_a_request_can_be_read_before_it_is_accepted() -> void:
	if engine_differs():
		return
	var connection := _pending_request(Rfc6455.request(REQUEST_HEADERS))
	var request: Dictionary = connection.peer.get_request()
	equal([request.method, request.path, request.query, request.is_websocket, request.is_pending], ["GET", "/", "", true, true])
	for header in REQUEST_HEADERS:
		check(header in request.headers, header)
	equal(connection.peer.get_connected_host(), "127.0.0.1")
	loopback.turns(5)
	equal(connection.state(), CONNECTING)
	equal(connection.peer.accept_request(["X: a\r\nY: b"]), ERR_INVALID_PARAMETER)
	equal(connection.peer.accept_request(["Set-Cookie: id=7"]), OK)
	equal([connection.peer.accept_request(), connection.peer.reject_request(404)], [ERR_UNCONFIGURED, ERR_UNCONFIGURED])
	check(loopback.until_state(connection.peer, OPEN), "opens")
	check(loopback.until(func() -> bool: return connection.remote.head() != ""), "a response")
	check(connection.remote.head().contains("\r\nSet-Cookie: id=7\r\n"), connection.remote.head())
	equal(connection.peer.get_request().is_pending, false)


func test_a_request_can_be_rejected() -> void:
	if engine_differs():
		return
	var connection := _pending_request(Rfc6455.request())
	equal(connection.peer.reject_request(99), ERR_INVALID_PARAMETER)
	equal(connection.peer.reject_request(200, "a\nb"), ERR_INVALID_PARAMETER)
	equal(connection.peer.reject_request(200, "", ["Content-Length: 7"]), ERR_INVALID_PARAMETER)
	equal(connection.peer.reject_request(403, "Not You", ["X-Why: full"], "the room is full".to_utf8_buffer()), OK)
	equal([connection.state(), connection.peer.get_close_code(), connection.peer.get_failure()], [CLOSED, -1, {}])
	var response := _response(connection)
	check(response.begins_with("HTTP/1.1 403 Not You\r\n") and response.contains("\r\nX-Why: full\r\n") and response.ends_with("\r\n\r\nthe room is full"), response)


func test_one_port_serves_http_too() -> void:
	if engine_differs():
		return
	var connection := _pending_request("GET /health?x HTTP/1.1\r\nHost: game.example\r\n\r\n")
	var request: Dictionary = connection.peer.get_request()
	equal([request.path, request.query, request.is_websocket], ["/health", "x", false])
	equal(connection.peer.reject_request(200, "", ["Content-Type: text/html"], "<p>well</p>".to_utf8_buffer()), OK)
	check(_response(connection).ends_with("\r\n\r\n<p>well</p>"), "the body")
	connection = _pending_request("GET / HTTP/1.1\r\nHost: game.example\r\n\r\n")
	equal(connection.peer.accept_request(), ERR_INVALID_DATA)
	check(_response(connection).begins_with("HTTP/1.1 426 "), "not a handshake")
	equal(connection.peer.get_failure().stage, "http")


func test_other_origins_are_refused() -> void:
	if engine_differs():
		return
	for case: Array in [["https://game.example", "101"], ["https://evil.example", "403"]]:
		var connection := loopback.accepting_peer({"allowed_origins": PackedStringArray(["https://game.example"])})
		connection.remote.send(Rfc6455.request(["Origin: " + case[0]]))
		check(loopback.until(func() -> bool: return connection.remote.head() != ""), "a response")
		check(connection.remote.head().begins_with("HTTP/1.1 " + case[1]), connection.remote.head())


func test_pending_request_times_out() -> void:
	if engine_differs():
		return
	var connection := _pending_request(Rfc6455.request())
	connection.peer.handshake_timeout = 0.05
	check(_response(connection).begins_with("HTTP/1.1 503 "), "a response")
	equal([connection.state(), connection.peer.get_failure().stage], [CLOSED, "timeout"])


func test_a_client_reports_the_refusal() -> void:
	if engine_differs():
		return
	var connection := loopback.requesting_client()
	connection.remote.send("HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Basic\r\nContent-Length: 4\r\n\r\nwho?")
	check(loopback.until_state(connection.peer, CLOSED), "closed")
	var failure: Dictionary = connection.peer.get_failure()
	equal([failure.stage, failure.http_status, failure.http_reason, failure.os_error, failure.tls], ["http", 401, "Unauthorized", 0, ""])
	equal(failure.http_headers, PackedStringArray(["WWW-Authenticate: Basic", "Content-Length: 4"]))
	equal(failure.http_body.get_string_from_ascii(), "who?")
	equal(failure.message, connection.peer.get_error_message())


func test_response_headers() -> void:
	if engine_differs():
		return
	var connection := loopback.open_client({}, ["X-Room: 7", "X-Room: 8"])
	var headers: PackedStringArray = connection.peer.get_response_headers()
	check("X-Room: 7" in headers and "X-Room: 8" in headers, str(headers))
	equal(loopback.peer().get_response_headers(), PackedStringArray())


func test_tcp_and_dns_failures_are_distinguished() -> void:
	if engine_differs():
		return
	var peer := loopback.peer()
	equal(peer.connect_to_url("ws://127.0.0.1:%d" % loopback.free_port()), OK)
	check(loopback.until_state(peer, CLOSED), "closed")
	equal(peer.get_failure().stage, "tcp")
	check(peer.get_failure().os_error != 0, "the error number of the operating system")
	equal(peer.connect_to_url("ws://no-such-host.invalid"), OK)
	check(loopback.until_state(peer, CLOSED), "closed")
	equal(peer.get_failure().stage, "dns")


func test_a_proxy_accepts_or_refuses_the_tunnel() -> void:
	if engine_differs():
		return
	for accepts: bool in [true, false]:
		var listener := loopback.raw_listener()
		var peer := loopback.peer({"http_proxy": "http://user:secret@127.0.0.1:%d" % listener.get_local_port()})
		equal(peer.connect_to_url("ws://game.example/lobby"), OK)
		var socket := loopback.accept_raw_socket(listener)
		check(loopback.until(func() -> bool: return socket.head() != ""), "request to the proxy")
		check(socket.head().begins_with("CONNECT game.example:80 HTTP/1.1\r\n"), socket.head())
		equal(Rfc6455.header(socket.head(), "Proxy-Authorization"), "Basic " + Marshalls.utf8_to_base64("user:secret"))
		if accepts:
			socket.send("HTTP/1.1 200 OK\r\n\r\n")
			check(loopback.until(func() -> bool: return socket.received.get_string_from_utf8().contains("\r\n\r\nGET /lobby HTTP/1.1\r\n")), "the request through the tunnel")
			equal(peer.get_ready_state(), CONNECTING)
		else:
			socket.send("HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n")
			check(loopback.until_state(peer, CLOSED), "closed")
			equal([peer.get_failure().stage, peer.get_failure().http_status], ["proxy", 407])


func test_proxies_come_from_the_environment_only_on_request() -> void:
	if engine_differs():
		return
	var before := OS.get_environment("http_proxy")
	OS.set_environment("http_proxy", "http://127.0.0.1:9")
	var peer := loopback.peer()
	equal([peer.http_proxy, peer.https_proxy, peer.no_proxy], ["", "", ""])
	equal(peer.use_environment_proxies(), OK)
	equal(peer.http_proxy, "http://127.0.0.1:9")
	peer.http_proxy = "socks5://127.0.0.1:9"
	equal(peer.http_proxy, "http://127.0.0.1:9", "an invalid proxy is refused")
	check(peer.get_error_message().contains("socks5"), peer.get_error_message())
	OS.set_environment("http_proxy", before)
