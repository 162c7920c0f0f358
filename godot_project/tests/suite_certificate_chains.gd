extends "support/suite.gd"
## Lists of certificates in the engine's X509Certificate, whose save() and save_to_string() repeat the first one.

## Two authorities whose keyUsage allows only to sign certificates.
const AUTHORITIES := """-----BEGIN CERTIFICATE-----
MIIBkTCCATegAwIBAgIUQvC7fHQC3V1I9GJ5pGSfcY5ZV/swCgYIKoZIzj0EAwIw
FTETMBEGA1UEAwwKYXV0aG9yaXR5MTAgFw0yNjExMjYwMTUyMzRaGA8yMTI2MTEw
MjAxNTIzNFowFTETMBEGA1UEAwwKYXV0aG9yaXR5MTBZMBMGByqGSM49AgEGCCqG
SM49AwEHA0IABKAHVyGjzgw9QvcocjW+fe3TYErDbb9fOqaJGvyK5NIMSTGS2oHg
zP+Ev+c74sCS5MnhHrlc1HJH5w43InReUNWjYzBhMB0GA1UdDgQWBBT7ptzGsE+6
9dfhArPILCoPdngTVjAfBgNVHSMEGDAWgBT7ptzGsE+69dfhArPILCoPdngTVjAP
BgNVHRMBAf8EBTADAQH/MA4GA1UdDwEB/wQEAwICBDAKBggqhkjOPQQDAgNIADBF
AiEA61dNKWHGTxtbpc7vcQDVdl+lyzjLeFFhs9mL1A+VjFICIGn2v6RTxAp+IPW1
X4vkupre1FIzD24yA2eEEqVVslt2
-----END CERTIFICATE-----
-----BEGIN CERTIFICATE-----
MIIBkTCCATegAwIBAgIUA9j3/LhkN63bPvyfEJTh/OGuC7kwCgYIKoZIzj0EAwIw
FTETMBEGA1UEAwwKYXV0aG9yaXR5MjAgFw0yNjExMjYwMTUyMzRaGA8yMTI2MTEw
MjAxNTIzNFowFTETMBEGA1UEAwwKYXV0aG9yaXR5MjBZMBMGByqGSM49AgEGCCqG
SM49AwEHA0IABFwURhKVz7JGz1oLXVmWWyrDOxWjgh+Q54ic3TLxo7JQIbiu+Bgu
LJ/yy0BWkBvuXC/CcGs8dSHF2cJ83e8eFZajYzBhMB0GA1UdDgQWBBS9g5BL/fo0
ECTaaThUq8owlNm24TAfBgNVHSMEGDAWgBS9g5BL/fo0ECTaaThUq8owlNm24TAP
BgNVHRMBAf8EBTADAQH/MA4GA1UdDwEB/wQEAwICBDAKBggqhkjOPQQDAgNIADBF
AiEAmBgFa3cToNAW+wnN2cv9foDvBv1C7Wr7b3GylOklfcoCIGpc+S58+OcKwiJp
4aiwABfIcaSbEiIWveNitti1WT5k
-----END CERTIFICATE-----
"""

var _identities: Dictionary[String, Array] = {}


## Returns [CryptoKey, X509Certificate], self-signed by the engine, with this common name.
func _identity(name: String) -> Array:
	if name not in _identities:
		var crypto := Crypto.new()
		var key := crypto.generate_rsa(2048)
		_identities[name] = [key, crypto.generate_self_signed_certificate(key, "CN=%s,O=Example,C=DE" % name)]
	return _identities[name]


## The engine prints an error because its PEM text ends with NUL.
func _pem(certificate: X509Certificate) -> String:
	expect_engine_errors(true)
	var text := certificate.save_to_string()
	expect_engine_errors(false)
	return text.replace("\ufffd", "")


func _chain() -> String:
	return _pem(_identity("localhost")[1]) + _pem(_identity("other")[1]) + _pem(_identity("third")[1])


