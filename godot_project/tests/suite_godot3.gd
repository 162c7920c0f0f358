extends "support/suite.gd"
## A real Godot 3 at the other end, in both roles, plain and in multiplayer mode. Its script is tests/godot/godot3/end.gd; its executable is
## named by the environment variable WSPEER_GODOT3, which tools/run test-godot sets.

const Room := preload("support/room.gd")
const SECONDS := 20.0

var room: Room
var others: Array[Godot3] = []


## A process of Godot 3 and the lines it has printed.
class Godot3:
	var lines := PackedStringArray()
	var _process: Dictionary
	var _rest := ""

	func _init(arguments: PackedStringArray) -> void:
		var path := ProjectSettings.globalize_path("res://").path_join("../tests/godot/godot3")
		_process = OS.execute_with_pipe(OS.get_environment("WSPEER_GODOT3"), PackedStringArray(["--path", path, "-s", "end.gd"]) + arguments, false)

	func pump() -> void:
		var pipe: FileAccess = _process.get("stdio")
		var got := pipe.get_buffer(65536) if pipe != null else PackedByteArray()
		_rest += got.get_string_from_utf8()
		while "\n" in _rest:
			lines.append(_rest.get_slice("\n", 0).strip_edges())
			_rest = _rest.substr(_rest.find("\n") + 1)

	## What it has printed since it began.
	func said() -> Array:
		var from := lines.find("begun 0")
		return Array(lines.slice(from + 1)) if from >= 0 else []

	func is_over() -> bool:
		return not OS.is_process_running(_process.pid)

	func finish() -> void:
		if not is_over():
			OS.kill(_process.pid)


func run_test(name: String) -> void:
	room = null
	await super(name)
	for other in others:
		other.finish()
	others.clear()
	if room != null:
		room.finish()
		room = null


func _ready_to_run(multiplayer := false, protocols := PackedStringArray()) -> bool:
	if engine_differs():
		return false
	check(OS.get_environment("WSPEER_GODOT3") != "", "WSPEER_GODOT3 is set")
	room = Room.new(protocols, multiplayer)
	return OS.get_environment("WSPEER_GODOT3") != ""


func _start(arguments: PackedStringArray) -> Godot3:
	others.append(Godot3.new(arguments))
	return others[-1]


func _as_client(more := PackedStringArray()) -> Godot3:
	return _start(PackedStringArray(["--role=client", "--url=" + room.url()]) + more)


## A server of Godot 3, and its URL. It cannot say which port it has chosen, so it is told one that was free.
func _as_server(more := PackedStringArray()) -> Array:
	var free := TCPServer.new()
	free.listen(0, "127.0.0.1")
	var port := free.get_local_port()
	free.stop()
	var server := _start(PackedStringArray(["--role=server", "--port=%d" % port]) + more)
	check(_until(func() -> bool: return server.lines.has("begun 0")), "it listens: %s" % server.lines)
	return [server, "ws://127.0.0.1:%d" % port]


func _until(condition: Callable) -> bool:
	return room.until(func() -> bool:
		for other in others:
			other.pump()
		return condition.call(), SECONDS)


## Ids as the room calls them, in the lines of a Godot 3.
func _labelled(lines: Array) -> Array:
	return lines.map(func(line: String) -> String:
		for i in room.ids.size():
			line = line.replace(str(room.ids[i]), "#%d" % (i + 1))
		return line)


## Sends messages to a Godot 3 and wants them back.
func _expect_echoes(ours: RustWebSocketRemotePeer, theirs: Godot3) -> void:
	var payloads := ["Grüße, 世界".to_utf8_buffer(), Wire.filler(1), Wire.filler(126), Wire.filler(60000)]
	for i in payloads.size():
		ours.set_write_mode(RustWebSocketRemotePeer.WRITE_MODE_TEXT if i == 0 else RustWebSocketRemotePeer.WRITE_MODE_BINARY)
		equal(ours.put_packet(payloads[i]), OK)
		check(_until(func() -> bool: return ours.get_available_packet_count() > 0), "an echo of %d bytes" % payloads[i].size())
		check(ours.get_packet() == payloads[i], "the same %d bytes" % payloads[i].size())
		equal(ours.was_string_packet(), i == 0)
	equal(theirs.said().filter(func(line: String) -> bool: return line.begins_with("data ")).size(), payloads.size())


