extends "../support/scenario_file.gd"
## TCPServer and StreamPeerTCP.

const NONE := StreamPeerTCP.STATUS_NONE
const CONNECTED := StreamPeerTCP.STATUS_CONNECTED
const ERROR := StreamPeerTCP.STATUS_ERROR

const ADDRESSES := {"any": "*", "ipv4_any": "0.0.0.0", "ipv4": "127.0.0.1", "ipv6": "::1", "ipv6_any": "::", "mapped": "::ffff:127.0.0.1"}
const PORTS := {"70000": 70000, "minus_one": -1}


func rows() -> Dictionary[String, Callable]:
	var scenarios: Dictionary[String, Callable] = {}
	for name: String in ADDRESSES:
		scenarios["listen_on_" + name] = _listen.bind(ADDRESSES[name])
	for name: String in PORTS:
		scenarios["listen_on_port_" + name] = _listen_on_port.bind(PORTS[name])
	return scenarios


func _listen(t: TraceRecorder, address: String) -> void:
	var server := t.implementation.server()
	t.note("error", server.listen(0, address))
	t.note("listening", server.is_listening())
	for target: String in ["127.0.0.1", "::1"]:
		var stream := StreamPeerTCP.new()
		stream.connect_to_host(target, server.get_local_port())
		t.until(func() -> bool:
			stream.poll()
			return stream.get_status() != StreamPeerTCP.STATUS_CONNECTING)
		t.note("reached at " + target, stream.get_status() == CONNECTED)
		if stream.get_status() == CONNECTED:
			t.note("host of " + target, t.take_connection(server).get_connected_host())


func _listen_on_port(t: TraceRecorder, port: int) -> void:
	var server := t.implementation.server()
	t.note("error", server.listen(port, t.HOST))
	t.note("listening", server.is_listening())


func play_invalid_addresses(t: TraceRecorder) -> void:
	for address: String in ["", "localhost", "foo", "[::1]", "1.2.3", "256.0.0.1"]:
		var server := t.implementation.server()
		t.note("'%s'" % address, [server.listen(0, address), server.is_listening()])


func play_address_of_another_machine(t: TraceRecorder) -> void:
	t.note("error", t.implementation.server().listen(0, "192.0.2.1"))


func play_server_without_listening(t: TraceRecorder) -> void:
	var server := t.implementation.server()
	t.note("listening", server.is_listening())
	t.note("available", server.is_connection_available())
	t.note("port", server.get_local_port())
	t.note("connection", server.take_connection())
	server.stop()
	server.stop()


func play_listen_twice(t: TraceRecorder) -> void:
	var server := t.server()
	var port: int = server.get_local_port()
	t.note("again", server.listen(0, t.HOST))
	t.note("same port", server.get_local_port() == port)
	t.note("busy port", t.implementation.server().listen(port, t.HOST))
	server.stop()
	t.note("stopped", [server.is_listening(), server.is_connection_available(), server.take_connection()])
	t.note("relisten", server.listen(port, t.HOST))
	t.note("same port again", server.get_local_port() == port)


func play_connections_are_taken_in_order(t: TraceRecorder) -> void:
	var server := t.server()
	t.note("none yet", [server.is_connection_available(), server.take_connection()])
	var sockets: Array[RawSocket] = [t.connect_raw_socket(server), t.connect_raw_socket(server)]
	for socket in sockets:
		var stream := t.take_connection(server)
		t.note("taken %d" % sockets.find(socket), [stream.get_status(), stream.get_connected_host(), stream.get_connected_port() == socket.local_port()])
	t.note("no more", [server.is_connection_available(), server.take_connection()])


func play_stop_closes_pending_connections(t: TraceRecorder) -> void:
	var server := t.server()
	var socket := t.connect_raw_socket(server)
	server.stop()
	t.note("ended", t.until(func() -> bool: return socket.ended))


## Returns a connected stream of the implementation and the raw socket at its server.
func _connected(t: TraceRecorder) -> Array:
	var listener := t.raw_listener()
	var stream := t.implementation.stream()
	t.note("connect", stream.connect_to_host(t.HOST, listener.get_local_port()))
	var socket := t.accept_raw_socket(listener)
	_until_connected(t, stream)
	return [stream, socket]


