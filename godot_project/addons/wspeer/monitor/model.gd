@tool
extends RefCounted
## The data of the tab "WebSockets", without its nodes: a table of live peers with their rates, and a log of messages with its filter.

## Emitted when [member peers] has changed.
signal peers_changed
## Emitted when events were appended to the result of [method shown_messages].
signal messages_added(events: Array[Dictionary])
## Emitted when the result of [method shown_messages] has changed in any other way.
signal messages_reset

## Maximum number of events in the log.
const MAX_EVENTS := 5000

const PEER_COLUMNS: PackedStringArray = [
	"#", "Class", "Role", "State", "URL", "In", "Out", "Queued in", "Queued out", "Round trip",
	"Compression", "Protocol", "Remote", "Failure",
]
const MESSAGE_COLUMNS: PackedStringArray = ["Time", "#", "Direction", "Kind", "Size", "Preview"]
const STATES: PackedStringArray = ["connecting", "open", "closing", "closed"]

## Live peers: the dictionaries of [method RustWebSocketMonitor.get_peers], with the additional rates
## [code]messages_in_per_second[/code], [code]bytes_in_per_second[/code], [code]messages_out_per_second[/code] and
## [code]bytes_out_per_second[/code].
var peers: Array[Dictionary] = []
## If true, peers and messages do not change, and new data is dropped.
var is_paused := false
## Words separated by spaces. An event is shown if each word is part of its kind, its direction ([code]in[/code], [code]out[/code]), its
## preview or the URL of its peer. [code]#3[/code] matches the peer with that number.
var filter := "":
	set(value):
		filter = value
		_words = value.to_lower().split(" ", false)
		messages_reset.emit()
## Number of events that the game could not deliver.
var missed := 0
var is_running := false

var _words := PackedStringArray()
var _messages: Array[Dictionary] = []
var _urls: Dictionary[int, String] = {}
var _taken_at := 0.0


## Clears the data when a game starts.
func start() -> void:
	is_running = true
	peers.clear()
	_urls.clear()
	peers_changed.emit()
	clear()


## Clears the peers when the game ends. The log is kept.
func stop() -> void:
	is_running = false
	peers.clear()
	peers_changed.emit()


## Replaces the live peers. [param time] is in seconds.
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
			# A new connection restarts its counters at 0.
			var added: int = row[count] - known[count] if row[count] >= known[count] else row[count]
			var rate: float = known.get(count + "_per_second", 0.0)
			# The mean of the old and the new rate, so that the numbers change slowly.
			row[count + "_per_second"] = lerpf(rate, added / seconds, 0.5) if before.has(row.id) else 0.0
		peers.append(row)
	_taken_at = time
	peers_changed.emit()


## Appends events to the log, and adds to [member missed] the number of events lost before them.
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
	if _messages.size() > MAX_EVENTS:
		_messages = _messages.slice(_messages.size() - MAX_EVENTS)
	messages_added.emit(shown)


## Returns the events that match the filter, oldest first.
func shown_messages() -> Array[Dictionary]:
	return _messages.filter(is_shown)


## Returns whether an event matches the filter.
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


## Clears the log.
func clear() -> void:
	_messages.clear()
	missed = 0
	messages_reset.emit()


## Returns the shown events as text for the clipboard: one line for each, with columns separated by tabs.
func as_text() -> String:
	var lines: PackedStringArray = ["\t".join(MESSAGE_COLUMNS)]
	for event in shown_messages():
		lines.append("\t".join(message_cells(event)))
	return "\n".join(lines) + "\n"


## Returns the cells of a table row, in the order of [constant PEER_COLUMNS].
func peer_cells(row: Dictionary) -> PackedStringArray:
	return [
		str(row.id), row["class"], row.role, STATES[row.state], row.url,
		_rate(row, "in"), _rate(row, "out"), _queue(row, "inbound"), _queue(row, "outbound"),
		"%.1f ms" % (row.round_trip_time * 1000.0) if row.round_trip_time >= 0.0 else "",
		_compression(row), row.protocol, row.remote_address, row.failure,
	]


## Returns the cells of a log line, in the order of [constant MESSAGE_COLUMNS].
func message_cells(event: Dictionary) -> PackedStringArray:
	return [
		"%.3f" % event.time, str(event.peer), direction(event), event.kind,
		str(event.size), preview(event).replace("\r\n", " | ").replace("\n", " ").replace("\t", " "),
	]


## Returns the preview of an event: text unchanged, everything else in hexadecimal.
func preview(event: Dictionary) -> String:
	var bytes: PackedByteArray = event.preview
	if event.kind in ["binary", "ping", "pong"]:
		return bytes.hex_encode().to_upper()
	return _complete_text(bytes)


## Returns [code]"in"[/code] or [code]"out"[/code], or [code]""[/code] for a failure.
func direction(event: Dictionary) -> String:
	if event.kind == "failure":
		return ""
	return "out" if event.sent else "in"


# Decodes UTF-8 without an incomplete character at the end of the preview.
func _complete_text(bytes: PackedByteArray) -> String:
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


func _rate(row: Dictionary, suffix: String) -> String:
	var messages: float = row["messages_%s_per_second" % suffix]
	var bytes: float = row["bytes_%s_per_second" % suffix]
	return "%.0f/s  %s/s" % [messages, String.humanize_size(int(bytes))]


func _queue(row: Dictionary, prefix: String) -> String:
	var messages: int = row[prefix + "_messages"]
	return "%d (%s)" % [messages, String.humanize_size(row[prefix + "_bytes"])] if messages > 0 else "0"
