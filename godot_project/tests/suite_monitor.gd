extends "support/suite.gd"
## RustWebSocketMonitor, and the model of the editor tab.

const Model := preload("res://addons/wspeer/monitor/model.gd")
const MONITORS: PackedStringArray = ["wspeer/connections", "wspeer/bytes_in_per_second", "wspeer/bytes_out_per_second"]


func test_a_monitor_shows_peers_and_messages() -> void:
	if engine_differs():
		return
	check(not RustWebSocketMonitor.enabled, "disabled without a debugger")
	equal([RustWebSocketMonitor.log_enabled, RustWebSocketMonitor.preview_bytes], [false, 128])
	equal(RustWebSocketMonitor.get_peers(), [])
	RustWebSocketMonitor.log_enabled = true
	RustWebSocketMonitor.enabled = true
	var pair := loopback.pair({"compression_enabled": true}, {"compression_enabled": true})
	pair[0].send_text("hello")
	loopback.until(func() -> bool: return pair[1].get_available_packet_count() == 1)

	var rows := RustWebSocketMonitor.get_peers()
	equal(rows.size(), 2)
	var client: Dictionary = rows.filter(func(row: Dictionary) -> bool: return row.role == "client")[0]
	var server: Dictionary = rows.filter(func(row: Dictionary) -> bool: return row.role == "server")[0]
	equal([client["class"], client.state, client.url], ["RustWebSocketPeer", OPEN, pair[0].get_requested_url()])
	equal([client.messages_out, client.bytes_out, client.messages_in, client.bytes_in], [1, 5, 0, 0])
	equal([server.messages_in, server.bytes_in, server.inbound_messages, server.inbound_bytes], [1, 5, 1, 5])
	equal([server.compressed, server.compression_ratio, server.round_trip_time, server.failure], [true, -1.0, -1.0, ""])
	check(server.remote_address.begins_with("127.0.0.1:"), server.remote_address)
	equal(RustWebSocketMonitor.get_connection_count(), 2)

	var events := RustWebSocketMonitor.take_messages()
	equal(events.map(func(event: Dictionary) -> String: return event.kind),
			["handshake", "handshake", "handshake", "handshake", "text", "text"])
	equal(events[-1].preview, "hello".to_utf8_buffer())
	equal([events[-2].sent, events[-1].sent, events[-1].peer, events[-1].size], [true, false, server.id, 5])
	check(events.all(func(event: Dictionary) -> bool: return not event.preview.get_string_from_utf8().contains("Key: ") \
			or event.preview.get_string_from_utf8().contains("Key: ***")), "keys are masked")
	equal(RustWebSocketMonitor.take_messages(), [])
	equal(RustWebSocketMonitor.take_missed_count(), 0)
	RustWebSocketMonitor.enabled = false
	RustWebSocketMonitor.log_enabled = false
	equal(RustWebSocketMonitor.get_peers(), [])


func test_previews_can_be_disabled() -> void:
	if engine_differs():
		return
	for invalid: int in [-1, 5000]:
		RustWebSocketMonitor.preview_bytes = invalid
		equal(RustWebSocketMonitor.preview_bytes, 0 if invalid < 0 else 1024)
	RustWebSocketMonitor.preview_bytes = 0
	RustWebSocketMonitor.enabled = true
	RustWebSocketMonitor.log_enabled = true
	var pair := loopback.pair()
	pair[0].send_text("secret")
	var events := RustWebSocketMonitor.take_messages()
	equal(events[-1].size, 6)
	check(events.all(func(event: Dictionary) -> bool: return event.preview.is_empty()), "all previews are empty")
	RustWebSocketMonitor.enabled = false
	RustWebSocketMonitor.log_enabled = false
	RustWebSocketMonitor.preview_bytes = 128


func test_performance_monitors_are_added_and_removed() -> void:
	if engine_differs():
		return
	for monitor in MONITORS:
		check(not Performance.has_custom_monitor(monitor), monitor)
	RustWebSocketMonitor.enabled = true
	RustWebSocketMonitor.enabled = true
	var pair := loopback.pair()
	equal(Performance.get_custom_monitor("wspeer/connections"), 2)
	equal(Performance.get_custom_monitor("wspeer/bytes_out_per_second"), 0.0)
	pair[0].send(PackedByteArray([1, 2, 3]))
	var rate := {}
	loopback.until(func() -> bool:
		rate.out = Performance.get_custom_monitor("wspeer/bytes_out_per_second")
		rate["in"] = Performance.get_custom_monitor("wspeer/bytes_in_per_second")
		return rate.out > 0.0)
	check(rate.out <= 3.0, "3 bytes in at least a second: %s" % rate.out)
	pair[0].close(-1)
	equal(Performance.get_custom_monitor("wspeer/connections"), 1)
	RustWebSocketMonitor.enabled = false
	for monitor in MONITORS:
		check(not Performance.has_custom_monitor(monitor), monitor)


