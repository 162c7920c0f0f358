extends "../support/scenario_file.gd"
## WebSocketMultiplayerPeer: signals, and the targets of packets.

const RoomGroup := preload("../support/room_group.gd")
const Loopback := preload("../support/loopback.gd")

const CONNECTED := MultiplayerPeer.CONNECTION_CONNECTED
const CONNECTING := MultiplayerPeer.CONNECTION_CONNECTING
const DISCONNECTED := MultiplayerPeer.CONNECTION_DISCONNECTED

const BAD_URLS := {"empty": "", "no_host": "ws://", "http": "http://127.0.0.1", "port_0": "ws://127.0.0.1:0", "two_ports": "ws://a:1:2"}
const BAD_ADDRESSES := {"empty": "", "name": "localhost", "word": "foo", "brackets": "[::1]"}


func rows() -> Dictionary[String, Callable]:
	var scenarios: Dictionary[String, Callable] = {}
	for name: String in BAD_URLS:
		scenarios["client_of_url_" + name] = _bad_url.bind(BAD_URLS[name])
	for name: String in BAD_ADDRESSES:
		scenarios["server_on_address_" + name] = _bad_address.bind(BAD_ADDRESSES[name])
	for size: int in [0, 3, 5, 8]:
		var bytes := PackedByteArray()
		bytes.resize(size)
		bytes.fill(9)
		scenarios["id_of_%d_bytes" % size] = _first_message.bind(bytes, WebSocketPeer.WRITE_MODE_BINARY)
	for value: int in [0, 1, -1, 2, 0x7fffffff]:
		scenarios["id_%d" % value] = _first_message.bind(_le32(value), WebSocketPeer.WRITE_MODE_BINARY)
	scenarios["id_as_text"] = _first_message.bind("abcd".to_ascii_buffer(), WebSocketPeer.WRITE_MODE_TEXT)
	for force: bool in [false, true]:
		scenarios["server_disconnects_a_peer%s" % (" by force" if force else "")] = _disconnect_client.bind(force)
		scenarios["client_disconnects_from_the_server%s" % (" by force" if force else "")] = _disconnect_from_server.bind(force)
	return scenarios


static func _le32(value: int) -> PackedByteArray:
	var bytes := PackedByteArray()
	bytes.resize(4)
	bytes.encode_s32(0, value)
	return bytes


static func _properties(of: MultiplayerPeer) -> Array:
	return [of.get_connection_status(), of.get_unique_id(), of.get_available_packet_count()]


func _bad_url(t: TraceRecorder, url: String) -> void:
	var room := t.implementation.room()
	t.note("error", room.create_client(url))
	t.note("properties", _properties(room))


func _bad_address(t: TraceRecorder, address: String) -> void:
	var room := t.implementation.room()
	t.note("error", room.create_server(0, address))
	t.note("properties", _properties(room))


func play_new_room(t: TraceRecorder) -> void:
	var room := t.implementation.room()
	t.note("properties", _properties(room))
	t.note("relay", room.is_server_relay_supported())
	t.note("refusing", room.is_refusing_new_connections())
	t.note("put", RoomGroup.send(room, 0, "x"))
	t.note("get", room.get_packet())
	t.note("get error", room.get_packet_error())
	t.note("packet peer", room.get_packet_peer())
	t.note("peer", room.get_peer(1))
	t.note("address", room.get_peer_address(1))
	t.note("port", room.get_peer_port(1))
	room.poll()
	room.close()
	room.disconnect_peer(1)
	room.disconnect_peer(1, true)
	t.note("properties at the end", _properties(room))


func play_create_while_in_use(t: TraceRecorder) -> void:
	var group := RoomGroup.new(t)
	t.note("server", _properties(group.server))
	t.note("server as server", group.server.create_server(0, Loopback.HOST))
	t.note("server as client", group.server.create_client("ws://127.0.0.1:1"))
	var second := t.implementation.room()
	t.note("port in use", second.create_server(group.port, Loopback.HOST))
	t.note("not used", _properties(second))
	var client := group.connected_client()
	t.note("client as client", client.create_client(group.url()))
	t.note("client as server", client.create_server(0, Loopback.HOST))
	client.close()
	t.note("closed", _properties(client))
	t.note("again", client.create_client(group.url()))
	t.note("connecting", _properties(client))
	t.note("connected again", group.until_status(client, CONNECTED))
	t.note("events", group.described_events(client))


