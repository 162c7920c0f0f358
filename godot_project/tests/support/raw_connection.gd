extends RefCounted
## A WebSocket connection between a peer under test and a raw socket, its remote peer.

const RawSocket := preload("raw_socket.gd")
const Rfc6455 := preload("rfc6455.gd")

var peer: Object
var remote: RawSocket
var remote_is_client: bool


func _init(tested_peer: Object, socket: RawSocket, socket_is_client: bool) -> void:
	peer = tested_peer
	remote = socket
	remote_is_client = socket_is_client


## Returns a frame, masked if the remote peer is the client, unless the options say otherwise.
func frame(opcode: int, data: Variant = "", options := {}) -> PackedByteArray:
	return Rfc6455.frame(opcode, data, {"masked": remote_is_client}.merged(options, true))


## Sends a frame from the remote peer.
func send_frame(opcode: int, data: Variant = "", options := {}) -> void:
	remote.send(frame(opcode, data, options))


func state() -> int:
	return peer.get_ready_state()


## Returns whether the peer is CLOSED and the remote peer has read the end of the connection.
func is_over() -> bool:
	return state() == WebSocketPeer.STATE_CLOSED and remote.ended


## Takes all packets of the peer: text as String, binary as PackedByteArray.
func packets() -> Array:
	return take_packets(peer)


static func take_packets(from: Object) -> Array:
	var taken := []
	while from.get_available_packet_count() > 0:
		var packet: PackedByteArray = from.get_packet()
		taken.append(packet.get_string_from_utf8() if from.was_string_packet() else packet)
	return taken
