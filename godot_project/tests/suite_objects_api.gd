extends "support/suite.gd"
## The members of Godot 3's classes: arguments, their defaults, and the default values of properties.

## Number of arguments, and the default values of optional ones.
const METHODS := {
	"RustWebSocketClient": {
		"connect_to_url": [4, [[], false, []]],
		"disconnect_from_host": [2, [1000, ""]],
		"get_connected_host": [0, []],
		"get_connected_port": [0, []],
		"set_verify_ssl_enabled": [1, []],
		"is_verify_ssl_enabled": [0, []],
		"set_trusted_ssl_certificate": [1, []],
		"get_trusted_ssl_certificate": [0, []],
		"set_buffers": [4, []],
		"get_peer": [1, []],
	},
	"RustWebSocketServer": {
		"listen": [3, [[], false]],
		"stop": [0, []],
		"is_listening": [0, []],
		"has_peer": [1, []],
		"get_peer_address": [1, []],
		"get_peer_port": [1, []],
		"disconnect_peer": [3, [1000, ""]],
		"set_extra_headers": [1, [[]]],
		"set_bind_ip": [1, []],
		"get_bind_ip": [0, []],
		"set_private_key": [1, []],
		"get_private_key": [0, []],
		"set_ssl_certificate": [1, []],
		"get_ssl_certificate": [0, []],
		"set_ca_chain": [1, []],
		"get_ca_chain": [0, []],
		"set_handshake_timeout": [1, []],
		"get_handshake_timeout": [0, []],
		"set_buffers": [4, []],
		"get_peer": [1, []],
	},
	"RustWebSocketRemotePeer": {
		"get_write_mode": [0, []],
		"set_write_mode": [1, []],
		"is_connected_to_host": [0, []],
		"was_string_packet": [0, []],
		"close": [2, [1000, ""]],
		"get_connected_host": [0, []],
		"get_connected_port": [0, []],
		"set_no_delay": [1, []],
		"get_current_outbound_buffered_amount": [0, []],
	},
}

## Members of PacketPeer and MultiplayerPeer.
const INHERITED := {
	"RustWebSocketClient": ["poll", "get_connection_status", "get_packet_peer", "get_unique_id", "set_target_peer", "set_transfer_mode",
		"get_transfer_mode", "set_refuse_new_connections", "is_refusing_new_connections", "get_packet", "get_packet_error", "put_packet",
		"get_available_packet_count", "get_var", "put_var"],
	"RustWebSocketRemotePeer": ["get_packet", "get_packet_error", "put_packet", "get_available_packet_count", "get_var", "put_var"],
}

## Number of arguments of each signal.
const SIGNALS := {
	"RustWebSocketClient": {"connection_established": 1, "connection_error": 0, "connection_closed": 1, "server_close_request": 2,
		"data_received": 0, "peer_packet": 1, "peer_connected": 1, "peer_disconnected": 1, "server_disconnected": 0,
		"connection_succeeded": 0, "connection_failed": 0, "reconnecting": 2, "reconnected": 0, "connected_to_host": 0},
	"RustWebSocketServer": {"client_connected": 2, "client_disconnected": 2, "client_close_request": 3, "data_received": 1,
		"peer_packet": 1, "peer_connected": 1, "peer_disconnected": 1, "server_disconnected": 0, "connection_succeeded": 0,
		"connection_failed": 0, "client_request": 1, "client_failed": 2},
}

const DEFAULTS := {
	"RustWebSocketClient": {"verify_ssl": true, "trusted_ssl_certificate": null, "refuse_new_connections": false, "transfer_mode": 2,
		"auto_reconnect": false, "reconnect_delay": 0.5, "reconnect_factor": 2.0, "reconnect_max_delay": 30.0, "reconnect_jitter": 0.5,
		"reconnect_max_attempts": 0, "handshake_timeout": 10.0, "close_timeout": 5.0, "heartbeat_interval": 0.0,
		"compression_enabled": false, "encode_buffer_max_size": 8388608},
	"RustWebSocketServer": {"bind_ip": "*", "private_key": null, "ssl_certificate": null, "ca_chain": null, "handshake_timeout": 3.0,
		"refuse_new_connections": false, "transfer_mode": 2, "max_clients": 0, "auto_accept": true,
		"allowed_origins": [], "close_timeout": 5.0, "heartbeat_interval": 0.0, "compression_enabled": false},
	"RustWebSocketRemotePeer": {"encode_buffer_max_size": 8388608},
}

## Invalid values, which leave the property unchanged.
const REFUSED := {
	"RustWebSocketClient": {"reconnect_delay": [-1.0, NAN], "reconnect_factor": [0.5, NAN], "reconnect_max_delay": [-1.0],
		"reconnect_jitter": [-0.1, 1.1], "reconnect_max_attempts": [-1], "handshake_timeout": [-1.0, INF], "close_timeout": [-1.0],
		"heartbeat_interval": [-1.0]},
	"RustWebSocketServer": {"bind_ip": ["", "localhost"], "handshake_timeout": [0.0, -1.0, NAN], "max_clients": [-1],
		"close_timeout": [-1.0], "heartbeat_interval": [NAN]},
}


func test_methods() -> void:
	if engine_differs():
		return
	for class_name_: String in METHODS:
		var found := {}
		for method: Dictionary in ClassDB.class_get_method_list(class_name_, true):
			found[method.name] = [method.args.size(), method.default_args]
		for name: String in METHODS[class_name_]:
			equal(found.get(name), METHODS[class_name_][name], "%s.%s" % [class_name_, name])
	for class_name_: String in INHERITED:
		for name: String in INHERITED[class_name_]:
			check(ClassDB.class_has_method(class_name_, name), "%s.%s" % [class_name_, name])


func test_signals() -> void:
	if engine_differs():
		return
	for class_name_: String in SIGNALS:
		for name: String in SIGNALS[class_name_]:
			equal(ClassDB.class_get_signal(class_name_, name).get("args", [null, null, null, null]).size(), SIGNALS[class_name_][name], "%s.%s" % [class_name_, name])


func test_properties() -> void:
	if engine_differs():
		return
	for class_name_: String in DEFAULTS:
		var object: Object = ClassDB.instantiate(class_name_)
		for name: String in DEFAULTS[class_name_]:
			check(name in object, "%s.%s" % [class_name_, name])
			equal(object.get(name), DEFAULTS[class_name_][name], "%s.%s" % [class_name_, name])
		for name: String in REFUSED.get(class_name_, {}):
			for value: Variant in REFUSED[class_name_][name]:
				object.set(name, value)
				equal(object.get(name), DEFAULTS[class_name_][name], "%s.%s = %s" % [class_name_, name, value])


func test_constants() -> void:
	if engine_differs():
		return
	equal([RustWebSocketRemotePeer.WRITE_MODE_TEXT, RustWebSocketRemotePeer.WRITE_MODE_BINARY], [0, 1])
	equal(ClassDB.get_parent_class("RustWebSocketClient"), "MultiplayerPeerExtension")
	equal(ClassDB.get_parent_class("RustWebSocketServer"), "MultiplayerPeerExtension")


func test_the_names_without_prefix() -> void:
	if engine_differs():
		return
	var client: Object = load("res://addons/wspeer/godot3_names/websocket_client.gd").new()
	var server: Object = load("res://addons/wspeer/godot3_names/websocket_server.gd").new()
	check(client is RustWebSocketClient and server is RustWebSocketServer, "base classes")
	equal([client.get_script().get_global_name(), server.get_script().get_global_name()], [&"WebSocketClient", &"WebSocketServer"])
