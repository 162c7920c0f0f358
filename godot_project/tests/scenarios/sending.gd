extends "../support/scenarios.gd"
## What sending puts on the wire, and when it is refused. In each scenario played in both
## roles a client masks and a server does not.

const ROLES := {"as_client": true, "as_server": false}
const LIMITS := {
	"packets_zero": {"max_queued_packets": 0},
	"packets_negative": {"max_queued_packets": -1},
	"buffer_zero": {"outbound_buffer_size": 0},
	"buffer_negative": {"outbound_buffer_size": -5},
}


func rows() -> Dictionary[String, Callable]:
	var out: Dictionary[String, Callable] = {}
	for role: String in ROLES:
		out[role + ".every_way_to_send"] = _every_way.bind(ROLES[role])
		out[role + ".sizes"] = _sizes.bind(ROLES[role])
		out[role + ".burst_between_two_polls"] = _burst.bind(ROLES[role])
		out[role + ".full_outbound_buffer"] = _full_buffer.bind(ROLES[role])
	for name: String in LIMITS:
		out["limit_" + name] = _limit.bind(LIMITS[name])
	return out


func _note_frames(t: Recorder, link: Link, count: int) -> void:
	t.until(func() -> bool: return link.raw.frames().size() >= count)
	t.note("frames", link.raw.described())


func _every_way(t: Recorder, as_client: bool) -> void:
	var link := t.link(as_client)
	var data := PackedByteArray([0, 1, 254, 255])
	t.note("results", [
		link.peer.send_text("text with ü"),
		link.peer.send_text(""),
		link.peer.send(data),
		link.peer.send(data, WebSocketPeer.WRITE_MODE_BINARY),
		link.peer.send("valid".to_utf8_buffer(), WebSocketPeer.WRITE_MODE_TEXT),
		link.peer.send("no mode".to_utf8_buffer(), 7),
		link.peer.send(PackedByteArray()),
		link.peer.put_packet(data),
		link.peer.put_packet(PackedByteArray()),
		link.peer.put_var({"key": [1, 2.5, "three"]}),
	])
	_note_frames(t, link, 9)


func _sizes(t: Recorder, as_client: bool) -> void:
	var link := t.link(as_client, {"outbound_buffer_size": 1 << 20})
	var sizes: PackedInt32Array = [0, 1, 125, 126, 127, 65535, 65536]
	for size in sizes:
		t.note("send %d" % size, link.peer.send(Wire.filler(size)))
		t.turn()
	_note_frames(t, link, sizes.size())


## More messages and more bytes than either limit allows in the queue, but the system takes
## them all.
func _burst(t: Recorder, as_client: bool) -> void:
	var link := t.link(as_client)
	var errors := {}
	for i in 5000:
		errors[link.peer.send_text("message %011d" % i)] = true
	t.note("errors", errors.keys())
	_note_received_texts(t, link, 5000)


func _note_received_texts(t: Recorder, link: Link, count: int) -> void:
	t.until(func() -> bool: return link.raw.frames().size() >= count, 20.0)
	var all := PackedStringArray()
	for one in link.raw.frames():
		all.append(one.payload.get_string_from_ascii())
	t.note("messages", all.size())
	t.note("digest", "".join(all).sha1_text())


func _full_buffer(t: Recorder, as_client: bool) -> void:
	var link := t.link(as_client)
	link.raw.reading = false
	var sent := 0
	var error := OK
	var data := Wire.filler(30000)
	while sent < 4000:
		error = link.peer.send(data)
		if error != OK:
			break
		sent += 1
		t.turn()
	t.note("error", error)
	t.note("state", link.state())
	t.note("buffered within bounds", link.peer.get_current_outbound_buffered_amount() in range(1, 65536))
	t.note("small message", link.peer.send(PackedByteArray([1])))
	link.raw.reading = true
	t.note("drains", t.until(func() -> bool: return link.peer.get_current_outbound_buffered_amount() == 0, 20.0))
	t.note("sends again", link.peer.send(PackedByteArray([2])))
	# Only counted: to unmask so much in a script takes long.
	var mask := 4 if as_client else 0
	var due := link.raw.head().length() + sent * (4 + mask + 30000) + 2 * (2 + mask + 1)
	t.until(func() -> bool: return link.raw.received.size() >= due)
	t.note("missing bytes", due - link.raw.received.size())


func _limit(t: Recorder, properties: Dictionary) -> void:
	var link := t.client_link(properties)
	for property: String in properties:
		t.note("property", link.peer.get(property))
	t.note("small", link.peer.send_text("small"))
	t.turn()
	t.note("large", link.peer.send(Wire.filler(70000)))
	t.note("state", link.state())


func play_outbound_buffer_size(t: Recorder) -> void:
	var link := t.client_link({"outbound_buffer_size": 100})
	for size: int in [100, 101, 99]:
		t.note("send %d" % size, link.peer.send(Wire.filler(size)))
		t.turns(2)
	link.peer.outbound_buffer_size = 10
	t.note("lowered", [link.peer.send(Wire.filler(11)), link.peer.send(Wire.filler(10))])
	t.turns(2)
	link.peer.outbound_buffer_size = 1000
	t.note("raised", link.peer.send(Wire.filler(1000)))
	t.note("state", link.state())
	_note_frames(t, link, 4)


func play_max_queued_packets_is_live(t: Recorder) -> void:
	var link := t.client_link()
	link.peer.max_queued_packets = 0
	t.note("none", link.peer.send_text("refused"))
	link.peer.max_queued_packets = 1
	t.note("one", link.peer.send_text("sent"))
	_note_frames(t, link, 1)


func play_buffered_amount_of_an_idle_socket(t: Recorder) -> void:
	var link := t.client_link()
	t.note("before", link.peer.get_current_outbound_buffered_amount())
	link.peer.send_text("some text")
	t.turn()
	t.note("after a poll", link.peer.get_current_outbound_buffered_amount())


func play_text_that_is_not_utf8(t: Recorder) -> void:
	var link := t.client_link()
	t.note("result", link.peer.send(PackedByteArray([0x61, 0xff]), WebSocketPeer.WRITE_MODE_TEXT))
	t.note("state", link.state())
	link.peer.send_text("marker")
	t.until(func() -> bool: return "text masked 'marker'" in link.raw.described())
	t.note("frames", link.raw.described())


func play_sending_to_a_vanished_remote(t: Recorder) -> void:
	var link := t.client_link()
	link.raw.finish()
	t.turns(2)
	for i in 3:
		link.peer.send_text("lost")
		t.turn()
	t.note("closes", t.until_state(link.peer, CLOSED))
	t.note("code", link.peer.get_close_code())
	t.note("send", link.peer.send_text("late"))


func play_messages_of_both_sides_cross(t: Recorder) -> void:
	var ends := t.pair()
	for i in 50:
		for end in ends:
			end.send_text("message %d" % i)
	t.until(func() -> bool: return ends[0].get_available_packet_count() >= 50 and ends[1].get_available_packet_count() >= 50)
	for end in ends:
		t.note("packets of %d" % ends.find(end), Link.take(end))
