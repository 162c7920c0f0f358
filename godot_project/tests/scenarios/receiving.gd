extends "../support/scenario_file.gd"
## Valid and invalid input. Each row is sent to a client and to a server.

const ROLES := {"to_client": true, "to_server": false}

## Frames that are sent in one write, each as [opcode, payload, options].
const FRAMES := {
	"text": [[1, "hello"]],
	"binary": [[2, [0, 255, 128]]],
	"empty_text": [[1]],
	"empty_binary": [[2]],
	"several": [[1, "one"], [2, [2]], [1, "three"]],
	"nul_in_text": [[1, [0x61, 0, 0x62]]],
	"fragments": [[1, "one ", {"not_final": true}], [0, "two ", {"not_final": true}], [0, "three"]],
	"empty_fragments": [[2, [], {"not_final": true}], [0, [], {"not_final": true}], [0, [7]], [2, [], {"not_final": true}], [0]],
	"code_point_across_fragments": [[1, [0xe2, 0x82], {"not_final": true}], [0, [0xac]]],
	"ping": [[9, "are you there"]],
	"empty_ping": [[9]],
	"largest_ping": [[9, "0123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123"]],
	"three_pings": [[9, "1"], [9, "2"], [9, "3"]],
	"unsolicited_pong": [[10, "unsolicited"]],
	"pong_between_fragments": [[1, "AA", {"not_final": true}], [10], [0, "BB"]],
	"ping_between_fragments": [[1, "AA", {"not_final": true}], [9, "PING"], [0, "BB"]],
	"rsv1": [[1, "x", {"rsv": 0x40}]],
	"rsv2": [[1, "x", {"rsv": 0x20}]],
	"rsv3": [[1, "x", {"rsv": 0x10}]],
	"rsv1_on_ping": [[9, "x", {"rsv": 0x40}]],
	"continuation_without_start": [[0, "x"]],
	"message_inside_fragments": [[1, "AA", {"not_final": true}], [1, "BB"]],
	"invalid_utf8": [[1, [0x61, 0xff]]],
	"utf8_cut_short": [[1, [0xe2, 0x82]]],
	"utf8_surrogate": [[1, [0xed, 0xa0, 0x80]]],
	"utf8_overlong": [[1, [0xc0, 0xaf]]],
	"utf8_above_last": [[1, [0xf4, 0x90, 0x80, 0x80]]],
	"invalid_utf8_in_fragment": [[1, "AA", {"not_final": true}], [0, [0xff], {"not_final": true}]],
	"control_too_long": [[9, [], {"form": 16, "length": 126}]],
	"control_not_final": [[9, "x", {"not_final": true}]],
	"close_not_final": [[8, [], {"not_final": true}]],
	"length_16_not_minimal": [[2, "hello", {"form": 16}]],
	"length_64_not_minimal": [[2, "hello", {"form": 64}]],
	"length_with_top_bit": [[2, [], {"form": 64, "length": -0x7fffffffffffffff - 1}]],
	"close": [[8, [0x03, 0xe8]]],
	"close_with_reason": [[8, [0x0f, 0xa1, 0x62, 0x79, 0x65]]],
	"close_without_code": [[8]],
	"close_reason_not_utf8": [[8, [0x03, 0xe8, 0xff]]],
	"data_after_close": [[8, [0x03, 0xe8]], [1, "late"]],
	"close_after_data": [[1, "one"], [2, [2]], [8, [0x03, 0xe8]]],
}

const RESERVED_OPCODES: PackedInt32Array = [3, 4, 5, 6, 7, 11, 12, 13, 14, 15]
const CLOSE_CODES: PackedInt32Array = [0, 1, 999, 1000, 1001, 1002, 1003, 1004, 1005, 1006, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014, 1015, 1016, 2999, 3000, 3999, 4000, 4999, 5000, 65535]

