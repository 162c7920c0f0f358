extends "../support/scenarios.gd"
## Which call does what in which state.


func _note_calls(t: Recorder, peer: Object) -> void:
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


func _note_values(t: Recorder, peer: Object, key := "values") -> void:
	t.note(key, [
		peer.get_close_code(), peer.get_close_reason(), peer.get_selected_protocol(),
		t.plain(peer.get_requested_url()), peer.was_string_packet(),
	])


func _closed_cleanly(t: Recorder) -> Link:
	var link := t.client_link({"supported_protocols": ["game"]}, ["Sec-WebSocket-Protocol: game"])
	link.say(Wire.TEXT, "last")
	t.until_packets(link.peer, 1)
	link.packets()
	link.say(Wire.CLOSE, Wire.close_payload(4001, "bye"))
	t.until(link.over)
	return link


func play_new_peer(t: Recorder) -> void:
	var peer := t.peer()
	_note_calls(t, peer)
	t.note("remote", [peer.get_connected_host(), peer.get_connected_port()])


func play_connecting_peer(t: Recorder) -> void:
	var link := t.asking_client()
	_note_calls(t, link.peer)
	t.note("host", link.peer.get_connected_host())
	t.note("port is right", link.peer.get_connected_port() > 0)


func play_closing_peer(t: Recorder) -> void:
	var link := t.client_link()
	link.peer.close()
	_note_calls(t, link.peer)
	t.note("host", link.peer.get_connected_host())
	t.turns(3)
	t.note("frames", link.raw.described())


func play_closed_peer(t: Recorder) -> void:
	var link := _closed_cleanly(t)
	_note_calls(t, link.peer)
	t.note("states", t.states(link.peer))
	t.note("remote", [link.peer.get_connected_host(), link.peer.get_connected_port()])


func play_open_client_getters(t: Recorder) -> void:
	var link := t.client_link()
	t.note("host", link.peer.get_connected_host())
	t.note("states", t.states(link.peer))
	_note_values(t, link.peer)


func play_open_server_getters(t: Recorder) -> void:
	var link := t.server_link()
	t.note("host", link.peer.get_connected_host())
	t.note("port is right", link.peer.get_connected_port() == link.raw.local_port())
	t.note("states", t.states(link.peer))
	_note_values(t, link.peer)


func play_busy_while_connecting(t: Recorder) -> void:
	var link := t.asking_client()
	t.note("connect", link.peer.connect_to_url("ws://127.0.0.1:9"))
	t.note("accept", link.peer.accept_stream(StreamPeerTCP.new()))
	t.answer(link)
	t.until_state(link.peer, OPEN)
	t.note_exchange(link)


func play_busy_while_open(t: Recorder) -> void:
	var link := t.client_link()
	t.note("connect", link.peer.connect_to_url("ws://127.0.0.1:9"))
	t.note("accept", link.peer.accept_stream(StreamPeerTCP.new()))
	t.note_exchange(link)


func play_close_when_new(t: Recorder) -> void:
	var peer := t.peer()
	for code: int in [1000, 0, -1]:
		peer.close(code, "why")
	t.note("state", peer.get_ready_state())
	_note_values(t, peer)
	t.note_exchange(t.reconnect(peer))


func play_close_when_closed(t: Recorder) -> void:
	var link := _closed_cleanly(t)
	for code: int in [1000, 0, -1]:
		link.peer.close(code, "why")
	t.note("state", link.state())
	_note_values(t, link.peer)


func play_close_while_connecting(t: Recorder) -> void:
	for code: int in [1000, -1]:
		var link := t.asking_client()
		link.peer.close(code, "why")
		t.note("state at once %d" % code, link.state())
		t.note("raw saw the end %d" % code, t.until(link.over))
		t.note("bytes behind the request %d" % code, link.raw.received.size() - link.raw.head().length())
		t.note("code %d" % code, link.peer.get_close_code())


func play_negative_close_while_open(t: Recorder) -> void:
	var link := t.client_link()
	link.peer.close(-1, "why")
	t.note("state at once", link.state())
	t.note_close(link)


func play_negative_close_while_closing(t: Recorder) -> void:
	var link := t.client_link()
	link.peer.close(1000, "first")
	link.peer.close(-1, "second")
	t.note("state at once", link.state())
	t.note_close(link)


func play_second_close_does_nothing(t: Recorder) -> void:
	var link := t.client_link()
	link.peer.close(1000, "first")
	link.peer.close(1001, "second")
	t.until(func() -> bool: return link.raw.close_code() >= 0)
	link.say(Wire.CLOSE, Wire.close_payload(1000, "first"))
	t.note_close(link)
	t.note("frames", link.raw.described())


func play_next_connect_resets_values(t: Recorder) -> void:
	var link := _closed_cleanly(t)
	_note_values(t, link.peer, "after close")
	link.peer.supported_protocols = []
	t.ask(link.peer, "/second")
	_note_values(t, link.peer, "after connect")


func play_next_accept_resets_values(t: Recorder) -> void:
	var link := _closed_cleanly(t)
	t.accept(link.peer)
	_note_values(t, link.peer, "after accept")


func play_refused_urls_when_closed(t: Recorder) -> void:
	var link := _closed_cleanly(t)
	t.note("empty", link.peer.connect_to_url(""))
	_note_values(t, link.peer, "after empty")
	t.note("server options", link.peer.connect_to_url("ws://127.0.0.1:9", TLSOptions.server(CryptoKey.new(), X509Certificate.new())))
	_note_values(t, link.peer, "after server options")
	t.note("invalid", link.peer.connect_to_url("ws://"))
	_note_values(t, link.peer, "after invalid")


func play_invalid_url_while_closing(t: Recorder) -> void:
	var link := t.client_link()
	link.peer.close(1000, "first")
	t.turns(2)
	t.note("invalid", link.peer.connect_to_url("http://localhost"))
	t.note("state at once", link.state())
	link.say(Wire.CLOSE, Wire.close_payload(1000, "first"))
	t.note_close(link)


func play_connect_while_closing(t: Recorder) -> void:
	var link := t.client_link()
	link.peer.close()
	var second := t.reconnect(link.peer)
	t.note("old connection ended", t.until(func() -> bool: return link.raw.ended))
	t.note_exchange(second)


func play_accept_while_closing(t: Recorder) -> void:
	var link := t.server_link()
	link.peer.close()
	var second := t.serve(link.peer)
	t.note("old connection ended", t.until(func() -> bool: return link.raw.ended))
	t.note_exchange(second)


func play_one_object_in_both_roles(t: Recorder) -> void:
	var peer := t.peer()
	for role: String in ["client", "server", "client again"]:
		var link := t.serve(peer) if role == "server" else t.reconnect(peer)
		t.note_exchange(link, role)
		link.say(Wire.CLOSE, Wire.close_payload(1000))
		t.until(link.over)
	t.note("states", t.states(peer))


## What follows the answer directly is delivered by the poll that reads the answer.
func play_client_opens_with_one_poll_after_the_answer(t: Recorder) -> void:
	var link := t.asking_client()
	t.pause(link.peer)
	t.answer(link)
	link.say(Wire.TEXT, "at once")
	t.turns(3)
	link.peer.poll()
	t.note("state", link.state())
	t.note("packets", link.packets())


func play_server_opens_with_one_poll_after_the_request(t: Recorder) -> void:
	var link := t.accepting_peer()
	t.pause(link.peer)
	link.raw.send(Wire.request())
	link.say(Wire.TEXT, "at once")
	t.turns(3)
	t.note("before", link.state())
	link.peer.poll()
	t.note("state", link.state())
	t.note("packets", link.packets())
