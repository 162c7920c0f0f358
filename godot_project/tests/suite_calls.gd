extends "support/suite.gd"
## Every way in which a script calls a method gives the same result: typed, untyped, by name, by a callable, with arguments left out, and
## with arguments that must be converted. A wrong call has the engine's error, and the object stays usable.

## What calling one method with one list of arguments gives.
const QUERIES := [
	["get_ready_state", []],
	["get_available_packet_count", []],
	["was_string_packet", []],
	["get_packet", []],
	["get_close_code", []],
	["get_close_reason", []],
	["get_requested_url", []],
	["get_selected_protocol", []],
	["get_error_message", []],
	["get_failure", []],
	["get_supported_protocols", []],
	["get_connect_timeout", []],
	["get_connected_host", []],
	["get_current_outbound_buffered_amount", []],
	["poll", []],
]


## A script that extends the class and overrides a method.
class PolledPeer extends RustWebSocketPeer:
	var polls := 0

	@warning_ignore("native_method_override")
	func poll() -> void:
		polls += 1
		super.poll()


## The same with the engine's class.
class PolledEnginePeer extends WebSocketPeer:
	var polls := 0

	@warning_ignore("native_method_override")
	func poll() -> void:
		polls += 1
		super.poll()


func _open_pair() -> Array:
	return loopback.pair()


func test_typed_and_untyped_calls_give_the_same_results() -> void:
	if engine_differs():
		return
	var pair := _open_pair()
	var typed: RustWebSocketPeer = pair[0]
	var untyped = pair[0]
	equal(untyped.get_ready_state(), typed.get_ready_state())
	equal(untyped.get_ready_state(), OPEN)
	for query: Array in QUERIES:
		var by_name: Variant = typed.callv(query[0], query[1])
		equal(Callable(typed, query[0]).callv(query[1]), by_name, query[0])
		equal(typeof(untyped.call(query[0])), typeof(by_name), query[0])
		equal(var_to_str(untyped.call(query[0])), var_to_str(by_name), query[0])
	equal(typed.get_ready_state(), OPEN)


func test_messages_by_every_kind_of_call() -> void:
	if engine_differs():
		return
	var pair := _open_pair()
	var typed: RustWebSocketPeer = pair[0]
	var untyped = pair[0]
	var other = pair[1]
	var bytes := "typed".to_utf8_buffer()
	equal(typed.send(bytes), OK)
	equal(typed.send(bytes, RustWebSocketPeer.WRITE_MODE_TEXT), OK)
	equal(untyped.send("untyped".to_utf8_buffer()), OK)
	equal(untyped.send("untyped".to_utf8_buffer(), RustWebSocketPeer.WRITE_MODE_TEXT), OK)
	equal(untyped.send_text("text"), OK)
	equal(untyped.put_packet("packet".to_utf8_buffer()), OK)
	equal(untyped.call("send", "call".to_utf8_buffer()), OK)
	equal(untyped.callv("send_text", ["callv"]), OK)
	var callable := Callable(typed, "send")
	equal(callable.call("callable".to_utf8_buffer()), OK)
	equal(callable.bind(RustWebSocketPeer.WRITE_MODE_TEXT).call("bound".to_utf8_buffer()), OK)
	# Arguments of other types are converted as for the engine's methods.
	equal(untyped.send_text(&"string name"), OK)
	equal(untyped.send([97, 98], 1.0), OK)
	var expected := [[false, "typed"], [true, "typed"], [false, "untyped"], [true, "untyped"], [true, "text"], [false, "packet"],
		[false, "call"], [true, "callv"], [false, "callable"], [true, "bound"], [true, "string name"], [false, "ab"]]
	check(loopback.until_packets(other, expected.size()), "all messages arrive")
	var received := []
	while other.get_available_packet_count() > 0:
		var packet: PackedByteArray = other.get_packet()
		received.append([other.was_string_packet(), packet.get_string_from_utf8()])
	equal(received, expected)


