extends RefCounted
## A player of a multiplayer test: a branch of the scene tree with its own SceneMultiplayer and its own TestGame.

const RoomGroup := preload("room_group.gd")
const TestGame := preload("test_game.gd")

## Seconds for a handshake and an authentication: longer than a loaded machine delays a process.
const HANDSHAKE_TIMEOUT := 60.0

var api := SceneMultiplayer.new()
var branch := Node.new()
var game := TestGame.new()
var peer: MultiplayerPeer
## The signals of the SceneMultiplayer in order, with the id of the peer, if any.
var events: Array[String] = []
## The packets that peers have sent by send_bytes(), as [id, text].
var bytes: Array[Array] = []


func _init(tree: SceneTree, player_name: String, multiplayer_peer: MultiplayerPeer) -> void:
	peer = multiplayer_peer
	peer.set("handshake_timeout", HANDSHAKE_TIMEOUT)
	api.auth_timeout = HANDSHAKE_TIMEOUT
	branch.name = player_name
	tree.root.add_child(branch)
	tree.set_multiplayer(api, branch.get_path())
	branch.add_child(game)
	api.peer_connected.connect(_on_signal.bind("peer_connected"))
	api.peer_disconnected.connect(_on_signal.bind("peer_disconnected"))
	api.connected_to_server.connect(_on_signal.bind(0, "connected_to_server"))
	api.connection_failed.connect(_on_signal.bind(0, "connection_failed"))
	api.server_disconnected.connect(_on_signal.bind(0, "server_disconnected"))
	api.peer_packet.connect(func(id: int, packet: PackedByteArray) -> void: bytes.append([id, packet.get_string_from_utf8()]))


func _on_signal(id: int, signal_name: String) -> void:
	events.append(signal_name if id == 0 else "%s %d" % [signal_name, id])


## Gives the peer, now a client or a server, to the SceneMultiplayer.
func enter() -> void:
	api.multiplayer_peer = peer


func id() -> int:
	return api.get_unique_id()


func peers() -> Array:
	var ids := Array(api.get_peers())
	ids.sort()
	return ids


## Returns what changes while the player makes progress.
func observation() -> Array:
	return [peer.get_connection_status(), api.get_peers().size(), events.size(), bytes.size(), game.calls.size(), game.state()]


func leave(tree: SceneTree) -> void:
	for handled: Signal in [api.peer_connected, api.peer_disconnected, api.peer_packet, api.peer_authenticating]:
		RoomGroup.disconnect_all(handled)
	api.auth_callback = Callable()
	# Replicated nodes must be freed before their SceneMultiplayer is removed.
	var path := branch.get_path()
	branch.free()
	peer.close()
	api.multiplayer_peer = null
	tree.set_multiplayer(null, path)
	RoomGroup.disconnect_all(peer.peer_disconnected)