func _until_connected(t: TraceRecorder, stream: Object) -> void:
	t.until(func() -> bool:
		stream.poll()
		return stream.get_status() != StreamPeerTCP.STATUS_CONNECTING)


func play_stream_before_connecting(t: TraceRecorder) -> void:
	var stream := t.implementation.stream()
	t.note("status", stream.get_status())
	t.note("poll", stream.poll())
	t.note("remote", [stream.get_connected_host(), stream.get_connected_port(), stream.get_local_port()])
	t.note("put", [stream.put_data(PackedByteArray([1])), stream.put_partial_data(PackedByteArray([1]))])
	t.note("get partial", stream.get_partial_data(4))
	t.note("available", stream.get_available_bytes())
	stream.disconnect_from_host()
	t.note("status after disconnect", stream.get_status())


func play_connect_arguments(t: TraceRecorder) -> void:
	var listener := t.raw_listener()
	for port: int in [0, -1, 65536, 70000]:
		var stream := t.implementation.stream()
		t.note("port %d" % port, [stream.connect_to_host(t.HOST, port), stream.get_status()])
	for host: String in ["", "a".repeat(70)]:
		var stream := t.implementation.stream()
		t.note("host '%s'" % host, [stream.connect_to_host(host, 9), stream.get_status()])
	for host: String in ["127.0.0.1", "localhost"]:
		var stream := t.implementation.stream()
		t.note("connect to " + host, stream.connect_to_host(host, listener.get_local_port()))
		_until_connected(t, stream)
		t.note("status with " + host, stream.get_status())


func play_connect_twice(t: TraceRecorder) -> void:
	var pair := _connected(t)
	t.note("again", pair[0].connect_to_host(t.HOST, pair[0].get_connected_port()))
	t.note("status", pair[0].get_status())
	t.note("bind", pair[0].bind(0))


func play_refused(t: TraceRecorder) -> void:
	var stream := t.implementation.stream()
	var port := t.free_port()
	t.note("connect", stream.connect_to_host(t.HOST, port))
	t.note("host while connecting", stream.get_connected_host())
	t.note("put while connecting", stream.put_data(PackedByteArray([1])))
	var polls := []
	t.until(func() -> bool:
		polls.append(stream.poll())
		return stream.get_status() != StreamPeerTCP.STATUS_CONNECTING)
	t.note("last poll", polls[-1])
	t.note("status", stream.get_status())
	t.note("busy", stream.connect_to_host(t.HOST, port))
	stream.disconnect_from_host()
	t.note("status after disconnect", stream.get_status())
	var listener := t.raw_listener()
	t.note("connect again", stream.connect_to_host(t.HOST, listener.get_local_port()))
	_until_connected(t, stream)
	t.note("status at last", stream.get_status())


func play_addresses_of_a_connection(t: TraceRecorder) -> void:
	var pair := _connected(t)
	t.note("host", pair[0].get_connected_host())
	t.note("local port is known", pair[0].get_local_port() > 0)
	pair[0].disconnect_from_host()
	t.note("after disconnect", [pair[0].get_status(), pair[0].get_connected_host(), pair[0].get_connected_port()])
	t.note("the remote peer reads the end", t.until(func() -> bool: return pair[1].ended))


func play_local_port_of_an_accepted_stream(t: TraceRecorder) -> void:
	var server := t.server()
	t.connect_raw_socket(server)
	t.note("right", t.take_connection(server).get_local_port() == server.get_local_port())


func play_typed_values(t: TraceRecorder) -> void:
	for big_endian: bool in [false, true]:
		var pair := _connected(t) if not big_endian else _connected_again(t)
		var stream: Object = pair[0]
		stream.big_endian = big_endian
		stream.put_8(-2)
		stream.put_u16(0x1234)
		stream.put_32(-5)
		stream.put_u64(0x123456789abcdef)
		stream.put_float(1.5)
		stream.put_double(-2.25)
		stream.put_string("ascii")
		stream.put_utf8_string("ü€")
		stream.put_var({"a": [1, 2]})
		t.until(func() -> bool: return pair[1].received.size() >= 27 + 9 + 9 + 48)
		t.note("bytes, big endian %s" % big_endian, pair[1].received.hex_encode())
		pair[1].send(pair[1].received)
		t.until(func() -> bool: return stream.get_available_bytes() >= pair[1].received.size())
		t.note("values, big endian %s" % big_endian, [
			stream.get_8(), stream.get_u16(), stream.get_32(), stream.get_u64(), stream.get_float(),
			stream.get_double(), stream.get_string(), stream.get_utf8_string(), stream.get_var(),
		])


