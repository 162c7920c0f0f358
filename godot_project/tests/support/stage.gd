extends RefCounted
## What one test needs on loopback: the objects of one implementation, what stands opposite
## them, and the loop that drives all of it with a deadline.

const Implementation := preload("implementation.gd")
const Link := preload("link.gd")
const Raw := preload("raw.gd")
const Wire := preload("wire.gd")

const HOST := "127.0.0.1"
const SECONDS := 5.0

var implementation: Implementation
## What should never happen and kept the test from its point, such as a handshake that
## was not answered.
var problems := PackedStringArray()
## Runs in each turn, after everything else.
var each_turn := Callable()

## Objects that take their own parts down, by clear().
var companions: Array[Object] = []

var _peers: Array[Object] = []
var _raws: Array[Raw] = []
var _states: Dictionary[Object, Array] = {}
var _ports := PackedInt32Array()


func _init(of: Implementation) -> void:
	implementation = of


func clear() -> void:
	for peer in _peers:
		peer.close(-1)
	for raw in _raws:
		raw.finish()
	for companion in companions:
		companion.clear()
	companions.clear()
	each_turn = Callable()
	_peers.clear()
	_raws.clear()
	_states.clear()


# Driving.

func turn() -> void:
	for peer in _peers:
		peer.poll()
		_see_state(peer)
	for raw in _raws:
		raw.pump()
	if each_turn.is_valid():
		each_turn.call()


func turns(count: int) -> void:
	for i in count:
		turn()
		OS.delay_usec(1000)


## Whether the condition came true in time.
func until(condition: Callable, seconds := SECONDS) -> bool:
	var deadline := Time.get_ticks_usec() + int(seconds * 1e6)
	while true:
		turn()
		if condition.call():
			return true
		if Time.get_ticks_usec() > deadline:
			return false
		OS.delay_usec(200)
	return false


## As until, for what has to be there before the test can begin.
func need(condition: Callable, what: String, seconds := SECONDS) -> bool:
	var came := until(condition, seconds)
	if not came:
		problems.append("timed out: " + what)
	return came


func until_state(peer: Object, state: int, seconds := SECONDS) -> bool:
	return until(func() -> bool: return peer.get_ready_state() == state, seconds)


func until_packets(peer: Object, count: int, seconds := SECONDS) -> bool:
	return until(func() -> bool: return peer.get_available_packet_count() >= count, seconds)


## Polls the peer in each turn from now on, again or no longer.
func resume(peer: Object) -> void:
	_peers.append(peer)


func pause(peer: Object) -> void:
	_peers.erase(peer)


## Lets go of a peer altogether.
func forget(peer: Object) -> void:
	_peers.erase(peer)
	_states.erase(peer)


func _see_state(peer: Object) -> void:
	var state: int = peer.get_ready_state()
	var seen: Array = _states.get_or_add(peer, [])
	if seen.is_empty() and state == WebSocketPeer.STATE_CLOSED:
		return
	if seen.is_empty() or seen[-1] != state:
		seen.append(state)


## The states the peer went through since it first connected or accepted, as seen after that
## call and after each poll, without repetitions.
func states(peer: Object) -> Array:
	return _states.get(peer, [])


# Objects.

func peer(properties := {}) -> Object:
	var made := implementation.peer()
	_configure(made, properties)
	_peers.append(made)
	return made


static func _configure(peer: Object, properties: Dictionary) -> void:
	for property: String in properties:
		peer.set(property, properties[property])


## A listening server of the implementation.
func server(address := HOST) -> Object:
	return _listen(implementation.server(), address)


func raw_server(address := HOST) -> TCPServer:
	return _listen(TCPServer.new(), address)


func _listen(made: Object, address: String) -> Object:
	var error: Error = made.listen(0, address)
	if error != OK:
		problems.append("listen(0, %s) failed with %d" % [address, error])
	_ports.append(made.get_local_port())
	return made


## A port on which nobody listens.
func unused_port() -> int:
	var made := raw_server()
	var port := made.get_local_port()
	made.stop()
	return port


func raw_connect(to: Object) -> Raw:
	return raw_connect_to(to.get_local_port())