func test_a_signal_calls_a_method_of_the_library() -> void:
	if engine_differs():
		return
	var pair := _open_pair()
	var sender := Timer.new()
	sender.timeout.connect(pair[0].send_text.bind("by signal"))
	sender.timeout.connect(Callable(pair[0], "send").bind("bytes".to_utf8_buffer()))
	sender.timeout.emit()
	check(loopback.until_packets(pair[1], 2), "both arrive")
	equal(pair[1].get_packet().get_string_from_utf8(), "by signal")
	equal(pair[1].get_packet().get_string_from_utf8(), "bytes")
	sender.free()


func test_arguments_left_out_have_their_defaults() -> void:
	if engine_differs():
		return
	var pair := _open_pair()
	var untyped = pair[0]
	equal(untyped.ping(), OK)
	equal(untyped.call("ping"), OK)
	untyped.close()
	check(loopback.until_state(pair[1], CLOSED), "closed")
	equal(pair[1].get_close_code(), 1000)
	pair = _open_pair()
	untyped = pair[0]
	untyped.close(4000)
	check(loopback.until_state(pair[1], CLOSED), "closed")
	equal([pair[1].get_close_code(), pair[1].get_close_reason()], [4000, ""])
	pair = _open_pair()
	Callable(pair[0], "close").call(4001, "reason")
	check(loopback.until_state(pair[1], CLOSED), "closed")
	equal([pair[1].get_close_code(), pair[1].get_close_reason()], [4001, "reason"])


## Calls that are wrong, with what the engine says about the same call of its own class.
var wrong_calls := [
	["RustWebSocketPeer", "poll", [1]],
	["RustWebSocketPeer", "get_ready_state", ["x"]],
	["RustWebSocketPeer", "send", []],
	["RustWebSocketPeer", "send", [PackedByteArray(), 1, 2]],
	["RustWebSocketPeer", "send", [17]],
	["RustWebSocketPeer", "send", [PackedByteArray(), "text"]],
	["RustWebSocketPeer", "send", [PackedByteArray(), null]],
	["RustWebSocketPeer", "send_text", []],
	["RustWebSocketPeer", "send_text", [PackedByteArray()]],
	["RustWebSocketPeer", "send_text", [null]],
	["RustWebSocketPeer", "close", ["x"]],
	["RustWebSocketPeer", "close", [1000, 5]],
	["RustWebSocketPeer", "connect_to_url", []],
	["RustWebSocketPeer", "connect_to_url", [5]],
	["RustWebSocketPeer", "connect_to_url", ["ws://x", 5]],
	["RustWebSocketPeer", "set_no_delay", ["x"]],
	["RustTCPServer", "listen", ["x"]],
	["RustTCPServer", "listen", []],
	["RustTCPServer", "take_connection", [1]],
	["RustWebSocketMultiplayerPeer", "create_server", []],
	["RustWebSocketMultiplayerPeer", "create_server", [[]]],
	["RustWebSocketMultiplayerPeer", "create_client", [1]],
]


## Runs a call in another engine, because a script error ends the function that makes it and counts as a failure here.
func test_wrong_calls_have_the_errors_of_the_engine() -> void:
	if engine_differs():
		return
	var printed := {}
	for prefix: String in ["Rust", ""]:
		var calls := wrong_calls.map(func(call: Array) -> Array: return [call[0].trim_prefix("Rust") if prefix == "" else call[0], call[1], call[2]])
		# Both outputs of the process.
		var log := OS.get_cache_dir().path_join("wrong_calls_%d.log" % OS.get_process_id())
		var process := start_engine(["--log-file", log, "-s", "res://tests/wrong_calls.gd", "--", Marshalls.variant_to_base64(calls)])
		await frames_until(func() -> bool: return not process.is_running(), "the calls")
		printed[prefix] = FileAccess.get_file_as_string(log)
		DirAccess.remove_absolute(log)
	for i in wrong_calls.size():
		var texts: Array = ["Rust", ""].map(func(prefix: String) -> String: return _error_of(printed[prefix], i).replace("Rust", ""))
		check("Invalid" in texts[0], "%s: %s" % [wrong_calls[i], texts[0]])
		equal(texts[0], texts[1], str(wrong_calls[i]))


