extends GridContainer
## A chat server and three clients in one window. Without a window, the clients send the lines of SCRIPT.

const SCRIPT: Array[Array] = [["Ada", "Hello!"], ["Bob", "Hello, Ada!"], ["Cleo", "Hello, all!"]]

var _sent := 0
var _received := 0

@onready var _server: Control = $Server
@onready var _clients: Array[Node] = [$Ada, $Bob, $Cleo]


func _ready() -> void:
	for client in _clients:
		client.get_node("%Url").text = "ws://localhost:%d" % _server.get_port()
		client.join()
		client.line_received.connect(_on_line_received)
	set_process(DisplayServer.get_name() == "headless")


func _process(_delta: float) -> void:
	# A line is sent when all clients have received the previous one.
	var all_are_connected := _clients.all(func(client: Node) -> bool: return client.is_connected_to_server())
	if all_are_connected and _sent < SCRIPT.size() and _received == _sent * _clients.size():
		if get_node(SCRIPT[_sent][0]).send_line(SCRIPT[_sent][1]):
			_sent += 1


func _on_line_received(line: String) -> void:
	_received += 1
	if is_processing() and _received % _clients.size() == 0:
		print("All clients received ", line)
		if _received == SCRIPT.size() * _clients.size():
			get_tree().quit()