func play_tls_options_of_the_wrong_role(t: TraceRecorder) -> void:
	var room := t.implementation.room()
	var key := Crypto.new().generate_rsa(1024)
	var certificate := Crypto.new().generate_self_signed_certificate(key, "CN=localhost")
	t.note("server", room.create_server(0, Loopback.HOST, TLSOptions.client()))
	t.note("client", room.create_client("wss://127.0.0.1:1", TLSOptions.server(key, certificate)))
	t.note("properties", _properties(room))


func play_targets_of_a_server(t: TraceRecorder) -> void:
	var group := RoomGroup.new(t)
	for i in 3:
		group.connected_client()
	var ids := group.clients.map(func(client: MultiplayerPeer) -> int: return client.get_unique_id())
	t.note("all", RoomGroup.send(group.server, 0, "all"))
	t.note("one", RoomGroup.send(group.server, ids[1], "one"))
	t.note("all except one", RoomGroup.send(group.server, -ids[2], "all except the third"))
	t.note("unknown", RoomGroup.send(group.server, 0x7ffffff1, "unknown"))
	t.note("itself", RoomGroup.send(group.server, 1, "itself"))
	t.note("all except unknown", RoomGroup.send(group.server, -0x7ffffff1, "all except unknown"))
	group.server.set_target_peer(0)
	t.note("empty", group.server.put_packet([]))
	for i in 3:
		group.until_packets(group.clients[i], [3, 4, 2][i])
		t.turns(3)
		t.note("client %d" % i, group.packets(group.clients[i]))


func play_targets_of_a_client(t: TraceRecorder) -> void:
	var group := RoomGroup.new(t)
	var client := group.connected_client()
	var other := group.connected_client()
	for target: int in [0, 1, -1, other.get_unique_id(), 0x7ffffff1, client.get_unique_id()]:
		t.note("target %s" % group.name_of(target), RoomGroup.send(client, target, "to " + group.name_of(target)))
	group.until_packets(group.server, 6)
	t.note("packet peer", group.name_of(group.server.get_packet_peer()))
	t.note("packets", group.packets(group.server))
	t.note("others", group.packets(other))


func play_modes_and_channels(t: TraceRecorder) -> void:
	var group := RoomGroup.new(t)
	var client := group.connected_client()
	client.transfer_mode = MultiplayerPeer.TRANSFER_MODE_UNRELIABLE
	client.transfer_channel = 5
	t.note("settings", [client.transfer_mode, client.transfer_channel])
	RoomGroup.send(client, 1, "x")
	group.until_packets(group.server, 1)
	t.note("packet", [group.server.get_packet_mode(), group.server.get_packet_channel()])
	t.note("empty queue", [client.get_packet_mode(), client.get_packet_channel(), client.get_packet_peer()])


func play_reading(t: TraceRecorder) -> void:
	var group := RoomGroup.new(t)
	var client := group.connected_client()
	t.note("none", [group.server.get_packet(), group.server.get_packet_error()])
	RoomGroup.send(client, 1, "one")
	group.until_packets(group.server, 1)
	t.note("one", [group.server.get_packet(), group.server.get_packet_error()])
	client.put_var({"a": [1, 2.5, "x"]})
	group.until_packets(group.server, 1)
	t.note("var", group.server.get_var())


func play_peers(t: TraceRecorder) -> void:
	var group := RoomGroup.new(t)
	var client := group.connected_client()
	var id := client.get_unique_id()
	t.note("address", group.server.get_peer_address(id))
	t.note("port", group.server.get_peer_port(id) > 0)
	t.note("server's address", client.get_peer_address(1))
	t.note("server's port", client.get_peer_port(1) == group.port)
	t.note("peer", group.server.get_peer(id).get_ready_state())
	t.note("same object", group.server.get_peer(id) == group.server.get_peer(id))
	t.note("server", client.get_peer(1).get_ready_state())
	t.note("unknown", [group.server.get_peer(5), group.server.get_peer_address(5), group.server.get_peer_port(5)])
	t.note("itself", group.server.get_peer(1))
	group.server.disconnect_peer(0x7ffffff1)
	t.note("still connected", _properties(client)[0])


