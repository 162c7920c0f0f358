extends "support/suite.gd"
## What a program chooses in the handshake: the sub-protocol at run time, none at all, the own Host, redirections.

const ClientServerGroup := preload("support/client_server_group.gd")

const OFFER: PackedStringArray = ["Sec-WebSocket-Protocol: chess, go"]


func _pending_request() -> RawConnection:
	var connection := loopback.accepting_peer({"auto_accept": false, "supported_protocols": PackedStringArray(["chess"])})
	connection.remote.send(Rfc6455.request(OFFER))
	loopback.require(func() -> bool: return connection.peer.is_request_pending(), "request")
	return connection


func test_a_program_selects_one_of_the_offered_sub_protocols_or_none() -> void:
	if engine_differs():
		return
	for case: Array in [["go", "go"], ["", ""], [null, "chess"]]:
		var connection := _pending_request()
		equal(connection.peer.get_request().protocols, PackedStringArray(["chess", "go"]))
		equal(connection.peer.select_protocol("draughts"), ERR_INVALID_PARAMETER)
		if case[0] != null:
			equal(connection.peer.select_protocol(case[0]), OK)
		equal(connection.peer.accept_request(), OK)
		check(loopback.until_state(connection.peer, OPEN), "opens")
		equal(connection.peer.get_selected_protocol(), case[1])
		equal(connection.peer.select_protocol("go"), ERR_UNCONFIGURED)


func test_a_server_object_selects_for_each_client() -> void:
	if engine_differs():
		return
	var group := ClientServerGroup.new()
	group.server.auto_accept = false
	var client := group.connecting_client(["chess", "go"])
	check(group.until(func() -> bool: return not group.ids.is_empty()), "a request")
	equal(group.server.get_request(group.ids[-1]).protocols, PackedStringArray(["chess", "go"]))
	equal(group.server.select_protocol(group.ids[-1], "draughts"), ERR_INVALID_PARAMETER)
	equal(group.server.select_protocol(1, "go"), ERR_INVALID_PARAMETER)
	equal(group.server.select_protocol(group.ids[-1], "go"), OK)
	equal(group.server.accept_request(group.ids[-1]), OK)
	check(group.until_client_event("connection_established(go)"), "the client reports the selected sub-protocol")
	equal(client.get_connected_host() != "", true)
	group.close()


func test_a_client_may_accept_an_answer_without_sub_protocol() -> void:
	if engine_differs():
		return
	for allowed: bool in [false, true]:
		var connection := loopback.requesting_client({"supported_protocols": PackedStringArray(["chess"]), "allow_no_protocol": allowed})
		loopback.send_response(connection)
		check(loopback.until_state(connection.peer, OPEN if allowed else CLOSED), "allowed: %s" % allowed)
		equal(connection.peer.get_selected_protocol(), "")


func test_a_client_may_name_another_host() -> void:
	if engine_differs():
		return
	var connection := loopback.requesting_client({"handshake_headers": PackedStringArray(["Host: game.example"])})
	equal(Rfc6455.header(connection.remote.head(), "Host"), "game.example")
	var refused: Object = loopback.peer({"handshake_headers": PackedStringArray(["Host: a", "Host: b"])})
	equal(refused.connect_to_url("ws://127.0.0.1:9"), ERR_INVALID_PARAMETER)


func test_redirections_are_followed_if_the_option_says_so() -> void:
	if engine_differs():
		return
	var last := loopback.raw_listener()
	var connection := loopback.requesting_client({"max_redirects": 1, "handshake_headers": PackedStringArray(["Cookie: secret"])})
	var first_url: String = connection.peer.get_requested_url()
	connection.remote.send("HTTP/1.1 302 Found\r\nLocation: %s\r\nContent-Length: 0\r\n\r\n" % loopback.url(last, "/lobby"))
	check(loopback.until(func() -> bool: return last.is_connection_available()), "a second connection")
	var redirected := RawConnection.new(connection.peer, loopback.accept_raw_socket(last), false)
	check(loopback.until(func() -> bool: return redirected.remote.head() != ""), "a second request")
	check(redirected.remote.head().begins_with("GET /lobby HTTP/1.1\r\n"), redirected.remote.head())
	check(not redirected.remote.head().contains("secret"), "no credentials for another origin")
	loopback.send_response(redirected)
	check(loopback.until_state(connection.peer, OPEN), "opens")
	equal([connection.peer.get_requested_url(), connection.peer.get_connected_port()], [first_url, last.get_local_port()])
