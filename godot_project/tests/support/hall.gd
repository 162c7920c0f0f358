extends RefCounted
## A multiplayer server and its clients on loopback, each a MultiplayerPeer of one of the two
## families, with what each was told by its signals.

const Implementation := preload("implementation.gd")
const Stage := preload("stage.gd")

const CONNECTED := MultiplayerPeer.CONNECTION_CONNECTED
const CONNECTING := MultiplayerPeer.CONNECTION_CONNECTING
const DISCONNECTED := MultiplayerPeer.CONNECTION_DISCONNECTED
const PORT_ATTEMPTS := 20

var server: MultiplayerPeer
var clients: Array[MultiplayerPeer] = []
var port := 0

var _stage: Stage
var _events: Dictionary[MultiplayerPeer, Array] = {}
var _ids: Dictionary[int, String] = {1: "server"}


## A server that listens. The stage drives it, and all clients, in its turns.
func _init(stage: Stage, properties := {}, server_of: Implementation = stage.implementation) -> void:
	_stage = stage
	_stage.each_turn = turn
	_stage.companions.append(self)
	server = room(properties, server_of)
	port = listen(server)
	if port == 0:
		_stage.problems.append("the server does not listen")


## Closes all rooms and lets go of what handlers of their signals hold.
func clear() -> void:
	for made: MultiplayerPeer in _events:
		for handled: Signal in [made.peer_connected, made.peer_disconnected]:
			for connection: Dictionary in handled.get_connections():
				handled.disconnect(connection.callable)
		made.close()
	_events.clear()
	clients.clear()
	_stage = null


## Creates a server on a free port, which the engine's class could not tell for port 0.
static func listen(on: MultiplayerPeer) -> int:
	for attempt in PORT_ATTEMPTS:
		var probe := TCPServer.new()
		probe.listen(0, Stage.HOST)
		var free_port := probe.get_local_port()
		probe.stop()
		if on.create_server(free_port, Stage.HOST) == OK:
			return free_port
	return 0


func url() -> String:
	return "ws://%s:%d" % [Stage.HOST, port]


## A room whose signals are noted and that does nothing yet.
func room(properties := {}, of: Implementation = _stage.implementation) -> MultiplayerPeer:
	var made := of.room()
	for property: String in properties:
		made.set(property, properties[property])
	var events := []
	_events[made] = events
	made.peer_connected.connect(func(id: int) -> void: events.append(["connected", id]))
	made.peer_disconnected.connect(func(id: int) -> void: events.append(["disconnected", id]))
	return made


## A client on its way to the server, or to another URL.
func invite(properties := {}, to := url(), of: Implementation = _stage.implementation) -> MultiplayerPeer:
	var client := room(properties, of)
	var error: Error = client.create_client(to)
	if error != OK:
		_stage.problems.append("create_client failed with %d" % error)
	clients.append(client)
	return client


## A client that has arrived, and that the server knows.
func admit(properties := {}, of: Implementation = _stage.implementation) -> MultiplayerPeer:
	var client := invite(properties, url(), of)
	_stage.need(func() -> bool:
		return client.get_connection_status() == CONNECTED and ["connected", client.get_unique_id()] in told(server),
		"a client's arrival")
	_ids[client.get_unique_id()] = "client %d" % clients.find(client)
	return client


func turn() -> void:
	server.poll()
	for client in clients:
		client.poll()


## The signals of a room in order, as [name, id].
func told(to: MultiplayerPeer) -> Array:
	return _events[to]


## As told, with the names of clients in place of their ids, which are random.
func news(to: MultiplayerPeer) -> Array:
	return told(to).map(func(event: Array) -> String: return "%s %s" % [event[0], who(event[1])])


func who(id: int) -> String:
	return _ids.get(id, str(id))


## Takes all packets, as "source: text".
func packets(of: MultiplayerPeer) -> Array:
	var out := []
	while of.get_available_packet_count() > 0:
		var source := who(of.get_packet_peer())
		out.append("%s: %s" % [source, of.get_packet().get_string_from_utf8()])
	return out


func until_packets(of: MultiplayerPeer, count: int) -> bool:
	return _stage.until(func() -> bool: return of.get_available_packet_count() >= count)


func until_told(to: MultiplayerPeer, count: int) -> bool:
	return _stage.until(func() -> bool: return told(to).size() >= count)


func until_status(of: MultiplayerPeer, status: MultiplayerPeer.ConnectionStatus) -> bool:
	return _stage.until(func() -> bool: return of.get_connection_status() == status)


## Sends text to a target and returns the error.
static func send(from: MultiplayerPeer, target: int, text: String) -> Error:
	from.set_target_peer(target)
	return from.put_packet(text.to_utf8_buffer())
