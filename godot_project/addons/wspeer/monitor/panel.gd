@tool
extends VSplitContainer
## The tab "WebSockets": a table of live peers, and the log of their messages.

const Model := preload("model.gd")
const GROUP := &"wspeer_monitor"
## Maximum number of lines that the log shows; the model keeps more for the filter.
const SHOWN_LINES := 1000

var model := Model.new()

var _peers := Tree.new()
var _filter := LineEdit.new()
var _pause := Button.new()
var _status := Label.new()
var _log := Tree.new()
var _detail := TextEdit.new()


func _init() -> void:
	name = "WebSockets"
	add_to_group(GROUP)
	var scale_factor := EditorInterface.get_editor_scale()
	custom_minimum_size.y = 340 * scale_factor
	split_offset = int(20 * scale_factor)
	_peers.custom_minimum_size.y = 130 * scale_factor
	add_child(_titled_tree(_peers, Model.PEER_COLUMNS, [36, 175, 60, 85, 215, 150, 150, 110, 110, 90, 100, 80, 140, 260]))
	_peers.item_activated.connect(_on_peer_activated)
	_peers.tooltip_text = "Double-click a peer to show only its messages."

	var lower_half := VBoxContainer.new()
	lower_half.add_child(_toolbar())
	var log_and_detail := HSplitContainer.new()
	log_and_detail.size_flags_vertical = Control.SIZE_EXPAND_FILL
	log_and_detail.add_child(_titled_tree(_log, Model.MESSAGE_COLUMNS, [80, 40, 80, 90, 80, 200]))
	_log.size_flags_horizontal = Control.SIZE_EXPAND_FILL
	_log.size_flags_stretch_ratio = 3.0
	_log.item_selected.connect(_on_message_selected)
	_detail.editable = false
	_detail.size_flags_horizontal = Control.SIZE_EXPAND_FILL
	_detail.wrap_mode = TextEdit.LINE_WRAPPING_BOUNDARY
	_detail.placeholder_text = "Select a message to read its preview."
	log_and_detail.add_child(_detail)
	lower_half.add_child(log_and_detail)
	add_child(lower_half)

	model.peers_changed.connect(_show_peers)
	model.messages_added.connect(_add_messages)
	model.messages_reset.connect(_show_messages)
	_show_status()


func _toolbar() -> Control:
	var bar := HBoxContainer.new()
	_filter.placeholder_text = "Filter: words in kind, direction, URL or preview; #1 for a peer"
	_filter.clear_button_enabled = true
	_filter.size_flags_horizontal = Control.SIZE_EXPAND_FILL
	_filter.text_changed.connect(func(text: String) -> void: model.filter = text)
	bar.add_child(_filter)
	_pause.text = "Pause"
	_pause.toggle_mode = true
	_pause.toggled.connect(func(is_pressed: bool) -> void:
		model.is_paused = is_pressed
		_show_status())
	bar.add_child(_pause)
	for action: Array in [["Clear", model.clear], ["Copy", _copy]]:
		var button := Button.new()
		button.text = action[0]
		button.pressed.connect(action[1])
		bar.add_child(button)
	bar.add_child(_status)
	return bar


func _titled_tree(tree: Tree, titles: PackedStringArray, widths: Array) -> Tree:
	tree.columns = titles.size()
	tree.hide_root = true
	tree.column_titles_visible = true
	tree.select_mode = Tree.SELECT_ROW
	for column in titles.size():
		tree.set_column_title(column, titles[column])
		tree.set_column_title_alignment(column, HORIZONTAL_ALIGNMENT_LEFT)
		tree.set_column_custom_minimum_width(column, int(widths[column] * EditorInterface.get_editor_scale()))
		tree.set_column_expand(column, column == titles.size() - 1)
		tree.set_column_clip_content(column, true)
	tree.create_item()
	return tree


func _show_peers() -> void:
	var root := _peers.get_root()
	while root.get_child_count() > model.peers.size():
		root.get_child(-1).free()
	while root.get_child_count() < model.peers.size():
		_peers.create_item(root)
	for index in model.peers.size():
		_fill(root.get_child(index), model.peer_cells(model.peers[index]))
	_show_status()


func _show_messages() -> void:
	_log.clear()
	_log.create_item()
	_add_messages(model.shown_messages())


func _add_messages(events: Array[Dictionary]) -> void:
	var root := _log.get_root()
	var last: TreeItem = null
	for event in events.slice(-SHOWN_LINES):
		last = _log.create_item(root)
		_fill(last, model.message_cells(event))
		last.set_metadata(0, event)
	while root.get_child_count() > SHOWN_LINES:
		root.get_child(0).free()
	# The log scrolls to its end unless a line is selected.
	if last != null and _log.get_selected() == null:
		_log.scroll_to_item(last)
	_show_status()


func _fill(item: TreeItem, cells: PackedStringArray) -> void:
	for column in cells.size():
		item.set_text(column, cells[column])
		item.set_tooltip_text(column, cells[column])


func _show_status() -> void:
	var words := PackedStringArray()
	words.append("%d peers" % model.peers.size() if model.is_running else "no game is running")
	if model.is_paused:
		words.append("paused")
	if model.missed > 0:
		words.append("%d messages missed" % model.missed)
	_status.text = ", ".join(words)


func _on_peer_activated() -> void:
	_filter.text = "#" + _peers.get_selected().get_text(0)
	model.filter = _filter.text


func _on_message_selected() -> void:
	var event: Dictionary = _log.get_selected().get_metadata(0)
	_detail.text = model.preview(event)


func _copy() -> void:
	DisplayServer.clipboard_set(model.as_text())
