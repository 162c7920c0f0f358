extends RefCounted
## The measured operations. Each method returns the microseconds of one operation, or -1 if one made no progress. For the
## extension's classes, bench.gd compiles this source again with their names instead of the engine's, so that both run the same typed
## script.

const Wait := preload("res://tests/support/wait.gd")

const HOST := "127.0.0.1"
## Long enough that the resolution of the clock and single interruptions do not matter.
const SAMPLE_USEC := 150_000
const BUFFER_BYTES := 8 << 20
## Messages between two polls, as of a game that sends all its updates in one frame.
const SENDS_PER_POLL := 500
const CALLS := 1000

static var _key: CryptoKey
static var _certificate: X509Certificate

var _idle: Dictionary[int, Array] = {}
var _called := {}


static func bytes(size: int) -> PackedByteArray:
	var message := PackedByteArray()
	message.resize(size)
	for i in size:
		message[i] = i & 0xff
	return message


## Returns text of that many UTF-8 bytes, in letters of two bytes each.
static func text(size: int) -> String:
	return "üßéñ".repeat(size / 8)


func pairs(count: int, limit: int) -> Array[Array]:
	var open_pairs: Array[Array] = []
	var listener := TCPServer.new()
	listener.listen(0, HOST)
	for i in count:
		var pair := _open(listener, false, limit)
		if not pair.is_empty():
			open_pairs.append(pair)
	return open_pairs


## Returns an open client and server side, [] on failure.
func _open(listener: TCPServer, secure: bool, limit := BUFFER_BYTES) -> Array:
	var client := WebSocketPeer.new()
	var server := WebSocketPeer.new()
	for peer: WebSocketPeer in [client, server]:
		peer.inbound_buffer_size = limit
		peer.outbound_buffer_size = limit
	var url := "%s://localhost:%d" if secure else "ws://127.0.0.1:%d"
	url = url % (["wss", listener.get_local_port()] if secure else [listener.get_local_port()])
	client.connect_to_url(url, TLSOptions.client(_certificate) if secure else null)
	# Without the pauses of Wait.until(), which would be measured.
	var wait := Wait.new()
	while not listener.is_connection_available():
		client.poll()
		if wait.is_stalled():
			return []
	var stream: StreamPeer = listener.take_connection()
	if secure:
		var tls := StreamPeerTLS.new()
		tls.accept_stream(stream, TLSOptions.server(_key, _certificate))
		stream = tls
	server.accept_stream(stream)
	while client.get_ready_state() != WebSocketPeer.STATE_OPEN or server.get_ready_state() != WebSocketPeer.STATE_OPEN:
		client.poll()
		server.poll()
		if wait.is_stalled():
			return []
	return [client, server]


func _pair(secure: bool) -> Array:
	if secure and _key == null:
		var crypto := Crypto.new()
		_key = crypto.generate_rsa(2048)
		_certificate = crypto.generate_self_signed_certificate(_key, "CN=localhost,O=Bench,C=DE")
	var listener := TCPServer.new()
	listener.listen(0, HOST)
	return _open(listener, secure)


static func _close(pair: Array) -> void:
	for peer: WebSocketPeer in pair:
		peer.close(-1)


func echo(size: int, secure: bool) -> float:
	var pair := _pair(secure)
	if pair.is_empty():
		return -1.0
	var client: WebSocketPeer = pair[0]
	var server: WebSocketPeer = pair[1]
	var message := bytes(size)
	var wait := Wait.new()
	var start := Time.get_ticks_usec()
	var count := 0
	while count < 3 or Time.get_ticks_usec() - start < SAMPLE_USEC:
		client.send(message)
		while server.get_available_packet_count() == 0:
			client.poll()
			server.poll()
			if wait.is_stalled():
				return -1.0
		server.send(server.get_packet())
		while client.get_available_packet_count() == 0:
			server.poll()
			client.poll()
			if wait.is_stalled():
				return -1.0
		client.get_packet()
		count += 1
	var took := Time.get_ticks_usec() - start
	_close(pair)
	return float(took) / count


## Sends messages from the client to the server.
func burst(message: PackedByteArray, secure: bool) -> float:
	return _burst(secure, message.size(), func(client: WebSocketPeer, count: int) -> int:
		for i in count:
			if client.send(message) != OK:
				return i
		return count)


func text_burst(message: String) -> float:
	return _burst(false, message.to_utf8_buffer().size(), func(client: WebSocketPeer, count: int) -> int:
		for i in count:
			if client.send_text(message) != OK:
				return i
		return count)


