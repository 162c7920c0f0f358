extends "support/client_server_suite.gd"
## A message that was accepted with OK leaves within a frame's time although the program makes no further call: from a loop that
## never returns to the frame, from a thread, and at the end of the frame.

const RoomGroup := preload("support/room_group.gd")
const Wait := preload("support/wait.gd")
const MESSAGES := 5


## A way of a message. [member send] is the only call on the sender, and [member receive] makes none on it.
class Direction:
	var name: String
	## Sends a packet and returns the error.
	var send: Callable
	## Polls the receiver and returns what has arrived, as texts.
	var receive: Callable

	func _init(named: String, sending: Callable, receiving: Callable) -> void:
		name = named
		send = sending
		receive = receiving


func _directions() -> Array[Direction]:
	var pair := loopback.pair()
	var rooms := RoomGroup.new(loopback)
	var member := rooms.connected_client()
	var client := group.connected_client()
	var server := group.server
	var remote := server.get_peer(group.id())
	rooms.server.set_target_peer(0)
	member.set_target_peer(1)
	return [
		Direction.new("a client peer", pair[0].send, _packets.bind(pair[1], pair[1])),
		Direction.new("a server peer", pair[1].send, _packets.bind(pair[0], pair[0])),
		Direction.new("put_packet() of a peer", pair[1].put_packet, _packets.bind(pair[0], pair[0])),
		Direction.new("a client", client.get_peer(1).put_packet, _packets.bind(server, remote)),
		Direction.new("a server to one", remote.put_packet, _packets.bind(client, client.get_peer(1))),
		Direction.new("a server to all", func(packet: PackedByteArray) -> Error: return server.send_to(0, packet),
			_packets.bind(client, client.get_peer(1))),
		Direction.new("the server of a room", rooms.server.put_packet, _packets.bind(member, member)),
		Direction.new("a client of a room", member.put_packet, _packets.bind(rooms.server, rooms.server)),
	]


## Polls an object and takes the packets of a connection.
func _packets(polled: Object, connection: PacketPeer) -> PackedStringArray:
	polled.poll()
	var texts := PackedStringArray()
	while connection.get_available_packet_count() > 0:
		texts.append(connection.get_packet().get_string_from_utf8())
	return texts


func _numbers(count := MESSAGES) -> PackedStringArray:
	var numbers := PackedStringArray()
	for number in count:
		numbers.append(str(number))
	return numbers


func _send_numbers(direction: Direction) -> void:
	for number in _numbers():
		equal(direction.send.call(number.to_utf8_buffer()), OK, direction.name)


## Receives in a loop that does not return to the engine's frame.
func _receive_numbers(direction: Direction) -> void:
	var received := PackedStringArray()
	Wait.until(func() -> bool: return received.size() >= MESSAGES,
		func() -> void: received.append_array(direction.receive.call()),
		func() -> int: return received.size())
	equal(received, _numbers(), direction.name)


func test_messages_leave_while_the_main_thread_blocks() -> void:
	if not make_group():
		return
	for direction in _directions():
		for round in 2:
			_send_numbers(direction)
			_receive_numbers(direction)


func test_messages_of_a_thread_leave_while_the_main_thread_blocks() -> void:
	if not make_group():
		return
	for direction in _directions():
		var thread := Thread.new()
		thread.start(_send_numbers.bind(direction))
		_receive_numbers(direction)
		thread.wait_to_finish()


func test_messages_leave_at_the_end_of_the_frame() -> void:
	if not make_group():
		return
	for direction in _directions():
		_send_numbers(direction)
		var received := PackedStringArray()
		await Wait.frames_until(func() -> bool:
			received.append_array(direction.receive.call())
			return received.size() >= MESSAGES, func() -> int: return received.size())
		equal(received, _numbers(), direction.name)


## Its methods are for the program's threads.
func test_a_stream_of_the_engine_is_only_written_at_the_end_of_the_frame() -> void:
	if engine_differs():
		return
	var listener := loopback.raw_listener()
	var client := loopback.peer()
	var accepted := loopback.peer()
	client.connect_to_url(loopback.url(listener))
	accepted.accept_stream(loopback.take_connection(listener))
	loopback.require(func() -> bool:
		return client.get_ready_state() == WebSocketPeer.STATE_OPEN and accepted.get_ready_state() == WebSocketPeer.STATE_OPEN,
		"an open connection")
	var other := loopback.pair()
	loopback.turn()
	var barrier := Direction.new("another connection", other[0].send, _packets.bind(other[1], other[1]))
	var direction := Direction.new("an engine's stream", accepted.send, _packets.bind(client, client))
	_send_numbers(direction)
	_send_numbers(barrier)
	_receive_numbers(barrier)
	var received: PackedStringArray = direction.receive.call()
	equal(received, _numbers(1), "the first is written at once")
	await Wait.frames_until(func() -> bool:
		received.append_array(direction.receive.call())
		return received.size() >= MESSAGES, func() -> int: return received.size())
	equal(received, _numbers())


## Each object has just asked for a flush.
func test_objects_can_be_freed_while_their_messages_are_flushed() -> void:
	if engine_differs():
		return
	for round in 20:
		var pair := loopback.pair()
		for number in _numbers():
			equal([pair[0].send_text(number), pair[1].send_text(number)], [OK, OK])
		OS.delay_msec(round % 10)
		for peer in pair:
			loopback.release(peer)
		pair.clear()
