@tool
extends RefCounted
## What the tab "WebSockets" shows, without the nodes that show it: a table of live peers with
## their rates, and a log of messages with its filter.

## The rows of [member peers] are new.
signal peers_changed
## These events were added at the end of what [method shown_messages] returns.
signal messages_added(events: Array[Dictionary])
## What [method shown_messages] returns is another.
signal messages_reset

## Events that are kept.
const KEPT := 5000

const PEER_COLUMNS: PackedStringArray = [
	"#", "Class", "Role", "State", "URL", "In", "Out", "Queued in", "Queued out", "Round trip",
	"Compression", "Protocol", "Remote", "Failure",
]
const MESSAGE_COLUMNS: PackedStringArray = ["Time", "#", "Direction", "Kind", "Size", "Preview"]
const STATES: PackedStringArray = ["connecting", "open", "closing", "closed"]

## Live peers, as [method RustWebSocketMonitor.get_peers] describes them, and the rates
## [code]messages_in_per_second[/code], [code]bytes_in_per_second[/code] and the same for out.
var peers: Array[Dictionary] = []
## While paused, neither peers nor messages change; what comes meanwhile is not kept.
var is_paused := false
## Words that an event must all have: in its kind, direction ([code]in[/code], [code]out[/code]), preview or the
## URL of its peer; [code]#3[/code] for the peer with that number.
var filter := "":
	set(value):
		filter = value
		_words = value.to_lower().split(" ", false)
		messages_reset.emit()
## Events that the game could not deliver.
var missed := 0
var is_running := false

var _words := PackedStringArray()
var _messages: Array[Dictionary] = []
var _urls: Dictionary[int, String] = {}
var _taken_at := 0.0


## A game has started.
func start() -> void:
	is_running = true
	peers.clear()
	_urls.clear()
	peers_changed.emit()
	clear()


## The game has ended; what it has left stays readable.
func stop() -> void:
	is_running = false
	peers.clear()
	peers_changed.emit()


## Takes the live peers at a time in seconds.
func take_peers(rows: Array, time: float) -> void:
	for row: Dictionary in rows:
		_urls[row.id] = row.url
	if is_paused:
		return
	var before: Dictionary[int, Dictionary] = {}
	for row in peers:
		before[row.id] = row
	var seconds := maxf(time - _taken_at, 0.001)
	peers.clear()
	for row: Dictionary in rows:
		var known: Dictionary = before.get(row.id, row)
		for count: String in ["messages_in", "bytes_in", "messages_out", "bytes_out"]:
			# A new connection counts from 0 again.
			var more: int = row[count] - known[count] if row[count] >= known[count] else row[count]
			var rate: float = known.get(count + "_per_second", 0.0)
			# Half of each new value, so that numbers can be read.
			row[count + "_per_second"] = lerpf(rate, more / seconds, 0.5) if before.has(row.id) else 0.0
		peers.append(row)
	_taken_at = time
	peers_changed.emit()


## Takes the newest events and the number of those that were lost before them.
func take_messages(lost: int, events: Array) -> void:
	if is_paused:
		return
	missed += lost
	var shown: Array[Dictionary] = []
	for event: Dictionary in events:
		event.url = _urls.get(event.peer, "")
		_messages.append(event)
		if is_shown(event):
			shown.append(event)
	if _messages.size() > KEPT:
		_messages = _messages.slice(_messages.size() - KEPT)
	messages_added.emit(shown)


## Events that the filter lets through, oldest first.
func shown_messages() -> Array[Dictionary]:
	return _messages.filter(is_shown)


## Whether the filter lets an event through.
func is_shown(event: Dictionary) -> bool:
	if _words.is_empty():
		return true
	var text := " ".join([event.kind, direction(event), event.url, preview(event)]).to_lower()
	for word in _words:
		if word.begins_with("#") and word.substr(1).is_valid_int():
			if event.peer != word.substr(1).to_int():
				return false
		elif not text.contains(word):
			return false
	return true


## Forgets all events.
func clear() -> void:
	_messages.clear()
	missed = 0
	messages_reset.emit()


## The events that are shown, for the clipboard: a line each, columns separated by tabs.
func as_text() -> String:
	var lines: PackedStringArray = ["\t".join(MESSAGE_COLUMNS)]
	for event in shown_messages():
		lines.append("\t".join(message_cells(event)))
	return "\n".join(lines) + "\n"


## A row of the table, in the order of [constant PEER_COLUMNS].
func peer_cells(row: Dictionary) -> PackedStringArray:
	return [
		str(row.id), row["class"], row.role, STATES[row.state], row.url,
		_rate(row, "in"), _rate(row, "out"), _queue(row, "inbound"), _queue(row, "outbound"),
		"%.1f ms" % (row.round_trip_time * 1000.0) if row.round_trip_time >= 0.0 else "",
		_compression(row), row.protocol, row.remote_address, row.failure,
	]


## A line of the log, in the order of [constant MESSAGE_COLUMNS].
func message_cells(event: Dictionary) -> PackedStringArray:
	return [
		"%.3f" % event.time, str(event.peer), direction(event), event.kind,
		str(event.size), preview(event).replace("\r\n", " | ").replace("\n", " ").replace("\t", " "),
	]


## The beginning of an event: text as it is, everything else in hexadecimal.
func preview(event: Dictionary) -> String:
	var bytes: PackedByteArray = event.preview
	if event.kind in ["binary", "ping", "pong"]:
		return bytes.hex_encode().to_upper()
	return _whole_text(bytes)


## [code]"in"[/code] or [code]"out"[/code]; a failure has no direction.
func direction(event: Dictionary) -> String:
	if event.kind == "failure":
		return ""
	return "out" if event.sent else "in"


# Decodes UTF-8 without the character that the preview's end has cut in two.
func _whole_text(bytes: PackedByteArray) -> String:
	var end := bytes.size()
	var start := end
	while start > 0 and end - start < 4:
		start -= 1
		var lead := bytes[start]
		if lead & 0xC0 != 0x80:
			var length := 1 if lead < 0x80 else 2 if lead < 0xE0 else 3 if lead < 0xF0 else 4
			if start + length > end:
				end = start
			break
	return bytes.slice(0, end).get_string_from_utf8()


func _compression(row: Dictionary) -> String:
	if not row.compressed:
		return "off"
	return "on" if row.compression_ratio < 0.0 else "%.0f %%" % (row.compression_ratio * 100.0)


func _rate(row: Dictionary, way: String) -> String:
	var messages: float = row["messages_%s_per_second" % way]
	var bytes: float = row["bytes_%s_per_second" % way]
	return "%.0f/s  %s/s" % [messages, String.humanize_size(int(bytes))]


func _queue(row: Dictionary, which: String) -> String:
	var messages: int = row[which + "_messages"]
	return "%d (%s)" % [messages, String.humanize_size(row[which + "_bytes"])] if messages > 0 else "0"
