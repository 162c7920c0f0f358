extends GridContainer
## A chat server and three clients in one window. Without a window, the clients talk by themselves.

const SCRIPT: Array[Array] = [["Ada", "Who is here?"], ["Bob", "Me!"], ["Cleo", "Me too."]]

var _said := 0
var _heard := 0

@onready var _server: Control = $Server
@onready var _clients: Array[Node] = [$Ada, $Bob, $Cleo]


func _ready() -> void:
	for client in _clients:
		client.get_node("%Url").text = "ws://localhost:%d" % _server.get_port()
		client.join()
		client.heard.connect(_on_heard)
	set_process(DisplayServer.get_name() == "headless")


func _process(_delta: float) -> void:
	# A line is said when everybody has heard the one before.
	var everybody_is_here := _clients.all(func(client: Node) -> bool: return client.is_here())
	if everybody_is_here and _said < SCRIPT.size() and _heard == _said * _clients.size():
		if get_node(SCRIPT[_said][0]).say(SCRIPT[_said][1]):
			_said += 1


func _on_heard(line: String) -> void:
	_heard += 1
	if is_processing() and _heard % _clients.size() == 0:
		print("All hear ", line)
		if _heard == SCRIPT.size() * _clients.size():
			get_tree().quit()
