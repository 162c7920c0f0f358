extends SceneTree
## Makes calls that are refused, each twice. Started by suite_project_settings.gd.


func _initialize() -> void:
	ProjectSettings.set_setting("wspeer/debug/print_refused_calls", not OS.get_cmdline_user_args().has("off"))
	var peer := RustWebSocketPeer.new()
	var other = RustWebSocketPeer.new()
	var client := RustWebSocketClient.new()
	var server := RustWebSocketServer.new()
	var room := RustWebSocketMultiplayerPeer.new()
	var listener := RustTCPServer.new()
	var stream := RustStreamPeerTCP.new()
	for i in 2:
		peer.send([1])
		peer.send_text("x")
		peer.connect_to_url("ws://")
		peer.inbound_buffer_size = -5
		other.send([1])
		client.connect_to_url("ws://")
		client.get_peer(1).put_packet([1])
		server.listen(-1)
		room.create_server(-1)
		listener.listen(-1)
		stream.connect_to_host("127.0.0.1", 0)
		# No mistakes: no packet waits, and the query has no error.
		peer.get_packet()
		peer.get_ready_state()
	quit()
