extends Node
## A node under a multiplayer of its own, so that several can play together in one process.

const Caller := preload("caller.gd")

## What others have said: who, and what.
var heard := []
var events := PackedStringArray()


## A player with a peer, in the scene tree.
static func placed(peer: MultiplayerPeer) -> Caller:
	var tree := Engine.get_main_loop() as SceneTree
	var place := Node.new()
	tree.root.add_child(place)
	var scenes := SceneMultiplayer.new()
	tree.set_multiplayer(scenes, place.get_path())
	scenes.multiplayer_peer = peer
	var player := Caller.new()
	player.name = "player"
	place.add_child(player)
	for name: String in ["connected_to_server", "connection_failed", "server_disconnected"]:
		scenes.connect(name, player._note.bind(name))
	return player


func others() -> PackedInt32Array:
	return multiplayer.get_peers()


func leave() -> void:
	var place := get_parent()
	multiplayer.multiplayer_peer = null
	get_tree().set_multiplayer(null, place.get_path())
	place.queue_free()


@rpc("any_peer")
func say(text: String) -> void:
	heard.append([multiplayer.get_remote_sender_id(), text])


func _note(name: String) -> void:
	events.append(name)
