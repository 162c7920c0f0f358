extends "support/suite.gd"
## TCPServer and StreamPeerTCP.

const NONE := StreamPeerTCP.STATUS_NONE
const WAITING := StreamPeerTCP.STATUS_CONNECTING
const CONNECTED := StreamPeerTCP.STATUS_CONNECTED
const ERROR := StreamPeerTCP.STATUS_ERROR

const LARGE := 3_000_000


func _until_connected(stream: Object) -> void:
	loopback.until(func() -> bool:
		stream.poll()
		return stream.get_status() != WAITING)


## Returns a connected stream and the accepted stream at the server.
func _pair() -> Array[Object]:
	var server := loopback.server()
	var client := implementation.stream()
	equal(client.connect_to_host(loopback.HOST, server.get_local_port()), OK, "connect")
	var accepted := loopback.take_connection(server)
	_until_connected(client)
	equal(client.get_status(), CONNECTED)
	equal(accepted.get_status(), CONNECTED)
	return [client, accepted]


func _until_available(stream: Object, count: int) -> bool:
	return loopback.until(func() -> bool: return stream.get_available_bytes() >= count)


func test_server_without_listening() -> void:
	var server := implementation.server()
	equal(server.is_listening(), false)
	equal(server.is_connection_available(), false)
	equal(server.take_connection(), null)
	equal(server.get_local_port(), 0)
	server.stop()
	equal(server.listen(0), OK, "listen after stop")
	check(server.get_local_port() > 0, "a port was chosen")


func test_server_listens_once() -> void:
	var server := loopback.server()
	equal(server.listen(0), ERR_ALREADY_IN_USE)
	equal(implementation.server().listen(server.get_local_port(), loopback.HOST), ERR_ALREADY_IN_USE, "busy port")
	equal(server.is_listening(), true)


func test_server_refuses_bad_addresses_and_ports() -> void:
	for address: String in ["", "localhost", "foo", "[::1]", "1.2.3"]:
		equal(implementation.server().listen(0, address), ERR_INVALID_PARAMETER, "'%s'" % address)
	equal(implementation.server().listen(0, "192.0.2.1"), ERR_ALREADY_IN_USE, "address of another machine")
	if engine_differs():
		return
	for port: int in [-1, 65536, 70000, 1 << 40]:
		equal(implementation.server().listen(port), ERR_INVALID_PARAMETER, str(port))


func test_server_hands_out_connections_in_order() -> void:
	var server := loopback.server()
	var clients: Array[RawSocket] = [loopback.connect_raw_socket(server), loopback.connect_raw_socket(server)]
	for client in clients:
		var stream := loopback.take_connection(server)
		equal(stream.get_class(), implementation.name_of("StreamPeerTCP"))
		equal(stream.get_connected_port(), client.local_port())
		equal(stream.get_connected_host(), loopback.HOST)
	equal(server.take_connection(), null)


func test_local_port_of_an_accepted_stream() -> void:
	if engine_differs():
		return
	var server := loopback.server()
	loopback.connect_raw_socket(server)
	equal(loopback.take_connection(server).get_local_port(), server.get_local_port())


func test_ten_pending_connections() -> void:
	var server := loopback.server()
	var clients: Array[Object] = []
	for i in 10:
		var client := implementation.stream()
		equal(client.connect_to_host(loopback.HOST, server.get_local_port()), OK)
		clients.append(client)
	var taken: Array[Object] = []
	loopback.until(func() -> bool:
		if server.is_connection_available():
			taken.append(server.take_connection())
		return taken.size() == 10)
	equal(taken.size(), 10)
	for client in clients:
		_until_connected(client)
		equal(client.get_status(), CONNECTED)


func test_connect_arguments() -> void:
	for port: int in [0, -1, 65536, 70000]:
		equal(implementation.stream().connect_to_host(loopback.HOST, port), ERR_INVALID_PARAMETER, str(port))
	for host: String in ["", "a".repeat(70)]:
		equal(implementation.stream().connect_to_host(host, 9), ERR_CANT_RESOLVE, "'%s'" % host)
	var pair := _pair()
	equal(pair[0].connect_to_host(loopback.HOST, 9), ERR_ALREADY_IN_USE)
	equal(pair[0].get_status(), CONNECTED)


