@tool
extends EditorPlugin
## Adds the tab "WebSockets" to the debugger.

const DebuggerPlugin := preload("monitor/debugger_plugin.gd")
const PREVIEW_SETTING := "wspeer/monitor/preview_bytes"
const PREVIEW_BYTES := 128

var _debugger := DebuggerPlugin.new()


func _enter_tree() -> void:
	if not ProjectSettings.has_setting(PREVIEW_SETTING):
		ProjectSettings.set_setting(PREVIEW_SETTING, PREVIEW_BYTES)
	ProjectSettings.set_initial_value(PREVIEW_SETTING, PREVIEW_BYTES)
	ProjectSettings.set_as_basic(PREVIEW_SETTING, true)
	ProjectSettings.add_property_info({
		"name": PREVIEW_SETTING,
		"type": TYPE_INT,
		"hint": PROPERTY_HINT_RANGE,
		"hint_string": "0,1024,1,suffix:B",
	})
	add_debugger_plugin(_debugger)


func _exit_tree() -> void:
	remove_debugger_plugin(_debugger)
