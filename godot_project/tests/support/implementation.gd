extends RefCounted
## One of the two implementations of the same API: the engine's classes, or the extension's, whose names have a prefix.
## Classes are instantiated by name, so that the test scripts can be parsed if a class is missing.

const ENGINE := "engine"
const OURS := "ours"
const CLASSES: PackedStringArray = ["WebSocketPeer", "TCPServer", "StreamPeerTCP", "StreamPeerTLS", "WebSocketMultiplayerPeer"]

var name: String


func _init(implementation_name: String) -> void:
	name = implementation_name


func is_ours() -> bool:
	return name == OURS


func name_of(engine_class: String) -> String:
	return ("Rust" if is_ours() else "") + engine_class


func missing() -> PackedStringArray:
	var names := PackedStringArray()
	for engine_class in CLASSES:
		if not ClassDB.class_exists(name_of(engine_class)):
			names.append(name_of(engine_class))
	return names


func peer() -> Object:
	return ClassDB.instantiate(name_of("WebSocketPeer"))


func server() -> Object:
	return ClassDB.instantiate(name_of("TCPServer"))


func stream() -> Object:
	return ClassDB.instantiate(name_of("StreamPeerTCP"))


func room() -> MultiplayerPeer:
	return ClassDB.instantiate(name_of("WebSocketMultiplayerPeer"))
