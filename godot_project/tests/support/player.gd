extends RefCounted
## One player: a branch of the scene tree with a MultiplayerAPI and a game of its own.

const Game := preload("game.gd")

var api := SceneMultiplayer.new()
var branch := Node.new()
var game := Game.new()
var room: MultiplayerPeer
## The signals of the API in order.
var told: Array[String] = []
## What send_bytes() brought, as [id, text].
var bytes: Array[Array] = []


func _init(tree: SceneTree, player_name: String, with_room: MultiplayerPeer) -> void:
	room = with_room
	branch.name = player_name
	tree.root.add_child(branch)
	tree.set_multiplayer(api, branch.get_path())
	branch.add_child(game)
	api.peer_connected.connect(_on.bind("peer_connected"))
	api.peer_disconnected.connect(_on.bind("peer_disconnected"))
	api.connected_to_server.connect(_on.bind(0, "connected_to_server"))
	api.connection_failed.connect(_on.bind(0, "connection_failed"))
	api.server_disconnected.connect(_on.bind(0, "server_disconnected"))
	api.peer_packet.connect(func(id: int, packet: PackedByteArray) -> void: bytes.append([id, packet.get_string_from_utf8()]))


func _on(id: int, what: String) -> void:
	told.append(what if id == 0 else "%s %d" % [what, id])


## To be called when the room is a client or server.
func enter() -> void:
	api.multiplayer_peer = room


func id() -> int:
	return api.get_unique_id()


func peers() -> Array:
	var ids := Array(api.get_peers())
	ids.sort()
	return ids


func leave(tree: SceneTree) -> void:
	for handled: Signal in [api.peer_connected, api.peer_disconnected, api.peer_packet, api.peer_authenticating]:
		for connection: Dictionary in handled.get_connections():
			handled.disconnect(connection.callable)
	api.auth_callback = Callable()
	# Nodes that are replicated have to go while their API is still theirs.
	var path := branch.get_path()
	branch.free()
	room.close()
	api.multiplayer_peer = null
	tree.set_multiplayer(null, path)
	for connection: Dictionary in room.peer_disconnected.get_connections():
		room.peer_disconnected.disconnect(connection.callable)
