extends Node

var server: WebSocketServer = WebSocketServer.new()

@export var port = 8080


func _ready():
	# The signal has the sender's id; get_peer_id() returns it too.
	server.connect("data_received", _on_data.unbind(1))
	var err = server.listen(port)
	if err != OK:
		push_error("Could not start WebSocket server")


func _process(_delta):
	server.poll()
	if server.is_connection_available():
		var peer_id = server.take_connection()
		print("New client connected: ", peer_id)


func _on_data():
	var peer_id = server.get_peer_id()
	var payload = server.get_peer(peer_id).get_peer_packet()
	# server broadcasts to all clients
	for peer in server.get_peer_list():
		server.get_peer(peer).put_packet("Echo: ".to_ascii_buffer() + payload)