func _connected_again(t: TraceRecorder) -> Array:
	var server := t.server()
	var socket := t.connect_raw_socket(server)
	return [t.take_connection(server), socket]


func play_partial_reads(t: TraceRecorder) -> void:
	var pair := _connected(t)
	t.note("nothing yet", pair[0].get_partial_data(10))
	pair[1].send("0123456789")
	t.until(func() -> bool: return pair[0].get_available_bytes() == 10)
	t.note("some", pair[0].get_partial_data(4))
	t.note("left", pair[0].get_available_bytes())
	t.note("zero", pair[0].get_partial_data(0))
	t.note("exact", pair[0].get_data(3))
	t.note("rest", pair[0].get_partial_data(100))
	t.note("put partial", pair[0].put_partial_data("abc".to_ascii_buffer()))
	t.note("put nothing", [pair[0].put_data(PackedByteArray()), pair[0].put_partial_data(PackedByteArray())])
	t.until(func() -> bool: return pair[1].received.size() == 3)
	t.note("received", pair[1].received.get_string_from_ascii())


func play_end_of_stream_is_seen_by_poll(t: TraceRecorder) -> void:
	var pair := _connected(t)
	pair[1].send("last")
	pair[1].close()
	t.until(func() -> bool: return pair[0].get_available_bytes() == 4)
	t.note("poll with unread data", [pair[0].poll(), pair[0].get_status()])
	t.note("data", pair[0].get_data(4))
	t.note("closes", t.until(func() -> bool: return pair[0].poll() == OK and pair[0].get_status() == NONE))


func play_end_of_stream_is_seen_by_reading(t: TraceRecorder) -> void:
	var pair := _connected(t)
	pair[1].send("last")
	pair[1].close()
	t.until(func() -> bool: return pair[0].get_available_bytes() == 4)
	t.note("data", pair[0].get_partial_data(100))
	var got := []
	t.until(func() -> bool:
		got.assign(pair[0].get_partial_data(100))
		return got[0] != OK)
	t.note("end", got)
	t.note("status", pair[0].get_status())
	t.note("after the end", pair[0].get_partial_data(1))


func play_reading_more_than_available(t: TraceRecorder) -> void:
	var pair := _connected(t)
	pair[1].send("last")
	pair[1].close()
	t.until(func() -> bool: return pair[0].get_available_bytes() == 4)
	var got: Array = pair[0].get_data(10)
	t.note("error", got[0])
	t.note("size", got[1].size())
	t.note("status", pair[0].get_status())


func play_bind(t: TraceRecorder) -> void:
	var stream := t.implementation.stream()
	t.note("first", stream.bind(0, t.HOST))
	t.note("port is known", stream.get_local_port() > 0)
	t.note("second", stream.bind(0, t.HOST))
	var port: int = stream.get_local_port()
	var listener := t.raw_listener()
	t.note("connect", stream.connect_to_host(t.HOST, listener.get_local_port()))
	_until_connected(t, stream)
	t.note("status", stream.get_status())
	t.note("kept its port", stream.get_local_port() == port)
	t.note("negative port", t.implementation.stream().bind(-1))
	t.note("bad host", t.implementation.stream().bind(0, "nonsense"))


func play_two_streams_of_one_kind(t: TraceRecorder) -> void:
	var server := t.server()
	var client := t.implementation.stream()
	client.connect_to_host(t.HOST, server.get_local_port())
	var accepted := t.take_connection(server)
	_until_connected(t, client)
	client.set_no_delay(true)
	t.note("put", client.put_data(Payload.bytes(50000)))
	t.until(func() -> bool: return accepted.get_available_bytes() >= 50000)
	var got: Array = accepted.get_data(50000)
	t.note("got", [got[0], got[1] == Payload.bytes(50000)])
	client.disconnect_from_host()
	t.note("end", t.until(func() -> bool:
		accepted.poll()
		return accepted.get_status() == NONE))
