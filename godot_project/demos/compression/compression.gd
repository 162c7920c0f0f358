extends VBoxContainer
## Sends the same messages over two connections, one with permessage-deflate and one without, and shows the bytes
## of each on the network.

const PLAYERS := 40
## Messages after which the demo quits if there is no window.
const HEADLESS_MESSAGES := 100

var _tcp_server := RustTCPServer.new()
var _connections: Array[Connection] = [Connection.new(), Connection.new()]
var _messages := 0
var _is_sending := true

@onready var _status: Label = %Status
@onready var _rows: Array[Node] = [%Plain, %Compressed]


func _ready() -> void:
	_tcp_server.listen(0, "127.0.0.1")
	for index in 2:
		_connections[index].open(_tcp_server, index == 1)
	%Pause.toggled.connect(func(is_paused: bool) -> void: _is_sending = not is_paused)


func _process(_delta: float) -> void:
	for connection in _connections:
		connection.poll(_tcp_server)
	if _is_sending and _connections.all(func(connection: Connection) -> bool: return connection.is_open()):
		_messages += 1
		var message := _game_state(_messages)
		for connection in _connections:
			connection.client.send_text(message)
	_show()
	if DisplayServer.get_name() == "headless" and _connections[1].received == HEADLESS_MESSAGES:
		print("%d compressed messages arrived unchanged: %s" % [_connections[1].received, _connections[1].is_intact])
		print("less than a third of the bytes: ", _connections[1].wire_bytes() * 3 < _connections[0].wire_bytes())
		get_tree().quit()


## Returns what a game sends to its players in each tick. Most of it does not change.
func _game_state(tick: int) -> String:
	var players := range(PLAYERS).map(func(player: int) -> Dictionary:
		return {"id": player, "name": "Player %d" % player, "health": 100, "x": player * 10 + tick % 7, "y": tick})
	return JSON.stringify({"type": "state", "tick": tick, "players": players})


func _show() -> void:
	_status.text = "%d messages" % _messages
	var most := maxi(_connections[0].wire_bytes(), 1)
	for index in 2:
		var bytes := _connections[index].wire_bytes()
		_rows[index].get_node("Bar").value = 100.0 * bytes / most
		_rows[index].get_node("Bytes").text = String.humanize_size(bytes)


## A client and its server-side peer.
class Connection:
	var client := RustWebSocketPeer.new()
	var server: RustWebSocketPeer
	var received := 0
	var is_intact := true
	var _is_compressed := false
	var _plain_bytes := 0

	func open(tcp_server: RustTCPServer, is_compressed: bool) -> void:
		_is_compressed = is_compressed
		client.compression_enabled = is_compressed
		client.connect_to_url("ws://127.0.0.1:%d/%s" % [tcp_server.get_local_port(), "compressed" if is_compressed else "plain"])

	func poll(tcp_server: RustTCPServer) -> void:
		client.poll()
		if server == null and tcp_server.is_connection_available():
			server = RustWebSocketPeer.new()
			server.compression_enabled = _is_compressed
			server.accept_stream(tcp_server.take_connection())
		if server == null:
			return
		server.poll()
		while server.get_available_packet_count() > 0:
			var text := server.get_packet().get_string_from_utf8()
			_plain_bytes += text.to_utf8_buffer().size()
			received += 1
			is_intact = is_intact and JSON.parse_string(text).tick == received

	func is_open() -> bool:
		return client.get_ready_state() == RustWebSocketPeer.STATE_OPEN

	## Returns the payload bytes on the network.
	func wire_bytes() -> int:
		return client.get_compression_statistics().sent_compressed if _is_compressed else _plain_bytes