func play_handshake_settings(t: TraceRecorder) -> void:
	var group := RoomGroup.new(t, {"supported_protocols": ["b", "a"], "handshake_headers": ["X-Server: yes"]})
	var client := group.connected_client({"supported_protocols": ["a", "c"]})
	t.note("protocol", client.get_peer(1).get_selected_protocol())
	t.note("at the server", group.server.get_peer(client.get_unique_id()).get_selected_protocol())
	t.note("url", group.server.get_peer(client.get_unique_id()).get_requested_url() == group.url() + "/")


## Returns a client of the implementation after its handshake with a WebSocketPeer of the engine as its server.
static func _client_of_plain_server(t: TraceRecorder, group: RoomGroup, server: WebSocketPeer, properties := {}) -> MultiplayerPeer:
	var listener := TCPServer.new()
	listener.listen(0, Loopback.HOST)
	var client := group.connecting_client(properties, "ws://%s:%d" % [Loopback.HOST, listener.get_local_port()])
	t.require(listener.is_connection_available, "the client's connection")
	server.accept_stream(listener.take_connection())
	t.require(func() -> bool:
		server.poll()
		return server.get_ready_state() == OPEN, "the client's handshake")
	return client


## The server of a client sends a message instead of the id.
func _first_message(t: TraceRecorder, bytes: PackedByteArray, mode: WebSocketPeer.WriteMode) -> void:
	var group := RoomGroup.new(t)
	var remote := WebSocketPeer.new()
	var client := _client_of_plain_server(t, group, remote)
	remote.send(bytes, mode)
	remote.send("after it".to_utf8_buffer())
	t.until(func() -> bool:
		remote.poll()
		return client.get_connection_status() != CONNECTING and (remote.get_ready_state() == CLOSED or client.get_available_packet_count() > 0))
	t.note("status", client.get_connection_status())
	t.note("id", client.get_unique_id())
	t.note("events", group.described_events(client))
	t.note("packets", group.packets(client))
	t.note("remote", [remote.get_ready_state(), remote.get_close_code()])


func play_first_message_of_a_server(t: TraceRecorder) -> void:
	var group := RoomGroup.new(t)
	var remote := _plain_client(t, group)
	var id: PackedByteArray = remote.get_packet()
	t.note("size", id.size())
	t.note("text", remote.was_string_packet())
	t.note("little endian", group.events_of(group.server) == [["connected", id.decode_s32(0)]])
	t.note("positive", id.decode_s32(0) > 1)
	remote.send_text("text")
	remote.send([])
	remote.send("bytes".to_utf8_buffer())
	t.until(func() -> bool:
		remote.poll()
		return group.server.get_available_packet_count() == 2)
	t.note("packets", group.packets(group.server).map(func(packet: String) -> String: return packet.get_slice(": ", 1)))
	RoomGroup.send(group.server, 0, "answer")
	t.until(func() -> bool:
		remote.poll()
		return remote.get_available_packet_count() > 0)
	t.note("answer", [remote.get_packet(), remote.was_string_packet()])


## Returns a WebSocketPeer of the engine as a client that has received its id.
static func _plain_client(t: TraceRecorder, group: RoomGroup) -> WebSocketPeer:
	var remote := WebSocketPeer.new()
	remote.connect_to_url(group.url())
	t.require(func() -> bool:
		remote.poll()
		return remote.get_available_packet_count() > 0, "the id of a plain client")
	return remote


func _disconnect_client(t: TraceRecorder, force: bool) -> void:
	var group := RoomGroup.new(t)
	var client := group.connected_client()
	var other := group.connected_client()
	var code := []
	client.peer_disconnected.connect(func(_id: int) -> void: code.append(client.get_peer(1).get_close_code()))
	var id := client.get_unique_id()
	group.server.disconnect_peer(id, force)
	t.note("events immediately", group.described_events(group.server))
	t.note("peer immediately", group.server.get_peer(id) != null)
	group.until_events(client, 2)
	t.turns(5)
	t.note("client", [group.described_events(client), client.get_connection_status(), code])
	t.note("server", group.described_events(group.server))
	t.note("peer at the end", group.server.get_peer(id) != null)
	t.note("other", [group.described_events(other), other.get_connection_status()])


