extends "../support/scenarios.gd"
## WebSocketMultiplayerPeer: who is told what, and which packets reach whom.

const Hall := preload("../support/hall.gd")
const Stage := preload("../support/stage.gd")

const CONNECTED := MultiplayerPeer.CONNECTION_CONNECTED
const CONNECTING := MultiplayerPeer.CONNECTION_CONNECTING
const DISCONNECTED := MultiplayerPeer.CONNECTION_DISCONNECTED

const BAD_URLS := {"empty": "", "no_host": "ws://", "http": "http://127.0.0.1", "port_0": "ws://127.0.0.1:0", "two_ports": "ws://a:1:2"}
const BAD_ADDRESSES := {"empty": "", "name": "localhost", "word": "foo", "brackets": "[::1]"}


func rows() -> Dictionary[String, Callable]:
	var out: Dictionary[String, Callable] = {}
	for name: String in BAD_URLS:
		out["client_of_url_" + name] = _bad_url.bind(BAD_URLS[name])
	for name: String in BAD_ADDRESSES:
		out["server_on_address_" + name] = _bad_address.bind(BAD_ADDRESSES[name])
	for size: int in [0, 3, 5, 8]:
		var bytes := PackedByteArray()
		bytes.resize(size)
		bytes.fill(9)
		out["id_of_%d_bytes" % size] = _first_message.bind(bytes, WebSocketPeer.WRITE_MODE_BINARY)
	for value: int in [0, 1, -1, 2, 0x7fffffff]:
		out["id_%d" % value] = _first_message.bind(_le32(value), WebSocketPeer.WRITE_MODE_BINARY)
	out["id_as_text"] = _first_message.bind("abcd".to_ascii_buffer(), WebSocketPeer.WRITE_MODE_TEXT)
	for force: bool in [false, true]:
		out["server_disconnects_a_peer%s" % (" by force" if force else "")] = _kick.bind(force)
		out["client_disconnects_from_the_server%s" % (" by force" if force else "")] = _leave.bind(force)
	return out


static func _le32(value: int) -> PackedByteArray:
	var bytes := PackedByteArray()
	bytes.resize(4)
	bytes.encode_s32(0, value)
	return bytes


static func _condition(of: MultiplayerPeer) -> Array:
	return [of.get_connection_status(), of.get_unique_id(), of.get_available_packet_count()]


func _bad_url(t: Recorder, url: String) -> void:
	var room := t.implementation.room()
	t.note("error", room.create_client(url))
	t.note("condition", _condition(room))


func _bad_address(t: Recorder, address: String) -> void:
	var room := t.implementation.room()
	t.note("error", room.create_server(0, address))
	t.note("condition", _condition(room))


func play_nothing_yet(t: Recorder) -> void:
	var room := t.implementation.room()
	t.note("condition", _condition(room))
	t.note("relay", room.is_server_relay_supported())
	t.note("refusing", room.is_refusing_new_connections())
	t.note("put", Hall.send(room, 0, "x"))
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
	t.note("condition in the end", _condition(room))


func play_a_room_is_used_once_at_a_time(t: Recorder) -> void:
	var hall := Hall.new(t)
	t.note("server", _condition(hall.server))
	t.note("server as server", hall.server.create_server(0, Stage.HOST))
	t.note("server as client", hall.server.create_client("ws://127.0.0.1:1"))
	var second := t.implementation.room()
	t.note("port in use", second.create_server(hall.port, Stage.HOST))
	t.note("not used", _condition(second))
	var client := hall.admit()
	t.note("client as client", client.create_client(hall.url()))
	t.note("client as server", client.create_server(0, Stage.HOST))
	client.close()
	t.note("closed", _condition(client))
	t.note("again", client.create_client(hall.url()))
	t.note("connecting", _condition(client))
	t.note("arrived again", hall.until_status(client, CONNECTED))
	t.note("told", hall.news(client).map(func(news: String) -> String: return news))


