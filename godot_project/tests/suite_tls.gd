extends "support/suite.gd"
## TLS in both roles, over the streams of both implementations, with the engine's TLSOptions, X509Certificate and CryptoKey.

const OURS := true
const ENGINE := false
const DISCONNECTED := StreamPeerTLS.STATUS_DISCONNECTED
const HANDSHAKING := StreamPeerTLS.STATUS_HANDSHAKING
const CONNECTED := StreamPeerTLS.STATUS_CONNECTED
const ERROR := StreamPeerTLS.STATUS_ERROR
const MISMATCH := StreamPeerTLS.STATUS_ERROR_HOSTNAME_MISMATCH

static var _identities: Dictionary[String, Array] = {}


## Returns [CryptoKey, X509Certificate], self-signed by the engine, with this common name.
static func _identity(name := "localhost") -> Array:
	if name not in _identities:
		var crypto := Crypto.new()
		var key := crypto.generate_rsa(2048)
		var subject := "CN=%s,O=Example,C=DE" % name
		_identities[name] = [key, crypto.generate_self_signed_certificate(key, subject)]
	return _identities[name]


static func _server_options(name := "localhost") -> TLSOptions:
	return TLSOptions.server(_identity(name)[0], _identity(name)[1])


## The engine prints an error because its PEM text ends with NUL.
static func _pem(certificate: X509Certificate) -> String:
	expect_engine_errors(true)
	var text := certificate.save_to_string()
	expect_engine_errors(false)
	return text


static func _set_properties(object: Object, properties: Dictionary) -> void:
	for property: String in properties:
		object.set(property, properties[property])


## Returns a connecting WebSocket client and the server's TLS stream, which has begun its handshake. Settings: host, the properties of
## the client, the properties of the stream.
func _begin(ours_client: bool, ours_server: bool, client_options: TLSOptions, server_options: TLSOptions, settings := {}) -> Array[Object]:
	var listener: Object = RustTCPServer.new() if ours_server else TCPServer.new()
	equal(listener.listen(0, "127.0.0.1"), OK, "listen")
	var client: Object = RustWebSocketPeer.new() if ours_client else WebSocketPeer.new()
	_set_properties(client, settings.get("client", {}))
	equal(client.connect_to_url("wss://%s:%d/chat" % [settings.get("host", "localhost"), listener.get_local_port()], client_options), OK, "connect_to_url")
	loopback.resume(client)
	loopback.require(func() -> bool: return listener.is_connection_available(), "connection")
	var stream: Object = RustStreamPeerTLS.new() if ours_server else StreamPeerTLS.new()
	_set_properties(stream, settings.get("stream", {}))
	equal(stream.accept_stream(listener.take_connection(), server_options), OK, "accept_stream of the stream")
	return [client, stream]


## As [method _begin], but returns two peers, each open or closed by a failure.
func _pair(ours_client: bool, ours_server: bool, client_options: TLSOptions, server_options: TLSOptions, settings := {}) -> Array[Object]:
	var begun := _begin(ours_client, ours_server, client_options, server_options, settings)
	var server: Object = RustWebSocketPeer.new() if ours_server else WebSocketPeer.new()
	equal(server.accept_stream(begun[1]), OK, "accept_stream of the peer")
	loopback.resume(server)
	loopback.require(func() -> bool:
		return begun[0].get_ready_state() != CONNECTING and server.get_ready_state() != CONNECTING, "end of the handshake")
	return [begun[0], server]


func _exchange(pair: Array[Object]) -> void:
	equal([pair[0].get_ready_state(), pair[1].get_ready_state()], [OPEN, OPEN], "states")
	for from in 2:
		pair[from].outbound_buffer_size = 1 << 20
		equal(pair[from].send_text("grüße"), OK)
		equal(pair[from].send(Payload.bytes(60000)), OK)
		var to := pair[1 - from]
		check(loopback.until_packets(to, 2), "both messages")
		equal(to.get_packet().get_string_from_utf8(), "grüße")
		check(to.was_string_packet(), "text")
		equal(to.get_packet(), Payload.bytes(60000))
	pair[1].close(4001, "bye")
	check(loopback.until_state(pair[0], CLOSED) and loopback.until_state(pair[1], CLOSED), "closed")
	equal([pair[0].get_close_code(), pair[0].get_close_reason()], [4001, "bye"])
	# Over TLS the engine's server does not read the close frame that responds to its own.
	if pair[1] is RustWebSocketPeer:
		equal(pair[1].get_close_code(), 4001)


func test_both_implementations_in_both_roles() -> void:
	if engine_differs():
		return
	var trust := TLSOptions.client(_identity()[1])
	for ours_client: bool in [OURS, ENGINE]:
		for ours_server: bool in [OURS, ENGINE]:
			var pair := _pair(ours_client, ours_server, trust, _server_options())
			check(pair[1].get_requested_url().begins_with("wss://localhost:"), pair[1].get_requested_url())
			_exchange(pair)


