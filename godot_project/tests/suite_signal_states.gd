extends "support/suite.gd"
## What handlers of signals read from the emitting object: the state is that of the signal. Every signal of every class has a row.

const Player := preload("support/player.gd")
const RoomGroup := preload("support/room_group.gd")

const DISCONNECTED := MultiplayerPeer.CONNECTION_DISCONNECTED
const JOINING := MultiplayerPeer.CONNECTION_CONNECTING
const CONNECTED := MultiplayerPeer.CONNECTION_CONNECTED

const UP := {"status": CONNECTED, "connected": true, "host": "127.0.0.1", "peers": [1], "send": OK}
const DOWN := {"status": DISCONNECTED, "connected": false, "host": "", "peers": [], "send": FAILED, "explained": true}
const WAITING := {"status": JOINING, "connected": false, "peers": [], "send": FAILED}
const JOINED := {"status": CONNECTED, "connected": true, "listed": true, "send": OK, "has id": true}
const LEFT := {"status": DISCONNECTED, "connected": false, "peers": [], "send": FAILED}

## Emitted by no object in that mode.
const NEVER := {}

## For each kind of object: what the handler of a signal reads.
const STATES := {
	"client": {
		"connection_established": UP,
		"connected_to_host": UP,
		"reconnected": UP,
		"connection_error": DOWN,
		"connection_closed": {"status": DISCONNECTED, "connected": false, "host": "", "peers": [], "send": FAILED},
		"server_close_request": {"status": CONNECTED, "connected": true, "peers": [1], "send": FAILED},
		"data_received": {"status": CONNECTED, "readable": true},
		"reconnecting": WAITING,
		"peer_connected": NEVER, "peer_disconnected": NEVER, "peer_packet": NEVER, "connection_succeeded": NEVER,
		"connection_failed": NEVER, "server_disconnected": NEVER,
	},
	"multiplayer client": {
		"peer_connected": JOINED,
		"connection_succeeded": {"status": CONNECTED, "connected": true, "send": OK, "has id": true},
		"reconnected": {"status": CONNECTED, "connected": true, "send": OK, "has id": true},
		# The only peer of these tests is the server.
		"peer_disconnected": {"status": DISCONNECTED, "listed": false, "send": FAILED},
		"peer_packet": {"status": CONNECTED, "readable": true, "from": true},
		"server_close_request": {"status": CONNECTED, "send": FAILED},
		"server_disconnected": LEFT,
		"connection_failed": LEFT,
		"reconnecting": WAITING,
		"connection_established": NEVER, "connected_to_host": NEVER, "connection_error": NEVER, "connection_closed": NEVER,
		"data_received": NEVER,
	},
	"server": {
		"client_request": {"listening": true, "known": false, "requested": true},
		"client_connected": {"known": true, "connected": true, "send": OK, "listed": true},
		"client_failed": {"known": false, "send": ERR_INVALID_PARAMETER},
		"client_close_request": {"known": true, "connected": true, "send": FAILED},
		"data_received": {"known": true, "readable": true},
		"client_disconnected": {"known": true, "connected": false, "send": ERR_INVALID_PARAMETER},
		"peer_connected": NEVER, "peer_disconnected": NEVER, "peer_packet": NEVER, "connection_succeeded": NEVER,
		"connection_failed": NEVER, "server_disconnected": NEVER,
	},
	"multiplayer server": {
		"client_request": {"known": false, "requested": true},
		"peer_connected": {"known": true, "connected": true, "send": OK, "listed": true, "status": CONNECTED},
		"client_failed": {"known": false, "send": FAILED},
		"client_close_request": {"known": true, "connected": true},
		"peer_packet": {"known": true, "readable": true, "from": true},
		"peer_disconnected": {"known": true, "connected": false, "send": FAILED},
		"client_connected": NEVER, "client_disconnected": NEVER, "data_received": NEVER, "connection_succeeded": NEVER,
		"connection_failed": NEVER, "server_disconnected": NEVER,
	},
	"room server": {
		"peer_requested": {"status": CONNECTED, "peer state": CONNECTING, "listed": false},
		"peer_connected": {"status": CONNECTED, "peer state": OPEN, "listed": true, "send": OK},
		"peer_disconnected": {"status": CONNECTED, "peer state": CLOSED, "listed": false, "send": FAILED},
	},
	"room client": {
		"peer_requested": NEVER,
		"peer_connected": {"status": CONNECTED, "peer state": OPEN, "listed": true, "send": OK, "has id": true},
		"peer_disconnected": {"status": DISCONNECTED, "peer state": CLOSED, "listed": false, "send": ERR_UNCONFIGURED, "explained": true},
	},
}

