extends RefCounted
## An open WebSocket connection between a peer under test and a raw socket.

const Wire := preload("wire.gd")
const Raw := preload("raw.gd")

var peer: Object
var raw: Raw
var raw_is_client: bool


func _init(tested_peer: Object, raw_end: Raw, raw_end_is_client: bool) -> void:
	peer = tested_peer
	raw = raw_end
	raw_is_client = raw_end_is_client


## A frame as the raw side's role demands it, unless the options say otherwise.
func frame(opcode: int, data: Variant = "", options := {}) -> PackedByteArray:
	return Wire.frame(opcode, data, {"masked": raw_is_client}.merged(options, true))


func say(opcode: int, data: Variant = "", options := {}) -> void:
	raw.send(frame(opcode, data, options))


func state() -> int:
	return peer.get_ready_state()


## Whether the peer is CLOSED and the raw side has seen the end of the connection.
func over() -> bool:
	return state() == WebSocketPeer.STATE_CLOSED and raw.ended


## Takes all packets: text as String, binary as PackedByteArray.
func packets() -> Array:
	return take(peer)


static func take(from: Object) -> Array:
	var out := []
	while from.get_available_packet_count() > 0:
		var packet: PackedByteArray = from.get_packet()
		out.append(packet.get_string_from_utf8() if from.was_string_packet() else packet)
	return out