## `send` sends up to a number of messages and returns how many it sent.
func _burst(secure: bool, size: int, send: Callable) -> float:
	var pair := _pair(secure)
	if pair.is_empty():
		return -1.0
	var client: WebSocketPeer = pair[0]
	var server: WebSocketPeer = pair[1]
	client.max_queued_packets = 1 << 20
	server.max_queued_packets = 1 << 20
	# Never more than fits: the engine prints an error for a refused message, which would be measured.
	var sends := mini(SENDS_PER_POLL, BUFFER_BYTES / 2 / size)
	var wait := Wait.new()
	var start := Time.get_ticks_usec()
	var sent := 0
	var received := 0
	while Time.get_ticks_usec() - start < SAMPLE_USEC or received < sent:
		if Time.get_ticks_usec() - start < SAMPLE_USEC:
			sent += send.call(client, sends)
		client.poll()
		server.poll()
		while server.get_available_packet_count() > 0:
			server.get_packet()
			received += 1
		if wait.is_stalled():
			return -1.0
	var took := Time.get_ticks_usec() - start
	_close(pair)
	return float(took) / received


## Polls the server sides of `count` idle connections.
func idle(count: int) -> float:
	if count not in _idle:
		_idle[count] = pairs(count, 65535)
	var servers: Array[WebSocketPeer] = []
	for pair: Array in _idle[count]:
		servers.append(pair[1])
	if servers.size() < count:
		return -1.0
	var start := Time.get_ticks_usec()
	var rounds := 0
	while Time.get_ticks_usec() - start < SAMPLE_USEC:
		for i in maxi(1, 1000 / count):
			for server in servers:
				server.poll()
			rounds += 1
	return float(Time.get_ticks_usec() - start) / (rounds * count)


## The time of one call, without that of the loop around it, on an idle object: a peer with an open connection, a room or a listener
## that waits for connections.
func calls(of: String, method: String, style: String) -> float:
	var object := _called_object(of)
	if object == null:
		return -1.0
	var loop := _loop(object, method, style)
	var arguments: Array = [object, CALLS] if style != "callable" else [Callable(object, method), CALLS]
	var took := 0
	var count := 0
	while took < SAMPLE_USEC / 3:
		var start := Time.get_ticks_usec()
		loop.callv("run", arguments)
		var end := Time.get_ticks_usec()
		loop.callv("nothing", arguments)
		took += maxi(0, 2 * end - start - Time.get_ticks_usec())
		count += CALLS
		if method == "send" and not _drained():
			return -1.0
	return maxf(0.001, float(took) / count)


func _called_object(of: String) -> Object:
	if not of in _called:
		match of:
			"peer":
				_called["pair"] = _pair(false)
				_called[of] = null if _called["pair"].is_empty() else _called["pair"][0]
			"room":
				var room := WebSocketMultiplayerPeer.new()
				_called[of] = room if room.create_server(0) == OK else null
			"listener":
				var listener := TCPServer.new()
				_called[of] = listener if listener.listen(0, HOST) == OK else null
	return _called[of]


## Returns a script with a loop of calls, because the name of a class cannot be a value.
static func _loop(object: Object, method: String, style: String) -> GDScript:
	var type: String = {"typed": ": " + object.get_class(), "untyped": "", "callable": ": Callable"}[style]
	var arguments := "MESSAGE" if method == "send" else ""
	var call := "object.call(%s)" % arguments if style == "callable" else "object.%s(%s)" % [method, arguments]
	var source := "static var MESSAGE := PackedByteArray([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16])\n"
	for function: Array in [["run", call], ["nothing", "pass"]]:
		source += "static func %s(object%s, count: int) -> void:\n\tfor i in count:\n\t\t%s\n" % [function[0], type, function[1]]
	var script := GDScript.new()
	script.source_code = source
	script.reload()
	return script


## Takes what a loop of sends has sent from the remote peer.
func _drained() -> bool:
	var pair: Array = _called["pair"]
	for i in CALLS:
		var wait := Wait.new()
		while pair[1].get_available_packet_count() == 0:
			pair[0].poll()
			pair[1].poll()
			if wait.is_stalled():
				return false
		pair[1].get_packet()
	return true


func connections() -> float:
	var listener := TCPServer.new()
	listener.listen(0, HOST)
	var start := Time.get_ticks_usec()
	var count := 0
	while Time.get_ticks_usec() - start < SAMPLE_USEC:
		var pair := _open(listener, false)
		if pair.is_empty():
			return -1.0
		_close(pair)
		count += 1
	return float(Time.get_ticks_usec() - start) / count
