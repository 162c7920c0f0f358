extends "../support/scenario_file.gd"
## Values that scripts read at unusual moments, and what the classes are for the engine.

## The engine's classes of which an object may be one.
const BASES: PackedStringArray = [
	"RefCounted", "PacketPeer", "PacketPeerExtension", "WebSocketPeer", "SocketServer", "TCPServer", "StreamPeer", "StreamPeerExtension",
	"StreamPeerSocket", "StreamPeerTCP", "StreamPeerTLS", "MultiplayerPeer", "MultiplayerPeerExtension", "WebSocketMultiplayerPeer",
]
const CLASSES_WITH_PROPERTIES: PackedStringArray = ["WebSocketPeer", "StreamPeerTCP", "StreamPeerTLS", "WebSocketMultiplayerPeer"]


func rows() -> Dictionary[String, Callable]:
	var scenarios: Dictionary[String, Callable] = {}
	for engine_class in TraceRecorder.Implementation.CLASSES:
		scenarios["bases_of." + engine_class] = _bases.bind(engine_class)
	for engine_class: String in CLASSES_WITH_PROPERTIES:
		scenarios["properties_of." + engine_class] = _properties.bind(engine_class)
	for role: String in ["client", "server"]:
		scenarios["send_after_the_remote_end." + role] = _send_after_the_remote_end.bind(role == "client")
	return scenarios


func _bases(t: TraceRecorder, engine_class: String) -> void:
	var object: Object = ClassDB.instantiate(t.implementation.name_of(engine_class))
	t.note("class", object.get_class())
	t.note("is", Array(BASES).filter(object.is_class))


## The properties that the engine's class has.
func _properties(t: TraceRecorder, engine_class: String) -> void:
	var names := ClassDB.class_get_property_list(engine_class).map(func(property: Dictionary) -> String: return property.name)
	var object: Object = ClassDB.instantiate(t.implementation.name_of(engine_class))
	for property in object.get_property_list():
		if property.name in names and property.usage & (PROPERTY_USAGE_CATEGORY | PROPERTY_USAGE_GROUP | PROPERTY_USAGE_SUBGROUP) == 0:
			t.note(property.name, [type_string(property.type), property.hint, property.hint_string, property.usage])


func play_address_right_after_connect_to_url(t: TraceRecorder) -> void:
	var listener := t.raw_listener()
	var peer := t.peer()
	t.note("connect", peer.connect_to_url(t.url(listener)))
	t.note("host", peer.get_connected_host())
	t.note("port is right", peer.get_connected_port() == listener.get_local_port())


func play_address_right_after_accept_stream(t: TraceRecorder) -> void:
	var connection := t.accepting_peer()
	t.note("host", connection.peer.get_connected_host())
	t.note("port is right", connection.peer.get_connected_port() == connection.remote.local_port())


## The remote peer has ended the stream, and the script sends before the next poll().
func _send_after_the_remote_end(t: TraceRecorder, as_client: bool) -> void:
	var connection := t.open(as_client)
	t.pause(connection.peer)
	connection.remote.close()
	t.turns(2)
	t.note("send", connection.peer.send_text("lost"))
	t.note("state", connection.state())
	t.resume(connection.peer)
	t.note("closes", t.until_state(connection.peer, CLOSED))
	t.note("code", connection.peer.get_close_code())


func play_extension_that_was_not_offered(t: TraceRecorder) -> void:
	var connection := t.requesting_client()
	t.send_response(connection, ["Sec-WebSocket-Extensions: x-unknown"])
	t.until(func() -> bool: return connection.state() != WebSocketPeer.STATE_CONNECTING)
	t.note("state", connection.state())


func play_selected_protocol_after_a_mismatch(t: TraceRecorder) -> void:
	var connection := t.requesting_client({"supported_protocols": ["chat", "game"]})
	t.send_response(connection, ["Sec-WebSocket-Protocol: other"])
	t.until_state(connection.peer, CLOSED)
	t.note("protocol", connection.peer.get_selected_protocol())


## The engine measures the interval from its own start.
func play_first_heartbeat(t: TraceRecorder) -> void:
	while Time.get_ticks_msec() < 6000:
		OS.delay_msec(50)
	var connection := t.open_client({"heartbeat_interval": 5.0})
	t.turns(3)
	t.note("pings at once", connection.remote.frames().size())


func play_client_that_sends_no_request(t: TraceRecorder) -> void:
	var connection := t.accepting_peer({"handshake_timeout": 0.05})
	t.until_quiet(connection.is_over)
	t.note("state", connection.state())
	t.note("response", connection.remote.head().get_slice("\r\n", 0))


func play_outbound_buffer_size_of_minus_one(t: TraceRecorder) -> void:
	var connection := t.open_client({"outbound_buffer_size": -1})
	t.note("property", connection.peer.outbound_buffer_size)
	t.note("a large message", connection.peer.send(Payload.bytes(1000000)))


func play_connections_that_wait_to_be_taken(t: TraceRecorder) -> void:
	var server := t.server()
	var streams: Array[StreamPeerTCP] = []
	for i in 20:
		streams.append(StreamPeerTCP.new())
		streams[i].connect_to_host(t.HOST, server.get_local_port())
	var connected := func() -> int: return streams.filter(func(stream: StreamPeerTCP) -> bool:
		stream.poll()
		return stream.get_status() == StreamPeerTCP.STATUS_CONNECTED).size()
	t.observe(connected)
	t.note("all of 20", t.until_quiet(func() -> bool: return connected.call() == 20))


## Data arrives between the polls of two idle peers. The second poll() after that has read it.
func play_poll_of_idle_peers(t: TraceRecorder) -> void:
	var connections: Array[RawConnection] = [t.open_server(), t.open_server()]
	t.turns(5)
	for connection in connections:
		t.pause(connection.peer)
		connection.peer.poll()
	connections[0].peer.poll()
	connections[1].send_frame(Rfc6455.TEXT, "hello")
	t.turns(2)
	for count in 2:
		connections[1].peer.poll()
	t.note("packets after two polls", connections[1].packets())