func _row(id: int, bytes: int) -> Dictionary:
	return {
		"id": id, "class": "RustWebSocketPeer", "role": "client", "state": OPEN, "url": "ws://host/%d" % id,
		"remote_address": "127.0.0.1:1", "protocol": "chat", "compressed": true, "compression_ratio": 0.25,
		"messages_in": bytes, "bytes_in": bytes, "messages_out": 0, "bytes_out": 0, "inbound_messages": 0,
		"inbound_bytes": 0, "outbound_messages": 2, "outbound_bytes": 2048, "round_trip_time": 0.0125, "failure": "",
	}


func _event(id: int, kind: String, content: Variant, sent := false) -> Dictionary:
	var bytes: PackedByteArray = content.to_utf8_buffer() if content is String else content
	return {"time": 1.5, "peer": id, "sent": sent, "kind": kind, "size": bytes.size(), "preview": bytes}


func test_the_table_shows_rates() -> void:
	if engine_differs():
		return
	var model := Model.new()
	model.start()
	model.take_peers([_row(1, 0), _row(2, 0)], 10.0)
	model.take_peers([_row(1, 4096), _row(3, 5000)], 12.0)
	equal(model.peers.size(), 2)
	equal(model.peers[0].bytes_in_per_second, 1024.0, "half of 2048 bytes per second")
	equal(model.peers[1].bytes_in_per_second, 0.0, "no rate in the first sample")
	equal(model.peer_cells(model.peers[0]), ["1", "RustWebSocketPeer", "client", "open", "ws://host/1",
			"1024/s  1024 B/s", "0/s  0 B/s", "0", "2 (2.00 KiB)", "12.5 ms", "25 %", "chat", "127.0.0.1:1", ""])
	equal(model.peer_cells(model.peers[0]).size(), Model.PEER_COLUMNS.size())
	model.take_peers([_row(1, 10)], 13.0)
	equal(model.peers[0].bytes_in_per_second, 517.0, "a new connection restarts its counters")
	model.stop()
	equal(model.peers, [])


func test_the_log_is_filtered() -> void:
	if engine_differs():
		return
	var model := Model.new()
	model.take_peers([_row(1, 0), _row(12, 0)], 1.0)
	model.take_messages(3, [
		_event(1, "text", "Hello\tyou\nthere"), _event(12, "binary", PackedByteArray([0xde, 0xad]), true),
		_event(1, "close", "1000 bye"), _event(12, "failure", "tcp: broken")])
	var shown := func(filter: String) -> Array:
		model.filter = filter
		return model.shown_messages().map(func(event: Dictionary) -> String: return event.kind)
	equal(shown.call(""), ["text", "binary", "close", "failure"])
	equal(shown.call("hello"), ["text"])
	equal(shown.call("#1"), ["text", "close"])
	equal(shown.call("#12 out"), ["binary"])
	equal(shown.call("dead"), ["binary"])
	equal(shown.call("host/12"), ["binary", "failure"])
	equal(shown.call("hello bye"), [])
	equal(model.missed, 3)
	model.filter = "#1"
	equal(model.as_text(), "Time\t#\tDirection\tKind\tSize\tPreview\n1.500\t1\tin\ttext\t15\tHello you there\n1.500\t1\tin\tclose\t8\t1000 bye\n")
	model.clear()
	equal([model.shown_messages(), model.missed], [[], 0])


func test_the_log_can_be_paused_and_is_limited() -> void:
	if engine_differs():
		return
	var model := Model.new()
	model.is_paused = true
	model.take_messages(1, [_event(1, "text", "while paused")])
	model.take_peers([_row(1, 0)], 1.0)
	equal([model.shown_messages(), model.missed, model.peers], [[], 0, []])
	model.is_paused = false
	for batch in 11:
		model.take_messages(0, range(500).map(func(index: int) -> Dictionary: return _event(1, "text", str(batch * 500 + index))))
	equal(model.shown_messages().size(), Model.MAX_EVENTS)
	equal(model.preview(model.shown_messages()[0]), "500")


func test_previews_end_with_a_complete_character() -> void:
	if engine_differs():
		return
	var model := Model.new()
	var bytes := "aé€😀".to_utf8_buffer()
	for cut: Array in [[10, "aé€😀"], [9, "aé€"], [7, "aé€"], [6, "aé€"], [5, "aé"], [4, "aé"], [2, "a"], [1, "a"], [0, ""]]:
		equal(model.preview(_event(1, "text", bytes.slice(0, cut[0]))), cut[1], str(cut[0]))
