extends Object
## Peers for projects that are exported to the web too, where the browser brings its own WebSocket and no extension is loaded.
##
## [codeblock]
## const WebFallback = preload("res://addons/wspeer/web_fallback.gd")
## var socket = WebFallback.new_peer()
## [/codeblock]
## Scripts that run on the web must not name [code]RustWebSocketPeer[/code], which does not exist there; the constants of the
## engine's [WebSocketPeer] have the same values.


## Returns a new [code]RustWebSocketPeer[/code] where the extension is loaded, and the engine's [WebSocketPeer] where it cannot be.
## Members that only the former has are to be used behind [code]if "compression_enabled" in socket[/code] or
## [code]if socket.has_method("ping")[/code].
static func new_peer() -> PacketPeer:
	if ClassDB.class_exists(&"RustWebSocketPeer"):
		return ClassDB.instantiate(&"RustWebSocketPeer")
	return WebSocketPeer.new()