func _disconnect_from_server(t: TraceRecorder, force: bool) -> void:
	var group := RoomGroup.new(t)
	var client := group.connected_client()
	var code := []
	var id := client.get_unique_id()
	group.server.peer_disconnected.connect(func(_id: int) -> void: code.append(group.server.get_peer(id).get_close_code()))
	client.disconnect_peer(1, force)
	t.note("immediately", [group.described_events(client), client.get_connection_status()])
	group.until_events(group.server, 2)
	t.turns(5)
	t.note("client", [group.described_events(client), client.get_connection_status(), client.get_unique_id()])
	t.note("server", [group.described_events(group.server), code])


func play_client_closes(t: TraceRecorder) -> void:
	var group := RoomGroup.new(t)
	var client := group.connected_client()
	RoomGroup.send(group.server, 0, "unread")
	group.until_packets(client, 1)
	var code := []
	var id := client.get_unique_id()
	group.server.peer_disconnected.connect(func(_id: int) -> void: code.append(group.server.get_peer(id).get_close_code()))
	client.close()
	t.note("properties", _properties(client))
	group.until_events(group.server, 2)
	t.turns(3)
	t.note("client", group.described_events(client))
	t.note("server", group.described_events(group.server))
	t.note("code", code)


func play_server_closes(t: TraceRecorder) -> void:
	var group := RoomGroup.new(t)
	var code := []
	for i in 2:
		var client := group.connected_client()
		client.peer_disconnected.connect(func(_id: int) -> void: code.append(client.get_peer(1).get_close_code()))
	group.server.close()
	t.note("properties", _properties(group.server))
	for client in group.clients:
		group.until_status(client, DISCONNECTED)
	t.note("code", code)
	t.note("server", group.described_events(group.server).size())
	t.note("clients", group.clients.map(group.described_events))
	t.note("ids", group.clients.map(_properties))


func play_no_server_listens(t: TraceRecorder) -> void:
	var group := RoomGroup.new(t)
	group.server.close()
	var client := group.connecting_client()
	t.note("immediately", _properties(client))
	group.until_status(client, DISCONNECTED)
	t.note("at the end", _properties(client))
	t.note("events", group.described_events(client))


func play_five_connections_in_one_poll(t: TraceRecorder) -> void:
	var group := RoomGroup.new(t)
	var remotes := []
	for i in 5:
		var remote := WebSocketPeer.new()
		remote.connect_to_url(group.url())
		remotes.append(remote)
	# The clients write their requests before the server's first turn.
	for i in 20:
		remotes.map(func(remote: WebSocketPeer) -> void: remote.poll())
		OS.delay_usec(1000)
	group.server.poll()
	t.note("after one poll", group.events_of(group.server).size())
	for i in 10:
		group.server.poll()
	t.note("after more", group.events_of(group.server).size())


func play_packets_of_a_closed_client(t: TraceRecorder) -> void:
	var group := RoomGroup.new(t)
	var client := group.connected_client()
	RoomGroup.send(client, 1, "kept")
	group.until_packets(group.server, 1)
	client.close()
	group.until_events(group.server, 2)
	t.note("events", group.described_events(group.server))
	t.note("packets", group.packets(group.server))


func play_packets_together_with_the_close(t: TraceRecorder) -> void:
	var group := RoomGroup.new(t)
	var remote := _plain_client(t, group)
	remote.send("last message".to_utf8_buffer())
	remote.close()
	for i in 5:
		OS.delay_usec(1000)
		remote.poll()
	group.until_events(group.server, 2)
	t.note("events", group.events_of(group.server).map(func(event: Array) -> String: return event[0]))
	t.note("packets", group.packets(group.server).map(func(packet: String) -> String: return packet.get_slice(": ", 1)))


func play_unread_packets_of_a_disconnected_client(t: TraceRecorder) -> void:
	var group := RoomGroup.new(t)
	var client := group.connected_client()
	RoomGroup.send(group.server, 0, "unread")
	group.until_packets(client, 1)
	group.server.disconnect_peer(client.get_unique_id())
	group.until_status(client, DISCONNECTED)
	t.note("packets", group.packets(client))


