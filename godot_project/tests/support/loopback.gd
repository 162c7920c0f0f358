extends RefCounted
## Holds what one test needs on loopback: objects of one implementation, the raw sockets that are their remote peers, and the loop
## that drives all of them.

const Implementation := preload("implementation.gd")
const Payload := preload("payload.gd")
const RawConnection := preload("raw_connection.gd")
const RawSocket := preload("raw_socket.gd")
const Rfc6455 := preload("rfc6455.gd")
const Wait := preload("wait.gd")

const HOST := "127.0.0.1"

var implementation: Implementation
## Failed preconditions, such as a handshake that was not answered. Each fails the test.
var problems := PackedStringArray()
## Called at the end of each turn.
var each_turn := Callable()
## Groups of objects with methods [code]clear()[/code] and [code]observation()[/code].
var groups: Array[Object] = []

var _peers: Array[Object] = []
var _sockets: Array[RawSocket] = []
var _states: Dictionary[Object, Array] = {}
var _ports := PackedInt32Array()
var _observers: Array[Callable] = []


func _init(of: Implementation) -> void:
	implementation = of


## Closes all connections and drops all references.
func clear() -> void:
	for peer in _peers:
		peer.close(-1)
	for socket in _sockets:
		socket.close()
	for group in groups:
		group.clear()
	groups.clear()
	each_turn = Callable()
	_peers.clear()
	_sockets.clear()
	_states.clear()
	_observers.clear()


# Driving.

## Polls all peers and sockets once.
func turn() -> void:
	for peer in _peers:
		peer.poll()
		_record_state(peer)
	for socket in _sockets:
		socket.pump()
	if each_turn.is_valid():
		each_turn.call()


func turns(count: int) -> void:
	for i in count:
		turn()
		OS.delay_usec(1000)


## Takes turns for some seconds. Returns the longest time between two turns.
func turns_for(seconds: float) -> float:
	var start := Time.get_ticks_usec()
	var last := start
	var longest := 0
	while last - start < seconds * 1e6:
		turns(1)
		var now := Time.get_ticks_usec()
		longest = maxi(longest, now - last)
		last = now
	return longest / 1e6


## Takes turns until the condition holds. Returns false after [param patience] seconds without progress.
func until(condition: Callable, patience := Wait.PATIENCE) -> bool:
	return Wait.until(condition, turn, _observation, patience)


## Takes turns until the condition holds or nothing happens any more, for conditions that one implementation never meets.
func until_quiet(condition: Callable) -> bool:
	return until(condition, Wait.QUIET)


## As [method until], for a precondition of the test.
func require(condition: Callable, what: String) -> bool:
	var holds := until(condition)
	if not holds:
		problems.append("no progress before: " + what)
	return holds


func until_state(peer: Object, state: int) -> bool:
	return until(func() -> bool: return peer.get_ready_state() == state)


func until_packets(peer: Object, count: int) -> bool:
	return until(func() -> bool: return peer.get_available_packet_count() >= count)


## Counts a change of the value that the function returns as progress.
func observe(observer: Callable) -> void:
	_observers.append(observer)


func _observation() -> Array:
	var observed: Array = _observers.map(func(observer: Callable) -> Variant: return observer.call())
	for peer in _peers:
		observed.append([peer.get_ready_state(), peer.get_available_packet_count(), peer.get_current_outbound_buffered_amount()])
	for socket in _sockets:
		observed.append(socket.observation())
	for group in groups:
		observed.append(group.observation())
	return observed


## Polls the peer in each turn, after [method pause] again.
func resume(peer: Object) -> void:
	_peers.append(peer)


## Stops polling the peer.
func pause(peer: Object) -> void:
	_peers.erase(peer)


## Drops all references to the peer.
func release(peer: Object) -> void:
	_peers.erase(peer)
	_states.erase(peer)


func _record_state(peer: Object) -> void:
	var state: int = peer.get_ready_state()
	var seen: Array = _states.get_or_add(peer, [])
	if seen.is_empty() and state == WebSocketPeer.STATE_CLOSED:
		return
	if seen.is_empty() or seen[-1] != state:
		seen.append(state)


## Returns the states of the peer since it first connected or accepted, as read after that call and after each poll, without
## repetitions.
func states(peer: Object) -> Array:
	return _states.get(peer, [])


# Objects.

func peer(properties := {}) -> Object:
	var created := implementation.peer()
	_configure(created, properties)
	_peers.append(created)
	return created


static func _configure(peer: Object, properties: Dictionary) -> void:
	for property: String in properties:
		peer.set(property, properties[property])


## Returns a listening server of the implementation.
func server(address := HOST) -> Object:
	return _listen(implementation.server(), address)


func raw_listener(address := HOST) -> TCPServer:
	return _listen(TCPServer.new(), address)


