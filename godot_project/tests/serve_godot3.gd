extends "support/demo_server_process.gd"
## Runs the scene of Godot 3's tutorial server for a client in another language.


func _initialize() -> void:
	run_demo("res://demos/godot3_server/godot3_server.tscn", {"port": 0})


func port() -> int:
	return scene._server.get_local_port()


func client_count() -> int:
	return scene._server.get_peer_list().size()
