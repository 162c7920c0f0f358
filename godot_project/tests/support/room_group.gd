extends RefCounted
## A room server and its clients on loopback, each a WebSocketMultiplayerPeer of either implementation, with the signals that each
## has emitted.

const Implementation := preload("implementation.gd")
const Loopback := preload("loopback.gd")

const CONNECTED := MultiplayerPeer.CONNECTION_CONNECTED
const CONNECTING := MultiplayerPeer.CONNECTION_CONNECTING
const DISCONNECTED := MultiplayerPeer.CONNECTION_DISCONNECTED
const PORT_ATTEMPTS := 20

var server: MultiplayerPeer
var clients: Array[MultiplayerPeer] = []
var port := 0

var _loopback: Loopback
var _events: Dictionary[MultiplayerPeer, Array] = {}
var _ids: Dictionary[int, String] = {1: "server"}


## Creates a listening server. The loopback polls it and all clients in its turns.
func _init(loopback: Loopback, properties := {}, server_of: Implementation = loopback.implementation) -> void:
	_loopback = loopback
	_loopback.each_turn = turn
	_loopback.groups.append(self)
	server = new_room(properties, server_of)
	port = listen(server)
	if port == 0:
		_loopback.problems.append("the server does not listen")


## Closes all rooms and disconnects their signals, whose handlers may hold references.
func clear() -> void:
	for created: MultiplayerPeer in _events:
		for handled: Signal in [created.peer_connected, created.peer_disconnected]:
			disconnect_all(handled)
		created.close()
	_events.clear()
	clients.clear()
	_loopback = null


## Returns what changes while the rooms make progress.
func observation() -> Array:
	return _events.keys().map(func(created: MultiplayerPeer) -> Array:
		return [created.get_connection_status(), created.get_available_packet_count(), events_of(created).size()])


static func disconnect_all(handled: Signal) -> void:
	for connection: Dictionary in handled.get_connections():
		handled.disconnect(connection.callable)


## Creates a server on a free port and returns the port, 0 on failure. The engine's class does not report the port it chose for 0.
static func listen(room: MultiplayerPeer, tls_options: TLSOptions = null) -> int:
	for attempt in PORT_ATTEMPTS:
		var free_port := Loopback.free_port()
		if room.create_server(free_port, Loopback.HOST, tls_options) == OK:
			return free_port
	return 0


func url() -> String:
	return "ws://%s:%d" % [Loopback.HOST, port]


## Creates an unconnected room and records its signals.
func new_room(properties := {}, of: Implementation = _loopback.implementation) -> MultiplayerPeer:
	var room := of.room()
	for property: String in properties:
		room.set(property, properties[property])
	var events := []
	_events[room] = events
	room.peer_connected.connect(func(id: int) -> void: events.append(["connected", id]))
	room.peer_disconnected.connect(func(id: int) -> void: events.append(["disconnected", id]))
	return room


## Creates a client that is connecting to the server, or to another URL.
func connecting_client(properties := {}, to := url(), of: Implementation = _loopback.implementation) -> MultiplayerPeer:
	var client := new_room(properties, of)
	var error: Error = client.create_client(to)
	if error != OK:
		_loopback.problems.append("create_client failed with %d" % error)
	clients.append(client)
	return client


## Creates a client and waits until it and the server have reported the connection.
func connected_client(properties := {}, of: Implementation = _loopback.implementation) -> MultiplayerPeer:
	var client := connecting_client(properties, url(), of)
	_loopback.require(func() -> bool:
		return client.get_connection_status() == CONNECTED and ["connected", client.get_unique_id()] in events_of(server),
		"the connection of a client")
	_ids[client.get_unique_id()] = "client %d" % clients.find(client)
	return client


func turn() -> void:
	server.poll()
	for client in clients:
		client.poll()


## Returns the signals of a room in order, as [name, id].
func events_of(room: MultiplayerPeer) -> Array:
	return _events[room]


## As [method events_of], but with names instead of the random ids.
func described_events(room: MultiplayerPeer) -> Array:
	return events_of(room).map(func(event: Array) -> String: return "%s %s" % [event[0], name_of(event[1])])


func name_of(id: int) -> String:
	return _ids.get(id, str(id))


## Takes all packets of a room, as "source: text".
func packets(room: MultiplayerPeer) -> Array:
	var taken := []
	while room.get_available_packet_count() > 0:
		var source := name_of(room.get_packet_peer())
		taken.append("%s: %s" % [source, room.get_packet().get_string_from_utf8()])
	return taken


func until_packets(room: MultiplayerPeer, count: int) -> bool:
	return _loopback.until(func() -> bool: return room.get_available_packet_count() >= count)


func until_events(room: MultiplayerPeer, count: int) -> bool:
	return _loopback.until(func() -> bool: return events_of(room).size() >= count)


func until_status(room: MultiplayerPeer, status: MultiplayerPeer.ConnectionStatus) -> bool:
	return _loopback.until(func() -> bool: return room.get_connection_status() == status)


## Sends text to a target and returns the error.
static func send(from: MultiplayerPeer, target: int, text: String) -> Error:
	from.set_target_peer(target)
	return from.put_packet(text.to_utf8_buffer())
