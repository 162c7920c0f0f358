extends "../support/scenario_file.gd"
## TLS streams without a session, and data that is not TLS.

var _options: TLSOptions


func _server_options() -> TLSOptions:
	if not _options:
		var crypto := Crypto.new()
		var key := crypto.generate_rsa(2048)
		_options = TLSOptions.server(key, crypto.generate_self_signed_certificate(key, "CN=localhost,O=Example,C=DE"))
	return _options


static func _tls(t: TraceRecorder) -> Object:
	return ClassDB.instantiate(t.implementation.name_of("StreamPeerTLS"))


func play_peer_on_a_stream_without_a_session(t: TraceRecorder) -> void:
	var peer := t.peer()
	t.note("error", peer.accept_stream(_tls(t)))
	t.note("state", peer.get_ready_state())


func play_stream_without_a_session(t: TraceRecorder) -> void:
	var stream := _tls(t)
	t.note("status", stream.get_status())
	t.note("available", stream.get_available_bytes())
	t.note("stream", stream.get_stream())
	t.note("put", [stream.put_data(PackedByteArray([1])), stream.put_partial_data(PackedByteArray([1]))])
	t.note("get", stream.get_partial_data(1)[0])
	stream.poll()
	stream.disconnect_from_stream()
	t.note("status after disconnect", stream.get_status())


## Returns a TLS stream that accepts a connection on which the client sends text, before or after accept_stream().
func _accept_plain(t: TraceRecorder, is_early: bool) -> void:
	var server := t.server()
	var socket := t.connect_raw_socket(server)
	var stream := t.take_connection(server)
	var text := "GET / HTTP/1.1\r\nHost: game.example\r\n\r\n"
	if is_early:
		socket.send(text)
		t.until(func() -> bool: return stream.get_available_bytes() == text.length())
	var tls := _tls(t)
	t.note("accept_stream", tls.accept_stream(stream, _server_options()))
	if is_early:
		t.note("status at once", tls.get_status())
	else:
		socket.send(text)
	t.until(func() -> bool:
		if tls.get_status() in [StreamPeerTLS.STATUS_HANDSHAKING, StreamPeerTLS.STATUS_CONNECTED]:
			tls.poll()
		return tls.get_status() in [StreamPeerTLS.STATUS_DISCONNECTED, StreamPeerTLS.STATUS_ERROR])
	t.note("status", tls.get_status())
	t.note("stream", tls.get_stream())
	t.note("available", tls.get_available_bytes())


func play_plain_text_before_accepting(t: TraceRecorder) -> void:
	_accept_plain(t, true)


func play_plain_text_after_accepting(t: TraceRecorder) -> void:
	_accept_plain(t, false)