func play_tls_options_of_the_other_side(t: Recorder) -> void:
	var room := t.implementation.room()
	var key := Crypto.new().generate_rsa(1024)
	var certificate := Crypto.new().generate_self_signed_certificate(key, "CN=localhost")
	t.note("server", room.create_server(0, Stage.HOST, TLSOptions.client()))
	t.note("client", room.create_client("wss://127.0.0.1:1", TLSOptions.server(key, certificate)))
	t.note("condition", _condition(room))


func play_targets_of_a_server(t: Recorder) -> void:
	var hall := Hall.new(t)
	for i in 3:
		hall.admit()
	var ids := hall.clients.map(func(client: MultiplayerPeer) -> int: return client.get_unique_id())
	t.note("everybody", Hall.send(hall.server, 0, "everybody"))
	t.note("one", Hall.send(hall.server, ids[1], "one"))
	t.note("all but one", Hall.send(hall.server, -ids[2], "all but the third"))
	t.note("unknown", Hall.send(hall.server, 0x7ffffff1, "unknown"))
	t.note("itself", Hall.send(hall.server, 1, "itself"))
	t.note("all but unknown", Hall.send(hall.server, -0x7ffffff1, "all but unknown"))
	hall.server.set_target_peer(0)
	t.note("empty", hall.server.put_packet([]))
	for i in 3:
		hall.until_packets(hall.clients[i], [3, 4, 2][i])
		t.turns(3)
		t.note("client %d" % i, hall.packets(hall.clients[i]))


func play_targets_of_a_client(t: Recorder) -> void:
	var hall := Hall.new(t)
	var client := hall.admit()
	var other := hall.admit()
	for target: int in [0, 1, -1, other.get_unique_id(), 0x7ffffff1, client.get_unique_id()]:
		t.note("target %s" % hall.who(target), Hall.send(client, target, "to " + hall.who(target)))
	hall.until_packets(hall.server, 6)
	t.note("packet peer", hall.who(hall.server.get_packet_peer()))
	t.note("packets", hall.packets(hall.server))
	t.note("others", hall.packets(other))


func play_modes_and_channels(t: Recorder) -> void:
	var hall := Hall.new(t)
	var client := hall.admit()
	client.transfer_mode = MultiplayerPeer.TRANSFER_MODE_UNRELIABLE
	client.transfer_channel = 5
	t.note("settings", [client.transfer_mode, client.transfer_channel])
	Hall.send(client, 1, "x")
	hall.until_packets(hall.server, 1)
	t.note("packet", [hall.server.get_packet_mode(), hall.server.get_packet_channel()])
	t.note("empty queue", [client.get_packet_mode(), client.get_packet_channel(), client.get_packet_peer()])


func play_reading(t: Recorder) -> void:
	var hall := Hall.new(t)
	var client := hall.admit()
	t.note("none", [hall.server.get_packet(), hall.server.get_packet_error()])
	Hall.send(client, 1, "one")
	hall.until_packets(hall.server, 1)
	t.note("one", [hall.server.get_packet(), hall.server.get_packet_error()])
	client.put_var({"a": [1, 2.5, "x"]})
	hall.until_packets(hall.server, 1)
	t.note("var", hall.server.get_var())


func play_peers(t: Recorder) -> void:
	var hall := Hall.new(t)
	var client := hall.admit()
	var id := client.get_unique_id()
	t.note("address", hall.server.get_peer_address(id))
	t.note("port", hall.server.get_peer_port(id) > 0)
	t.note("server's address", client.get_peer_address(1))
	t.note("server's port", client.get_peer_port(1) == hall.port)
	t.note("peer", hall.server.get_peer(id).get_ready_state())
	t.note("same object", hall.server.get_peer(id) == hall.server.get_peer(id))
	t.note("server", client.get_peer(1).get_ready_state())
	t.note("unknown", [hall.server.get_peer(5), hall.server.get_peer_address(5), hall.server.get_peer_port(5)])
	t.note("itself", hall.server.get_peer(1))
	hall.server.disconnect_peer(0x7ffffff1)
	t.note("still there", _condition(client)[0])


