extends RefCounted
## A remote peer as a raw byte stream: a StreamPeerTCP of the engine, with everything it has received.
## It never polls the stream, because that drops unread input after a reset.

const Rfc6455 := preload("rfc6455.gd")

var received := PackedByteArray()
## The end of the stream, or a reset, was read.
var ended := false
## If false, input stays in the kernel.
var is_reading := true

var _stream: StreamPeerTCP
var _unsent := PackedByteArray()
var _unsent_from := 0
var _body_from := -1
var _frames: Array[Dictionary] = []
var _parsed_to := 0


func _init(stream: StreamPeerTCP) -> void:
	_stream = stream
	_stream.set_no_delay(true)


func send(data: Variant) -> void:
	_unsent = _unsent.slice(_unsent_from) + Rfc6455.bytes(data)
	_unsent_from = 0
	pump()


func all_sent() -> bool:
	return _unsent_from == _unsent.size()


## Returns what changes while the socket makes progress.
func observation() -> Array:
	return [received.size(), ended, _unsent.size() - _unsent_from]


func local_port() -> int:
	return _stream.get_local_port()


func close() -> void:
	_stream.disconnect_from_host()


func pump() -> void:
	while not all_sent() and _is_up():
		var sent: Array = _stream.put_partial_data(_unsent.slice(_unsent_from, _unsent_from + 65536))
		if sent[0] != OK or sent[1] == 0:
			break
		_unsent_from += sent[1]
	while is_reading and not ended and _is_up():
		var got: Array = _stream.get_partial_data(65536)
		if got[0] != OK:
			ended = true
		elif got[1].is_empty():
			break
		else:
			received.append_array(got[1])


func _is_up() -> bool:
	return _stream.get_status() == StreamPeerTCP.STATUS_CONNECTED


## Returns the HTTP head received, "" until it is complete.
func head() -> String:
	if _body_from < 0:
		for i in maxi(received.size() - 3, 0):
			if received[i] == 13 and received[i + 1] == 10 and received[i + 2] == 13 and received[i + 3] == 10:
				_body_from = i + 4
				break
	return received.slice(0, _body_from).get_string_from_utf8() if _body_from >= 0 else ""


## Returns the complete frames received after the head.
func frames() -> Array[Dictionary]:
	head()
	_parsed_to = Rfc6455.parse(received, maxi(_parsed_to, _body_from), _frames)
	return _frames


func described_frames() -> PackedStringArray:
	var lines := PackedStringArray()
	for frame in frames():
		lines.append(Rfc6455.describe(frame))
	return lines


## Returns the code of the close frame received: -1 without a close frame, 0 without a code.
func close_code() -> int:
	for frame in frames():
		if frame.opcode == Rfc6455.CLOSE:
			return 0 if frame.payload.size() < 2 else frame.payload[0] << 8 | frame.payload[1]
	return -1
