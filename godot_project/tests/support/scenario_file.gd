extends RefCounted
## Base of the scenario files. Each method play_NAME(recorder) and each entry of rows() is a scenario: it drives the objects of the
## recorder and notes what it observes.

const Payload := preload("payload.gd")
const RawConnection := preload("raw_connection.gd")
const RawSocket := preload("raw_socket.gd")
const TraceRecorder := preload("trace_recorder.gd")
const Rfc6455 := preload("rfc6455.gd")
const Wait := preload("wait.gd")

const OPEN := WebSocketPeer.STATE_OPEN
const CLOSING := WebSocketPeer.STATE_CLOSING
const CLOSED := WebSocketPeer.STATE_CLOSED


## Returns the scenarios that differ in data only.
func rows() -> Dictionary[String, Callable]:
	return {}


func all() -> Dictionary[String, Callable]:
	var scenarios := rows()
	for method: Dictionary in get_script().get_script_method_list():
		if method.name.begins_with("play_"):
			scenarios[method.name.trim_prefix("play_")] = Callable(self, method.name)
	return scenarios
