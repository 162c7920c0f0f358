extends "support/client_server_suite.gd"
## wss:// with RustWebSocketClient and RustWebSocketServer: who is trusted, and what happens otherwise.

static var _key: CryptoKey
static var _certificate: X509Certificate
static var _other: X509Certificate


## A server for wss://localhost.
func _ready_to_run(with_certificate := true) -> bool:
	if engine_differs():
		return false
	if _key == null:
		var crypto := Crypto.new()
		_key = crypto.generate_rsa(2048)
		_certificate = crypto.generate_self_signed_certificate(_key, "CN=localhost,O=wspeer,C=DE")
		_other = crypto.generate_self_signed_certificate(crypto.generate_rsa(2048), "CN=localhost,O=somebody else,C=DE")
	make_group([], false, false)
	group.server.private_key = _key
	if with_certificate:
		group.server.ssl_certificate = _certificate
	equal(group.server.listen(0), OK)
	return true


func _secure(host := "localhost") -> String:
	return "wss://%s:%d" % [host, group.server.get_local_port()]


func _outcome(client: RustWebSocketClient, url: String) -> String:
	var index := group.clients.find(client)
	group.clear_events()
	equal(client.connect_to_url(url), OK)
	group.until(func() -> bool: return not group.client_events[index].is_empty())
	var events := group.client_events[index]
	client.disconnect_from_host()
	group.until(func() -> bool: return client.get_connection_status() == MultiplayerPeer.CONNECTION_DISCONNECTED)
	return events[0] if not events.is_empty() else "nothing"


func test_who_is_trusted() -> void:
	if not _ready_to_run():
		return
	var client := group.new_client()
	equal([client.verify_ssl, client.is_verify_ssl_enabled(), client.trusted_ssl_certificate], [true, true, null])
	equal(_outcome(client, _secure()), "connection_error()", "a certificate that nobody vouches for")
	equal(client.get_failure().stage, "tls")
	client.trusted_ssl_certificate = _certificate
	equal(_outcome(client, _secure()), "connection_established()", "the certificate that is trusted")
	equal(_outcome(client, _secure("127.0.0.1")), "connection_error()", "another host's certificate")
	client.trusted_ssl_certificate = _other
	equal(_outcome(client, _secure()), "connection_error()", "another certificate is trusted")
	client.verify_ssl = false
	equal(_outcome(client, _secure()), "connection_established()", "nothing is verified")
	equal(_outcome(client, _secure("127.0.0.1")), "connection_established()", "nor the name")
	equal(_outcome(client, group.url()), "connection_error()", "a plain client at a TLS server")


func test_messages_through_tls() -> void:
	if not _ready_to_run():
		return
	var client := group.new_client()
	client.trusted_ssl_certificate = _certificate
	client.connect_to_url(_secure())
	client.trusted_ssl_certificate = null
	equal(client.trusted_ssl_certificate, _certificate, "not while there is a connection")
	check(group.until_client_event("connection_established()"), "connected")
	check(group.server.get_peer(group.id()).get_requested_url().begins_with("wss://"), "the server knows that it is secure")
	for size: int in [1, 1000, 60000]:
		client.get_peer(1).put_packet(Payload.bytes(size))
		check(group.until(func() -> bool: return group.server.get_peer(group.id()).get_available_packet_count() > 0), "%d bytes" % size)
		check(group.server.get_peer(group.id()).get_packet() == Payload.bytes(size), "the same %d bytes" % size)
	group.server.disconnect_peer(group.id(), 4000, "bye")
	check(group.until_server_event("client_disconnected(#1, true)"), "closed")
	equal(group.client_events[0], ["connection_established()", "server_close_request(4000, bye)", "connection_closed(true)"])


func test_only_a_key_is_no_tls() -> void:
	if not _ready_to_run(false):
		return
	equal(_outcome(group.new_client(), group.url()), "connection_established()")


func test_a_tls_client_at_a_plain_server_is_given_up() -> void:
	if not _ready_to_run(false):
		return
	equal(_outcome(group.new_client(), _secure()), "connection_error()")


func test_a_key_of_another_certificate_is_refused() -> void:
	if not _ready_to_run():
		return
	var server := RustWebSocketServer.new()
	server.private_key = _key
	server.ssl_certificate = _other
	equal([server.listen(0), server.is_listening()], [ERR_INVALID_PARAMETER, false])
	check(server.get_error_message() != "", "the reason is told")


func test_a_chain_is_sent_too() -> void:
	if not _ready_to_run():
		return
	group.server.stop()
	group.server.ca_chain = _other
	equal(group.server.listen(0), OK)
	var client := group.new_client()
	client.trusted_ssl_certificate = _certificate
	equal(_outcome(client, _secure()), "connection_established()")


func test_a_client_that_stalls_in_tls_is_dropped() -> void:
	if not _ready_to_run():
		return
	group.server.handshake_timeout = 0.1
	var socket := group.raw_socket()
	check(group.until(func() -> bool: return socket.ended), "dropped")
