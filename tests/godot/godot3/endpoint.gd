extends SceneTree
# A client or server of Godot 3 for suite_godot3.gd. It prints a line for each signal, echoes messages, and executes messages that
# begin with "!" as commands:
#
#   godot3-server --path . -s endpoint.gd --role=client --url=ws://... | --role=server --port=N   [--protocol=NAME] [--mp]
#
# Commands: "!close CODE REASON", "!quit"; in multiplayer mode: "!say TARGET TEXT", "!quit".

# The suite kills the process at the end of its test; this only ends a process without a suite.
const PATIENCE_MSEC = 120000

var _endpoint
var _is_server = false
var _is_mp = false
var _quits = false
var _last_progress = OS.get_ticks_msec()


func _initialize():
	var options = {"role": "", "url": "", "port": "0", "protocol": ""}
	for argument in OS.get_cmdline_args():
		if argument == "--mp":
			_is_mp = true
		elif argument.begins_with("--") and "=" in argument:
			options[argument.substr(2, argument.find("=") - 2)] = argument.substr(argument.find("=") + 1)
	_is_server = options.role == "server"
	_endpoint = WebSocketServer.new() if _is_server else WebSocketClient.new()
	for entry in [["client_connected", 2], ["client_disconnected", 2], ["client_close_request", 3], ["connection_established", 1],
			["connection_error", 0], ["connection_closed", 1], ["server_close_request", 2], ["peer_connected", 1],
			["peer_disconnected", 1], ["connection_succeeded", 0], ["connection_failed", 0], ["server_disconnected", 0]]:
		if _endpoint.has_signal(entry[0]):
			_endpoint.connect(entry[0], self, "_on_signal_%d" % entry[1], [entry[0]])
	_endpoint.connect("data_received", self, "_on_data_of_client" if _is_server else "_on_data")
	_endpoint.connect("peer_packet", self, "_on_packet")
	var protocols = PoolStringArray([options.protocol] if options.protocol != "" else [])
	var error
	if _is_server:
		_endpoint.bind_ip = "127.0.0.1"
		error = _endpoint.listen(int(options.port), protocols, _is_mp)
	else:
		error = _endpoint.connect_to_url(options.url, protocols, _is_mp)
	_print("begun %d" % error)


func _idle(_delta):
	_endpoint.poll()
	if _quits or OS.get_ticks_msec() - _last_progress > PATIENCE_MSEC:
		if _is_server:
			_endpoint.stop()
		print("quit")
		quit()
	return false


func _on_data():
	_on_message(1)


func _on_data_of_client(id):
	_on_message(id)


func _on_message(id):
	var peer = _endpoint.get_peer(id)
	var packet = peer.get_packet()
	var is_text = peer.was_string_packet()
	_print("data %s %d %s" % ["text" if is_text else "binary", packet.size(), packet.get_string_from_utf8() if packet.size() < 100 and is_text else ""])
	var words = packet.get_string_from_utf8().split(" ", true, 2) if is_text else PoolStringArray()
	if is_text and words[0] == "!close":
		if _is_server:
			_endpoint.disconnect_peer(id, int(words[1]), words[2])
		else:
			_endpoint.disconnect_from_host(int(words[1]), words[2])
	elif is_text and words[0] == "!quit":
		_quits = true
	else:
		peer.set_write_mode(WebSocketPeer.WRITE_MODE_TEXT if is_text else WebSocketPeer.WRITE_MODE_BINARY)
		peer.put_packet(packet)


func _on_packet(_source):
	var source = _endpoint.get_packet_peer()
	var text = _endpoint.get_packet().get_string_from_utf8()
	_print("packet %d %s" % [source, text])
	var words = text.split(" ", true, 2)
	if words[0] == "!say":
		_endpoint.set_target_peer(int(words[1]))
		_endpoint.put_packet(words[2].to_utf8())
	elif words[0] == "!quit":
		_quits = true


func _on_signal_0(name):
	_print("%s()" % name)


func _on_signal_1(a, name):
	_print("%s(%s)" % [name, a])


func _on_signal_2(a, b, name):
	_print("%s(%s, %s)" % [name, a, b])


func _on_signal_3(a, b, c, name):
	_print("%s(%s, %s, %s)" % [name, a, b, c])


func _print(line):
	_last_progress = OS.get_ticks_msec()
	print(line)
