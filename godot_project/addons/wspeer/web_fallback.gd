extends Object
## Creates peers in projects that are exported to the web too. There the engine uses the browser's WebSocket and loads no extension.
##
## [codeblock]
## const WebFallback = preload("res://addons/wspeer/web_fallback.gd")
## var socket = WebFallback.new_peer()
## [/codeblock]
## Scripts for the web must not contain [code]RustWebSocketPeer[/code], which does not exist there. The constants of the engine's
## [WebSocketPeer] have the same values.


## Returns a new [code]RustWebSocketPeer[/code] if the extension is loaded, otherwise the engine's [WebSocketPeer].
## Check for members that only the former has by [code]if "compression_enabled" in socket[/code] or
## [code]if socket.has_method("ping")[/code].
static func new_peer() -> PacketPeer:
	if ClassDB.class_exists(&"RustWebSocketPeer"):
		return ClassDB.instantiate(&"RustWebSocketPeer")
	return WebSocketPeer.new()
