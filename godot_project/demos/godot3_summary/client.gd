extends Node

var ws: WebSocketClient = WebSocketClient.new()

@export var url = "ws://localhost:8080"


func _ready():
	ws.connect("connected_to_host", _on_connected)
	ws.connect("connection_error", _on_error)
	ws.connect("data_received", _on_data)
	var err = ws.connect_to_url(url)
	if err != OK:
		push_error("Could not connect to server")


func _process(_delta):
	ws.poll()


func _on_connected():
	# client sends a text message
	ws.get_peer(0).put_packet("Hello, server!".to_utf8_buffer())


func _on_error():
	push_error("Could not connect to server")


func _on_data():
	var peer_id = ws.get_peer_id()
	var packet = ws.get_peer(peer_id).get_peer_packet()
	var text = packet.get_string_from_utf8()
	print("Received: ", text)
