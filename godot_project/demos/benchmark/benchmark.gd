extends VBoxContainer
## Compares both implementations: a client sends messages and a server echoes them, both in this process.
## The bars show the echoes per second.

const IMPLEMENTATIONS: Array[Array] = [
	["wspeer", "RustWebSocketPeer", "RustTCPServer"],
	["the engine's own", "WebSocketPeer", "TCPServer"],
]
## Name, message size in bytes, messages in a round.
const WORK: Array[Array] = [["64 B", 64, 200], ["1 KiB", 1024, 200], ["64 KiB", 65536, 20], ["1 MiB", 1 << 20, 2]]
const BUFFER_BYTES := 8 << 20
const ROUNDS := 30
const HEADLESS_ROUNDS := 2

@onready var _bars: Control = %Bars
@onready var _again: Button = %Again


func _ready() -> void:
	_again.pressed.connect(run)
	run()


## Measures all message sizes. The implementations alternate, so that both have the same load of the machine.
func run() -> void:
	_again.disabled = true
	_bars.results.clear()
	var rounds := HEADLESS_ROUNDS if DisplayServer.get_name() == "headless" else ROUNDS
	for work in WORK:
		var pairs := IMPLEMENTATIONS.map(func(names: Array) -> Pair: return Pair.new(names[1], names[2]))
		for round in rounds:
			for pair: Pair in pairs:
				pair.exchange(work[1], work[2])
			_bars.results[work[0]] = pairs.map(func(pair: Pair) -> float: return pair.messages_per_second())
			_bars.queue_redraw()
			await get_tree().process_frame
			if not is_inside_tree():
				return
		if DisplayServer.get_name() == "headless":
			var counts := pairs.map(func(pair: Pair) -> int: return pair.messages)
			print("%s: %d and %d echoes" % [work[0], counts[0], counts[1]])
	_again.disabled = false
	if DisplayServer.get_name() == "headless":
		get_tree().quit()


## A connected client and server of one implementation.
class Pair:
	## Time without progress after which a round is given up.
	const PATIENCE_USEC := 60_000_000

	var messages := 0
	var _usec := 0
	var _client: PacketPeer
	var _server: PacketPeer

	func _init(peer_class: String, server_class: String) -> void:
		var tcp_server: RefCounted = ClassDB.instantiate(server_class)
		tcp_server.listen(0, "127.0.0.1")
		_client = _peer(peer_class)
		_server = _peer(peer_class)
		_client.connect_to_url("ws://127.0.0.1:%d" % tcp_server.get_local_port())
		_until(func() -> bool:
			_client.poll()
			return tcp_server.is_connection_available())
		_server.accept_stream(tcp_server.take_connection())
		_until(func() -> bool:
			_client.poll()
			_server.poll()
			return _client.get_ready_state() == 1 and _server.get_ready_state() == 1)

	func exchange(bytes: int, count: int) -> void:
		var payload := PackedByteArray()
		payload.resize(bytes)
		payload.fill(0x5a)
		var echoes := 0
		var start := Time.get_ticks_usec()
		var last_progress := start
		for index in count:
			_client.send(payload)
		while echoes < count and Time.get_ticks_usec() - last_progress < PATIENCE_USEC:
			_server.poll()
			while _server.get_available_packet_count() > 0:
				_server.send(_server.get_packet())
			_client.poll()
			while _client.get_available_packet_count() > 0:
				_client.get_packet()
				echoes += 1
				last_progress = Time.get_ticks_usec()
		_usec += Time.get_ticks_usec() - start
		messages += echoes

	func messages_per_second() -> float:
		return messages * 1_000_000.0 / maxi(_usec, 1)

	static func _peer(peer_class: String) -> PacketPeer:
		var peer: PacketPeer = ClassDB.instantiate(peer_class)
		peer.inbound_buffer_size = BUFFER_BYTES
		peer.outbound_buffer_size = BUFFER_BYTES
		return peer

	static func _until(is_done: Callable) -> void:
		var start := Time.get_ticks_usec()
		while not is_done.call() and Time.get_ticks_usec() - start < PATIENCE_USEC:
			OS.delay_usec(100)
