extends "../support/scenario_file.gd"
## The results of calls in each state.


func _note_calls(t: TraceRecorder, peer: Object) -> void:
	t.note("state", peer.get_ready_state())
	t.note("send", peer.send(PackedByteArray([1])))
	t.note("send empty", peer.send(PackedByteArray()))
	t.note("send_text", peer.send_text("x"))
	t.note("put_packet", peer.put_packet(PackedByteArray([1])))
	t.note("put_packet empty", peer.put_packet(PackedByteArray()))
	t.note("put_var", peer.put_var(1))
	t.note("get_packet", peer.get_packet())
	t.note("get_packet_error", peer.get_packet_error())
	t.note("packets", peer.get_available_packet_count())
	t.note("buffered", peer.get_current_outbound_buffered_amount())
	peer.set_no_delay(true)
	_note_values(t, peer)


func _note_values(t: TraceRecorder, peer: Object, key := "values") -> void:
	t.note(key, [
		peer.get_close_code(), peer.get_close_reason(), peer.get_selected_protocol(),
		t.without_ports(peer.get_requested_url()), peer.was_string_packet(),
	])


func _closed_cleanly(t: TraceRecorder) -> RawConnection:
	var connection := t.open_client({"supported_protocols": ["game"]}, ["Sec-WebSocket-Protocol: game"])
	connection.send_frame(Rfc6455.TEXT, "last")
	t.until_packets(connection.peer, 1)
	connection.packets()
	connection.send_frame(Rfc6455.CLOSE, Rfc6455.close_payload(4001, "bye"))
	t.until(connection.is_over)
	return connection


func play_new_peer(t: TraceRecorder) -> void:
	var peer := t.peer()
	_note_calls(t, peer)
	t.note("remote", [peer.get_connected_host(), peer.get_connected_port()])


func play_connecting_peer(t: TraceRecorder) -> void:
	var connection := t.requesting_client()
	_note_calls(t, connection.peer)
	t.note("host", connection.peer.get_connected_host())
	t.note("port is right", connection.peer.get_connected_port() > 0)


func play_closing_peer(t: TraceRecorder) -> void:
	var connection := t.open_client()
	connection.peer.close()
	_note_calls(t, connection.peer)
	t.note("host", connection.peer.get_connected_host())
	t.turns(3)
	t.note("frames", connection.remote.described_frames())


func play_closed_peer(t: TraceRecorder) -> void:
	var connection := _closed_cleanly(t)
	_note_calls(t, connection.peer)
	t.note("states", t.states(connection.peer))
	t.note("remote", [connection.peer.get_connected_host(), connection.peer.get_connected_port()])


func play_open_client_getters(t: TraceRecorder) -> void:
	var connection := t.open_client()
	t.note("host", connection.peer.get_connected_host())
	t.note("states", t.states(connection.peer))
	_note_values(t, connection.peer)


func play_open_server_getters(t: TraceRecorder) -> void:
	var connection := t.open_server()
	t.note("host", connection.peer.get_connected_host())
	t.note("port is right", connection.peer.get_connected_port() == connection.remote.local_port())
	t.note("states", t.states(connection.peer))
	_note_values(t, connection.peer)


func play_second_connection_while_connecting(t: TraceRecorder) -> void:
	var connection := t.requesting_client()
	t.note("connect", connection.peer.connect_to_url("ws://127.0.0.1:9"))
	t.note("accept", connection.peer.accept_stream(StreamPeerTCP.new()))
	t.send_response(connection)
	t.until_state(connection.peer, OPEN)
	t.note_exchange(connection)


func play_second_connection_while_open(t: TraceRecorder) -> void:
	var connection := t.open_client()
	t.note("connect", connection.peer.connect_to_url("ws://127.0.0.1:9"))
	t.note("accept", connection.peer.accept_stream(StreamPeerTCP.new()))
	t.note_exchange(connection)


func play_close_when_new(t: TraceRecorder) -> void:
	var peer := t.peer()
	for code: int in [1000, 0, -1]:
		peer.close(code, "why")
	t.note("state", peer.get_ready_state())
	_note_values(t, peer)
	t.note_exchange(t.open_as_client(peer))


func play_close_when_closed(t: TraceRecorder) -> void:
	var connection := _closed_cleanly(t)
	for code: int in [1000, 0, -1]:
		connection.peer.close(code, "why")
	t.note("state", connection.state())
	_note_values(t, connection.peer)