func test_get_tls_info() -> void:
	if engine_differs():
		return
	var pair := _pair(OURS, OURS, TLSOptions.client(_identity()[1]), _server_options())
	var info: Dictionary = pair[0].get_tls_info()
	equal([info.version, info.alpn, typeof(info.resumed)], ["TLSv1.3", "http/1.1", TYPE_BOOL])
	check(info.peer_subject.contains("CN=localhost") and info.cipher_suite != "", str(info))
	equal(pair[1].get_tls_info().peer_subject, "")
	equal(pair[0].get_failure(), {})
	equal(RustWebSocketPeer.new().get_tls_info(), {})


func test_trust_by_options() -> void:
	if engine_differs():
		return
	var trust := TLSOptions.client(_identity()[1])
	# Options, host, name in the server's certificate, text in the failure ("" without failure).
	var cases := [
		[null, "localhost", "localhost", "not signed by a trusted authority"],
		[trust, "127.0.0.1", "localhost", "the certificate is for 'localhost', not for 127.0.0.1"],
		[TLSOptions.client(_identity()[1], "localhost"), "127.0.0.1", "localhost", ""],
		[TLSOptions.client(_identity()[1], "other"), "localhost", "localhost", "not for other"],
		[trust, "localhost", "game.example", "not signed by a trusted authority"],
		[TLSOptions.client_unsafe(), "localhost", "game.example", ""],
		[TLSOptions.client_unsafe(_identity()[1]), "127.0.0.1", "localhost", ""],
		[TLSOptions.client_unsafe(_identity()[1]), "localhost", "game.example", "not signed by a trusted authority"],
	]
	for case: Array in cases:
		var pair := _pair(OURS, OURS, case[0], _server_options(case[2]), {"host": case[1]})
		if case[3] == "":
			equal([pair[0].get_ready_state(), pair[0].get_error_message()], [OPEN, ""], str(case))
			continue
		var failure: Dictionary = pair[0].get_failure()
		equal([pair[0].get_ready_state(), pair[0].get_close_code(), failure.get("stage")], [CLOSED, -1, "tls"], str(case))
		check(failure.tls.contains(case[3]) and failure.message == failure.tls, failure.tls)
		equal(pair[1].get_failure().get("stage"), "tls", "the server reports the failure")


func test_options_of_the_wrong_role_are_refused() -> void:
	if engine_differs():
		return
	var peer := loopback.peer()
	equal(peer.connect_to_url("wss://localhost:1", _server_options()), ERR_INVALID_PARAMETER)
	var stream := RustStreamPeerTLS.new()
	var below := RustStreamPeerTCP.new()
	equal(stream.accept_stream(below, TLSOptions.client()), ERR_INVALID_PARAMETER)
	equal(stream.connect_to_stream(below, "localhost", _server_options()), ERR_INVALID_PARAMETER)
	equal(stream.accept_stream(null, _server_options()), ERR_INVALID_PARAMETER)
	equal(stream.accept_stream(below, null), ERR_INVALID_PARAMETER)
	equal(stream.connect_to_stream(null, "localhost"), ERR_INVALID_PARAMETER)
	equal(stream.accept_stream(below, TLSOptions.server(CryptoKey.new(), X509Certificate.new())), ERR_INVALID_PARAMETER)
	check(stream.get_error_message() != "", "error message")
	equal([stream.get_status(), stream.get_stream()], [DISCONNECTED, null])


## The engine's PEM text repeats the first certificate instead of the others.
func test_several_certificates_from_a_file_and_as_text() -> void:
	if engine_differs():
		return
	var both := _pem(_identity("other")[1]) + _pem(_identity()[1])
	var path := OS.get_temp_dir().path_join("wspeer_test_%d.crt" % OS.get_process_id())
	var file := FileAccess.open(path, FileAccess.WRITE)
	file.store_string(both)
	file.close()
	var resource: X509Certificate = load(path)
	var pair := _pair(OURS, OURS, TLSOptions.client(resource), _server_options())
	equal(pair[0].get_ready_state(), OPEN, "from the file")
	DirAccess.remove_absolute(path)
	pair = _pair(OURS, OURS, null, _server_options(), {"client": {"tls_trusted_certificates": both}})
	equal(pair[0].get_ready_state(), OPEN, "as text")


func test_client_certificates() -> void:
	if engine_differs():
		return
	var player := _identity("player")
	var trust := TLSOptions.client(_identity()[1])
	var server_properties := {"tls_client_ca": _pem(player[1]), "tls_client_certificate_required": true}
	var client_properties := {"tls_certificate": _pem(player[1]), "tls_private_key": player[0].save_to_string()}
	var pair := _pair(OURS, OURS, trust, _server_options(), {"client": client_properties, "stream": server_properties})
	equal(pair[0].get_error_message(), "")
	check(pair[1].get_tls_info().peer_subject.contains("CN=player"), str(pair[1].get_tls_info()))
	pair = _pair(OURS, OURS, trust, _server_options(), {"stream": server_properties})
	check(loopback.until_state(pair[0], CLOSED), "refused")
	check(pair[0].get_failure().tls.contains("CertificateRequired"), str(pair[0].get_failure()))
	server_properties.tls_client_certificate_required = false
	pair = _pair(OURS, OURS, trust, _server_options(), {"stream": server_properties})
	equal([pair[0].get_ready_state(), pair[1].get_tls_info().peer_subject], [OPEN, ""])