func play_packets_of_a_disconnected_peer(t: TraceRecorder) -> void:
	var group := RoomGroup.new(t)
	var client := group.connected_client()
	RoomGroup.send(client, 1, "unread")
	group.until_packets(group.server, 1)
	group.server.disconnect_peer(client.get_unique_id())
	group.until_events(group.server, 2)
	t.note("packets", group.packets(group.server))


func play_a_too_large_packet(t: TraceRecorder) -> void:
	var group := RoomGroup.new(t, {"outbound_buffer_size": 100})
	var client := group.connected_client({"outbound_buffer_size": 100})
	var big := "x".repeat(101)
	t.note("client", RoomGroup.send(client, 1, big))
	t.note("server to one", RoomGroup.send(group.server, client.get_unique_id(), big))
	t.note("server to all", RoomGroup.send(group.server, 0, big))
	t.note("still connected", client.get_connection_status())


func play_handshake_timeout(t: TraceRecorder) -> void:
	var group := RoomGroup.new(t, {"handshake_timeout": 0.05})
	var socket := t.connect_raw_socket_to_port(group.port)
	t.note("closed", t.until(func() -> bool: return socket.ended))
	# A slow machine must not drop the client below.
	group.server.handshake_timeout = 3.0
	t.note("events", group.described_events(group.server))
	t.note("other clients", _properties(group.connected_client())[0])
	for value: float in [0.0, -1.0]:
		group.server.handshake_timeout = value
		t.note("set to %s" % value, snappedf(group.server.handshake_timeout, 0.001))


func play_client_handshake_timeout(t: TraceRecorder) -> void:
	var group := RoomGroup.new(t)
	var listener := TCPServer.new()
	listener.listen(0, Loopback.HOST)
	var client := group.connecting_client({"handshake_timeout": 0.05}, "ws://%s:%d" % [Loopback.HOST, listener.get_local_port()])
	t.note("disconnected", group.until_status(client, DISCONNECTED))
	t.note("events", group.described_events(client))


func play_a_missing_id(t: TraceRecorder) -> void:
	var group := RoomGroup.new(t)
	var server := WebSocketPeer.new()
	var client := _client_of_plain_server(t, group, server, {"handshake_timeout": 0.5})
	# The engine's client waits for ever.
	t.until(func() -> bool: return client.get_connection_status() == DISCONNECTED, 1.0)
	t.note("status", client.get_connection_status())


func play_refusing_new_connections(t: TraceRecorder) -> void:
	var group := RoomGroup.new(t)
	group.connected_client()
	group.server.refuse_new_connections = true
	t.note("refusing", group.server.is_refusing_new_connections())
	var client := group.connecting_client()
	t.until_quiet(func() -> bool: return client.get_connection_status() == DISCONNECTED)
	t.note("status", client.get_connection_status())
	t.note("events", group.described_events(group.server).size())
	client.close()
	group.server.refuse_new_connections = false
	group.connected_client()
	t.note("at the end", group.events_of(group.server).filter(func(event: Array) -> bool: return event[0] == "connected").size())


func play_handlers_use_the_room(t: TraceRecorder) -> void:
	var group := RoomGroup.new(t)
	group.server.peer_connected.connect(func(id: int) -> void: RoomGroup.send(group.server, id, "welcome"))
	var left := []
	group.server.peer_disconnected.connect(func(id: int) -> void:
		left.append(group.server.get_peer(id) != null)
		RoomGroup.send(group.server, 0, "a client has left"))
	var first := group.connected_client()
	var second := group.connected_client()
	group.until_packets(first, 1)
	group.until_packets(second, 1)
	second.close()
	group.until_packets(first, 2)
	t.note("first", group.packets(first))
	t.note("left", left)


func play_a_handler_closes_the_room(t: TraceRecorder) -> void:
	var group := RoomGroup.new(t)
	var client := group.connecting_client()
	client.peer_connected.connect(func(_id: int) -> void: client.close())
	group.until_events(client, 1)
	t.turns(3)
	t.note("properties", _properties(client))
	t.note("events", group.described_events(client))
