extends Node
## What every player of a tested multiplayer game has: calls that note what arrives, and units
## that a spawner and synchronizers keep equal.

const Unit := preload("unit.gd")

## What calls brought, as [id of the caller, function, text].
var heard: Array[Array] = []
var units := Node.new()
var spawner := MultiplayerSpawner.new()


func _init() -> void:
	name = "Game"
	units.name = "Units"
	spawner.name = "Spawner"
	spawner.spawn_function = _make_unit
	add_child(units)
	add_child(spawner)
	spawner.spawn_path = NodePath("../Units")


static func _make_unit(data: Dictionary) -> Node:
	return Unit.new(data)


func _note(function: String, text: String) -> void:
	heard.append([multiplayer.get_remote_sender_id(), function, text])


@rpc("any_peer", "call_remote", "reliable")
func say(text: String) -> void:
	_note("say", text)


@rpc("any_peer", "call_remote", "unreliable")
func mention(text: String) -> void:
	_note("mention", text)


@rpc("any_peer", "call_remote", "unreliable_ordered", 3)
func report(text: String) -> void:
	_note("report", text)


@rpc("any_peer", "call_local", "reliable")
func announce(text: String) -> void:
	_note("announce", text)


@rpc("authority", "call_remote", "reliable")
func order(text: String) -> void:
	_note("order", text)


## A client asks the server to change a unit.
@rpc("any_peer", "call_remote", "reliable")
func push(unit_name: String, cell: Vector2i) -> void:
	var unit: Unit = units.get_node_or_null(unit_name)
	if unit != null:
		unit.cell = cell


## All units with what is kept equal.
func state() -> Dictionary:
	var out := {}
	for unit: Unit in units.get_children():
		if not unit.is_queued_for_deletion():
			out[String(unit.name)] = [unit.cell, unit.health, unit.label]
	return out