## Frames for an inbound_buffer_size of 100. The engine never processes the last row.
const FRAMES_FOR_100 := {
	"at_the_limit": [[2, "0123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789"]],
	"above_the_limit": [[2, "01234567890123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890"]],
	"length_far_above_the_limit": [[2, [], {"form": 64, "length": 1 << 40}]],
	"fragments_above_the_limit": [
		[2, "01234567890123456789012345678901234567890123456789012345678901234567890123456789", {"not_final": true}],
		[0, "01234567890123456789012345678901234567890123456789012345678901234567890123456789"],
	],
}


func rows() -> Dictionary[String, Callable]:
	var scenarios: Dictionary[String, Callable] = {}
	for role: String in ROLES:
		for name: String in FRAMES:
			scenarios["%s.%s" % [role, name]] = _frames.bind(ROLES[role], FRAMES[name])
		for name: String in FRAMES_FOR_100:
			var patience := Wait.QUIET if name.begins_with("fragments") else Wait.PATIENCE
			scenarios["%s.%s" % [role, name]] = _frames.bind(ROLES[role], FRAMES_FOR_100[name], {"inbound_buffer_size": 100}, patience)
		for opcode in RESERVED_OPCODES:
			scenarios["%s.opcode_%d" % [role, opcode]] = _frames.bind(ROLES[role], [[opcode, "x"]])
		for code in CLOSE_CODES:
			scenarios["%s.close_%d" % [role, code]] = _frames.bind(ROLES[role], [[8, [code >> 8, code & 0xff]]])
		scenarios[role + ".wrong_masking"] = _frames.bind(ROLES[role], [[1, "x", {"masked": ROLES[role]}]])
		scenarios[role + ".byte_by_byte"] = _byte_by_byte.bind(ROLES[role])
		scenarios[role + ".more_packets_than_fit"] = _more_packets_than_fit.bind(ROLES[role])
		scenarios[role + ".more_bytes_than_fit"] = _more_bytes_than_fit.bind(ROLES[role])
	return scenarios


func _bytes(connection: RawConnection, frames: Array) -> PackedByteArray:
	var bytes := PackedByteArray()
	for fields: Array in frames:
		bytes.append_array(connection.frame(fields[0], fields[1] if fields.size() > 1 else "", fields[2] if fields.size() > 2 else {}))
	return bytes


## A marker message follows the frames: if it arrives, they have been processed.
func _frames(t: TraceRecorder, as_client: bool, frames: Array, properties := {}, patience := Wait.PATIENCE) -> void:
	var connection := t.open(as_client, properties)
	connection.remote.send(_bytes(connection, frames) + connection.frame(Rfc6455.TEXT, "marker"))
	var packets := []
	t.until(func() -> bool:
		packets.append_array(connection.packets())
		return connection.is_over() or "marker" in packets, patience)
	t.turns(2)
	t.note("packets", packets)
	t.note("states", t.states(connection.peer))
	t.note("code", connection.peer.get_close_code())
	t.note("close frame", connection.remote.close_code())
	t.note("other frames", _without_close(connection))


## The reason of a close frame that the peer chooses itself is not compared; its code is compared separately.
func _without_close(connection: RawConnection) -> PackedStringArray:
	var lines := PackedStringArray()
	for frame in connection.remote.frames():
		if frame.opcode != Rfc6455.CLOSE:
			lines.append(Rfc6455.describe(frame))
	return lines


func _byte_by_byte(t: TraceRecorder, as_client: bool) -> void:
	var connection := t.open(as_client)
	var frames := [[1, "one"], [2, [], {"not_final": true}], [0, Payload.bytes(130)], [9, "p"], [8, [0x03, 0xe8, 0x78]]]
	var packets := []
	for byte in _bytes(connection, frames):
		connection.remote.send([byte])
		t.turn()
		packets.append_array(connection.packets())
	t.note("packets", packets)
	t.note_close(connection)
	t.note("frames", connection.remote.described_frames())


