extends "../support/scenario_file.gd"
## The frames of sent messages, and refused messages. In scenarios for both roles, a client masks its frames and a server does not.

const ROLES := {"as_client": true, "as_server": false}
const LIMITS := {
	"packets_zero": {"max_queued_packets": 0},
	"packets_negative": {"max_queued_packets": -1},
	"buffer_zero": {"outbound_buffer_size": 0},
	"buffer_negative": {"outbound_buffer_size": -5},
}


func rows() -> Dictionary[String, Callable]:
	var scenarios: Dictionary[String, Callable] = {}
	for role: String in ROLES:
		scenarios[role + ".every_way_to_send"] = _every_way.bind(ROLES[role])
		scenarios[role + ".sizes"] = _sizes.bind(ROLES[role])
		scenarios[role + ".burst_between_two_polls"] = _burst.bind(ROLES[role])
		scenarios[role + ".full_outbound_buffer"] = _full_buffer.bind(ROLES[role])
	for name: String in LIMITS:
		scenarios["limit_" + name] = _limit.bind(LIMITS[name])
	return scenarios


func _note_frames(t: TraceRecorder, connection: RawConnection, count: int) -> void:
	t.until(func() -> bool: return connection.remote.frames().size() >= count)
	t.note("frames", connection.remote.described_frames())


func _every_way(t: TraceRecorder, as_client: bool) -> void:
	var connection := t.open(as_client)
	var data := PackedByteArray([0, 1, 254, 255])
	t.note("results", [
		connection.peer.send_text("text with ü"),
		connection.peer.send_text(""),
		connection.peer.send(data),
		connection.peer.send(data, WebSocketPeer.WRITE_MODE_BINARY),
		connection.peer.send("valid".to_utf8_buffer(), WebSocketPeer.WRITE_MODE_TEXT),
		connection.peer.send("no mode".to_utf8_buffer(), 7),
		connection.peer.send(PackedByteArray()),
		connection.peer.put_packet(data),
		connection.peer.put_packet(PackedByteArray()),
		connection.peer.put_var({"key": [1, 2.5, "three"]}),
	])
	_note_frames(t, connection, 9)


func _sizes(t: TraceRecorder, as_client: bool) -> void:
	var connection := t.open(as_client, {"outbound_buffer_size": 1 << 20})
	var sizes: PackedInt32Array = [0, 1, 125, 126, 127, 65535, 65536]
	for size in sizes:
		t.note("send %d" % size, connection.peer.send(Payload.bytes(size)))
		t.turn()
	_note_frames(t, connection, sizes.size())


## More messages and bytes than the limits of the queue, but the kernel buffers all of them.
func _burst(t: TraceRecorder, as_client: bool) -> void:
	var connection := t.open(as_client)
	var errors := {}
	for i in 5000:
		errors[connection.peer.send_text("message %011d" % i)] = true
	t.note("errors", errors.keys())
	_note_received_texts(t, connection, 5000)


func _note_received_texts(t: TraceRecorder, connection: RawConnection, count: int) -> void:
	t.until(func() -> bool: return connection.remote.frames().size() >= count)
	var all := PackedStringArray()
	for frame in connection.remote.frames():
		all.append(frame.payload.get_string_from_ascii())
	t.note("messages", all.size())
	t.note("digest", "".join(all).sha1_text())


func _full_buffer(t: TraceRecorder, as_client: bool) -> void:
	var connection := t.open(as_client)
	connection.remote.is_reading = false
	var sent := 0
	var error := OK
	var data := Payload.bytes(30000)
	while sent < 4000:
		error = connection.peer.send(data)
		if error != OK:
			break
		sent += 1
		t.turn()
	t.note("error", error)
	t.note("state", connection.state())
	t.note("buffered within bounds", connection.peer.get_current_outbound_buffered_amount() in range(1, 65536))
	t.note("small message", connection.peer.send(PackedByteArray([1])))
	connection.remote.is_reading = true
	t.note("drains", t.until(func() -> bool: return connection.peer.get_current_outbound_buffered_amount() == 0))
	t.note("sends again", connection.peer.send(PackedByteArray([2])))
	# Only counted: unmasking that many bytes in a script takes long.
	var mask := 4 if as_client else 0
	var due := connection.remote.head().length() + sent * (4 + mask + 30000) + 2 * (2 + mask + 1)
	t.until(func() -> bool: return connection.remote.received.size() >= due)
	t.note("missing bytes", due - connection.remote.received.size())


func _limit(t: TraceRecorder, properties: Dictionary) -> void:
	var connection := t.open_client(properties)
	for property: String in properties:
		t.note("property", connection.peer.get(property))
	t.note("small", connection.peer.send_text("small"))
	t.turn()
	t.note("large", connection.peer.send(Payload.bytes(70000)))
	t.note("state", connection.state())


func play_outbound_buffer_size(t: TraceRecorder) -> void:
	var connection := t.open_client({"outbound_buffer_size": 100})
	for size: int in [100, 101, 99]:
		t.note("send %d" % size, connection.peer.send(Payload.bytes(size)))
		t.turns(2)
	connection.peer.outbound_buffer_size = 10
	t.note("lowered", [connection.peer.send(Payload.bytes(11)), connection.peer.send(Payload.bytes(10))])
	t.turns(2)
	connection.peer.outbound_buffer_size = 1000
	t.note("raised", connection.peer.send(Payload.bytes(1000)))
	t.note("state", connection.state())
	_note_frames(t, connection, 4)


func play_max_queued_packets_is_live(t: TraceRecorder) -> void:
	var connection := t.open_client()
	connection.peer.max_queued_packets = 0
	t.note("none", connection.peer.send_text("refused"))
	connection.peer.max_queued_packets = 1
	t.note("one", connection.peer.send_text("sent"))
	_note_frames(t, connection, 1)


func play_buffered_amount_of_an_idle_socket(t: TraceRecorder) -> void:
	var connection := t.open_client()
	t.note("before", connection.peer.get_current_outbound_buffered_amount())
	connection.peer.send_text("some text")
	t.turn()
	t.note("after a poll", connection.peer.get_current_outbound_buffered_amount())


func play_text_that_is_not_utf8(t: TraceRecorder) -> void:
	var connection := t.open_client()
	t.note("result", connection.peer.send(PackedByteArray([0x61, 0xff]), WebSocketPeer.WRITE_MODE_TEXT))
	t.note("state", connection.state())
	connection.peer.send_text("marker")
	t.until(func() -> bool: return "text masked 'marker'" in connection.remote.described_frames())
	t.note("frames", connection.remote.described_frames())


func play_sending_after_a_disconnection(t: TraceRecorder) -> void:
	var connection := t.open_client()
	connection.remote.close()
	t.turns(2)
	for i in 3:
		connection.peer.send_text("lost")
		t.turn()
	t.note("closes", t.until_state(connection.peer, CLOSED))
	t.note("code", connection.peer.get_close_code())
	t.note("send", connection.peer.send_text("late"))


func play_messages_in_both_directions(t: TraceRecorder) -> void:
	var pair := t.pair()
	for i in 50:
		for peer in pair:
			peer.send_text("message %d" % i)
	t.until(func() -> bool: return pair[0].get_available_packet_count() >= 50 and pair[1].get_available_packet_count() >= 50)
	for peer in pair:
		t.note("packets of %d" % pair.find(peer), RawConnection.take_packets(peer))
