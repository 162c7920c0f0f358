extends "../support/scenario_file.gd"
## The PacketPeer members, and the heartbeat.

const VALUES := [null, true, -7, 2.5, "text", &"name", Vector2(1, 2), [1, "two"], {"three": 3}]


func play_variables(t: TraceRecorder) -> void:
	var pair := t.pair()
	for value: Variant in VALUES:
		t.note("put %s" % var_to_str(value), pair[0].put_var(value))
	t.until_packets(pair[1], VALUES.size())
	var got := []
	while pair[1].get_available_packet_count() > 0:
		got.append(var_to_str(pair[1].get_var()))
	t.note("got", got)


func play_bytes_of_a_variable(t: TraceRecorder) -> void:
	var connection := t.open_server()
	connection.peer.put_var([1, "two"])
	t.until(func() -> bool: return not connection.remote.frames().is_empty())
	t.note("frames", connection.remote.described_frames())
	t.note("same encoding", connection.remote.frames()[0].payload == var_to_bytes([1, "two"]))


func play_text_frame_as_a_variable(t: TraceRecorder) -> void:
	var connection := t.open_client()
	connection.send_frame(Rfc6455.TEXT, var_to_bytes("x"))
	t.until_packets(connection.peer, 1)
	t.note("value", connection.peer.get_var())
	t.note("was string", connection.peer.was_string_packet())


func play_get_packet_error(t: TraceRecorder) -> void:
	var connection := t.open_client()
	t.note("before", connection.peer.get_packet_error())
	t.note("empty queue", [connection.peer.get_packet(), connection.peer.get_packet_error()])
	connection.send_frame(Rfc6455.BINARY, [1])
	connection.send_frame(Rfc6455.BINARY, var_to_bytes(2))
	t.until_packets(connection.peer, 2)
	t.note("packet", [connection.peer.get_packet(), connection.peer.get_packet_error()])
	connection.peer.get_var()
	connection.peer.get_packet()
	connection.send_frame(Rfc6455.BINARY, var_to_bytes(2))
	t.until_packets(connection.peer, 1)
	t.note("get_var does not change it", [connection.peer.get_var(), connection.peer.get_packet_error()])


func play_encode_buffer_max_size(t: TraceRecorder) -> void:
	var peer := t.peer()
	t.note("default", peer.encode_buffer_max_size)
	peer.encode_buffer_max_size = 1500
	t.note("rounded", peer.encode_buffer_max_size)


func play_heartbeat_property(t: TraceRecorder) -> void:
	var peer := t.peer()
	for value: float in [0.5, 0.0, 20.0, -1.0]:
		peer.heartbeat_interval = value
		t.note(str(value), peer.heartbeat_interval)


func play_heartbeat_pings(t: TraceRecorder) -> void:
	# The engine takes a late poll of its own for a missing pong, so the interval is longer than a loaded machine delays one.
	var connection := t.open_client({"heartbeat_interval": 0.5})
	for i in 3:
		t.note("ping %d" % i, t.until(func() -> bool: return connection.remote.frames().size() > i))
		connection.send_frame(Rfc6455.PONG, connection.remote.frames()[i].payload if connection.remote.frames().size() > i else "")
	var frames := connection.remote.frames().slice(0, 3)
	t.note("opcodes", frames.map(func(frame: Dictionary) -> int: return frame.opcode))
	t.note("payload sizes", frames.map(func(frame: Dictionary) -> int: return frame.payload.size()))
	t.note("state", connection.state())


func play_heartbeat_without_pong(t: TraceRecorder) -> void:
	var connection := t.open_server({"heartbeat_interval": 0.04})
	t.note_close(connection)
	t.note("first frame", connection.remote.frames()[0].opcode if connection.remote.frames() else -1)
	t.note("first payload", connection.remote.frames()[0].payload.size() if connection.remote.frames() else -1)


func play_no_heartbeat_by_default(t: TraceRecorder) -> void:
	var connection := t.open_client()
	t.turns(20)
	t.note("frames", connection.remote.described_frames())


## The pong arrives in time, but poll() is called late.
func play_heartbeat_with_a_late_poll(t: TraceRecorder) -> void:
	var connection := t.open_client({"heartbeat_interval": 0.04})
	t.until(func() -> bool: return not connection.remote.frames().is_empty())
	connection.send_frame(Rfc6455.PONG)
	t.pause(connection.peer)
	t.turns(60)
	connection.peer.poll()
	t.note("state", connection.state())