func play_close_while_connecting(t: TraceRecorder) -> void:
	for code: int in [1000, -1]:
		var connection := t.requesting_client()
		connection.peer.close(code, "why")
		t.note("state at once %d" % code, connection.state())
		t.note("the remote peer reads the end %d" % code, t.until(connection.is_over))
		t.note("bytes after the request %d" % code, connection.remote.received.size() - connection.remote.head().length())
		t.note("code %d" % code, connection.peer.get_close_code())


func play_negative_close_while_open(t: TraceRecorder) -> void:
	var connection := t.open_client()
	connection.peer.close(-1, "why")
	t.note("state at once", connection.state())
	t.note_close(connection)


func play_negative_close_while_closing(t: TraceRecorder) -> void:
	var connection := t.open_client()
	connection.peer.close(1000, "first")
	connection.peer.close(-1, "second")
	t.note("state at once", connection.state())
	t.note_close(connection)


func play_second_close_does_nothing(t: TraceRecorder) -> void:
	var connection := t.open_client()
	connection.peer.close(1000, "first")
	connection.peer.close(1001, "second")
	t.until(func() -> bool: return connection.remote.close_code() >= 0)
	connection.send_frame(Rfc6455.CLOSE, Rfc6455.close_payload(1000, "first"))
	t.note_close(connection)
	t.note("frames", connection.remote.described_frames())


func play_next_connect_resets_values(t: TraceRecorder) -> void:
	var connection := _closed_cleanly(t)
	_note_values(t, connection.peer, "after close")
	connection.peer.supported_protocols = []
	t.send_request(connection.peer, "/second")
	_note_values(t, connection.peer, "after connect")


func play_next_accept_resets_values(t: TraceRecorder) -> void:
	var connection := _closed_cleanly(t)
	t.accept(connection.peer)
	_note_values(t, connection.peer, "after accept")


func play_refused_urls_when_closed(t: TraceRecorder) -> void:
	var connection := _closed_cleanly(t)
	t.note("empty", connection.peer.connect_to_url(""))
	_note_values(t, connection.peer, "after empty")
	t.note("server options", connection.peer.connect_to_url("ws://127.0.0.1:9", TLSOptions.server(CryptoKey.new(), X509Certificate.new())))
	_note_values(t, connection.peer, "after server options")
	t.note("invalid", connection.peer.connect_to_url("ws://"))
	_note_values(t, connection.peer, "after invalid")


func play_invalid_url_while_closing(t: TraceRecorder) -> void:
	var connection := t.open_client()
	connection.peer.close(1000, "first")
	t.turns(2)
	t.note("invalid", connection.peer.connect_to_url("http://localhost"))
	t.note("state at once", connection.state())
	connection.send_frame(Rfc6455.CLOSE, Rfc6455.close_payload(1000, "first"))
	t.note_close(connection)


func play_connect_while_closing(t: TraceRecorder) -> void:
	_replace_while_closing(t, t.open_client(), t.open_as_client)


func play_accept_while_closing(t: TraceRecorder) -> void:
	_replace_while_closing(t, t.open_server(), t.open_as_server)


func _replace_while_closing(t: TraceRecorder, connection: RawConnection, open: Callable) -> void:
	connection.peer.close()
	var second: RawConnection = open.call(connection.peer)
	t.note("old connection ended", t.until(func() -> bool: return connection.remote.ended))
	t.note_exchange(second)


func play_one_object_in_both_roles(t: TraceRecorder) -> void:
	var peer := t.peer()
	for role: String in ["client", "server", "client again"]:
		var connection := t.open_as_server(peer) if role == "server" else t.open_as_client(peer)
		t.note_exchange(connection, role)
		connection.send_frame(Rfc6455.CLOSE, Rfc6455.close_payload(1000))
		t.until(connection.is_over)
	t.note("states", t.states(peer))


## A message directly after the response is delivered by the poll() that reads the response.
func play_client_opens_with_one_poll_after_the_response(t: TraceRecorder) -> void:
	var connection := t.requesting_client()
	t.pause(connection.peer)
	t.send_response(connection)
	connection.send_frame(Rfc6455.TEXT, "immediately")
	t.turns(3)
	connection.peer.poll()
	t.note("state", connection.state())
	t.note("packets", connection.packets())


func play_server_opens_with_one_poll_after_the_request(t: TraceRecorder) -> void:
	var connection := t.accepting_peer()
	t.pause(connection.peer)
	connection.remote.send(Rfc6455.request())
	connection.send_frame(Rfc6455.TEXT, "immediately")
	t.turns(3)
	t.note("before", connection.state())
	connection.peer.poll()
	t.note("state", connection.state())
	t.note("packets", connection.packets())
