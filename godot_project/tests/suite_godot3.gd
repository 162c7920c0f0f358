extends "support/client_server_suite.gd"
## Godot 3 as the remote peer, in both roles, with plain messages and in multiplayer mode. It runs tests/godot/godot3/endpoint.gd; the
## environment variable WSPEER_GODOT3, which tools/run test-godot sets, has the path of its executable.


func _ready_to_run(multiplayer := false, protocols := PackedStringArray()) -> bool:
	if not make_group(protocols, multiplayer):
		return false
	check(OS.get_environment("WSPEER_GODOT3") != "", "WSPEER_GODOT3 is set")
	group.observe = read_processes
	return OS.get_environment("WSPEER_GODOT3") != ""


func _start(arguments: PackedStringArray) -> ChildProcess:
	var path := ProjectSettings.globalize_path("res://").path_join("../tests/godot/godot3")
	return start_process(OS.get_environment("WSPEER_GODOT3"), PackedStringArray(["--path", path, "-s", "endpoint.gd"]) + arguments)


func _start_client(more := PackedStringArray()) -> ChildProcess:
	return _start(PackedStringArray(["--role=client", "--url=" + group.url()]) + more)


## Starts a server of Godot 3 and returns it with its URL. It cannot report the port it chose, so it is given a free one.
func _start_server(more := PackedStringArray()) -> Array:
	var port := Loopback.free_port()
	var server := _start(PackedStringArray(["--role=server", "--port=%d" % port]) + more)
	check(group.until(func() -> bool: return server.lines.has("begun 0")), "listening: %s" % server.lines)
	return [server, "ws://127.0.0.1:%d" % port]


## Returns the lines that a Godot 3 has printed since its connection or server began, with peer ids as in the group's events.
func _output(process: ChildProcess) -> Array:
	process.read()
	var start := process.lines.find("begun 0")
	return _with_peer_names(process.lines.slice(start + 1)) if start >= 0 else []


## Replaces peer ids as the group's events do.
func _with_peer_names(lines: PackedStringArray) -> Array:
	return Array(lines).map(func(line: String) -> String:
		for i in group.ids.size():
			line = line.replace(str(group.ids[i]), "#%d" % (i + 1))
		return line)


## Sends messages to Godot 3 and compares their echoes.
func _expect_echoes(ours: RustWebSocketRemotePeer, theirs: ChildProcess) -> void:
	var payloads := ["Grüße, 世界".to_utf8_buffer(), Payload.bytes(1), Payload.bytes(126), Payload.bytes(60000)]
	for i in payloads.size():
		ours.set_write_mode(RustWebSocketRemotePeer.WRITE_MODE_TEXT if i == 0 else RustWebSocketRemotePeer.WRITE_MODE_BINARY)
		equal(ours.put_packet(payloads[i]), OK)
		check(group.until(func() -> bool: return ours.get_available_packet_count() > 0), "an echo of %d bytes" % payloads[i].size())
		check(ours.get_packet() == payloads[i], "the same %d bytes" % payloads[i].size())
		equal(ours.was_string_packet(), i == 0)
	equal(_output(theirs).filter(func(line: String) -> bool: return line.begins_with("data ")).size(), payloads.size())


func test_client_of_godot3() -> void:
	if not _ready_to_run(false, ["ours", "theirs"]):
		return
	for closing_peer: String in ["Godot 3", "wspeer"]:
		var other := _start_client(["--protocol=theirs"])
		group.clear_events()
		check(group.until(func() -> bool: return group.server_events.size() == 1), "connected: %s" % other.lines)
		var label: String = "#%d" % group.ids.size()
		equal(group.server_events, ["client_connected(%s, theirs)" % label])
		var peer := group.server.get_peer(group.ids[-1])
		_expect_echoes(peer, other)
		group.clear_events()
		if closing_peer == "Godot 3":
			peer.send_text("!close 4321 why not")
			check(group.until(func() -> bool: return group.server_events.size() == 2 and _output(other).has("connection_closed(False)")), "closed: %s" % other.lines)
			# Godot 3 sends a NUL after the reason, which is removed.
			equal(group.server_events, ["client_close_request(%s, 4321, why not)" % label, "client_disconnected(%s, true)" % label])
		else:
			group.server.disconnect_peer(group.ids[-1], 4000, "bye from us")
			check(group.until(func() -> bool: return group.server_events.size() == 1 and _output(other).has("connection_closed(True)")), "closed: %s" % other.lines)
			equal(group.server_events, ["client_disconnected(%s, true)" % label])
			check(_output(other).has("server_close_request(4000, bye from us)"), str(other.lines))
		check(_output(other).has("connection_established(theirs)"), str(other.lines))