func test_its_client_at_our_server() -> void:
	if not _ready_to_run(false, ["ours", "theirs"]):
		return
	for closes_first: String in ["it", "we"]:
		var other := _as_client(["--protocol=theirs"])
		room.forget()
		check(_until(func() -> bool: return room.told.size() == 1), "connected: %s" % other.lines)
		var label: String = "#%d" % room.ids.size()
		equal(room.told, ["client_connected(%s, theirs)" % label])
		var peer := room.server.get_peer(room.ids[-1])
		_expect_echoes(peer, other)
		room.forget()
		if closes_first == "it":
			peer.send_text("!close 4321 why not")
			check(_until(func() -> bool: return room.told.size() == 2 and other.said().has("connection_closed(False)")), "closed: %s" % other.lines)
			# The NUL that it sends behind the reason is gone.
			equal(room.told, ["client_close_request(%s, 4321, why not)" % label, "client_disconnected(%s, true)" % label])
		else:
			room.server.disconnect_peer(room.ids[-1], 4000, "bye from us")
			check(_until(func() -> bool: return room.told.size() == 1 and other.said().has("connection_closed(True)")), "closed: %s" % other.lines)
			equal(room.told, ["client_disconnected(%s, true)" % label])
			check(other.said().has("server_close_request(4000, bye from us)"), str(other.lines))
		check(other.said().has("connection_established(theirs)"), str(other.lines))


func test_our_client_at_its_server() -> void:
	if not _ready_to_run():
		return
	var server := _as_server(["--protocol=theirs"])
	var other: Godot3 = server[0]
	for closes_first: String in ["it", "we"]:
		var client := room.client()
		var index := room.clients.size() - 1
		equal(client.connect_to_url(server[1], ["ours", "theirs"]), OK)
		check(_until(func() -> bool: return room.clients_told[index].has("connection_established(theirs)")), "connected: %s" % other.lines)
		other.lines.resize(other.lines.find("begun 0") + 1)
		_expect_echoes(client.get_peer(1), other)
		room.forget()
		if closes_first == "it":
			client.get_peer(1).send_text("!close 4321 why not")
			check(_until(func() -> bool: return room.clients_told[index].size() == 2), "closed: %s" % other.lines)
			equal(room.clients_told[index], ["server_close_request(4321, why not)", "connection_closed(true)"])
		else:
			client.disconnect_from_host(1001, "bye from us")
			check(_until(func() -> bool: return room.clients_told[index].size() == 1), "closed: %s" % other.lines)
			equal(room.clients_told[index], ["connection_closed(true)"])
			check(_until(func() -> bool: return " ".join(other.said()).contains(", 1001, bye from us)")), str(other.lines))
			check(_until(func() -> bool: return " ".join(other.said()).contains(", True)")), str(other.lines))
	# It ends, saying goodbye.
	var last := room.client()
	last.connect_to_url(server[1], ["theirs"])
	check(_until(func() -> bool: return room.clients_told[-1].size() == 1), "connected")
	room.forget()
	last.get_peer(1).send_text("!quit")
	check(_until(func() -> bool: return room.clients_told[-1].has("connection_closed(true)")), "closed")
	equal(room.clients_told[-1], ["server_close_request(1000, )", "connection_closed(true)"])


