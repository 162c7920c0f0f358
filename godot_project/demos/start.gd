extends HBoxContainer
## Lists the demos and runs the selected one next to the list. Each is a scene that the editor can run alone (F6) and the engine can
## run without a window.

const DEMOS: Array[Array] = [
	["Minimal client", "minimal_client/minimal_client", "The tutorial's client. It connects to port 9080: start the minimal server in another window first, for example by Debug > Customize Run Instances."],
	["Minimal server", "minimal_server/minimal_server", "The tutorial's server. It listens on port 9080 and echoes messages."],
	["Godot 3 tutorial: client", "godot3_client/godot3_client", "With the old class names. It connects to a public echo server, as in the tutorial; set websocket_url for another."],
	["Godot 3 tutorial: server", "godot3_server/godot3_server", "With the old class names."],
	["Godot 3 summary: client", "godot3_summary/client", "Another small client. Start the server below in another window first."],
	["Godot 3 summary: server", "godot3_summary/server", "Another small server, on port 8080."],
	["Secure echo", "secure_echo/secure_echo", "wss:// with a certificate that the server generates and the client trusts."],
	["Chat in one window", "chat/chat", "One server and three clients."],
	["Chat server", "chat/chat_server", "The server of the chat alone, on port 9081."],
	["Chat client", "chat/chat_client", "A client of the chat alone. Start the server in another window, and as many clients as you like."],
	["Four in a row", "four_in_a_row/four_in_a_row", "A game for two players and any number of spectators. Start it in several windows: one hosts, the others join."],
	["Compression", "compression/compression", "The same messages with and without permessage-deflate, side by side."],
	["Benchmark", "benchmark/benchmark", "Compares RustWebSocketPeer with the engine's WebSocketPeer."],
]

@onready var _list: VBoxContainer = %List
@onready var _about: Label = %About
@onready var _stage: SubViewport = %Stage


func _ready() -> void:
	var group := ButtonGroup.new()
	for demo in DEMOS:
		var button := Button.new()
		button.text = demo[0]
		button.tooltip_text = demo[2]
		button.alignment = HORIZONTAL_ALIGNMENT_LEFT
		button.toggle_mode = true
		button.button_group = group
		button.pressed.connect(open.bind(demo))
		_list.add_child(button)


## Stops the running demo and starts another.
func open(demo: Array) -> void:
	for running in _stage.get_children():
		_stage.remove_child(running)
		running.queue_free()
	# A multiplayer demo has its own MultiplayerAPI, so that its node paths are the same as when it runs alone.
	get_tree().set_multiplayer(MultiplayerAPI.create_default_interface(), _stage.get_path())
	_about.text = demo[2]
	_stage.add_child(load("res://demos/%s.tscn" % demo[1]).instantiate())