func test_required_client_certificates_need_authorities() -> void:
	if engine_differs():
		return
	var listener := RustTCPServer.new()
	equal(listener.listen(0, "127.0.0.1"), OK, "listen")
	for authorities: String in ["", "no certificate"]:
		var below := RustStreamPeerTCP.new()
		equal(below.connect_to_host("127.0.0.1", listener.get_local_port()), OK, "connect_to_host")
		loopback.require(func() -> bool: return listener.is_connection_available(), "connection")
		var stream := RustStreamPeerTLS.new()
		_set_properties(stream, {"tls_client_ca": authorities, "tls_client_certificate_required": true})
		equal(stream.accept_stream(listener.take_connection(), _server_options()), ERR_INVALID_PARAMETER, "authorities '%s'" % authorities)
		check(stream.get_error_message().contains("client authorities"), stream.get_error_message())
		equal(stream.get_status(), DISCONNECTED)


func test_server_options_as_text() -> void:
	if engine_differs():
		return
	var texts := {"tls_certificate": _pem(_identity()[1]), "tls_private_key": _identity()[0].save_to_string()}
	var pair := _pair(OURS, OURS, TLSOptions.client(_identity()[1]), null, {"stream": texts})
	equal(pair[0].get_ready_state(), OPEN)
	var stream := RustStreamPeerTLS.new()
	_set_properties(stream, texts)
	for property: String in texts:
		equal(stream.get(property), texts[property])


func test_stream_without_a_peer() -> void:
	if engine_differs():
		return
	for ours_client: bool in [OURS, ENGINE]:
		var listener := RustTCPServer.new()
		listener.listen(0, "127.0.0.1")
		var below: Object = RustStreamPeerTCP.new() if ours_client else StreamPeerTCP.new()
		below.connect_to_host("127.0.0.1", listener.get_local_port())
		loopback.require(func() -> bool:
			below.poll()
			return listener.is_connection_available() and below.get_status() == StreamPeerTCP.STATUS_CONNECTED, "connection")
		var server := RustStreamPeerTLS.new()
		equal(server.accept_stream(listener.take_connection(), _server_options()), OK)
		equal(server.get_status(), HANDSHAKING)
		var client: Object = RustStreamPeerTLS.new() if ours_client else StreamPeerTLS.new()
		equal(client.connect_to_stream(below, "localhost", TLSOptions.client(_identity()[1])), OK)
		equal(client.get_stream(), below)
		loopback.require(func() -> bool:
			client.poll()
			server.poll()
			return client.get_status() == CONNECTED and server.get_status() == CONNECTED, "TLS handshake")
		client.put_string("over TLS")
		client.put_u32(7)
		equal([server.get_string(), server.get_u32()], ["over TLS", 7])
		server.put_data(Payload.bytes(100000))
		equal(client.get_data(100000), [OK, Payload.bytes(100000)])
		equal(server.get_data(-1), [ERR_INVALID_PARAMETER, PackedByteArray()])
		equal(server.get_available_bytes(), 0)
		client.disconnect_from_stream()
		check(loopback.until(func() -> bool:
			server.poll()
			return server.get_status() == DISCONNECTED), "the end of the TLS session is read")
		equal([server.get_stream(), client.get_stream(), client.get_status()], [null, null, DISCONNECTED])
		equal(server.put_data([1]), ERR_UNCONFIGURED)
		equal(server.get_partial_data(1), [ERR_UNCONFIGURED, PackedByteArray()])
		below.poll()
		equal(below.get_status(), StreamPeerTCP.STATUS_CONNECTED, "the stream below stays open")


func test_host_name_mismatch() -> void:
	if engine_differs():
		return
	for case: Array in [["other", _identity()[1], MISMATCH], ["localhost", _identity("x")[1], ERROR]]:
		var listener := RustTCPServer.new()
		listener.listen(0, "127.0.0.1")
		var below := RustStreamPeerTCP.new()
		below.connect_to_host("127.0.0.1", listener.get_local_port())
		loopback.require(func() -> bool:
			below.poll()
			return listener.is_connection_available() and below.get_status() == StreamPeerTCP.STATUS_CONNECTED, "connection")
		var server := RustStreamPeerTLS.new()
		server.accept_stream(listener.take_connection(), _server_options())
		var client := RustStreamPeerTLS.new()
		client.connect_to_stream(below, case[0], TLSOptions.client(case[1]))
		loopback.require(func() -> bool:
			client.poll()
			server.poll()
			return client.get_status() != HANDSHAKING and server.get_status() != HANDSHAKING, "end of the handshake")
		equal([client.get_status(), server.get_status(), client.get_stream()], [case[2], ERROR, null])
		check(client.get_error_message() != "" and server.get_error_message() != "", "error messages of both")
