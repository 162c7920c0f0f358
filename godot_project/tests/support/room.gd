extends RefCounted
## A server object and clients of it over loopback, and the signals that they emitted, as a list of texts. Ids of peers stand
## there as #1, #2, ... in the order in which the server told of them.

const Raw := preload("raw.gd")

const SECONDS := 10.0

## Signals whose first argument is a peer.
const ABOUT_PEERS := ["client_connected", "client_disconnected", "client_close_request", "data_received", "client_request",
	"client_failed", "peer_connected", "peer_disconnected", "peer_packet"]

var server: RustWebSocketServer
var clients: Array[RustWebSocketClient] = []
## What the server, and what each client was told.
var told := PackedStringArray()
var clients_told: Array[PackedStringArray] = []
var ids := PackedInt32Array()
var is_multiplayer := false
var raws: Array[Raw] = []


func _init(protocols := PackedStringArray(), multiplayer := false) -> void:
	is_multiplayer = multiplayer
	server = RustWebSocketServer.new()
	server.bind_ip = "127.0.0.1"
	_watch(server, -1)
	if protocols != PackedStringArray(["not yet"]):
		server.listen(0, protocols, multiplayer)


func url(path := "/") -> String:
	return "ws://127.0.0.1:%d%s" % [server.get_local_port(), path]


## A bare connection to the server; turns take care of it.
func raw() -> Raw:
	var stream := StreamPeerTCP.new()
	stream.connect_to_host("127.0.0.1", server.get_local_port())
	until(func() -> bool:
		stream.poll()
		return stream.get_status() != StreamPeerTCP.STATUS_CONNECTING)
	raws.append(Raw.new(stream))
	return raws[-1]


## Another client, not connected.
func client() -> RustWebSocketClient:
	var made := RustWebSocketClient.new()
	clients.append(made)
	clients_told.append(PackedStringArray())
	_watch(made, clients.size() - 1)
	return made


## Another client whose connection has begun.
func connecting(protocols := PackedStringArray(), headers := PackedStringArray()) -> RustWebSocketClient:
	var made := client()
	made.connect_to_url(url(), protocols, is_multiplayer, headers)
	return made


## Another client, connected.
func joined() -> RustWebSocketClient:
	var made := connecting()
	var index := clients.size() - 1
	var wanted := "connection_succeeded()" if is_multiplayer else "connection_established()"
	until(func() -> bool: return clients_told[index].has(wanted))
	return made


func id(index := 0) -> int:
	return ids[index] if index < ids.size() else 0


func turn() -> void:
	server.poll()
	for each in clients:
		each.poll()
	for each in raws:
		each.pump()


func until(condition: Callable, seconds := SECONDS) -> bool:
	var deadline := Time.get_ticks_usec() + int(seconds * 1e6)
	while true:
		turn()
		if condition.call():
			return true
		if Time.get_ticks_usec() > deadline:
			return false
		OS.delay_usec(200)
	return false


func until_told(what: String) -> bool:
	return until(func() -> bool: return told.has(what))


func until_client_told(what: String, index := 0) -> bool:
	return until(func() -> bool: return clients_told[index].has(what))


func forget() -> void:
	told.clear()
	for i in clients_told.size():
		clients_told[i] = PackedStringArray()


func finish() -> void:
	server.stop()
	for each in clients:
		each.disconnect_from_host()
	clients.clear()
	for each in raws:
		each.finish()


func _watch(object: Object, index: int) -> void:
	for description: Dictionary in object.get_signal_list():
		if description.name in ["script_changed", "property_list_changed"]:
			continue
		var handler: Callable = [_told_0, _told_1, _told_2, _told_3][description.args.size()]
		object.connect(description.name, handler.bind(index, description.name))


func _told_0(index: int, name: String) -> void:
	_note(index, name, [])


func _told_1(a: Variant, index: int, name: String) -> void:
	_note(index, name, [a])


func _told_2(a: Variant, b: Variant, index: int, name: String) -> void:
	_note(index, name, [a, b])


func _told_3(a: Variant, b: Variant, c: Variant, index: int, name: String) -> void:
	_note(index, name, [a, b, c])


func _note(index: int, name: String, arguments: Array) -> void:
	if name in ABOUT_PEERS and not arguments.is_empty():
		arguments[0] = _label(arguments[0], index)
	var text := "%s(%s)" % [name, ", ".join(arguments.map(str))]
	if index < 0:
		told.append(text)
	elif name != "connected_to_host":
		clients_told[index].append(text)


func _label(peer: int, index: int) -> String:
	if peer == 1:
		return "server"
	if not ids.has(peer) and index < 0:
		ids.append(peer)
	return "#%d" % (ids.find(peer) + 1)
