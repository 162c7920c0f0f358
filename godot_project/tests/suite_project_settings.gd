extends "support/suite.gd"
## The settings of the project that the classes use.

const CONNECT_TIMEOUT := "network/limits/tcp/connect_timeout_seconds"
const PRINT := "wspeer/debug/print_refused_calls"

## Connections that fill the queue of a server that accepts none.
var _unaccepted: Array[StreamPeerTCP] = []
var _listeners: Array[TCPServer] = []


func tear_down() -> void:
	ProjectSettings.set_setting(CONNECT_TIMEOUT, 30)
	ProjectSettings.set_setting(PRINT, false)
	_unaccepted.clear()
	_listeners.clear()


func test_the_connect_timeout_of_the_project_is_the_default_of_the_option() -> void:
	if engine_differs():
		return
	for class_of: String in ["RustWebSocketPeer", "RustWebSocketClient"]:
		ProjectSettings.set_setting(CONNECT_TIMEOUT, 30)
		var early: Object = ClassDB.instantiate(class_of)
		var own: Object = ClassDB.instantiate(class_of)
		own.connect_timeout = 30.0
		ProjectSettings.set_setting(CONNECT_TIMEOUT, 7)
		var late: Object = ClassDB.instantiate(class_of)
		equal([early.connect_timeout, own.connect_timeout, late.connect_timeout], [30.0, 30.0, 7.0], class_of)
		var url := "ws://127.0.0.1:%d" % Loopback.free_port()
		for object: Object in [early, own, late]:
			equal(object.connect_to_url(url), OK)
		equal([early.connect_timeout, own.connect_timeout, late.connect_timeout], [7.0, 30.0, 7.0], class_of + ", connecting")
		# A refused value is no value of the script.
		var refused: Object = ClassDB.instantiate(class_of)
		refused.connect_timeout = -1.0
		ProjectSettings.set_setting(CONNECT_TIMEOUT, 9)
		refused.connect_to_url(url)
		equal(refused.connect_timeout, 9.0, class_of + ", refused value")
		for invalid: Variant in [0, -3, "text"]:
			ProjectSettings.set_setting(CONNECT_TIMEOUT, invalid)
			equal(ClassDB.instantiate(class_of).connect_timeout, 30.0, "%s: %s" % [class_of, invalid])


## Returns the port of a server whose queue is full, so that further connections stay unanswered.
func _silent_port() -> int:
	var listener: TCPServer = loopback.raw_listener()
	_listeners.append(listener)
	# The engine's servers queue 16 connections.
	for i in 40:
		var stream := StreamPeerTCP.new()
		stream.connect_to_host("127.0.0.1", listener.get_local_port())
		_unaccepted.append(stream)
	return listener.get_local_port()


func test_connecting_ends_after_the_time_of_the_project() -> void:
	if engine_differs():
		return
	ProjectSettings.set_setting(CONNECT_TIMEOUT, 1)
	var port := _silent_port()
	var url := "ws://127.0.0.1:%d" % port
	var peer := RustWebSocketPeer.new()
	var patient := RustWebSocketPeer.new()
	patient.connect_timeout = 1000.0
	var client := RustWebSocketClient.new()
	var room := RustWebSocketMultiplayerPeer.new()
	room.handshake_timeout = 1000.0
	var stream := RustStreamPeerTCP.new()
	equal([peer.connect_to_url(url), patient.connect_to_url(url), client.connect_to_url(url), room.create_client(url)], [OK, OK, OK, OK])
	equal(stream.connect_to_host("127.0.0.1", port), OK)
	# The time of the project is the only observation: nothing else happens to these connections.
	check(Wait.until(func() -> bool:
		return peer.get_ready_state() == CLOSED and client.get_connection_status() == 0 and room.get_connection_status() == 0 \
			and stream.get_status() == StreamPeerTCP.STATUS_ERROR,
		func() -> void:
			for object: Object in [peer, patient, client, room, stream]:
				object.poll()), "all have given up")
	equal(patient.get_ready_state(), CONNECTING, "with its own time")
	equal([peer.get_failure().stage, client.get_failure().stage], ["timeout", "timeout"])
	check("1 s" in room.get_error_message() or "1s" in room.get_error_message(), room.get_error_message())
	patient.close(-1)


func test_the_settings_are_registered_with_their_defaults() -> void:
	if engine_differs():
		return
	for name: String in [PRINT, PRINT + ".release"]:
		check(ProjectSettings.has_setting(name), name)
		var found := ProjectSettings.get_property_list().filter(func(property: Dictionary) -> bool: return property.name == name)
		equal(found.map(func(property: Dictionary) -> int: return property.type), [TYPE_BOOL], name)
	equal(ProjectSettings.property_get_revert(PRINT), true)
	equal(ProjectSettings.property_get_revert(PRINT + ".release"), false)


func test_refused_calls_are_printed_once_per_object_and_kind() -> void:
	if engine_differs():
		return
	var log := OS.get_cache_dir().path_join("refused_calls_%d.log" % OS.get_process_id())
	var expected := {
		"": ["RustWebSocketPeer.send():", "RustWebSocketPeer.send_text():", "RustWebSocketPeer.connect_to_url():",
			"RustWebSocketPeer.set_inbound_buffer_size():", "RustWebSocketPeer.send():", "RustWebSocketClient.connect_to_url():",
			"RustWebSocketRemotePeer.put_packet():", "RustWebSocketServer.listen():", "RustWebSocketMultiplayerPeer.create_server():",
			"RustTCPServer.listen():", "RustStreamPeerTCP.connect_to_host():"],
		"off": [],
	}
	for mode: String in expected:
		var process := start_engine(["--log-file", log, "-s", "res://tests/refused_calls.gd", "--", mode])
		await frames_until(func() -> bool: return not process.is_running(), "the calls")
		var warnings := []
		for line in FileAccess.get_file_as_string(log).split("\n"):
			if line.begins_with("WARNING: Rust"):
				warnings.append(line.trim_prefix("WARNING: ").get_slice(" ", 0))
				check(line.length() > line.find("():") + 10 and line.strip_edges().ends_with(")"), line)
		equal(warnings, expected[mode], mode)
		DirAccess.remove_absolute(log)