func test_its_client_among_ours_in_multiplayer_mode() -> void:
	if not _ready_to_run(true):
		return
	var ours := room.joined()
	var other := _as_client(["--mp"])
	check(_until(func() -> bool: return room.clients_told[0].has("peer_connected(#2)")), "introduced: %s" % other.lines)
	check(_until(func() -> bool: return other.said().size() == 3), str(other.lines))
	equal(_labelled(other.said()), ["peer_connected(1)", "connection_succeeded()", "peer_connected(#1)"])
	# The server has it speak to each kind of target.
	room.server.set_target_peer(room.id(1))
	for target: int in [0, 1, room.id(0), -room.id(0), -1]:
		room.server.put_packet(("!say %d to %d" % [target, target]).to_utf8_buffer())
	var taken := func(peer: MultiplayerPeer) -> Array:
		var packets := []
		while peer.get_available_packet_count() > 0:
			equal(peer.get_packet_peer(), room.id(1))
			packets.append(peer.get_packet().get_string_from_utf8())
		return packets
	check(_until(func() -> bool: return ours.get_available_packet_count() == 3 and room.server.get_available_packet_count() == 3), "heard")
	equal(taken.call(ours), ["to 0", "to %d" % room.id(0), "to -1"])
	equal(taken.call(room.server), ["to 0", "to 1", "to %d" % -room.id(0)])
	ours.set_target_peer(room.id(1))
	ours.put_packet("from one client to the other".to_utf8_buffer())
	check(_until(func() -> bool: return _labelled(other.said()).has("packet #1 from one client to the other")), str(other.lines))
	ours.disconnect_from_host()
	check(_until(func() -> bool: return _labelled(other.said()).has("peer_disconnected(#1)")), str(other.lines))
	room.server.stop()
	check(_until(func() -> bool: return other.said().has("connection_failed()")), "it is told as Godot 3 tells it")


func test_our_clients_at_its_server_in_multiplayer_mode() -> void:
	if not _ready_to_run(true):
		return
	var server := _as_server(["--mp"])
	var other: Godot3 = server[0]
	var members: Array[RustWebSocketClient] = []
	for i in 2:
		var client := room.client()
		equal(client.connect_to_url(server[1], [], true), OK)
		members.append(client)
		check(_until(func() -> bool: return room.clients_told[i].has("connection_succeeded()")), "joined: %s" % other.lines)
		room.ids.append(client.get_unique_id())
	check(_until(func() -> bool: return room.clients_told[0].size() == 3 and room.clients_told[1].size() == 3), "introduced")
	equal(room.clients_told[1], ["peer_connected(server)", "connection_succeeded()", "peer_connected(#1)"])
	check(room.clients_told[0][2].begins_with("peer_connected("), room.clients_told[0][2])
	equal(_labelled(other.said()), ["peer_connected(#1)", "peer_connected(#2)"])
	# The server says what a client asks it to say.
	members[0].set_target_peer(1)
	members[0].put_packet("!say 0 hello everybody".to_utf8_buffer())
	for member in members:
		check(_until(func() -> bool: return member.get_available_packet_count() == 1), "heard")
		equal([member.get_packet_peer(), member.get_packet().get_string_from_utf8()], [1, "hello everybody"])
	# And passes on what is for others.
	members[0].set_target_peer(members[1].get_unique_id())
	members[0].put_packet("in private".to_utf8_buffer())
	check(_until(func() -> bool: return members[1].get_available_packet_count() == 1), "passed on")
	equal([members[1].get_packet_peer(), members[1].get_packet().get_string_from_utf8()], [members[0].get_unique_id(), "in private"])
	room.forget()
	members[1].disconnect_from_host()
	check(_until(func() -> bool: return not room.clients_told[0].is_empty()), "told")
	check(room.clients_told[0][0].begins_with("peer_disconnected("), room.clients_told[0][0])
	check(_until(func() -> bool: return _labelled(other.said()).has("peer_disconnected(#2)")), str(other.lines))
	room.forget()
	members[0].set_target_peer(1)
	members[0].put_packet("!quit".to_utf8_buffer())
	check(_until(func() -> bool: return room.clients_told[0].has("connection_failed()")), "the loss of the server")
	equal(room.clients_told[0], ["server_close_request(1000, )", "server_disconnected()", "connection_failed()"])