func raw_connect_to(port: int) -> Raw:
	var stream := StreamPeerTCP.new()
	stream.connect_to_host(HOST, port)
	need(func() -> bool:
		stream.poll()
		return stream.get_status() != StreamPeerTCP.STATUS_CONNECTING, "raw connect")
	return _adopt(stream)


func raw_accept(from: TCPServer) -> Raw:
	if not need(from.is_connection_available, "raw accept"):
		return _adopt(StreamPeerTCP.new())
	return _adopt(from.take_connection())


func take_connection(from: Object) -> Object:
	need(from.is_connection_available, "connection to accept")
	return from.take_connection()


func _adopt(stream: StreamPeerTCP) -> Raw:
	var raw := Raw.new(stream)
	_raws.append(raw)
	return raw


# Connections.

static func url(to: Object, tail := "/") -> String:
	return "ws://%s:%d%s" % [HOST, to.get_local_port(), tail]


## A client of the implementation that has sent its request to a raw server and waits.
func asking_client(properties := {}, tail := "/") -> Link:
	return ask(peer(properties), tail)


## As asking_client, with a peer that is there already.
func ask(client: Object, tail := "/") -> Link:
	var listener := raw_server()
	var error: Error = client.connect_to_url(url(listener, tail))
	if error != OK:
		problems.append("connect_to_url failed with %d" % error)
	_see_state(client)
	var raw := raw_accept(listener)
	need(func() -> bool: return raw.head() != "", "request of the client")
	return Link.new(client, raw, false)


## Has the peer connect to a raw server and complete the handshake.
func reconnect(client: Object) -> Link:
	var asking := ask(client)
	answer(asking)
	_need_open(asking)
	return asking


func answer(link: Link, more: PackedStringArray = []) -> void:
	link.raw.send(Wire.response(Wire.header(link.raw.head(), "Sec-WebSocket-Key"), more))


## A client of the implementation, open towards a raw server.
func client_link(properties := {}, more: PackedStringArray = []) -> Link:
	var asking := asking_client(properties)
	answer(asking, more)
	_need_open(asking)
	return asking


## A server-side peer of the implementation, open towards a raw client.
func server_link(properties := {}, more: PackedStringArray = []) -> Link:
	return serve(peer(properties), more)


## As server_link, with a peer that is there already.
func serve(accepted: Object, more: PackedStringArray = []) -> Link:
	var accepting := accept(accepted)
	accepting.raw.send(Wire.request(more))
	_need_open(accepting)
	need(func() -> bool: return accepting.raw.head() != "", "answer of the server")
	return accepting


## A server-side peer of the implementation whose raw client has not yet said anything.
func accepting_peer(properties := {}) -> Link:
	return accept(peer(properties))


## As accepting_peer, with a peer that is there already.
func accept(accepted: Object) -> Link:
	var listener := server()
	var raw := raw_connect(listener)
	var error: Error = accepted.accept_stream(take_connection(listener))
	if error != OK:
		problems.append("accept_stream failed with %d" % error)
	_see_state(accepted)
	return Link.new(accepted, raw, true)


func link(as_client: bool, properties := {}) -> Link:
	return client_link(properties) if as_client else server_link(properties)


func _need_open(link_to_open: Link) -> void:
	need(func() -> bool: return link_to_open.state() == WebSocketPeer.STATE_OPEN, "opening handshake")


## Two open peers, [client, server side], each of the implementation given.
func pair(client_properties := {}, server_properties := {}, client_of := implementation, server_of := implementation) -> Array[Object]:
	var listener := _listen(server_of.server(), HOST)
	var client := client_of.peer()
	var accepted := server_of.peer()
	_configure(client, client_properties)
	_configure(accepted, server_properties)
	client.connect_to_url(url(listener))
	_peers.append(client)
	accepted.accept_stream(take_connection(listener))
	_peers.append(accepted)
	need(func() -> bool:
		return client.get_ready_state() == WebSocketPeer.STATE_OPEN and accepted.get_ready_state() == WebSocketPeer.STATE_OPEN,
		"opening handshake of a pair")
	return [client, accepted]


## The text with the ports of this stage, which differ from run to run, by name.
func plain(text: String) -> String:
	for port in _ports:
		text = text.replace(":%d" % port, ":PORT").replace(":+%d" % port, ":+PORT")
	return text