func play_handshake_settings(t: Recorder) -> void:
	var hall := Hall.new(t, {"supported_protocols": ["b", "a"], "handshake_headers": ["X-Server: yes"]})
	var client := hall.admit({"supported_protocols": ["a", "c"]})
	t.note("protocol", client.get_peer(1).get_selected_protocol())
	t.note("at the server", hall.server.get_peer(client.get_unique_id()).get_selected_protocol())
	t.note("url", hall.server.get_peer(client.get_unique_id()).get_requested_url() == hall.url() + "/")


## A client of the implementation whose server says something first, in place of its id.
func _first_message(t: Recorder, bytes: PackedByteArray, mode: WebSocketPeer.WriteMode) -> void:
	var hall := Hall.new(t)
	var listener := TCPServer.new()
	listener.listen(0, Stage.HOST)
	var client := hall.invite({}, "ws://%s:%d" % [Stage.HOST, listener.get_local_port()])
	var remote := WebSocketPeer.new()
	t.need(listener.is_connection_available, "the client's connection")
	remote.accept_stream(listener.take_connection())
	t.need(func() -> bool:
		remote.poll()
		return remote.get_ready_state() == OPEN, "the client's handshake")
	remote.send(bytes, mode)
	remote.send("behind".to_utf8_buffer())
	t.until(func() -> bool:
		remote.poll()
		return client.get_connection_status() != CONNECTING and (remote.get_ready_state() == CLOSED or client.get_available_packet_count() > 0))
	t.note("status", client.get_connection_status())
	t.note("id", client.get_unique_id())
	t.note("told", hall.news(client))
	t.note("packets", hall.packets(client))
	t.note("remote", [remote.get_ready_state(), remote.get_close_code()])


func play_what_a_server_sends_first(t: Recorder) -> void:
	var hall := Hall.new(t)
	var remote := _remote(t, hall)
	var id: PackedByteArray = remote.get_packet()
	t.note("size", id.size())
	t.note("text", remote.was_string_packet())
	t.note("little endian", hall.told(hall.server) == [["connected", id.decode_s32(0)]])
	t.note("positive", id.decode_s32(0) > 1)
	remote.send_text("text")
	remote.send([])
	remote.send("bytes".to_utf8_buffer())
	t.until(func() -> bool:
		remote.poll()
		return hall.server.get_available_packet_count() == 2)
	t.note("packets", hall.packets(hall.server).map(func(packet: String) -> String: return packet.get_slice(": ", 1)))
	Hall.send(hall.server, 0, "answer")
	t.until(func() -> bool:
		remote.poll()
		return remote.get_available_packet_count() > 0)
	t.note("answer", [remote.get_packet(), remote.was_string_packet()])


## A plain WebSocketPeer of the engine as a client, which has received its id.
static func _remote(t: Recorder, hall: Hall) -> WebSocketPeer:
	var remote := WebSocketPeer.new()
	remote.connect_to_url(hall.url())
	t.need(func() -> bool:
		remote.poll()
		return remote.get_available_packet_count() > 0, "the id of a plain client")
	return remote


func _kick(t: Recorder, force: bool) -> void:
	var hall := Hall.new(t)
	var client := hall.admit()
	var other := hall.admit()
	var code := []
	client.peer_disconnected.connect(func(_id: int) -> void: code.append(client.get_peer(1).get_close_code()))
	var id := client.get_unique_id()
	hall.server.disconnect_peer(id, force)
	t.note("told at once", hall.news(hall.server))
	t.note("there at once", hall.server.get_peer(id) != null)
	hall.until_told(client, 2)
	t.turns(5)
	t.note("client", [hall.news(client), client.get_connection_status(), code])
	t.note("server", hall.news(hall.server))
	t.note("there in the end", hall.server.get_peer(id) != null)
	t.note("other", [hall.news(other), other.get_connection_status()])