func _more_packets_than_fit(t: TraceRecorder, as_client: bool) -> void:
	var connection := t.open(as_client, {"max_queued_packets": 2})
	for i in 7:
		connection.send_frame(Rfc6455.TEXT, "message %d" % i)
	t.turns(20)
	t.note("state when full", connection.state())
	t.note("packets when full", connection.peer.get_available_packet_count())
	_note_read(t, connection, 7)


func _more_bytes_than_fit(t: TraceRecorder, as_client: bool) -> void:
	var connection := t.open(as_client, {"inbound_buffer_size": 100})
	for i in 7:
		connection.send_frame(Rfc6455.TEXT, "message %051d" % i)
	t.turns(20)
	t.note("state when full", connection.state())
	t.note("stops reading", connection.peer.get_available_packet_count() < 7)
	_note_read(t, connection, 7)


func _note_read(t: TraceRecorder, connection: RawConnection, count: int) -> void:
	var packets := []
	t.until(func() -> bool:
		if connection.peer.get_available_packet_count() > 0:
			packets.append(connection.peer.get_packet().get_string_from_ascii())
		return packets.size() >= count)
	t.note("packets", packets)


func play_limits_are_fixed_when_the_peer_opens(t: TraceRecorder) -> void:
	var connection := t.open_client()
	connection.peer.inbound_buffer_size = 10
	connection.peer.max_queued_packets = 1
	for i in 3:
		connection.send_frame(Rfc6455.BINARY, Payload.bytes(1000))
	t.until_quiet(func() -> bool: return connection.peer.get_available_packet_count() == 3)
	t.note("packets", connection.packets().size())
	t.note("state", connection.state())


func play_was_string_packet(t: TraceRecorder) -> void:
	var connection := t.open_client()
	connection.send_frame(Rfc6455.TEXT, "text")
	connection.send_frame(Rfc6455.BINARY, "binary")
	t.until_packets(connection.peer, 2)
	t.note("before", connection.peer.was_string_packet())
	connection.peer.get_packet()
	t.note("after text", connection.peer.was_string_packet())
	connection.peer.get_packet()
	t.note("after binary", connection.peer.was_string_packet())
	connection.send_frame(Rfc6455.TEXT, "text")
	t.until_packets(connection.peer, 1)
	connection.peer.get_packet()
	connection.peer.get_packet()
	t.note("after a failed read", [connection.peer.was_string_packet(), connection.peer.get_packet_error()])


func play_end_of_stream(t: TraceRecorder) -> void:
	var connection := t.open_client()
	connection.remote.close()
	t.note("closes", t.until_state(connection.peer, CLOSED))
	t.note("states", t.states(connection.peer))
	t.note("close", [connection.peer.get_close_code(), connection.peer.get_close_reason()])


## Because of unread input, the operating system resets the connection.
func play_reset(t: TraceRecorder) -> void:
	var connection := t.open_client()
	connection.remote.is_reading = false
	connection.peer.send_text("never read")
	t.turns(2)
	connection.remote.close()
	t.note("closes", t.until_state(connection.peer, CLOSED))
	t.note("close", [connection.peer.get_close_code(), connection.peer.get_close_reason()])


func play_data_then_end_of_stream(t: TraceRecorder) -> void:
	var connection := t.open_client()
	t.pause(connection.peer)
	connection.send_frame(Rfc6455.TEXT, "last message")
	connection.remote.close()
	t.turns(3)
	t.resume(connection.peer)
	t.until_state(connection.peer, CLOSED)
	t.note("packets", connection.packets())
	t.note("close", [connection.peer.get_close_code(), connection.peer.get_close_reason()])


func play_large_messages(t: TraceRecorder) -> void:
	var connection := t.open_client({"inbound_buffer_size": 1 << 20})
	for size: int in [65535, 65536, 300000]:
		connection.send_frame(Rfc6455.BINARY, Payload.bytes(size))
		t.until_packets(connection.peer, 1)
		var packets := connection.packets()
		t.note("%d arrives" % size, packets.size() == 1 and packets[0] == Payload.bytes(size))
