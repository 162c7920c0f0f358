extends Node
## An echo over wss:// in one scene, with a self-signed certificate that the server generates and the client trusts. A real server
## loads its key and certificate from files; a real client uses the trust store of the operating system and needs no options.

const TEXT := "For your eyes only"

var _tcp_server := RustTCPServer.new()
var _server := RustWebSocketPeer.new()
var _client := RustWebSocketPeer.new()
var _server_options: TLSOptions
var _has_sent := false


func _ready() -> void:
	var crypto := Crypto.new()
	var key := crypto.generate_rsa(2048)
	var certificate := crypto.generate_self_signed_certificate(key, "CN=localhost,O=Secure echo,C=DE")
	_server_options = TLSOptions.server(key, certificate)
	_tcp_server.listen(0, "127.0.0.1")

	# Without these options the client refuses the certificate, because no authority has signed it.
	var url := "wss://localhost:%d" % _tcp_server.get_local_port()
	_client.connect_to_url(url, TLSOptions.client(certificate))
	_show("Connecting to wss://localhost ...")


func _process(_delta: float) -> void:
	_poll_server()
	_client.poll()
	if _client.get_ready_state() == RustWebSocketPeer.STATE_OPEN and not _has_sent:
		_has_sent = true
		var info := _client.get_tls_info()
		_show("Connected by %s to %s." % [info.version, info.peer_subject])
		_client.send_text(TEXT)
		_show("> " + TEXT)
	while _client.get_available_packet_count() > 0:
		_show("< " + _client.get_packet().get_string_from_utf8())
		_client.close(1000, "done")
	if _client.get_ready_state() == RustWebSocketPeer.STATE_CLOSED:
		_show("Closed with code %d. %s" % [_client.get_close_code(), _client.get_error_message()])
		set_process(false)
		if DisplayServer.get_name() == "headless":
			get_tree().quit(0 if _client.get_close_code() == 1000 else 1)


func _poll_server() -> void:
	if _tcp_server.is_connection_available():
		var stream := RustStreamPeerTLS.new()
		stream.accept_stream(_tcp_server.take_connection(), _server_options)
		_server.accept_stream(stream)
	_server.poll()
	while _server.get_available_packet_count() > 0:
		_server.send_text(_server.get_packet().get_string_from_utf8())


func _show(line: String) -> void:
	print(line.strip_edges())
	$Log.text += line + "\n"
