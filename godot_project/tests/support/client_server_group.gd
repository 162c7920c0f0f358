extends RefCounted
## A RustWebSocketServer and its RustWebSocketClients on loopback, with the signals that they have emitted, as texts. Peer ids are
## written as #1, #2, ... in the order in which the server has reported them.

const RawSocket := preload("raw_socket.gd")
const Wait := preload("wait.gd")

## Signals whose first argument is a peer id.
const PEER_SIGNALS := ["client_connected", "client_disconnected", "client_close_request", "data_received", "client_request",
	"client_failed", "peer_connected", "peer_disconnected", "peer_packet"]

var server: RustWebSocketServer
var clients: Array[RustWebSocketClient] = []
## Signals of the server, and of each client.
var server_events := PackedStringArray()
var client_events: Array[PackedStringArray] = []
var ids := PackedInt32Array()
var is_multiplayer := false
var sockets: Array[RawSocket] = []
## Returns what else changes while there is progress.
var observe := func() -> Variant: return null


func _init(protocols := PackedStringArray(), multiplayer := false, is_listening := true) -> void:
	is_multiplayer = multiplayer
	server = RustWebSocketServer.new()
	server.bind_ip = "127.0.0.1"
	_watch(server, -1)
	if is_listening:
		server.listen(0, protocols, multiplayer)


func url(path := "/") -> String:
	return "ws://127.0.0.1:%d%s" % [server.get_local_port(), path]


## Connects a raw socket to the server.
func raw_socket() -> RawSocket:
	var stream := StreamPeerTCP.new()
	stream.connect_to_host("127.0.0.1", server.get_local_port())
	until(func() -> bool:
		stream.poll()
		return stream.get_status() != StreamPeerTCP.STATUS_CONNECTING)
	sockets.append(RawSocket.new(stream))
	return sockets[-1]


## Creates an unconnected client.
func new_client() -> RustWebSocketClient:
	var client := RustWebSocketClient.new()
	clients.append(client)
	client_events.append(PackedStringArray())
	_watch(client, clients.size() - 1)
	return client


## Creates a connecting client.
func connecting_client(protocols := PackedStringArray(), headers := PackedStringArray()) -> RustWebSocketClient:
	var client := new_client()
	client.connect_to_url(url(), protocols, is_multiplayer, headers)
	return client


## Creates a client and waits until it is connected.
func connected_client() -> RustWebSocketClient:
	var client := connecting_client()
	var index := clients.size() - 1
	var event := "connection_succeeded()" if is_multiplayer else "connection_established()"
	until(func() -> bool: return client_events[index].has(event))
	return client


func id(index := 0) -> int:
	return ids[index] if index < ids.size() else 0


## Polls the server, all clients and all raw sockets once.
func turn() -> void:
	server.poll()
	for client in clients:
		client.poll()
	for socket in sockets:
		socket.pump()


## Takes turns until the condition holds. Returns false after a time without progress.
func until(condition: Callable) -> bool:
	return Wait.until(condition, turn, _observation)


func _observation() -> Array:
	var observed := [observe.call(), server_events.size(), server.is_listening(), server.get_peer_list(), server.get_available_packet_count()]
	for id in server.get_peer_list():
		observed.append(server.get_peer(id).get_available_packet_count())
	for i in clients.size():
		observed.append([client_events[i].size(), clients[i].get_connection_status(), clients[i].get_peer(1).get_available_packet_count(),
			clients[i].get_available_packet_count()])
	for socket in sockets:
		observed.append(socket.observation())
	return observed


func until_server_event(event: String) -> bool:
	return until(func() -> bool: return server_events.has(event))


func until_client_event(event: String, index := 0) -> bool:
	return until(func() -> bool: return client_events[index].has(event))


func clear_events() -> void:
	server_events.clear()
	for i in client_events.size():
		client_events[i] = PackedStringArray()


func close() -> void:
	server.stop()
	for client in clients:
		client.disconnect_from_host()
	clients.clear()
	for socket in sockets:
		socket.close()


func _watch(object: Object, index: int) -> void:
	for description: Dictionary in object.get_signal_list():
		if description.name in ["script_changed", "property_list_changed"]:
			continue
		var handler: Callable = [_on_signal_0, _on_signal_1, _on_signal_2, _on_signal_3][description.args.size()]
		object.connect(description.name, handler.bind(index, description.name))


func _on_signal_0(index: int, name: String) -> void:
	_record(index, name, [])


func _on_signal_1(a: Variant, index: int, name: String) -> void:
	_record(index, name, [a])


func _on_signal_2(a: Variant, b: Variant, index: int, name: String) -> void:
	_record(index, name, [a, b])


func _on_signal_3(a: Variant, b: Variant, c: Variant, index: int, name: String) -> void:
	_record(index, name, [a, b, c])


func _record(index: int, name: String, arguments: Array) -> void:
	if name in PEER_SIGNALS and not arguments.is_empty():
		arguments[0] = _label(arguments[0], index)
	var text := "%s(%s)" % [name, ", ".join(arguments.map(str))]
	if index < 0:
		server_events.append(text)
	elif name != "connected_to_host":
		client_events[index].append(text)


func _label(peer: int, index: int) -> String:
	if peer == 1:
		return "server"
	if not ids.has(peer) and index < 0:
		ids.append(peer)
	return "#%d" % (ids.find(peer) + 1)
