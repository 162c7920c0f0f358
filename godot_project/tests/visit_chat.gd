extends "support/demo_process.gd"
## Runs the client scene of godot3_summary at the chat server whose URL is the first argument, until it has received MESSAGES
## messages: the server's greeting and its own message.

const MESSAGES := 2

var _message_count := 0


func _initialize() -> void:
	run_demo("res://demos/godot3_summary/client.tscn", {"url": OS.get_cmdline_user_args()[0]})
	scene.ws.data_received.connect(func() -> void: _message_count += 1)


func is_finished() -> bool:
	return _message_count >= MESSAGES


func observation() -> Array:
	return [_message_count]
