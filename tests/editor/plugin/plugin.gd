@tool
extends EditorPlugin
## Runs a demo from the editor, checks the tab "WebSockets", saves a screenshot of the editor and quits it.
## Prints a line for each check, and "N passed, N failed" at the end. Started by tools/run test-editor, which copies wait.gd here.

const Wait := preload("wait.gd")
const SCENE := "res://demos/compression/compression.tscn"

var _passed := 0
var _failed := 0
var _model: RefCounted


func _enter_tree() -> void:
	_run.call_deferred()


func _run() -> void:
	while EditorInterface.get_resource_filesystem().is_scanning():
		await get_tree().process_frame
	var panel := get_tree().get_first_node_in_group(&"wspeer_monitor") as Control
	_check(panel != null, "the plugin has added its tab")
	if panel != null:
		await _watch(panel)
	print("%d passed, %d failed" % [_passed, _failed])
	get_tree().quit(0 if _failed == 0 and _passed > 0 else 1)


func _watch(panel: Control) -> void:
	_model = panel.model
	var model := _model
	_check(not model.is_running and model.peers.is_empty(), "the tab is empty without a game")
	# Without a window manager, the game window cannot be embedded.
	EditorInterface.get_editor_settings().set_setting("run/window_placement/game_embed_mode", -1)
	EditorInterface.play_custom_scene(SCENE)
	var active := func() -> bool:
		return model.peers.size() == 4 and model.peers.all(func(row: Dictionary) -> bool:
			return row.state == RustWebSocketPeer.STATE_OPEN \
					and row.bytes_in_per_second + row.bytes_out_per_second > 0.0)
	_check(await _until(active), "four peers are open and active")
	if not active.call():
		print(model.is_running, " ", model.peers)
		return

	var roles: Array = model.peers.map(func(row: Dictionary) -> String: return row.role)
	roles.sort()
	_check(roles == ["client", "client", "server", "server"], "two clients, two servers")
	_check(model.peers.all(func(row: Dictionary) -> bool: return row["class"] == "RustWebSocketPeer"), "the class")
	_check(model.peers.all(func(row: Dictionary) -> bool: return row.url.begins_with("ws://127.0.0.1:")), "the URL")
	_check(model.peers.all(func(row: Dictionary) -> bool: return row.remote_address.begins_with("127.0.0.1:")), "the address")
	var compressed: Array = model.peers.filter(func(row: Dictionary) -> bool: return row.compressed)
	_check(compressed.size() == 2, "two peers are compressed")
	_check(compressed.all(func(row: Dictionary) -> bool: return row.compression_ratio < 0.5), "the compressed connections save bytes")

	model.filter = "handshake"
	_check(await _until(func() -> bool: return model.shown_messages().size() == 8), "four peers have logged two HTTP heads each")
	var heads: Array = model.shown_messages().map(func(event: Dictionary) -> String: return model.preview(event))
	_check(heads.any(func(head: String) -> bool: return head.contains("Sec-WebSocket-Key: ***")), "secrets are masked")
	model.filter = "in text players"
	_check(not model.shown_messages().is_empty(), "the filter finds messages")
	model.filter = ""
	_check(model.missed == 0, "no messages are missed")

	_show(panel)
	for frame in 60:
		await get_tree().process_frame
	get_tree().root.get_texture().get_image().save_png(OS.get_environment("WSPEER_SCREENSHOT"))
	EditorInterface.stop_playing_scene()
	_check(await _until(func() -> bool: return not model.is_running), "the tab is notified of the end of the game")
	_check(model.peers.is_empty() and not model.shown_messages().is_empty(), "the log is kept")


## Selects the tab.
func _show(panel: Control) -> void:
	var node: Node = panel
	while node != null:
		var parent := node.get_parent()
		if parent is TabContainer and node is Control:
			parent.current_tab = parent.get_tab_idx_from_control(node)
		node = parent


func _until(condition: Callable) -> bool:
	return await Wait.frames_until(condition, func() -> Array:
		return [_model.is_running, _model.peers.map(func(row: Dictionary) -> int: return row.bytes_in), _model.shown_messages().size()])


func _check(condition: bool, what: String) -> void:
	if condition:
		_passed += 1
	else:
		_failed += 1
	print("%s %s" % ["ok" if condition else "FAILED", what])
