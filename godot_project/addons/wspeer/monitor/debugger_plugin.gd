@tool
extends EditorDebuggerPlugin
## Passes the messages of running games to their tabs. Each debugger session has one tab.

const NAME := "wspeer"
const Monitor := preload("panel.gd")

var _panels: Dictionary[int, Monitor] = {}


func _has_capture(capture: String) -> bool:
	return capture == NAME


func _capture(message: String, data: Array, session_id: int) -> bool:
	var panel: Monitor = _panels.get(session_id)
	if panel == null:
		return false
	match message:
		NAME + ":peers":
			panel.model.take_peers(data, Time.get_ticks_msec() / 1000.0)
		NAME + ":messages":
			panel.model.take_messages(data[0], data[1])
		_:
			return false
	return true


func _setup_session(session_id: int) -> void:
	var panel := Monitor.new()
	var session := get_session(session_id)
	session.started.connect(_on_started.bind(session_id))
	session.stopped.connect(panel.model.stop)
	session.add_session_tab(panel)
	_panels[session_id] = panel


func _on_started(session_id: int) -> void:
	_panels[session_id].model.start()
	# The game sends its data only while this profiler is enabled.
	get_session(session_id).toggle_profiler(NAME, true)
