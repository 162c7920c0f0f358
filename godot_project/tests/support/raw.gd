extends RefCounted
## The other end of a connection as bare bytes: a StreamPeerTCP of the engine whose input
## is kept whole. It never polls the stream, since that drops unread input on a reset.

const Wire := preload("wire.gd")

var received := PackedByteArray()
## The other side's end of stream, or its reset, was seen.
var ended := false
## While false, input is left in the kernel.
var reading := true

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
	_unsent = _unsent.slice(_unsent_from) + Wire.bytes(data)
	_unsent_from = 0
	pump()


func all_sent() -> bool:
	return _unsent_from == _unsent.size()


func local_port() -> int:
	return _stream.get_local_port()


func finish() -> void:
	_stream.disconnect_from_host()


func pump() -> void:
	while not all_sent() and _is_up():
		var sent: Array = _stream.put_partial_data(_unsent.slice(_unsent_from, _unsent_from + 65536))
		if sent[0] != OK or sent[1] == 0:
			break
		_unsent_from += sent[1]
	while reading and not ended and _is_up():
		var got: Array = _stream.get_partial_data(65536)
		if got[0] != OK:
			ended = true
		elif got[1].is_empty():
			break
		else:
			received.append_array(got[1])


func _is_up() -> bool:
	return _stream.get_status() == StreamPeerTCP.STATUS_CONNECTED


## The text of the request or response received, "" until all of it is there.
func head() -> String:
	if _body_from < 0:
		for i in maxi(received.size() - 3, 0):
			if received[i] == 13 and received[i + 1] == 10 and received[i + 2] == 13 and received[i + 3] == 10:
				_body_from = i + 4
				break
	return received.slice(0, _body_from).get_string_from_utf8() if _body_from >= 0 else ""


## The complete frames received after the head.
func frames() -> Array[Dictionary]:
	head()
	_parsed_to = Wire.parse(received, maxi(_parsed_to, _body_from), _frames)
	return _frames


func described() -> PackedStringArray:
	var lines := PackedStringArray()
	for one in frames():
		lines.append(Wire.describe(one))
	return lines


## The status code of the close frame received: -1 if there is none, 0 if it is empty.
func close_code() -> int:
	for one in frames():
		if one.opcode == Wire.CLOSE:
			return 0 if one.payload.size() < 2 else one.payload[0] << 8 | one.payload[1]
	return -1
