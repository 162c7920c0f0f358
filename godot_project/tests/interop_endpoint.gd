extends SceneTree
## A WebSocket client or server for interoperability tests with programs outside of the engine:
##   godot --headless --path godot_project -s res://tests/interop_endpoint.gd -- server|client [NAME=VALUE]...
##
##   peer         implementation of WebSocketPeer and TCPServer: ours (default), engine
##   tls          implementation of a server's StreamPeerTLS: none (default), ours, engine; for a client, the URL decides
##   certificate, key, ca   files: the own certificate and key, and the certificate authority of the remote peer
##   text         yes: set them as PEM text (ours only) instead of TLSOptions
##   name         the name that the server's certificate must have
##   protocol     a sub-protocol
##   origin       the only Origin that a server accepts
##   url          the URL of a client
##   end          which peer starts the close handshake: here (default) for the client, there for the server
##   bytes        length of a client's binary message (default 1000)
##
## Has the options and the output of tests/interop/secure/end.c. A server ends after a connection to /quit.

const Wait := preload("support/wait.gd")
const LONGEST_MESSAGE := 80 << 20
const TEXT := "Grüße über TLS"

var _options := {"peer": "ours", "tls": "none", "end": "here", "bytes": "1000"}
var _is_server := false
var _server: Object
var _peers: Array[Object] = []
## Peers that were open.
var _open: Dictionary[Object, bool] = {}
## For each echo that a client has received, whether it equals the message.
var _echoes: Array = []
var _data := PackedByteArray()
var _wait := Wait.new(_observation, 2.0 * Wait.PATIENCE)


func _initialize() -> void:
	var arguments := OS.get_cmdline_user_args()
	_is_server = arguments[0] == "server"
	for argument in arguments.slice(1):
		var parts := argument.split("=", true, 1)
		_options[parts[0]] = parts[1]
	if _is_server:
		_server = ClassDB.instantiate(_name("TCPServer"))
		if _server.listen(0, "127.0.0.1") != OK:
			quit(1)
		print("LISTENING %d" % _server.get_local_port())
	else:
		_data.resize(int(_options["bytes"]))
		for i in mini(_data.size(), 1 << 16):
			_data[i] = (i * 2654435761) >> 11 & 255
		var peer := _new_peer()
		var error: int = peer.connect_to_url(_options["url"], _client_options(peer))
		if error != OK:
			printerr("cannot connect: %d" % error)
			quit(1)
		_peers.append(peer)


func _name(engine_class: String) -> String:
	return engine_class if _options["peer"] == "engine" else "Rust" + engine_class


func _read(option: String) -> String:
	return FileAccess.get_file_as_string(_options[option])


## Loads a .crt as a resource, as projects do, and other files by X509Certificate.load().
func _certificate(option: String) -> X509Certificate:
	if _options[option].ends_with(".crt"):
		return load(_options[option])
	var certificate := X509Certificate.new()
	if certificate.load(_options[option]) != OK:
		printerr("cannot load ", _options[option])
	return certificate


func _new_peer() -> Object:
	var peer: Object = ClassDB.instantiate(_name("WebSocketPeer"))
	peer.inbound_buffer_size = LONGEST_MESSAGE
	peer.outbound_buffer_size = LONGEST_MESSAGE
	if "protocol" in _options:
		peer.supported_protocols = PackedStringArray([_options["protocol"]])
	if "origin" in _options and _is_server:
		peer.allowed_origins = PackedStringArray([_options["origin"]])
	return peer


func _client_options(peer: Object) -> TLSOptions:
	if "text" in _options:
		peer.tls_trusted_certificates = _read("ca")
		if "certificate" in _options:
			peer.tls_certificate = _read("certificate")
			peer.tls_private_key = _read("key")
		return TLSOptions.client(null, _options.get("name", ""))
	if "ca" in _options:
		return TLSOptions.client(_certificate("ca"), _options.get("name", ""))
	return TLSOptions.client()


