extends Node
## The scene of each player of a multiplayer test: remote calls, which are recorded, and nodes that a spawner and synchronizers
## replicate.

const ReplicatedNode := preload("replicated_node.gd")

## The remote calls received, as [id of the sender, function, text].
var calls: Array[Array] = []
var replicated := Node.new()
var spawner := MultiplayerSpawner.new()


func _init() -> void:
	name = "Game"
	replicated.name = "Replicated"
	spawner.name = "Spawner"
	spawner.spawn_function = _create_node
	add_child(replicated)
	add_child(spawner)
	spawner.spawn_path = NodePath("../Replicated")


static func _create_node(data: Dictionary) -> Node:
	return ReplicatedNode.new(data)


func _record(function: String, text: String) -> void:
	calls.append([multiplayer.get_remote_sender_id(), function, text])


@rpc("any_peer", "call_remote", "reliable")
func say(text: String) -> void:
	_record("say", text)


@rpc("any_peer", "call_remote", "unreliable")
func mention(text: String) -> void:
	_record("mention", text)


@rpc("any_peer", "call_remote", "unreliable_ordered", 3)
func report(text: String) -> void:
	_record("report", text)


@rpc("any_peer", "call_local", "reliable")
func announce(text: String) -> void:
	_record("announce", text)


@rpc("authority", "call_remote", "reliable")
func order(text: String) -> void:
	_record("order", text)


## Changes a replicated node; called by a client at the server.
@rpc("any_peer", "call_remote", "reliable")
func push(node_name: String, cell: Vector2i) -> void:
	var node: ReplicatedNode = replicated.get_node_or_null(node_name)
	if node != null:
		node.cell = cell


## Returns the replicated properties of all nodes.
func state() -> Dictionary:
	var properties := {}
	for node: ReplicatedNode in replicated.get_children():
		if not node.is_queued_for_deletion():
			properties[String(node.name)] = [node.cell, node.health, node.label]
	return properties
