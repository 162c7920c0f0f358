extends Node
## A replicated node of a TestGame: [member cell] is sent in each synchronization, the others when they change.

var cell := Vector2i.ZERO
var health := 100
var label := ""


func _init(data: Dictionary) -> void:
	name = data.name
	cell = data.cell
	var config := SceneReplicationConfig.new()
	for property: String in ["cell", "health", "label"]:
		var path := NodePath(".:" + property)
		config.add_property(path)
		config.property_set_spawn(path, true)
		config.property_set_replication_mode(path, SceneReplicationConfig.REPLICATION_MODE_ALWAYS if property == "cell" else SceneReplicationConfig.REPLICATION_MODE_ON_CHANGE)
	var synchronizer := MultiplayerSynchronizer.new()
	synchronizer.name = "Synchronizer"
	synchronizer.replication_config = config
	add_child(synchronizer)
	set_multiplayer_authority(data.authority)