static func _error_of(text: String, index: int) -> String:
	var part := text.get_slice("##CALL %d\n" % index, 1).get_slice("##CALL", 0)
	for line in part.split("\n"):
		if line.begins_with("SCRIPT ERROR: "):
			return line
	return ""


func test_wrong_calls_by_name_change_nothing() -> void:
	if engine_differs():
		return
	var pair := _open_pair()
	for call: Array in wrong_calls:
		if call[0] == "RustWebSocketPeer":
			# Object.callv() returns null for a call with an error, which it prints.
			expect_engine_errors(true)
			equal(pair[0].callv(call[1], call[2]), null, str(call))
			expect_engine_errors(false)
	expect_engine_errors(true)
	equal(RustWebSocketPeer.new().callv("accept_stream", [RefCounted.new()]), null, "an object of another class")
	expect_engine_errors(false)
	equal(pair[0].get_ready_state(), OPEN)
	equal(pair[0].send_text("still open"), OK)
	check(loopback.until_packets(pair[1], 1), "the message arrives")
	equal(pair[1].get_packet().get_string_from_utf8(), "still open")


func test_a_script_that_overrides_a_method_is_called() -> void:
	if engine_differs():
		return
	var peer := PolledPeer.new()
	var untyped = peer
	peer.poll()
	untyped.poll()
	untyped.call("poll")
	var engines := PolledEnginePeer.new()
	var untyped_engines = engines
	engines.poll()
	untyped_engines.poll()
	untyped_engines.call("poll")
	equal(peer.polls, engines.polls)
	check(peer.polls >= 2, "called")
	equal(untyped.get_ready_state(), CLOSED)
	equal(untyped.send_text("x"), FAILED)


func test_a_callable_of_a_freed_object_is_invalid() -> void:
	if engine_differs():
		return
	var peer = RustWebSocketPeer.new()
	var callable := Callable(peer, "poll")
	check(callable.is_valid(), "valid before")
	peer = null
	check(not callable.is_valid(), "invalid afterwards")


func test_all_classes_answer_untyped_calls() -> void:
	if engine_differs():
		return
	var server = RustTCPServer.new()
	equal(server.listen(0, "127.0.0.1"), OK)
	var stream = RustStreamPeerTCP.new()
	equal(stream.connect_to_host("127.0.0.1", server.get_local_port()), OK)
	check(loopback.until(func() -> bool: return server.is_connection_available()), "a connection")
	var accepted = server.take_connection()
	check(accepted is RustStreamPeerTCP, str(accepted))
	check(loopback.until(func() -> bool:
		stream.poll()
		return stream.get_status() == StreamPeerTCP.STATUS_CONNECTED), "connected")
	equal(accepted.put_data("data".to_utf8_buffer()), OK)
	check(loopback.until(func() -> bool: return stream.get_available_bytes() == 4), "arrives")
	equal(stream.get_data(4), [OK, "data".to_utf8_buffer()])
	var client = RustWebSocketClient.new()
	equal(client.get_peer(1) is RustWebSocketRemotePeer, true)
	equal(client.get_peer(2), null)
	equal(client.get_peer_list(), PackedInt32Array())
	client.poll()
	equal(client.get_connection_status(), 0)
	var websocket_server = RustWebSocketServer.new()
	equal(websocket_server.is_listening(), false)
	websocket_server.poll()
	var room = RustWebSocketMultiplayerPeer.new()
	equal([room.get_peers(), room.get_local_port(), room.get_round_trip_time(1)], [PackedInt32Array(), 0, -1.0])
	room.poll()
