extends "loopback.gd"
## A loopback that records the trace of a scenario: observed values, each under a key.

var trace := {}


func note(key: String, value: Variant) -> void:
	if key in trace:
		problems.append("noted twice: " + key)
	trace[key] = without_ports(value) if value is String else value


## Completes the close handshake and notes the result. The reason is noted only if the remote peer chose it: texts for failures
## that this peer detects are not compared.
func note_close(connection: RawConnection, with_reason := true) -> void:
	until(connection.is_over)
	note("state", connection.state())
	note("code", connection.peer.get_close_code())
	if with_reason:
		note("reason", connection.peer.get_close_reason())
	note("close frame", connection.remote.close_code())


## Sends bytes to the peer one at a time, with a turn after each, and notes the states and the packets.
func note_single_bytes(connection: RawConnection, bytes: PackedByteArray) -> void:
	for byte in bytes:
		connection.remote.send([byte])
		turn()
	until_packets(connection.peer, 1)
	note("states", states(connection.peer))
	note("packets", connection.packets())


## Sends a text to the peer, ends the stream, and notes whether the peer closes.
func note_end_of_stream(connection: RawConnection, text: String) -> void:
	connection.remote.send(text)
	turns(2)
	connection.remote.close()
	note("closes after '%s'" % text, until_state(connection.peer, WebSocketPeer.STATE_CLOSED))
	note("code after '%s'" % text, connection.peer.get_close_code())


## Sends a message in each direction and notes both.
func note_exchange(connection: RawConnection, key := "exchange") -> void:
	connection.send_frame(Rfc6455.TEXT, "ask")
	until_packets(connection.peer, 1)
	var got := connection.packets()
	got.append(connection.peer.send_text("answer"))
	until(func() -> bool: return not connection.remote.frames().is_empty())
	note(key, got + Array(connection.remote.described_frames()))
