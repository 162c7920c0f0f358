extends "support/demo_server_process.gd"
## Runs the scene of the minimal server for a client in another language.


func _initialize() -> void:
	run_demo("res://demos/minimal_server/minimal_server.tscn", {"port": 0})


func port() -> int:
	return scene._tcp_server.get_local_port()


func client_count() -> int:
	return scene._peers.size()
