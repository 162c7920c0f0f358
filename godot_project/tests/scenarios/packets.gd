extends "../support/scenarios.gd"
## The PacketPeer layer, and the heartbeat.

const VALUES := [null, true, -7, 2.5, "text", &"name", Vector2(1, 2), [1, "two"], {"three": 3}]


func play_variables_there_and_back(t: Recorder) -> void:
	var ends := t.pair()
	for value: Variant in VALUES:
		t.note("put %s" % var_to_str(value), ends[0].put_var(value))
	t.until_packets(ends[1], VALUES.size())
	var got := []
	while ends[1].get_available_packet_count() > 0:
		got.append(var_to_str(ends[1].get_var()))
	t.note("got", got)


func play_bytes_of_a_variable(t: Recorder) -> void:
	var link := t.server_link()
	link.peer.put_var([1, "two"])
	t.until(func() -> bool: return not link.raw.frames().is_empty())
	t.note("frames", link.raw.described())
	t.note("same encoding", link.raw.frames()[0].payload == var_to_bytes([1, "two"]))


func play_text_frame_as_a_variable(t: Recorder) -> void:
	var link := t.client_link()
	link.say(Wire.TEXT, var_to_bytes("x"))
	t.until_packets(link.peer, 1)
	t.note("value", link.peer.get_var())
	t.note("was string", link.peer.was_string_packet())


func play_get_packet_error(t: Recorder) -> void:
	var link := t.client_link()
	t.note("before", link.peer.get_packet_error())
	t.note("nothing there", [link.peer.get_packet(), link.peer.get_packet_error()])
	link.say(Wire.BINARY, [1])
	link.say(Wire.BINARY, var_to_bytes(2))
	t.until_packets(link.peer, 2)
	t.note("packet", [link.peer.get_packet(), link.peer.get_packet_error()])
	link.peer.get_var()
	link.peer.get_packet()
	link.say(Wire.BINARY, var_to_bytes(2))
	t.until_packets(link.peer, 1)
	t.note("get_var leaves it", [link.peer.get_var(), link.peer.get_packet_error()])


func play_encode_buffer_max_size(t: Recorder) -> void:
	var peer := t.peer()
	t.note("default", peer.encode_buffer_max_size)
	peer.encode_buffer_max_size = 1500
	t.note("rounded", peer.encode_buffer_max_size)


func play_heartbeat_property(t: Recorder) -> void:
	var peer := t.peer()
	for value: float in [0.5, 0.0, 20.0, -1.0]:
		peer.heartbeat_interval = value
		t.note(str(value), peer.heartbeat_interval)


func play_heartbeat_pings(t: Recorder) -> void:
	# Long enough that a busy machine does not hold back a poll for as long.
	var link := t.client_link({"heartbeat_interval": 0.15})
	for i in 3:
		t.note("ping %d" % i, t.until(func() -> bool: return link.raw.frames().size() > i))
		link.say(Wire.PONG, link.raw.frames()[i].payload if link.raw.frames().size() > i else "")
	t.note("frames", link.raw.described().slice(0, 3))
	t.note("state", link.state())


func play_heartbeat_without_pong(t: Recorder) -> void:
	var link := t.server_link({"heartbeat_interval": 0.04})
	t.note_close(link)
	t.note("first frame", link.raw.described().slice(0, 1))


func play_no_heartbeat_by_default(t: Recorder) -> void:
	var link := t.client_link()
	t.turns(20)
	t.note("frames", link.raw.described())


## The pong is there in time, only the application is late.
func play_heartbeat_with_a_late_poll(t: Recorder) -> void:
	var link := t.client_link({"heartbeat_interval": 0.04})
	t.until(func() -> bool: return not link.raw.frames().is_empty())
	link.say(Wire.PONG)
	t.pause(link.peer)
	t.turns(60)
	link.peer.poll()
	t.note("state", link.state())