func _leave(t: Recorder, force: bool) -> void:
	var hall := Hall.new(t)
	var client := hall.admit()
	var code := []
	var id := client.get_unique_id()
	hall.server.peer_disconnected.connect(func(_id: int) -> void: code.append(hall.server.get_peer(id).get_close_code()))
	client.disconnect_peer(1, force)
	t.note("at once", [hall.news(client), client.get_connection_status()])
	hall.until_told(hall.server, 2)
	t.turns(5)
	t.note("client", [hall.news(client), client.get_connection_status(), client.get_unique_id()])
	t.note("server", [hall.news(hall.server), code])


func play_client_closes(t: Recorder) -> void:
	var hall := Hall.new(t)
	var client := hall.admit()
	Hall.send(hall.server, 0, "unread")
	hall.until_packets(client, 1)
	var code := []
	var id := client.get_unique_id()
	hall.server.peer_disconnected.connect(func(_id: int) -> void: code.append(hall.server.get_peer(id).get_close_code()))
	client.close()
	t.note("condition", _condition(client))
	hall.until_told(hall.server, 2)
	t.turns(3)
	t.note("client", hall.news(client))
	t.note("server", hall.news(hall.server))
	t.note("code", code)


func play_server_closes(t: Recorder) -> void:
	var hall := Hall.new(t)
	var code := []
	for i in 2:
		var client := hall.admit()
		client.peer_disconnected.connect(func(_id: int) -> void: code.append(client.get_peer(1).get_close_code()))
	hall.server.close()
	t.note("condition", _condition(hall.server))
	for client in hall.clients:
		hall.until_status(client, DISCONNECTED)
	t.note("code", code)
	t.note("server", hall.news(hall.server).size())
	t.note("clients", hall.clients.map(hall.news))
	t.note("ids", hall.clients.map(_condition))


func play_nobody_listens(t: Recorder) -> void:
	var hall := Hall.new(t)
	hall.server.close()
	var client := hall.invite()
	t.note("at once", _condition(client))
	hall.until_status(client, DISCONNECTED)
	t.note("in the end", _condition(client))
	t.note("told", hall.news(client))


func play_five_at_once(t: Recorder) -> void:
	var hall := Hall.new(t)
	var remotes := []
	for i in 5:
		var remote := WebSocketPeer.new()
		remote.connect_to_url(hall.url())
		remotes.append(remote)
	# The clients write their requests before the server's first turn.
	for i in 20:
		remotes.map(func(remote: WebSocketPeer) -> void: remote.poll())
		OS.delay_usec(1000)
	hall.server.poll()
	t.note("after one poll", hall.told(hall.server).size())
	for i in 10:
		hall.server.poll()
	t.note("after more", hall.told(hall.server).size())


func play_packets_of_one_who_left(t: Recorder) -> void:
	var hall := Hall.new(t)
	var client := hall.admit()
	Hall.send(client, 1, "kept")
	hall.until_packets(hall.server, 1)
	client.close()
	hall.until_told(hall.server, 2)
	t.note("told", hall.news(hall.server))
	t.note("packets", hall.packets(hall.server))


func play_packets_together_with_the_close(t: Recorder) -> void:
	var hall := Hall.new(t)
	var remote := _remote(t, hall)
	remote.send("last words".to_utf8_buffer())
	remote.close()
	for i in 5:
		OS.delay_usec(1000)
		remote.poll()
	hall.until_told(hall.server, 2)
	t.note("told", hall.told(hall.server).map(func(event: Array) -> String: return event[0]))
	t.note("packets", hall.packets(hall.server).map(func(packet: String) -> String: return packet.get_slice(": ", 1)))


func play_unread_packets_of_a_client_that_is_left(t: Recorder) -> void:
	var hall := Hall.new(t)
	var client := hall.admit()
	Hall.send(hall.server, 0, "unread")
	hall.until_packets(client, 1)
	hall.server.disconnect_peer(client.get_unique_id())
	hall.until_status(client, DISCONNECTED)
	t.note("packets", hall.packets(client))