var _seen := {}
var _objects: Array[Object] = []
var _players: Array[Player] = []


func tear_down() -> void:
	for object in _objects:
		for description: Dictionary in object.get_signal_list():
			RoomGroup.disconnect_all(Signal(object, description.name))
		object.close()
	_objects.clear()
	_seen.clear()
	for player in _players:
		player.leave(Engine.get_main_loop())
	_players.clear()


## Compares what each handler reads with the row of its signal.
func _watch(kind: String, object: Object) -> Object:
	var rows: Dictionary = STATES[kind]
	_seen[kind] = _seen.get(kind, {})
	_objects.append(object)
	var weak: WeakRef = weakref(object)
	for description: Dictionary in object.get_signal_list():
		if description.name in ["script_changed", "property_list_changed"]:
			continue
		check(rows.has(description.name), "%s.%s has a row" % [kind, description.name])
		var compare := func(arguments: Array) -> void:
			var expected: Dictionary = rows.get(description.name, {})
			check(expected != NEVER, "%s does not emit %s" % [kind, description.name])
			var read: Dictionary = call("_read_" + kind.split(" ")[-1], weak.get_ref(), arguments, kind.begins_with("multiplayer"))
			for key: String in expected:
				equal(read.get(key), expected[key], "%s, %s%s: %s" % [kind, description.name, arguments, key])
			_seen[kind][description.name] = true
		match description.args.size():
			0: object.connect(description.name, func() -> void: compare.call([]))
			1: object.connect(description.name, func(a: Variant) -> void: compare.call([a]))
			2: object.connect(description.name, func(a: Variant, b: Variant) -> void: compare.call([a, b]))
			3: object.connect(description.name, func(a: Variant, b: Variant, c: Variant) -> void: compare.call([a, b, c]))
	return object


func _read_client(this: Object, arguments: Array, is_multiplayer: bool) -> Dictionary:
	var is_room: bool = this is RustWebSocketMultiplayerPeer
	var id: int = arguments[0] if not arguments.is_empty() and arguments[0] is int else 1
	var peers: Array = Array(this.get_peers() if is_room else this.get_peer_list())
	var connection: Object = this.get_peer(1)
	var from: bool = this.get_packet_peer() == id
	this.set_target_peer(1)
	return {
		"status": this.get_connection_status(),
		"connected": not is_room and connection.is_connected_to_host(),
		"host": "" if is_room else this.get_connected_host(),
		"peers": peers,
		"listed": id in peers,
		"send": this.put_packet([1]) if is_room or is_multiplayer else connection.put_packet([1]),
		"readable": _take_packet(this, connection),
		"from": from,
		"has id": this.get_unique_id() > 1,
		"explained": this.get_error_message() != "",
		"peer state": connection.get_ready_state() if is_room and connection != null else -1,
	}


func _read_server(this: Object, arguments: Array, is_multiplayer: bool) -> Dictionary:
	var is_room: bool = this is RustWebSocketMultiplayerPeer
	var id: int = arguments[0]
	var connection: Object = this.get_peer(id)
	var from: bool = this.get_packet_peer() == id
	this.set_target_peer(id)
	return {
		"status": this.get_connection_status(),
		"listening": not is_room and this.is_listening(),
		"known": not is_room and this.has_peer(id),
		"requested": not is_room and this.get_request(id).get("path", "") == "/",
		"connected": not is_room and connection != null and connection.is_connected_to_host(),
		"listed": id in Array(this.get_peers() if is_room else this.get_peer_list()),
		"send": this.put_packet([1]) if is_room or is_multiplayer else this.send_to(id, [1]),
		"readable": _take_packet(this, connection),
		"from": from,
		"peer state": connection.get_ready_state() if is_room and connection != null else -1,
	}


