extends Node
## Shows that the addon works in the engine that runs this: prints the extension's classes and the echoes of two connections,
## plain and secure, whose two ends are polled here and in a thread.

const TEXT := "Grüße"

var _threads: Array[Thread] = []


func _ready() -> void:
	var classes := Array(ClassDB.get_class_list()).filter(func(name: String) -> bool: return name.begins_with("Rust"))
	classes.sort()
	print("classes: ", " ".join(classes))
	var crypto := Crypto.new()
	var key := crypto.generate_rsa(2048)
	var certificate := crypto.generate_self_signed_certificate(key, "CN=localhost,O=Everywhere,C=DE")
	_echo("plain", "ws", null, null)
	_echo("secure", "wss", TLSOptions.server(key, certificate), TLSOptions.client(certificate))
	for thread in _threads:
		thread.wait_to_finish()
	get_tree().quit()


## Connects a client, which is polled here, to a server, which is polled in a thread; prints what the client gets back.
func _echo(what: String, scheme: String, server_options: TLSOptions, client_options: TLSOptions) -> void:
	var listener := RustTCPServer.new()
	var error := listener.listen(0, "127.0.0.1")
	if error != OK:
		print("%s: listen() returned %d" % [what, error])
		return
	var url := "%s://localhost:%d" % [scheme, listener.get_local_port()]
	var thread := Thread.new()
	thread.start(_serve.bind(listener, server_options))
	_threads.append(thread)
	var client := RustWebSocketPeer.new()
	client.compression_enabled = true
	client.connect_to_url(url, client_options)
	var has_sent := false
	while client.get_ready_state() != RustWebSocketPeer.STATE_CLOSED:
		client.poll()
		if client.get_ready_state() == RustWebSocketPeer.STATE_OPEN and not has_sent:
			has_sent = client.send_text(TEXT) == OK
		while client.get_available_packet_count() > 0:
			print("%s: %s" % [what, client.get_packet().get_string_from_utf8()])
			client.close(1000, "done")
		OS.delay_msec(1)
	print("%s closed: %d %s" % [what, client.get_close_code(), client.get_error_message()])


## Serves one connection until it is closed.
func _serve(listener: RustTCPServer, options: TLSOptions) -> void:
	while not listener.is_connection_available():
		OS.delay_msec(1)
	var peer := RustWebSocketPeer.new()
	var stream: RustStreamPeerTCP = listener.take_connection()
	if options != null:
		var secure := RustStreamPeerTLS.new()
		secure.accept_stream(stream, options)
		peer.accept_stream(secure)
	else:
		peer.accept_stream(stream)
	while peer.get_ready_state() != RustWebSocketPeer.STATE_CLOSED:
		peer.poll()
		while peer.get_available_packet_count() > 0:
			peer.send_text(peer.get_packet().get_string_from_utf8())
		OS.delay_msec(1)
