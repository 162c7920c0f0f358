extends "suite.gd"
## Base of the suites of RustWebSocketClient and RustWebSocketServer: each test makes one ClientServerGroup.

const ClientServerGroup := preload("client_server_group.gd")

var group: ClientServerGroup


func tear_down() -> void:
	if group != null:
		group.close()
		group = null


## Creates the group. Returns false if the engine's classes are under test, which have no such objects.
func make_group(protocols := PackedStringArray(), multiplayer := false, is_listening := true) -> bool:
	if engine_differs():
		return false
	group = ClientServerGroup.new(protocols, multiplayer, is_listening)
	return true