## Takes the packet that a signal reports, in either mode. Returns whether there was one.
static func _take_packet(this: Object, connection: Object) -> bool:
	var source: Object = this if this.get_available_packet_count() > 0 else connection
	if source == null or not source.has_method("get_packet") or source.get_available_packet_count() == 0:
		return false
	return not source.get_packet().is_empty()


func _check_all_seen() -> void:
	for kind: String in _seen:
		for name: String in STATES[kind]:
			check(STATES[kind][name] == NEVER or _seen[kind].has(name), "%s has emitted %s" % [kind, name])


func _until(condition: Callable, what: String) -> bool:
	return check_that(Wait.until(condition, _turn, _observation), what)


func check_that(holds: bool, what: String) -> bool:
	check(holds, what)
	return holds


func _turn() -> void:
	for object in _objects:
		object.poll()
	loopback.turn()


func _observation() -> Array:
	return [var_to_str(_seen), _objects.map(func(object: Object) -> int: return object.get_connection_status())]


## A server asks about each request; then a client that fails, connects, gets a packet, is closed by the server, reconnects, is
## rejected, and disconnects.
func _play(is_multiplayer: bool) -> void:
	var prefix := "multiplayer " if is_multiplayer else ""
	var server: RustWebSocketServer = _watch(prefix + "server", RustWebSocketServer.new())
	var client: RustWebSocketClient = _watch(prefix + "client", RustWebSocketClient.new())
	server.auto_accept = false
	server.bind_ip = "127.0.0.1"
	equal(server.listen(0, [], is_multiplayer), OK)
	var requests := []
	server.client_request.connect(func(id: int) -> void: requests.append(id))
	var seen_by_client: Dictionary = _seen[prefix + "client"]
	var seen_by_server: Dictionary = _seen[prefix + "server"]
	var url := "ws://127.0.0.1:%d/" % server.get_local_port()
	equal(client.connect_to_url("ws://127.0.0.1:%d" % Loopback.free_port(), [], is_multiplayer), OK)
	_until(func() -> bool: return client.get_connection_status() == DISCONNECTED, "the failure")
	for is_accepted: bool in [false, true]:
		client.auto_reconnect = is_accepted
		client.reconnect_delay = 0.01
		equal(client.connect_to_url(url, [], is_multiplayer), OK)
		if not _until(func() -> bool: return not requests.is_empty(), "the request"):
			return
		if not is_accepted:
			equal(server.reject_request(requests.pop_back(), 403), OK)
			_until(func() -> bool: return client.get_connection_status() == DISCONNECTED, "the refusal")
	var nonsense := StreamPeerTCP.new()
	nonsense.connect_to_host("127.0.0.1", server.get_local_port())
	_until(func() -> bool:
		nonsense.poll()
		if nonsense.get_status() == StreamPeerTCP.STATUS_CONNECTED:
			nonsense.put_data("nonsense\r\n\r\n".to_utf8_buffer())
		return seen_by_server.has("client_failed"), "the failure of an invalid request")
	var id: int = requests.pop_back()
	equal(server.accept_request(id), OK)
	var up := "connection_succeeded" if is_multiplayer else "connection_established"
	_until(func() -> bool: return seen_by_client.has(up) and id in server.get_peer_list(), "the connection")
	var is_exchanged := func() -> bool:
		return seen_by_client.has("peer_packet") and seen_by_server.has("peer_packet") if is_multiplayer \
			else seen_by_client.has("data_received") and seen_by_server.has("data_received")
	_until(is_exchanged, "a packet in each direction")
	server.disconnect_peer(id)
	if not _until(func() -> bool: return not requests.is_empty(), "the request of the new connection"):
		return
	server.accept_request(requests.pop_back())
	_until(func() -> bool: return seen_by_client.has("reconnected") and server.get_peer_list().size() == 1, "the new connection")
	client.disconnect_from_host()
	_until(func() -> bool: return server.get_peer_list().is_empty() and client.get_connection_status() == DISCONNECTED, "the end")
	_check_all_seen()


