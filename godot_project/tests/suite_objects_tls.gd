extends "support/client_server_suite.gd"
## wss:// with RustWebSocketClient and RustWebSocketServer: trusted and untrusted certificates.

static var _key: CryptoKey
static var _certificate: X509Certificate
static var _other: X509Certificate


## Starts a server for wss://localhost.
func _start_server(with_certificate := true) -> bool:
	if engine_differs():
		return false
	if _key == null:
		var crypto := Crypto.new()
		_key = crypto.generate_rsa(2048)
		_certificate = crypto.generate_self_signed_certificate(_key, "CN=localhost,O=wspeer,C=DE")
		_other = crypto.generate_self_signed_certificate(crypto.generate_rsa(2048), "CN=localhost,O=other,C=DE")
	make_group([], false, false)
	group.server.private_key = _key
	if with_certificate:
		group.server.ssl_certificate = _certificate
	equal(group.server.listen(0), OK)
	return true


func _secure_url(host := "localhost") -> String:
	return "wss://%s:%d" % [host, group.server.get_local_port()]


## Connects, disconnects and returns the first signal.
func _first_event(client: RustWebSocketClient, url: String) -> String:
	var index := group.clients.find(client)
	group.clear_events()
	equal(client.connect_to_url(url), OK)
	group.until(func() -> bool: return not group.client_events[index].is_empty())
	var events := group.client_events[index]
	client.disconnect_from_host()
	group.until(func() -> bool: return client.get_connection_status() == MultiplayerPeer.CONNECTION_DISCONNECTED)
	return events[0] if not events.is_empty() else "no signal"


func test_trusted_certificates() -> void:
	if not _start_server():
		return
	var client := group.new_client()
	equal([client.verify_ssl, client.is_verify_ssl_enabled(), client.trusted_ssl_certificate], [true, true, null])
	equal(_first_event(client, _secure_url()), "connection_error()", "an untrusted certificate")
	equal(client.get_failure().stage, "tls")
	client.trusted_ssl_certificate = _certificate
	equal(_first_event(client, _secure_url()), "connection_established()", "the trusted certificate")
	equal(_first_event(client, _secure_url("127.0.0.1")), "connection_error()", "a certificate for another host name")
	client.trusted_ssl_certificate = _other
	equal(_first_event(client, _secure_url()), "connection_error()", "another certificate is the trusted one")
	client.verify_ssl = false
	equal(_first_event(client, _secure_url()), "connection_established()", "without verification")
	equal(_first_event(client, _secure_url("127.0.0.1")), "connection_established()", "without verification of the host name")
	equal(_first_event(client, group.url()), "connection_error()", "a plain client at a TLS server")


func test_messages_through_tls() -> void:
	if not _start_server():
		return
	var client := group.new_client()
	client.trusted_ssl_certificate = _certificate
	client.connect_to_url(_secure_url())
	client.trusted_ssl_certificate = null
	equal(client.trusted_ssl_certificate, _certificate, "not while connected")
	check(group.until_client_event("connection_established()"), "connected")
	check(group.server.get_peer(group.id()).get_requested_url().begins_with("wss://"), "the URL at the server")
	for size: int in [1, 1000, 60000]:
		client.get_peer(1).put_packet(Payload.bytes(size))
		check(group.until(func() -> bool: return group.server.get_peer(group.id()).get_available_packet_count() > 0), "%d bytes" % size)
		check(group.server.get_peer(group.id()).get_packet() == Payload.bytes(size), "equal %d bytes" % size)
	group.server.disconnect_peer(group.id(), 4000, "bye")
	check(group.until_server_event("client_disconnected(#1, true)"), "closed")
	equal(group.client_events[0], ["connection_established()", "server_close_request(4000, bye)", "connection_closed(true)"])


func test_private_key_alone_does_not_enable_tls() -> void:
	if not _start_server(false):
		return
	equal(_first_event(group.new_client(), group.url()), "connection_established()")


func test_tls_client_at_a_plain_server() -> void:
	if not _start_server(false):
		return
	equal(_first_event(group.new_client(), _secure_url()), "connection_error()")


func test_key_of_another_certificate_is_refused() -> void:
	if not _start_server():
		return
	var server := RustWebSocketServer.new()
	server.private_key = _key
	server.ssl_certificate = _other
	equal([server.listen(0), server.is_listening()], [ERR_INVALID_PARAMETER, false])
	check(server.get_error_message() != "", "error message")


func test_ca_chain_is_sent() -> void:
	if not _start_server():
		return
	group.server.stop()
	group.server.ca_chain = _other
	equal(group.server.listen(0), OK)
	var client := group.new_client()
	client.trusted_ssl_certificate = _certificate
	equal(_first_event(client, _secure_url()), "connection_established()")


func test_handshake_timeout_during_tls() -> void:
	if not _start_server():
		return
	group.server.handshake_timeout = 0.1
	var socket := group.raw_socket()
	check(group.until(func() -> bool: return socket.ended), "closed")
