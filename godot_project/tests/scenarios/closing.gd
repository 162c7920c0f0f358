extends "../support/scenario_file.gd"
## close() and the close handshake.

## Codes for close(code, reason); the remote peer echoes the close frame.
const CODES: PackedInt32Array = [0, 1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 3000, 3999, 4000, 4999]
const INVALID_CODES: PackedInt32Array = [1, 999, 1004, 1005, 1006, 1015, 1016, 2999, 5000, 65535, 70000]


func rows() -> Dictionary[String, Callable]:
	var scenarios: Dictionary[String, Callable] = {}
	for code in CODES:
		scenarios["close_%d" % code] = _close.bind(code, "why")
	for code: int in [1012, 1013, 1014]:
		scenarios["close_%d_reaches_the_remote_peer" % code] = _close_pair.bind(code)
	for code in INVALID_CODES:
		scenarios["close_%d_must_not_be_sent" % code] = _refused_close.bind(code, "why")
	for code: int in [0, 1000, 4321]:
		scenarios["both_peers_report_%d" % code] = _close_pair.bind(code)
	scenarios["reason_of_123_bytes"] = _close.bind(1000, "ü".repeat(61) + "!")
	scenarios["reason_of_124_bytes"] = _refused_close.bind(1000, "ü".repeat(62))
	return scenarios


func _close(t: TraceRecorder, code: int, reason: String) -> void:
	var connection := t.open_client()
	connection.peer.close(code, reason)
	t.note("state at once", connection.state())
	t.note("code at once", connection.peer.get_close_code())
	t.until(func() -> bool: return not connection.remote.frames().is_empty())
	t.note("frames", connection.remote.described_frames())
	connection.send_frame(Rfc6455.CLOSE, connection.remote.frames()[0].payload if connection.remote.frames() else "")
	t.note_close(connection)
	t.note("states", t.states(connection.peer))


func _refused_close(t: TraceRecorder, code: int, reason: String) -> void:
	var connection := t.open_client()
	connection.peer.close(code, reason)
	t.note("state at once", connection.state())
	t.turns(5)
	t.note("frames", connection.remote.described_frames())


func _close_pair(t: TraceRecorder, code: int) -> void:
	var pair := t.pair()
	pair[0].close(code, "why")
	t.until(func() -> bool: return pair[0].get_ready_state() == CLOSED and pair[1].get_ready_state() == CLOSED)
	for i in 2:
		t.note("code of peer %d" % i, pair[i].get_close_code())
		t.note("state of peer %d" % i, pair[i].get_ready_state())
	if code not in [1012, 1013, 1014]:
		t.note("reasons", [pair[0].get_close_reason(), pair[1].get_close_reason()])


func play_defaults(t: TraceRecorder) -> void:
	var connection := t.open_server()
	connection.peer.close()
	t.until(func() -> bool: return not connection.remote.frames().is_empty())
	connection.send_frame(Rfc6455.CLOSE, Rfc6455.close_payload(1000))
	t.note_close(connection)
	t.note("frames", connection.remote.described_frames())


func play_the_received_code_is_reported(t: TraceRecorder) -> void:
	var connection := t.open_client()
	connection.peer.close(1000, "mine")
	t.until(func() -> bool: return not connection.remote.frames().is_empty())
	connection.send_frame(Rfc6455.CLOSE, Rfc6455.close_payload(3001, "theirs"))
	t.note_close(connection)


func play_close_frame_while_closing(t: TraceRecorder) -> void:
	var connection := t.open_server()
	connection.send_frame(Rfc6455.CLOSE, Rfc6455.close_payload(3001, "theirs"))
	connection.peer.close(1000, "mine")
	t.note_close(connection)
	t.note("frames", connection.remote.described_frames())


func play_both_peers_close(t: TraceRecorder) -> void:
	var pair := t.pair()
	pair[0].close(3000, "of client")
	pair[1].close(3001, "of server")
	t.until(func() -> bool: return pair[0].get_ready_state() == CLOSED and pair[1].get_ready_state() == CLOSED)
	for peer in pair:
		t.note("peer %d" % pair.find(peer), [peer.get_ready_state(), peer.get_close_code(), peer.get_close_reason()])


func play_no_close_frame_in_response(t: TraceRecorder) -> void:
	var connection := t.open_client()
	connection.peer.close(1000, "mine")
	t.turns(5)
	t.note("while waiting", connection.state())
	connection.remote.close()
	t.note("closes", t.until_state(connection.peer, CLOSED))
	t.note("close", [connection.peer.get_close_code(), connection.peer.get_close_reason()])


func play_pings_while_closing(t: TraceRecorder) -> void:
	var connection := t.open_client()
	connection.peer.close(1000, "mine")
	t.turns(2)
	connection.send_frame(Rfc6455.PING, "late")
	connection.send_frame(Rfc6455.PONG)
	t.turns(2)
	t.note("still waiting", connection.state())
	connection.send_frame(Rfc6455.CLOSE, Rfc6455.close_payload(1000, "mine"))
	t.note_close(connection)


func play_last_reference_dropped_while_open(t: TraceRecorder) -> void:
	var connection := t.open_client()
	t.release(connection.peer)
	connection.peer = null
	t.note("the remote peer reads the end", t.until(func() -> bool: return connection.remote.ended))
	t.note("frames", connection.remote.described_frames())


func play_last_reference_dropped_of_a_pair(t: TraceRecorder) -> void:
	var pair := t.pair()
	t.release(pair[0])
	pair.remove_at(0)
	t.note("closes", t.until_state(pair[0], CLOSED))
	t.note("code", pair[0].get_close_code())


## Packets that arrived before close() are read after it.
func play_unread_packets_when_closing(t: TraceRecorder) -> void:
	var connection := t.open_client()
	connection.send_frame(Rfc6455.TEXT, "one")
	connection.send_frame(Rfc6455.TEXT, "two")
	t.until_packets(connection.peer, 2)
	connection.peer.close()
	t.note("count while closing", connection.peer.get_available_packet_count())
	t.note("first", connection.peer.get_packet().get_string_from_ascii())
	t.until(func() -> bool: return not connection.remote.frames().is_empty())
	connection.send_frame(Rfc6455.CLOSE, Rfc6455.close_payload(1000))
	t.until(connection.is_over)
	t.note("count when closed", connection.peer.get_available_packet_count())
	t.note("second", connection.peer.get_packet().get_string_from_ascii())
	t.open_as_client(connection.peer)
	t.note("count after reconnect", connection.peer.get_available_packet_count())


func play_nul_in_the_reason(t: TraceRecorder) -> void:
	var connection := t.open_client()
	connection.send_frame(Rfc6455.CLOSE, Rfc6455.close_payload(1000, [0x61, 0, 0x62]))
	t.until(connection.is_over)
	t.note("frames", connection.remote.described_frames())
	t.note("length of the reason", connection.peer.get_close_reason().length())