func play_packets_of_one_who_is_disconnected(t: Recorder) -> void:
	var hall := Hall.new(t)
	var client := hall.admit()
	Hall.send(client, 1, "unread")
	hall.until_packets(hall.server, 1)
	hall.server.disconnect_peer(client.get_unique_id())
	hall.until_told(hall.server, 2)
	t.note("packets", hall.packets(hall.server))


func play_a_packet_that_does_not_fit(t: Recorder) -> void:
	var hall := Hall.new(t, {"outbound_buffer_size": 100})
	var client := hall.admit({"outbound_buffer_size": 100})
	var big := "x".repeat(101)
	t.note("client", Hall.send(client, 1, big))
	t.note("server to one", Hall.send(hall.server, client.get_unique_id(), big))
	t.note("server to all", Hall.send(hall.server, 0, big))
	t.note("still there", client.get_connection_status())


func play_handshake_timeout(t: Recorder) -> void:
	var hall := Hall.new(t, {"handshake_timeout": 0.05})
	var raw := t.raw_connect_to(hall.port)
	t.note("dropped", t.until(func() -> bool: return raw.ended))
	t.note("told", hall.news(hall.server))
	t.note("others", _condition(hall.admit())[0])
	for value: float in [0.0, -1.0]:
		hall.server.handshake_timeout = value
		t.note("set to %s" % value, snappedf(hall.server.handshake_timeout, 0.001))


func play_client_handshake_timeout(t: Recorder) -> void:
	var hall := Hall.new(t)
	var listener := TCPServer.new()
	listener.listen(0, Stage.HOST)
	var client := hall.invite({"handshake_timeout": 0.05}, "ws://%s:%d" % [Stage.HOST, listener.get_local_port()])
	t.note("gives up", hall.until_status(client, DISCONNECTED))
	t.note("told", hall.news(client))


func play_an_id_that_never_comes(t: Recorder) -> void:
	var hall := Hall.new(t)
	var listener := TCPServer.new()
	listener.listen(0, Stage.HOST)
	var client := hall.invite({"handshake_timeout": 0.2}, "ws://%s:%d" % [Stage.HOST, listener.get_local_port()])
	var remote := WebSocketPeer.new()
	t.need(listener.is_connection_available, "the client's connection")
	remote.accept_stream(listener.take_connection())
	t.need(func() -> bool:
		remote.poll()
		return remote.get_ready_state() == OPEN, "the client's handshake")
	t.until(func() -> bool: return client.get_connection_status() == DISCONNECTED, 0.6)
	t.note("status", client.get_connection_status())


func play_refusing_new_connections(t: Recorder) -> void:
	var hall := Hall.new(t)
	hall.admit()
	hall.server.refuse_new_connections = true
	t.note("refusing", hall.server.is_refusing_new_connections())
	var client := hall.invite()
	t.until(func() -> bool: return client.get_connection_status() == DISCONNECTED, 0.3)
	t.note("status", client.get_connection_status())
	t.note("told", hall.news(hall.server).size())
	client.close()
	hall.server.refuse_new_connections = false
	hall.admit()
	t.note("in the end", hall.told(hall.server).filter(func(event: Array) -> bool: return event[0] == "connected").size())


func play_handlers_use_the_room(t: Recorder) -> void:
	var hall := Hall.new(t)
	hall.server.peer_connected.connect(func(id: int) -> void: Hall.send(hall.server, id, "welcome"))
	var left := []
	hall.server.peer_disconnected.connect(func(id: int) -> void:
		left.append(hall.server.get_peer(id) != null)
		Hall.send(hall.server, 0, "one has left"))
	var first := hall.admit()
	var second := hall.admit()
	hall.until_packets(first, 1)
	hall.until_packets(second, 1)
	second.close()
	hall.until_packets(first, 2)
	t.note("first", hall.packets(first))
	t.note("left", left)


func play_a_handler_closes_the_room(t: Recorder) -> void:
	var hall := Hall.new(t)
	var client := hall.invite()
	client.peer_connected.connect(func(_id: int) -> void: client.close())
	hall.until_told(client, 1)
	t.turns(3)
	t.note("condition", _condition(client))
	t.note("told", hall.news(client))
