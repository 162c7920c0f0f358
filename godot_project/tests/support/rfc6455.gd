extends RefCounted
## Writes and reads RFC 6455 frames and handshakes independently of the code under test.

const CONTINUATION := 0
const TEXT := 1
const BINARY := 2
const CLOSE := 8
const PING := 9
const PONG := 10

## The example of RFC 6455 section 1.3; any key is valid.
const KEY := "dGhlIHNhbXBsZSBub25jZQ=="
const GUID := "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
const MASK: PackedByteArray = [0x37, 0xfa, 0x21, 0x3d]
const NAMES := {0: "continuation", 1: "text", 2: "binary", 8: "close", 9: "ping", 10: "pong"}


static func bytes(data: Variant) -> PackedByteArray:
	return data.to_utf8_buffer() if data is String else PackedByteArray(data)


## Returns a frame. Options: masked; not_final; rsv (bits 0x40, 0x20, 0x10); form (7, 16 or 64: bits of the length field, if not the
## minimal ones); length (the declared payload length, if not the real one).
static func frame(opcode: int, data: Variant = "", options := {}) -> PackedByteArray:
	var payload := bytes(data)
	var length: int = options.get("length", payload.size())
	var form: int = options.get("form", _minimal_form(length))
	var masked: bool = options.get("masked", false)
	var first: int = opcode | int(options.get("rsv", 0)) | (0 if options.get("not_final", false) else 0x80)
	var mask_bit := 0x80 if masked else 0
	var out := PackedByteArray([first, mask_bit | {7: length, 16: 126, 64: 127}[form]])
	if form != 7:
		var field := PackedInt64Array([length]).to_byte_array()
		field.reverse()
		out.append_array(field.slice(8 - form / 8))
	if masked:
		out.append_array(MASK)
		payload = unmask(payload, MASK)
	out.append_array(payload)
	return out


static func _minimal_form(length: int) -> int:
	return 7 if length < 126 else 16 if length < 65536 else 64


static func unmask(data: PackedByteArray, mask: PackedByteArray) -> PackedByteArray:
	var out := data.duplicate()
	for i in out.size():
		out[i] ^= mask[i & 3]
	return out


static func close_payload(code: int, reason: Variant = "") -> PackedByteArray:
	return PackedByteArray([(code >> 8) & 0xff, code & 0xff]) + bytes(reason)


## Appends to frames all that are complete in data from offset on, and returns the offset after
## them. Each has the keys opcode, final, rsv, masked, minimal and payload (unmasked).
static func parse(data: PackedByteArray, offset: int, frames: Array[Dictionary]) -> int:
	while offset + 2 <= data.size():
		var form: int = {126: 16, 127: 64}.get(data[offset + 1] & 0x7f, 7)
		var masked := data[offset + 1] & 0x80 != 0
		var start: int = offset + 2 + {7: 0, 16: 2, 64: 8}[form] + (4 if masked else 0)
		if start > data.size():
			break
		var length := data[offset + 1] & 0x7f
		if form != 7:
			length = 0
			for i: int in form / 8:
				length = length << 8 | data[offset + 2 + i]
		if start + length > data.size():
			break
		var payload := data.slice(start, start + length)
		frames.append({
			"opcode": data[offset] & 0x0f,
			"final": data[offset] & 0x80 != 0,
			"rsv": data[offset] & 0x70,
			"masked": masked,
			"minimal": form == _minimal_form(length),
			"payload": unmask(payload, data.slice(start - 4, start)) if masked else payload,
		})
		offset = start + length
	return offset


## Describes a frame in a line. Only the masking key is left out.
static func describe(frame_fields: Dictionary) -> String:
	var words := PackedStringArray([NAMES.get(frame_fields.opcode, "opcode %d" % frame_fields.opcode)])
	if not frame_fields.final:
		words.append("not final")
	if frame_fields.rsv:
		words.append("rsv %x" % frame_fields.rsv)
	if frame_fields.masked:
		words.append("masked")
	if not frame_fields.minimal:
		words.append("length not minimal")
	words.append(describe_payload(frame_fields.payload))
	return " ".join(words)


static func describe_payload(payload: PackedByteArray) -> String:
	if payload.size() > 160:
		var hashing := HashingContext.new()
		hashing.start(HashingContext.HASH_SHA1)
		hashing.update(payload)
		return "%d bytes %s" % [payload.size(), hashing.finish().hex_encode().left(12)]
	for byte in payload:
		if byte < 32 or byte > 126:
			return payload.hex_encode()
	return "'%s'" % payload.get_string_from_ascii()


static func accept_value(key: String) -> String:
	return Marshalls.raw_to_base64((key + GUID).sha1_buffer())


## Joins the lines of an HTTP head (request or response).
static func head(lines: PackedStringArray) -> String:
	return "\r\n".join(lines) + "\r\n\r\n"


## Keys of [method changed_head]: the request or status line, and an array of lines that are appended unchanged.
const FIRST := "first line"
const MORE := "more lines"


## Returns an HTTP head with some headers changed: null removes a header, new ones are appended.
static func changed_head(headers: Dictionary, changes: Dictionary) -> String:
	var merged := headers.merged(changes, true)
	var lines := PackedStringArray([merged[FIRST]])
	for name: String in merged:
		if name not in [FIRST, MORE] and merged[name] != null:
			lines.append("%s: %s" % [name, merged[name]])
	return head(lines + PackedStringArray(merged.get(MORE, [])))


static func request(more: PackedStringArray = [], target := "/") -> String:
	return head(PackedStringArray([
		"GET %s HTTP/1.1" % target,
		"Host: game.example",
		"Upgrade: websocket",
		"Connection: Upgrade",
		"Sec-WebSocket-Key: " + KEY,
		"Sec-WebSocket-Version: 13",
	]) + more)


static func response(key: String, more: PackedStringArray = []) -> String:
	return head(PackedStringArray([
		"HTTP/1.1 101 Switching Protocols",
		"Upgrade: websocket",
		"Connection: Upgrade",
		"Sec-WebSocket-Accept: " + accept_value(key),
	]) + more)


## Returns the value of a header in an HTTP head, "" if it is absent.
static func header(head_text: String, name: String) -> String:
	for line in head_text.split("\r\n"):
		if line.get_slice(":", 0).to_lower() == name.to_lower():
			return line.substr(line.find(":") + 1).strip_edges()
	return ""
