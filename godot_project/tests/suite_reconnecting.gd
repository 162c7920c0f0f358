extends "support/client_server_suite.gd"
## Reconnecting to a server that ends each connection.


func test_a_server_that_accepts_and_closes_is_retried_ever_later() -> void:
	if not make_group():
		return
	var client := group.new_client()
	client.auto_reconnect = true
	client.reconnect_delay = 0.0
	client.reconnect_factor = 1.5
	client.reconnect_jitter = 0.0
	client.reconnect_max_attempts = 4
	group.server.client_connected.connect(func(id: int, _protocol: String) -> void: group.server.disconnect_peer(id, 1008))
	client.connect_to_url(group.url())
	var is_over := func() -> bool: return client.get_connection_status() == MultiplayerPeer.CONNECTION_DISCONNECTED
	check(group.until(is_over), "gives up")
	var attempts := Array(group.client_events[0]).filter(func(line: String) -> bool: return line.begins_with("reconnecting"))
	equal(attempts, ["reconnecting(1, 0.0)", "reconnecting(2, 0.15)", "reconnecting(3, 0.225)", "reconnecting(4, 0.3375)"])