func _listen(listener: Object, address: String) -> Object:
	var error: Error = listener.listen(0, address)
	if error != OK:
		problems.append("listen(0, %s) failed with %d" % [address, error])
	_ports.append(listener.get_local_port())
	return listener


## Returns a port that no server listens on.
static func free_port() -> int:
	var listener := TCPServer.new()
	listener.listen(0, HOST)
	var port := listener.get_local_port()
	listener.stop()
	return port


func connect_raw_socket(to: Object) -> RawSocket:
	return connect_raw_socket_to_port(to.get_local_port())


func connect_raw_socket_to_port(port: int) -> RawSocket:
	var stream := StreamPeerTCP.new()
	stream.connect_to_host(HOST, port)
	require(func() -> bool:
		stream.poll()
		return stream.get_status() != StreamPeerTCP.STATUS_CONNECTING, "a TCP connection to the server")
	return _adopt(stream)


func accept_raw_socket(from: TCPServer) -> RawSocket:
	if not require(from.is_connection_available, "a TCP connection from the client"):
		return _adopt(StreamPeerTCP.new())
	return _adopt(from.take_connection())


func take_connection(from: Object) -> Object:
	require(from.is_connection_available, "a connection to accept")
	return from.take_connection()


func _adopt(stream: StreamPeerTCP) -> RawSocket:
	var socket := RawSocket.new(stream)
	_sockets.append(socket)
	return socket


# Connections.

static func url(to: Object, tail := "/") -> String:
	return "ws://%s:%d%s" % [HOST, to.get_local_port(), tail]


## Returns a client of the implementation that has sent its request to a raw socket.
func requesting_client(properties := {}, tail := "/") -> RawConnection:
	return send_request(peer(properties), tail)


## As [method requesting_client], with an existing peer.
func send_request(client: Object, tail := "/") -> RawConnection:
	var listener := raw_listener()
	var error: Error = client.connect_to_url(url(listener, tail))
	if error != OK:
		problems.append("connect_to_url failed with %d" % error)
	_record_state(client)
	var socket := accept_raw_socket(listener)
	require(func() -> bool: return socket.head() != "", "the client's request")
	return RawConnection.new(client, socket, false)


## Connects the peer to a raw socket and completes the handshake.
func open_as_client(client: Object, more: PackedStringArray = []) -> RawConnection:
	var connection := send_request(client)
	send_response(connection, more)
	_require_open(connection)
	return connection


func send_response(connection: RawConnection, more: PackedStringArray = []) -> void:
	connection.remote.send(Rfc6455.response(Rfc6455.header(connection.remote.head(), "Sec-WebSocket-Key"), more))


## Returns an open client of the implementation, whose server is a raw socket.
func open_client(properties := {}, more: PackedStringArray = []) -> RawConnection:
	return open_as_client(peer(properties), more)


## Returns an open server-side peer of the implementation, whose client is a raw socket.
func open_server(properties := {}, more: PackedStringArray = []) -> RawConnection:
	return open_as_server(peer(properties), more)


## As [method open_server], with an existing peer.
func open_as_server(accepted: Object, more: PackedStringArray = []) -> RawConnection:
	var connection := accept(accepted)
	connection.remote.send(Rfc6455.request(more))
	_require_open(connection)
	require(func() -> bool: return connection.remote.head() != "", "the server's response")
	return connection


## Returns a server-side peer of the implementation whose client, a raw socket, has not sent anything.
func accepting_peer(properties := {}) -> RawConnection:
	return accept(peer(properties))


## As [method accepting_peer], with an existing peer.
func accept(accepted: Object) -> RawConnection:
	var listener := server()
	var socket := connect_raw_socket(listener)
	var error: Error = accepted.accept_stream(take_connection(listener))
	if error != OK:
		problems.append("accept_stream failed with %d" % error)
	_record_state(accepted)
	return RawConnection.new(accepted, socket, true)


func open(as_client: bool, properties := {}) -> RawConnection:
	return open_client(properties) if as_client else open_server(properties)


func _require_open(connection: RawConnection) -> void:
	require(func() -> bool: return connection.state() == WebSocketPeer.STATE_OPEN, "an opening handshake")


## Returns two open peers, [client, server side], each of the given implementation.
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
	require(func() -> bool:
		return client.get_ready_state() == WebSocketPeer.STATE_OPEN and accepted.get_ready_state() == WebSocketPeer.STATE_OPEN,
		"the opening handshake of a pair")
	return [client, accepted]


## Replaces the ports, which differ from run to run, by the word PORT.
func without_ports(text: String) -> String:
	for port in _ports:
		text = text.replace(":%d" % port, ":PORT").replace(":+%d" % port, ":+PORT")
	return text
