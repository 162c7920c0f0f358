extends "stage.gd"
## A stage that keeps the trace of a scenario: what was observed, under a name each.

var trace := {}


func note(key: String, value: Variant) -> void:
	if key in trace:
		problems.append("noted twice: " + key)
	trace[key] = plain(value) if value is String else value


## Plays the closing handshake out and notes how it ended. The reason is noted only where
## the remote side chose it: texts for failures found on this side are free.
func note_close(link: Link, with_reason := true) -> void:
	until(link.over)
	note("state", link.state())
	note("code", link.peer.get_close_code())
	if with_reason:
		note("reason", link.peer.get_close_reason())
	note("close frame", link.raw.close_code())


## Notes that the connection still works in both directions.
func note_exchange(link: Link, key := "exchange") -> void:
	link.say(Wire.TEXT, "ask")
	until_packets(link.peer, 1)
	var got := link.packets()
	got.append(link.peer.send_text("answer"))
	until(func() -> bool: return not link.raw.frames().is_empty())
	note(key, got + Array(link.raw.described()))