func test_connecting_by_name() -> void:
	var server := loopback.server()
	var client := implementation.stream()
	equal(client.connect_to_host("localhost", server.get_local_port()), OK)
	_until_connected(client)
	equal(client.get_status(), CONNECTED)
	equal(client.get_connected_host(), loopback.HOST)


func test_refused_connection() -> void:
	var stream := implementation.stream()
	equal(stream.connect_to_host(loopback.HOST, loopback.free_port()), OK)
	equal(stream.put_data(PackedByteArray([1])), FAILED, "put_data while connecting")
	var last := [OK]
	loopback.until(func() -> bool:
		last[0] = stream.poll()
		return stream.get_status() != WAITING)
	equal(last[0], ERR_CONNECTION_ERROR)
	equal(stream.get_status(), ERROR)
	stream.disconnect_from_host()
	equal(stream.get_status(), NONE)
	var server := loopback.server()
	equal(stream.connect_to_host(loopback.HOST, server.get_local_port()), OK, "the same stream connects again")
	_until_connected(stream)
	equal(stream.get_status(), CONNECTED)


func test_typed_values_in_both_byte_orders() -> void:
	for big_endian: bool in [false, true]:
		var pair := _pair()
		for stream in pair:
			stream.big_endian = big_endian
		pair[0].put_8(-8)
		pair[0].put_u8(200)
		pair[0].put_16(-1600)
		pair[0].put_u16(60000)
		pair[0].put_32(-320000)
		pair[0].put_u32(4000000000)
		pair[0].put_64(-6400000000)
		pair[0].put_u64(6400000000)
		pair[0].put_half(0.5)
		pair[0].put_float(1.25)
		pair[0].put_double(-1e100)
		pair[0].put_string("ascii")
		pair[0].put_utf8_string("Grüße, 世界")
		pair[0].put_var([1, {"two": Vector3(1, 2, 3)}])
		equal(pair[1].get_8(), -8)
		equal(pair[1].get_u8(), 200)
		equal(pair[1].get_16(), -1600)
		equal(pair[1].get_u16(), 60000)
		equal(pair[1].get_32(), -320000)
		equal(pair[1].get_u32(), 4000000000)
		equal(pair[1].get_64(), -6400000000)
		equal(pair[1].get_u64(), 6400000000)
		equal(pair[1].get_half(), 0.5)
		equal(pair[1].get_float(), 1.25)
		equal(pair[1].get_double(), -1e100)
		equal(pair[1].get_string(), "ascii")
		equal(pair[1].get_utf8_string(), "Grüße, 世界")
		equal(pair[1].get_var(), [1, {"two": Vector3(1, 2, 3)}])
		equal(pair[1].get_available_bytes(), 0)


func test_partial_reads_and_writes() -> void:
	var pair := _pair()
	equal(pair[1].get_partial_data(10), [OK, []], "no data")
	equal(pair[0].put_partial_data("0123456789".to_ascii_buffer()), [OK, 10])
	check(_until_available(pair[1], 10), "ten bytes arrive")
	equal(pair[1].get_partial_data(4), [OK, "0123".to_ascii_buffer()])
	equal(pair[1].get_available_bytes(), 6)
	equal(pair[1].get_data(6), [OK, "456789".to_ascii_buffer()])
	equal(pair[1].get_partial_data(0), [OK, []])


func test_partial_write_into_a_full_socket() -> void:
	var pair := _pair()
	var data := Payload.bytes(LARGE * 4)
	var result: Array = pair[0].put_partial_data(data)
	equal(result[0], OK)
	var sent: int = result[1]
	check(sent > 0 and sent < data.size(), "a partial write: %d" % sent)
	var got := PackedByteArray()
	loopback.observe(func() -> int: return got.size())
	loopback.until(func() -> bool:
		got.append_array(pair[1].get_partial_data(1 << 20)[1])
		return got.size() >= sent)
	check(got == data.slice(0, sent), "that part arrives")


func test_get_data_waits_for_all_of_it() -> void:
	var pair := _pair()
	var thread := Thread.new()
	thread.start(func() -> void:
		for i in 10:
			pair[0].put_data(Payload.bytes(1000))
			OS.delay_usec(1000))
	var got: Array = pair[1].get_data(10000)
	thread.wait_to_finish()
	equal(got[0], OK)
	check(got[1].slice(9000) == Payload.bytes(1000), "the last part arrives")


