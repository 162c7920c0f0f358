extends VBoxContainer
## The server of the chat: sends each line of a client to all clients.

## Port to listen on; 0 for a free one, which [method get_port] returns.
@export var port := 9081

var _tcp_server := RustTCPServer.new()
var _peers: Array[RustWebSocketPeer] = []

@onready var _log: RichTextLabel = $Log


func _ready() -> void:
	if _tcp_server.listen(port) != OK:
		_show("Port %d is in use." % port)
		set_process(false)
		return
	_show("Listening on port %d." % get_port())


func get_port() -> int:
	return _tcp_server.get_local_port()


func _process(_delta: float) -> void:
	while _tcp_server.is_connection_available():
		var peer := RustWebSocketPeer.new()
		peer.accept_stream(_tcp_server.take_connection())
		_peers.append(peer)

	for peer: RustWebSocketPeer in _peers.duplicate():
		peer.poll()
		while peer.get_available_packet_count() > 0:
			_send_to_all(peer.get_packet().get_string_from_utf8())
		if peer.get_ready_state() == RustWebSocketPeer.STATE_CLOSED:
			_peers.erase(peer)
			_show("A client has disconnected; %d are connected." % _peers.size())


func _send_to_all(line: String) -> void:
	_show(line)
	for peer in _peers:
		if peer.get_ready_state() == RustWebSocketPeer.STATE_OPEN:
			peer.send_text(line)


func _show(line: String) -> void:
	_log.add_text(line + "\n")
