extends SceneTree
## Runs the client of the summary as a guest of a chat server, whose URL is the first argument, until it was told of itself and of what it
## has said, or for twenty seconds.

const SECONDS := 20.0
const MESSAGES := 2

var _scene: Node
var _seconds := 0.0
var _count := 0


func _initialize() -> void:
	_scene = load("res://demos/godot3_summary/client.tscn").instantiate()
	_scene.url = OS.get_cmdline_user_args()[0]
	_scene.ws.data_received.connect(func() -> void: _count += 1)
	root.add_child(_scene)


func _process(delta: float) -> bool:
	_seconds += delta
	if _count == MESSAGES or _seconds > SECONDS:
		quit(0 if _count == MESSAGES else 1)
	return false
