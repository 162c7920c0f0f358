extends SceneTree
## Runs the tutorial's server of Godot 3 on a free port for a client of another language: prints `LISTENING <port>`, ends when the scene has
## seen its client go, or after twenty seconds.

const SECONDS := 20.0

var _scene: Node
var _seconds := 0.0
var _had_client := false


func _initialize() -> void:
	_scene = load("res://demos/godot3_server/godot3_server.tscn").instantiate()
	_scene.port = 0
	root.add_child(_scene)


func _process(delta: float) -> bool:
	if _seconds == 0.0:
		print("LISTENING %d" % _scene._server.get_local_port())
	_seconds += delta
	_had_client = _had_client or not _scene._server.get_peer_list().is_empty()
	if (_had_client and _scene._server.get_peer_list().is_empty()) or _seconds > SECONDS:
		quit(0 if _had_client and _seconds <= SECONDS else 1)
	return false
