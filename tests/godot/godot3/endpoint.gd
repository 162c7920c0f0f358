extends SceneTree
# One end of a connection in a real Godot 3, for suite_godot3.gd: prints every signal as a line, sends back what it gets, and does
# what it is told by messages that begin with "!":
#
#   godot3-server --path . -s end.gd --role=client --url=ws://... | --role=server --port=N   [--protocol=NAME] [--mp]
#
# Plain: "!close CODE REASON", "!quit". Multiplayer: "!say TARGET TEXT", "!quit".

var _end
var _is_server = false
var _is_mp = false
var _has_said_port = false
var _quits = false
var _started = OS.get_ticks_msec()


func _initialize():
	var options = {"role": "", "url": "", "port": "0", "protocol": ""}
	for argument in OS.get_cmdline_args():
		if argument == "--mp":
			_is_mp = true
		elif argument.begins_with("--") and "=" in argument:
			options[argument.substr(2, argument.find("=") - 2)] = argument.substr(argument.find("=") + 1)
	_is_server = options.role == "server"
	_end = WebSocketServer.new() if _is_server else WebSocketClient.new()
	for entry in [["client_connected", 2], ["client_disconnected", 2], ["client_close_request", 3], ["connection_established", 1],
			["connection_error", 0], ["connection_closed", 1], ["server_close_request", 2], ["peer_connected", 1],
			["peer_disconnected", 1], ["connection_succeeded", 0], ["connection_failed", 0], ["server_disconnected", 0]]:
		if _end.has_signal(entry[0]):
			_end.connect(entry[0], self, "_told_%d" % entry[1], [entry[0]])
	_end.connect("data_received", self, "_on_data_of" if _is_server else "_on_data")
	_end.connect("peer_packet", self, "_on_packet")
	var protocols = PoolStringArray([options.protocol] if options.protocol != "" else [])
	var error
	if _is_server:
		_end.bind_ip = "127.0.0.1"
		error = _end.listen(int(options.port), protocols, _is_mp)
	else:
		error = _end.connect_to_url(options.url, protocols, _is_mp)
	print("begun ", error)


func _idle(_delta):
	_end.poll()
	if _quits or OS.get_ticks_msec() - _started > 30000:
		if _is_server:
			_end.stop()
		print("quit")
		quit()
	return false


func _on_data():
	_heard(1)


func _on_data_of(id):
	_heard(id)


func _heard(id):
	var peer = _end.get_peer(id)
	var packet = peer.get_packet()
	var is_text = peer.was_string_packet()
	print("data %s %d %s" % ["text" if is_text else "binary", packet.size(), packet.get_string_from_utf8() if packet.size() < 100 and is_text else ""])
	var words = packet.get_string_from_utf8().split(" ", true, 2) if is_text else PoolStringArray()
	if is_text and words[0] == "!close":
		if _is_server:
			_end.disconnect_peer(id, int(words[1]), words[2])
		else:
			_end.disconnect_from_host(int(words[1]), words[2])
	elif is_text and words[0] == "!quit":
		_quits = true
	else:
		peer.set_write_mode(WebSocketPeer.WRITE_MODE_TEXT if is_text else WebSocketPeer.WRITE_MODE_BINARY)
		peer.put_packet(packet)


func _on_packet(_source):
	var source = _end.get_packet_peer()
	var text = _end.get_packet().get_string_from_utf8()
	print("packet %d %s" % [source, text])
	var words = text.split(" ", true, 2)
	if words[0] == "!say":
		_end.set_target_peer(int(words[1]))
		_end.put_packet(words[2].to_utf8())
	elif words[0] == "!quit":
		_quits = true


func _told_0(name):
	print("%s()" % name)


func _told_1(a, name):
	print("%s(%s)" % [name, a])


func _told_2(a, b, name):
	print("%s(%s, %s)" % [name, a, b])


func _told_3(a, b, c, name):
	print("%s(%s, %s, %s)" % [name, a, b, c])