func _observation() -> Array:
	return _peers.map(func(peer: Object) -> Array:
		return [peer.get_ready_state(), peer.get_available_packet_count(), peer.get_current_outbound_buffered_amount(), _echoes.size()])


func _process(_delta: float) -> bool:
	if _wait.is_stalled():
		printerr("no progress")
		quit(1)
		return true
	if _is_server:
		_take_connections()
	for peer in _peers.duplicate():
		_drive(peer)
	return false


func _take_connections() -> void:
	while _server.is_connection_available():
		var stream: Object = _server.take_connection()
		match _options["tls"]:
			"none":
				_accept(stream)
			"ours":
				var session := RustStreamPeerTLS.new()
				var options: TLSOptions = null
				if "text" in _options:
					session.tls_certificate = _read("certificate")
					session.tls_private_key = _read("key")
				else:
					options = _server_options()
				if "ca" in _options:
					session.tls_client_ca = _read("ca")
					session.tls_client_certificate_required = true
				if session.accept_stream(stream, options) != OK:
					printerr(session.get_error_message())
				# The peer's poll() continues the TLS handshake.
				_accept(session)
			"engine":
				var session := StreamPeerTLS.new()
				# The engine continues the handshake in accept_stream() and reports its failure there.
				if session.accept_stream(stream, _server_options()) == OK:
					_accept(session)


func _server_options() -> TLSOptions:
	var key := CryptoKey.new()
	if key.load(_options["key"]) != OK:
		printerr("cannot load ", _options["key"])
	return TLSOptions.server(key, _certificate("certificate"))


func _accept(stream: Object) -> void:
	var peer := _new_peer()
	if peer.accept_stream(stream) != OK:
		printerr("accept_stream failed")
	_peers.append(peer)


func _drive(peer: Object) -> void:
	peer.poll()
	var state: int = peer.get_ready_state()
	if state == WebSocketPeer.STATE_OPEN and peer not in _open:
		_open[peer] = true
		_print_open(peer)
		if not _is_server:
			peer.send_text(TEXT)
			peer.send(_data)
	while peer.get_available_packet_count() > 0:
		var packet: PackedByteArray = peer.get_packet()
		var is_text: bool = peer.was_string_packet()
		if not _is_server:
			_echoes.append(packet == (TEXT.to_utf8_buffer() if is_text else _data))
			if _echoes.size() == 2 and _options["end"] == "there":
				peer.send_text("close")
			elif _echoes.size() == 2:
				peer.close(1000, "finished")
		elif is_text and packet.get_string_from_utf8() == "close":
			peer.close(4001, "as you wish")
		else:
			peer.send(packet, WebSocketPeer.WRITE_MODE_TEXT if is_text else WebSocketPeer.WRITE_MODE_BINARY)
	if state == WebSocketPeer.STATE_CLOSED:
		_end(peer)


func _print_open(peer: Object) -> void:
	var event := {
		"event": "open",
		"protocol": peer.get_selected_protocol(),
		"host": peer.get_connected_host(),
		"url": peer.get_requested_url(),
	}
	if _options["peer"] == "ours":
		event.merge(peer.get_tls_info())
		event["request"] = peer.get_request()
	print(JSON.stringify(event))


func _end(peer: Object) -> void:
	var event := {
		"event": "end",
		"was_open": peer in _open,
		"is_closed": true,
		"close_code": peer.get_close_code(),
		"close_reason": peer.get_close_reason(),
		"stage": "none",
		"text_returned": _echoes.size() == 2 and _echoes[0],
		"binary_returned": _echoes.size() == 2 and _echoes[1],
	}
	if _options["peer"] == "ours":
		event.merge(peer.get_failure(), true)
	print(JSON.stringify(event))
	_peers.erase(peer)
	_open.erase(peer)
	if not _is_server or peer.get_requested_url().ends_with("/quit"):
		quit()
