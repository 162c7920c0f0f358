extends SceneTree
## Runs the minimal server's scene on a free port for a client of another language: prints `LISTENING <port>`, ends when the
## scene has seen its client go, or after twenty seconds.

const SECONDS := 20.0

var _server: Node
var _seconds := 0.0
var _had_client := false


func _initialize() -> void:
	_server = load("res://demos/minimal_server/minimal_server.tscn").instantiate()
	_server.port = 0
	root.add_child(_server)


func _process(delta: float) -> bool:
	if _seconds == 0.0:
		print("LISTENING %d" % _server._tcp_server.get_local_port())
	_seconds += delta
	_had_client = _had_client or not _server._peers.is_empty()
	if (_had_client and _server._peers.is_empty()) or _seconds > SECONDS:
		quit(0 if _had_client and _seconds <= SECONDS else 1)
	return false