func test_large_data() -> void:
	var pair := _pair()
	var data := Payload.bytes(LARGE)
	var at := [0]
	var got := PackedByteArray()
	loopback.observe(func() -> int: return got.size())
	loopback.until(func() -> bool:
		if at[0] < LARGE:
			at[0] += pair[0].put_partial_data(data.slice(at[0], at[0] + 200_000))[1]
		got.append_array(pair[1].get_partial_data(200_000)[1])
		return got.size() >= LARGE)
	check(got == data, "all of it arrives")


func test_end_of_stream() -> void:
	var pair := _pair()
	pair[0].put_data("last".to_ascii_buffer())
	pair[0].disconnect_from_host()
	equal(pair[0].get_status(), NONE)
	check(_until_available(pair[1], 4), "the data arrives")
	equal(pair[1].poll(), OK)
	equal(pair[1].get_status(), CONNECTED, "with unread data")
	equal(pair[1].get_data(4), [OK, "last".to_ascii_buffer()])
	loopback.until(func() -> bool:
		pair[1].poll()
		return pair[1].get_status() != CONNECTED)
	equal(pair[1].get_status(), NONE)
	equal(pair[1].get_partial_data(1), [FAILED, []])
	equal(pair[1].put_data(PackedByteArray([1])), FAILED)


func test_reading_after_the_end() -> void:
	var pair := _pair()
	pair[0].put_data("last".to_ascii_buffer())
	pair[0].disconnect_from_host()
	check(_until_available(pair[1], 4), "the data arrives")
	equal(pair[1].get_partial_data(100), [OK, "last".to_ascii_buffer()])
	var got := []
	loopback.until(func() -> bool:
		got.assign(pair[1].get_partial_data(100))
		return got[0] != OK)
	equal(got, [ERR_FILE_EOF, []])
	equal(pair[1].get_status(), NONE)


func test_failed_read_returns_received_bytes_only() -> void:
	if engine_differs():
		return
	equal(implementation.stream().get_data(100), [FAILED, []], "not connected")
	var pair := _pair()
	pair[0].put_data("last".to_ascii_buffer())
	pair[0].disconnect_from_host()
	check(_until_available(pair[1], 4), "the data arrives")
	equal(pair[1].get_data(100), [ERR_FILE_EOF, "last".to_ascii_buffer()], "more than available")
	equal(pair[1].get_data(-1)[0] != OK, true, "a negative count is refused")


func test_closed_stream() -> void:
	var stream := implementation.stream()
	equal(stream.get_status(), NONE)
	equal(stream.poll(), OK)
	equal(stream.get_available_bytes(), -1)
	equal([stream.get_connected_host(), stream.get_connected_port(), stream.get_local_port()], ["", 0, 0])
	equal(stream.put_partial_data(PackedByteArray([1])), [FAILED, 0])
	stream.set_no_delay(true)
	stream.disconnect_from_host()
	equal(stream.get_status(), NONE)


func test_bind() -> void:
	equal(implementation.stream().bind(-1), ERR_INVALID_PARAMETER)
	equal(implementation.stream().bind(0, "nonsense"), ERR_INVALID_PARAMETER)
	var stream := implementation.stream()
	equal(stream.bind(0, loopback.HOST), OK)
	equal(stream.bind(0, loopback.HOST), ERR_ALREADY_IN_USE)
	var port: int = stream.get_local_port()
	check(port > 0, "a port was chosen")
	var server := loopback.server()
	equal(stream.connect_to_host(loopback.HOST, server.get_local_port()), OK)
	_until_connected(stream)
	equal(stream.get_local_port(), port)
	equal(loopback.take_connection(server).get_connected_port(), port)


func test_script_class_can_extend_the_stream() -> void:
	var script := GDScript.new()
	script.source_code = "extends %s\nvar extra := 7\n" % implementation.name_of("StreamPeerTCP")
	equal(script.reload(), OK)
	var stream: Object = script.new()
	var server := loopback.server()
	equal(stream.connect_to_host(loopback.HOST, server.get_local_port()), OK)
	equal(stream.extra, 7)
	var accepting := loopback.peer()
	equal(accepting.accept_stream(stream), OK, "accepted by a peer")
