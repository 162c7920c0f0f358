extends RefCounted
## Base of the scenario files: each method play_NAME(recorder) and each entry of rows() is
## a scenario, which plays something on the stage it is given and notes what it observes.

const Link := preload("link.gd")
const Raw := preload("raw.gd")
const Recorder := preload("recorder.gd")
const Wire := preload("wire.gd")

const OPEN := WebSocketPeer.STATE_OPEN
const CLOSING := WebSocketPeer.STATE_CLOSING
const CLOSED := WebSocketPeer.STATE_CLOSED


## Scenarios that differ in data only.
func rows() -> Dictionary[String, Callable]:
	return {}


func all() -> Dictionary[String, Callable]:
	var scenarios := rows()
	for method: Dictionary in get_script().get_script_method_list():
		if method.name.begins_with("play_"):
			scenarios[method.name.trim_prefix("play_")] = Callable(self, method.name)
	return scenarios