## Returns the chain as X509Certificate.load() and load_from_string() read it, without a path of a resource.
func _loaded_chains() -> Array[X509Certificate]:
	var path := OS.get_temp_dir().path_join("wspeer_chain_%d.crt" % OS.get_process_id())
	var file := FileAccess.open(path, FileAccess.WRITE)
	file.store_string(_chain())
	file.close()
	var from_file := X509Certificate.new()
	equal(from_file.load(path), OK)
	DirAccess.remove_absolute(path)
	var from_text := X509Certificate.new()
	equal(from_text.load_from_string(_chain()), OK)
	return [from_file, from_text]


func test_a_server_sends_a_chain_of_the_objects_own_load() -> void:
	if engine_differs():
		return
	var key: CryptoKey = _identity("localhost")[0]
	for chain in _loaded_chains():
		equal(chain.resource_path, "")
		var stream := RustStreamPeerTLS.new()
		var listener := RustTCPServer.new()
		listener.listen(0, "127.0.0.1")
		var client := RustWebSocketPeer.new()
		equal(client.connect_to_url("wss://localhost:%d" % listener.get_local_port(), TLSOptions.client(_identity("localhost")[1])), OK)
		check(loopback.until(func() -> bool:
			client.poll()
			return listener.is_connection_available()), "a connection")
		equal([stream.accept_stream(listener.take_connection(), TLSOptions.server(key, chain)), stream.get_error_message()], [OK, ""])
		check(loopback.until(func() -> bool:
			client.poll()
			stream.poll()
			return stream.get_status() == StreamPeerTLS.STATUS_CONNECTED), "TLS")


func test_a_server_object_takes_such_a_chain() -> void:
	if engine_differs():
		return
	for chain in _loaded_chains():
		var server := RustWebSocketServer.new()
		server.private_key = _identity("localhost")[0]
		server.ssl_certificate = chain
		equal([server.listen(0), server.get_error_message()], [OK, ""])
		server.stop()
		var room := RustWebSocketMultiplayerPeer.new()
		equal(room.create_server(0, "*", TLSOptions.server(_identity("localhost")[0], chain)), OK)
		room.close()


func test_a_client_trusts_every_certificate_of_such_a_list() -> void:
	if engine_differs():
		return
	var listener := RustTCPServer.new()
	listener.listen(0, "127.0.0.1")
	for chain in _loaded_chains():
		# The last one of the list identifies the server.
		var client := RustWebSocketPeer.new()
		var url := "wss://localhost:%d" % listener.get_local_port()
		equal([client.connect_to_url(url, TLSOptions.client(chain, "third")), client.get_error_message()], [OK, ""])
		check(loopback.until(func() -> bool:
			client.poll()
			return listener.is_connection_available()), "a connection")
		var stream := RustStreamPeerTLS.new()
		equal(stream.accept_stream(listener.take_connection(), TLSOptions.server(_identity("third")[0], _identity("third")[1])), OK)
		check(loopback.until(func() -> bool:
			client.poll()
			stream.poll()
			return stream.get_status() != StreamPeerTLS.STATUS_HANDSHAKING), "the end of the handshake")
		equal([stream.get_status(), client.get_error_message()], [StreamPeerTLS.STATUS_CONNECTED, ""])


func test_a_list_of_authorities_is_refused_with_the_ways_that_work() -> void:
	if engine_differs():
		return
	var list := X509Certificate.new()
	equal(list.load_from_string(AUTHORITIES), OK)
	var peer := RustWebSocketPeer.new()
	equal(peer.connect_to_url("wss://localhost:1", TLSOptions.client(list)), ERR_INVALID_PARAMETER)
	var message := peer.get_error_message()
	check(message.contains("the first of the 2 certificates") and message.contains("tls_trusted_certificates") and message.contains("global load("), message)
	peer.tls_trusted_certificates = AUTHORITIES
	equal(peer.connect_to_url("wss://localhost:1", TLSOptions.client(list)), OK)
	peer.close(-1)