func test_a_handler_reads_the_state_of_its_signal() -> void:
	if not engine_differs():
		_play(false)


func test_a_handler_reads_the_state_of_its_signal_in_multiplayer_mode() -> void:
	if not engine_differs():
		_play(true)


func test_a_handler_of_a_room_reads_the_state_of_its_signal() -> void:
	if engine_differs():
		return
	var server: RustWebSocketMultiplayerPeer = _watch("room server", RustWebSocketMultiplayerPeer.new())
	var client: RustWebSocketMultiplayerPeer = _watch("room client", RustWebSocketMultiplayerPeer.new())
	server.auto_accept = false
	server.peer_requested.connect(func(id: int) -> void: server.get_peer(id).accept_request())
	equal(server.create_server(0, "127.0.0.1"), OK)
	equal(client.create_client("ws://127.0.0.1:%d" % server.get_local_port()), OK)
	_until(func() -> bool: return client.get_connection_status() == CONNECTED and server.get_peers().size() == 1, "the connection")
	server.disconnect_peer(client.get_unique_id())
	_until(func() -> bool: return client.get_connection_status() == DISCONNECTED and server.get_peers().is_empty(), "the end")
	_turn()
	_check_all_seen()


func test_a_room_client_can_connect_again_in_the_handler_of_its_loss() -> void:
	if engine_differs():
		return
	var group := RoomGroup.new(loopback)
	var client := group.connected_client()
	var url := group.url()
	var weak: WeakRef = weakref(client)
	var errors := []
	client.peer_disconnected.connect(func(_id: int) -> void: errors.append(weak.get_ref().create_client(url)), CONNECT_ONE_SHOT)
	group.server.disconnect_peer(client.get_unique_id())
	check(loopback.until(func() -> bool: return not errors.is_empty()), "emitted")
	equal(errors, [OK])
	check(group.until_status(client, CONNECTED), "connected again")
	check(group.until_events(client, 3), "with its signal")


func test_remote_calls_from_connected_to_server() -> void:
	if engine_differs():
		return
	# The scene tree is incomplete before its first frame.
	var tree: SceneTree = Engine.get_main_loop()
	await tree.process_frame
	var rooms: Array[MultiplayerPeer] = [RustWebSocketMultiplayerPeer.new(), RustWebSocketMultiplayerPeer.new()]
	equal(rooms[0].create_server(0, "127.0.0.1"), OK)
	equal(rooms[1].create_client("ws://127.0.0.1:%d" % rooms[0].get_local_port()), OK)
	var objects: Array[MultiplayerPeer] = [RustWebSocketServer.new(), RustWebSocketClient.new()]
	equal(objects[0].listen(0, [], true), OK)
	equal(objects[1].connect_to_url("ws://127.0.0.1:%d" % objects[0].get_local_port(), [], true), OK)
	for pair: Array[MultiplayerPeer] in [rooms, objects]:
		var server := Player.new(tree, "State%d" % _players.size(), pair[0])
		_players.append(server)
		var client := Player.new(tree, "State%d" % _players.size(), pair[1])
		_players.append(client)
		var errors := []
		client.api.connected_to_server.connect(func() -> void: errors.append(client.game.rpc_id(1, "say", "at once")), CONNECT_ONE_SHOT)
		client.api.peer_connected.connect(func(id: int) -> void: errors.append(client.game.rpc_id(id, "say", "to the new peer")), CONNECT_ONE_SHOT)
		server.enter()
		client.enter()
		await frames_until(func() -> bool: return server.game.calls.size() == 2, "the remote calls")
		equal(errors, [OK, OK])


func observation() -> Array:
	return _players.map(func(player: Player) -> Array: return player.observation())