func test_server_of_godot3() -> void:
	if not _ready_to_run():
		return
	var server := _start_server(["--protocol=theirs"])
	var other: ChildProcess = server[0]
	for closing_peer: String in ["Godot 3", "wspeer"]:
		var client := group.new_client()
		var index := group.clients.size() - 1
		equal(client.connect_to_url(server[1], ["ours", "theirs"]), OK)
		check(group.until(func() -> bool: return group.client_events[index].has("connection_established(theirs)")), "connected: %s" % other.lines)
		other.lines.resize(other.lines.find("begun 0") + 1)
		_expect_echoes(client.get_peer(1), other)
		group.clear_events()
		if closing_peer == "Godot 3":
			client.get_peer(1).send_text("!close 4321 why not")
			check(group.until(func() -> bool: return group.client_events[index].size() == 2), "closed: %s" % other.lines)
			equal(group.client_events[index], ["server_close_request(4321, why not)", "connection_closed(true)"])
		else:
			client.disconnect_from_host(1001, "bye from us")
			check(group.until(func() -> bool: return group.client_events[index].size() == 1), "closed: %s" % other.lines)
			equal(group.client_events[index], ["connection_closed(true)"])
			check(group.until(func() -> bool: return " ".join(_output(other)).contains(", 1001, bye from us)")), str(other.lines))
			check(group.until(func() -> bool: return " ".join(_output(other)).contains(", True)")), str(other.lines))
	# The server ends with a close frame.
	var last := group.new_client()
	last.connect_to_url(server[1], ["theirs"])
	check(group.until(func() -> bool: return group.client_events[-1].size() == 1), "connected")
	group.clear_events()
	last.get_peer(1).send_text("!quit")
	check(group.until(func() -> bool: return group.client_events[-1].has("connection_closed(true)")), "closed")
	equal(group.client_events[-1], ["server_close_request(1000, )", "connection_closed(true)"])


func test_client_of_godot3_in_multiplayer_mode() -> void:
	if not _ready_to_run(true):
		return
	var ours := group.connected_client()
	var other := _start_client(["--mp"])
	check(group.until(func() -> bool: return group.client_events[0].has("peer_connected(#2)")), "introduced: %s" % other.lines)
	check(group.until(func() -> bool: return _output(other).size() == 3), str(other.lines))
	equal(_output(other), ["peer_connected(1)", "connection_succeeded()", "peer_connected(#1)"])
	# The server orders it to send to each kind of target.
	group.server.set_target_peer(group.id(1))
	for target: int in [0, 1, group.id(0), -group.id(0), -1]:
		group.server.put_packet(("!say %d to %d" % [target, target]).to_utf8_buffer())
	var taken := func(peer: MultiplayerPeer) -> Array:
		var packets := []
		while peer.get_available_packet_count() > 0:
			equal(peer.get_packet_peer(), group.id(1))
			packets.append(peer.get_packet().get_string_from_utf8())
		return packets
	check(group.until(func() -> bool: return ours.get_available_packet_count() == 3 and group.server.get_available_packet_count() == 3), "packets of all targets")
	equal(taken.call(ours), ["to 0", "to %d" % group.id(0), "to -1"])
	equal(taken.call(group.server), ["to 0", "to 1", "to %d" % -group.id(0)])
	ours.set_target_peer(group.id(1))
	ours.put_packet("from one client to the other".to_utf8_buffer())
	check(group.until(func() -> bool: return _output(other).has("packet #1 from one client to the other")), str(other.lines))
	ours.disconnect_from_host()
	check(group.until(func() -> bool: return _output(other).has("peer_disconnected(#1)")), str(other.lines))
	group.server.stop()
	check(group.until(func() -> bool: return _output(other).has("connection_failed()")), "Godot 3 emits connection_failed")


func test_server_of_godot3_in_multiplayer_mode() -> void:
	if not _ready_to_run(true):
		return
	var server := _start_server(["--mp"])
	var other: ChildProcess = server[0]
	var clients: Array[RustWebSocketClient] = []
	for i in 2:
		var client := group.new_client()
		equal(client.connect_to_url(server[1], [], true), OK)
		clients.append(client)
		check(group.until(func() -> bool: return group.client_events[i].has("connection_succeeded()")), "joined: %s" % other.lines)
		group.ids.append(client.get_unique_id())
	check(group.until(func() -> bool: return group.client_events[0].size() == 3 and group.client_events[1].size() == 3), "introduced")
	equal(group.client_events[1], ["peer_connected(server)", "connection_succeeded()", "peer_connected(#1)"])
	check(group.client_events[0][2].begins_with("peer_connected("), group.client_events[0][2])
	equal(_output(other), ["peer_connected(#1)", "peer_connected(#2)"])
	# The server sends what a client orders.
	clients[0].set_target_peer(1)
	clients[0].put_packet("!say 0 hello everybody".to_utf8_buffer())
	for client in clients:
		check(group.until(func() -> bool: return client.get_available_packet_count() == 1), "packets of all targets")
		equal([client.get_packet_peer(), client.get_packet().get_string_from_utf8()], [1, "hello everybody"])
	# And relays packets for other clients.
	clients[0].set_target_peer(clients[1].get_unique_id())
	clients[0].put_packet("in private".to_utf8_buffer())
	check(group.until(func() -> bool: return clients[1].get_available_packet_count() == 1), "the relayed packet")
	equal([clients[1].get_packet_peer(), clients[1].get_packet().get_string_from_utf8()], [clients[0].get_unique_id(), "in private"])
	group.clear_events()
	clients[1].disconnect_from_host()
	check(group.until(func() -> bool: return not group.client_events[0].is_empty()), "a signal at the other client")
	check(group.client_events[0][0].begins_with("peer_disconnected("), group.client_events[0][0])
	check(group.until(func() -> bool: return _output(other).has("peer_disconnected(#2)")), str(other.lines))
	group.clear_events()
	clients[0].set_target_peer(1)
	clients[0].put_packet("!quit".to_utf8_buffer())
	check(group.until(func() -> bool: return group.client_events[0].has("connection_failed()")), "connection_failed")
	equal(group.client_events[0], ["server_close_request(1000, )", "server_disconnected()", "connection_failed()"])
