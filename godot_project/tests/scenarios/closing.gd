extends "../support/scenarios.gd"
## close() and the closing handshake.

## What a peer sends for close(code, reason); the raw side echoes it.
const CODES: PackedInt32Array = [0, 1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 3000, 3999, 4000, 4999]
const CODES_NOT_TO_BE_SENT: PackedInt32Array = [1, 999, 1004, 1005, 1006, 1015, 1016, 2999, 5000, 65535, 70000]


func rows() -> Dictionary[String, Callable]:
	var out: Dictionary[String, Callable] = {}
	for code in CODES:
		out["close_%d" % code] = _close.bind(code, "why")
	for code: int in [1012, 1013, 1014]:
		out["close_%d_reaches_the_other_side" % code] = _close_pair.bind(code)
	for code in CODES_NOT_TO_BE_SENT:
		out["close_%d_must_not_be_sent" % code] = _refused_close.bind(code, "why")
	for code: int in [0, 1000, 4321]:
		out["both_sides_report_%d" % code] = _close_pair.bind(code)
	out["reason_of_123_bytes"] = _close.bind(1000, "ü".repeat(61) + "!")
	out["reason_of_124_bytes"] = _refused_close.bind(1000, "ü".repeat(62))
	return out


func _close(t: Recorder, code: int, reason: String) -> void:
	var link := t.client_link()
	link.peer.close(code, reason)
	t.note("state at once", link.state())
	t.note("code at once", link.peer.get_close_code())
	t.until(func() -> bool: return not link.raw.frames().is_empty())
	t.note("frames", link.raw.described())
	link.say(Wire.CLOSE, link.raw.frames()[0].payload if link.raw.frames() else "")
	t.note_close(link)
	t.note("states", t.states(link.peer))


func _refused_close(t: Recorder, code: int, reason: String) -> void:
	var link := t.client_link()
	link.peer.close(code, reason)
	t.note("state at once", link.state())
	t.turns(5)
	t.note("frames", link.raw.described())


func _close_pair(t: Recorder, code: int) -> void:
	var ends := t.pair()
	ends[0].close(code, "why")
	t.until(func() -> bool: return ends[0].get_ready_state() == CLOSED and ends[1].get_ready_state() == CLOSED)
	for i in 2:
		t.note("code of end %d" % i, ends[i].get_close_code())
		t.note("state of end %d" % i, ends[i].get_ready_state())
	if code not in [1012, 1013, 1014]:
		t.note("reasons", [ends[0].get_close_reason(), ends[1].get_close_reason()])


func play_defaults(t: Recorder) -> void:
	var link := t.server_link()
	link.peer.close()
	t.until(func() -> bool: return not link.raw.frames().is_empty())
	link.say(Wire.CLOSE, Wire.close_payload(1000))
	t.note_close(link)
	t.note("frames", link.raw.described())


func play_the_reply_is_what_is_reported(t: Recorder) -> void:
	var link := t.client_link()
	link.peer.close(1000, "mine")
	t.until(func() -> bool: return not link.raw.frames().is_empty())
	link.say(Wire.CLOSE, Wire.close_payload(3001, "theirs"))
	t.note_close(link)


func play_both_sides_close_at_once(t: Recorder) -> void:
	var link := t.server_link()
	link.say(Wire.CLOSE, Wire.close_payload(3001, "theirs"))
	link.peer.close(1000, "mine")
	t.note_close(link)
	t.note("frames", link.raw.described())


func play_both_peers_close_at_once(t: Recorder) -> void:
	var ends := t.pair()
	ends[0].close(3000, "of client")
	ends[1].close(3001, "of server")
	t.until(func() -> bool: return ends[0].get_ready_state() == CLOSED and ends[1].get_ready_state() == CLOSED)
	for end in ends:
		t.note("end %d" % ends.find(end), [end.get_ready_state(), end.get_close_code(), end.get_close_reason()])


func play_no_reply(t: Recorder) -> void:
	var link := t.client_link()
	link.peer.close(1000, "mine")
	t.turns(5)
	t.note("waits", link.state())
	link.raw.finish()
	t.note("closes", t.until_state(link.peer, CLOSED))
	t.note("close", [link.peer.get_close_code(), link.peer.get_close_reason()])


func play_pings_while_closing(t: Recorder) -> void:
	var link := t.client_link()
	link.peer.close(1000, "mine")
	t.turns(2)
	link.say(Wire.PING, "late")
	link.say(Wire.PONG)
	t.turns(2)
	t.note("still waits", link.state())
	link.say(Wire.CLOSE, Wire.close_payload(1000, "mine"))
	t.note_close(link)


func play_last_reference_dropped_while_open(t: Recorder) -> void:
	var link := t.client_link()
	t.forget(link.peer)
	link.peer = null
	t.note("remote sees the end", t.until(func() -> bool: return link.raw.ended))
	t.note("frames", link.raw.described())


func play_last_reference_dropped_of_a_pair(t: Recorder) -> void:
	var ends := t.pair()
	t.forget(ends[0])
	ends.remove_at(0)
	t.note("closes", t.until_state(ends[0], CLOSED))
	t.note("code", ends[0].get_close_code())


## Packets that came before the close was asked for, read after it.
func play_unread_packets_when_closing(t: Recorder) -> void:
	var link := t.client_link()
	link.say(Wire.TEXT, "one")
	link.say(Wire.TEXT, "two")
	t.until_packets(link.peer, 2)
	link.peer.close()
	t.note("count while closing", link.peer.get_available_packet_count())
	t.note("first", link.peer.get_packet().get_string_from_ascii())
	t.until(func() -> bool: return not link.raw.frames().is_empty())
	link.say(Wire.CLOSE, Wire.close_payload(1000))
	t.until(link.over)
	t.note("count when closed", link.peer.get_available_packet_count())
	t.note("second", link.peer.get_packet().get_string_from_ascii())
	t.reconnect(link.peer)
	t.note("count after reconnect", link.peer.get_available_packet_count())


func play_nul_in_the_reason(t: Recorder) -> void:
	var link := t.client_link()
	link.say(Wire.CLOSE, Wire.close_payload(1000, [0x61, 0, 0x62]))
	t.until(link.over)
	t.note("frames", link.raw.described())
	t.note("length of the reason", link.peer.get_close_reason().length())
