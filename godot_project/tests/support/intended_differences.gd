extends RefCounted
## The intended differences from the engine's classes, by scenario; * matches any text. Each entry has the reason, and the values of the
## extension's trace under all keys that differ; null means that the key is absent.
## Close reasons that a peer chooses itself are not in the traces.

const OPEN := WebSocketPeer.STATE_OPEN
const CLOSING := WebSocketPeer.STATE_CLOSING
const CLOSED := WebSocketPeer.STATE_CLOSED

const CLIENT_OPENS := {"states": [0, 1], "packets": ["hello"], "protocol": "", "exchange": ["ask", OK, "text masked 'answer'"]}
const SERVER_OPENS := {"status": "101", "states": [0, 1], "packets": ["hello"], "url": "ws://game.example/", "protocol": "", "exchange": ["ask", OK, "text 'answer'"]}

const NO_SPLITTING := "a header that would corrupt the handshake is refused before anything is sent"
const HTTP_RESPONSE := "a refused request gets an HTTP response"
const FRAMING := "every protocol error is reported with a close frame"
const NEGATIVE_SIZE := "a negative size is ignored"
const UNSENDABLE := "an invalid close code is refused and changes nothing"
const LONG_HEADS := "heads may have up to 16 KiB"
const CLOSE_FRAME := "closing sends a close frame"
const NOTHING_LOST := "received packets remain readable after the connection has closed"
const EXTENSION := "an extension's class derives from the class that the engine has for extensions"

const TABLE := {
	"states.refused_urls_when_closed": {
		"why": "a call that is refused changes nothing",
		"ours": {"after invalid": [4001, "bye", "game", "ws://127.0.0.1:PORT/", true]},
	},
	"states.invalid_url_while_closing": {
		"why": "a call that is refused changes nothing",
		"ours": {"state at once": CLOSING, "code": 1000, "reason": "first"},
	},
	"urls.valid_query_without_path": {
		"why": "RFC 3986: a query may follow the authority directly",
		"ours": {"error": OK, "requested url": "ws://127.0.0.1:PORT?x=1", "request line": "GET /?x=1 HTTP/1.1", "host": "127.0.0.1:PORT", "authorization": ""},
	},
	"urls.valid_credentials": {
		"why": "credentials of the URL are sent (RFC 7617)",
		"ours": {"authorization": "Basic dXNlcjpwdw=="},
	},
	"urls.valid_path_to_escape": {
		"why": "the request line must be ASCII without spaces",
		"ours": {"request line": "GET /p%20q/%C3%BC HTTP/1.1"},
	},
	"urls.valid_ipv6_literal": {
		"why": "RFC 3986: an IPv6 literal has brackets",
		"ours": {"host": "[::1]:PORT"},
	},
	"client_handshake.response_empty_header_value": {"why": "RFC 9110: a header may be empty", "ours": CLIENT_OPENS},
	"client_handshake.response_connection_list": {"why": "RFC 9110: Connection is a list", "ours": CLIENT_OPENS},
	"client_handshake.response_status_100": {
		"why": "RFC 9110: an interim response is ignored",
		"ours": {"states": [0]},
	},
	"client_handshake.response_size_4097": {"why": LONG_HEADS, "ours": CLIENT_OPENS},
	"client_handshake.response_size_16384": {"why": LONG_HEADS, "ours": CLIENT_OPENS},
	"client_handshake.handshake_header_*": {"why": NO_SPLITTING, "ours": {"error": ERR_INVALID_PARAMETER, "state": CLOSED}},
	"server_handshake.handshake_header_*": {"why": NO_SPLITTING, "ours": {"error": ERR_INVALID_PARAMETER, "state": CLOSED}},
	"server_handshake.request_empty_header_value": {"why": "RFC 9110: a header may be empty", "ours": SERVER_OPENS},
	"server_handshake.request_size_4097": {"why": LONG_HEADS, "ours": SERVER_OPENS},
	"server_handshake.request_size_16384": {"why": LONG_HEADS, "ours": SERVER_OPENS},
	"server_handshake.protocol_server_has_none": {
		"why": "a browser that offers protocols reaches a server that knows none (RFC 6455, 4.2.2)",
		"ours": SERVER_OPENS,
	},
	"server_handshake.request_key_of_other_length": {
		"why": "the key has 16 bytes (RFC 6455, 4.2.1)",
		"ours": {"status": "400", "states": [0, 3], "packets": [], "url": null, "protocol": null, "exchange": null},
	},
	"server_handshake.request_without_host": {
		"why": "a request of HTTP/1.1 has one Host (RFC 9112, 3.2)",
		"ours": {"status": "400", "states": [0, 3], "packets": [], "url": null, "protocol": null, "exchange": null},
	},
	"server_handshake.request_post": {"why": HTTP_RESPONSE, "ours": {"status": "405"}},
	"server_handshake.request_http_1_0": {"why": HTTP_RESPONSE, "ours": {"status": "505"}},
	"server_handshake.request_version_8": {"why": HTTP_RESPONSE, "ours": {"status": "426"}},
	"server_handshake.request_no_upgrade": {"why": HTTP_RESPONSE, "ours": {"status": "426"}},
	"server_handshake.request_no_key": {"why": HTTP_RESPONSE, "ours": {"status": "400"}},
	"server_handshake.request_one_word": {"why": HTTP_RESPONSE, "ours": {"status": "400"}},
	"server_handshake.request_line_without_colon": {"why": HTTP_RESPONSE, "ours": {"status": "400"}},
	"server_handshake.request_other_upgrade": {"why": HTTP_RESPONSE, "ours": {"status": "4"}},
	"server_handshake.request_no_version": {"why": HTTP_RESPONSE, "ours": {"status": "4"}},
	"server_handshake.request_no_connection": {"why": HTTP_RESPONSE, "ours": {"status": "4"}},
	"server_handshake.protocol_none_matches": {"why": HTTP_RESPONSE, "ours": {"status": "400"}},
	"server_handshake.protocol_exact_case": {"why": HTTP_RESPONSE, "ours": {"status": "400"}},
	"server_handshake.protocol_client_offers_none": {"why": HTTP_RESPONSE, "ours": {"status": "400"}},
	"sending.limit_packets_negative": {"why": NEGATIVE_SIZE, "ours": {"property": 4096}},
	"sending.limit_buffer_negative": {"why": "no limit is always 0", "ours": {"property": 0}},
	"sending.text_that_is_not_utf8": {
		"why": "a text message with invalid UTF-8 is not sent",
		"ours": {"result": ERR_INVALID_DATA, "frames": ["text masked 'marker'"]},
	},
	"receiving.*.ping_between_fragments": {
		"why": "the payload of a ping is not part of the message",
		"ours": {"packets": ["AABB", "marker"]},
	},
	"receiving.*.control_too_long": {"why": FRAMING, "ours": {"code": 1002, "close frame": 1002}},
	"receiving.*.control_not_final": {"why": FRAMING, "ours": {"code": 1002, "close frame": 1002}},
	"receiving.*.close_not_final": {"why": FRAMING, "ours": {"code": 1002, "close frame": 1002}},
	"receiving.*.length_16_not_minimal": {"why": FRAMING, "ours": {"code": 1002, "close frame": 1002}},
	"receiving.*.length_64_not_minimal": {"why": FRAMING, "ours": {"code": 1002, "close frame": 1002}},
	"receiving.*.length_with_top_bit": {"why": FRAMING, "ours": {"code": 1002, "close frame": 1002}},
	"receiving.*.fragments_above_the_limit": {
		"why": "the limit applies to messages, not to frames",
		"ours": {"states": [0, 1, 3], "code": 1009, "close frame": 1009},
	},
	"receiving.*.close_after_data": {"why": NOTHING_LOST, "ours": {"packets": ["one", [2]]}},
	"receiving.*.close_1012": {"why": "a registered code", "ours": {"code": 1012, "close frame": 1012}},
	"receiving.*.close_1013": {"why": "a registered code", "ours": {"code": 1013, "close frame": 1013}},
	"receiving.*.close_1014": {"why": "a registered code", "ours": {"code": 1014, "close frame": 1014}},
	"receiving.data_then_end_of_stream": {"why": NOTHING_LOST, "ours": {"packets": ["last message"]}},
	"closing.close_1012_reaches_the_remote_peer": {"why": "a registered code", "ours": {"code of peer 0": 1012, "code of peer 1": 1012}},
	"closing.close_1013_reaches_the_remote_peer": {"why": "a registered code", "ours": {"code of peer 0": 1013, "code of peer 1": 1013}},
	"closing.close_1014_reaches_the_remote_peer": {"why": "a registered code", "ours": {"code of peer 0": 1014, "code of peer 1": 1014}},
	"closing.close_*_must_not_be_sent": {"why": UNSENDABLE, "ours": {"state at once": OPEN, "frames": []}},
	"closing.reason_of_124_bytes": {"why": UNSENDABLE, "ours": {"state at once": OPEN}},
	"closing.unread_packets_when_closing": {
		"why": NOTHING_LOST,
		"ours": {"count while closing": 2, "first": "one", "count when closed": 1, "second": "two"},
	},
	"closing.nul_in_the_reason": {"why": "the reason is complete", "ours": {"length of the reason": 3}},
	"packets.heartbeat_with_a_late_poll": {
		"why": "received data is read before a pong is regarded as missing",
		"ours": {"state": OPEN},
	},
	"packets.heartbeat_pings": {
		"why": "pings carry random payloads, so that no pong can be forged",
		"ours": {"payload sizes": [8, 8, 8]},
	},
	"packets.heartbeat_without_pong": {
		"why": "pings carry random payloads, so that no pong can be forged",
		"ours": {"first payload": 8},
	},
	"details.first_heartbeat": {"why": "the interval begins when the connection opens", "ours": {"pings at once": 0}},
	"details.bases_of.WebSocketPeer": {"why": EXTENSION, "ours": {"class": "RustWebSocketPeer", "is": ["RefCounted", "PacketPeer", "PacketPeerExtension"]}},
	"details.bases_of.TCPServer": {"why": EXTENSION, "ours": {"class": "RustTCPServer", "is": ["RefCounted"]}},
	"details.bases_of.StreamPeerTCP": {"why": EXTENSION, "ours": {"class": "RustStreamPeerTCP", "is": ["RefCounted", "StreamPeer", "StreamPeerExtension"]}},
	"details.bases_of.StreamPeerTLS": {"why": EXTENSION, "ours": {"class": "RustStreamPeerTLS", "is": ["RefCounted", "StreamPeer", "StreamPeerExtension"]}},
	"details.bases_of.WebSocketMultiplayerPeer": {
		"why": EXTENSION,
		"ours": {"class": "RustWebSocketMultiplayerPeer", "is": ["RefCounted", "PacketPeer", "MultiplayerPeer", "MultiplayerPeerExtension"]},
	},
	"details.properties_of.WebSocketPeer": {
		"why": "its setter and getter take seconds as a float; the engine registers the property as an int",
		"ours": {"heartbeat_interval": ["float", PROPERTY_HINT_NONE, "", PROPERTY_USAGE_DEFAULT]},
	},
	"details.send_after_the_remote_end.*": {
		"why": "header and payload are one write, and the kernel accepts it; the next poll() reports the end",
		"ours": {"send": OK, "state": OPEN},
	},
	"details.extension_that_was_not_offered": {
		"why": "a client fails the connection then (RFC 6455, 4.1)",
		"ours": {"state": CLOSED},
	},
	"details.selected_protocol_after_a_mismatch": {"why": "a rejected protocol was not selected", "ours": {"protocol": ""}},
	"details.client_that_sends_no_request": {
		"why": "a silent client gets a response and does not keep the peer forever",
		"ours": {"state": CLOSED, "response": "HTTP/1.1 408 Request Timeout"},
	},
	"details.outbound_buffer_size_of_minus_one": {"why": "no limit is always 0", "ours": {"property": 0}},
	"details.connections_that_wait_to_be_taken": {"why": "the kernel queues 1024 connections instead of 8", "ours": {"all of 20": true}},
	"tls_streams.plain_text_after_accepting": {
		"why": "a handshake that failed is an error, however early the data arrives",
		"ours": {"status": StreamPeerTLS.STATUS_ERROR},
	},
	"tcp.listen_on_port_*": {"why": "an invalid port", "ours": {"error": ERR_INVALID_PARAMETER, "listening": false}},
	"tcp.local_port_of_an_accepted_stream": {"why": "the documented meaning", "ours": {"right": true}},
	"tcp.reading_more_than_available": {"why": "only received bytes are returned", "ours": {"size": 4}},
	"receiving.limits_are_fixed_when_the_peer_opens": {
		"why": "limits take effect when they are set",
		"ours": {"packets": 0, "state": CLOSED},
	},
	"rooms.client_closes": {"why": CLOSE_FRAME, "ours": {"code": [1000]}},
	"rooms.server_closes": {"why": CLOSE_FRAME, "ours": {"code": [1001, 1001]}},
	"rooms.five_connections_in_one_poll": {"why": "all pending connections are accepted in a single poll()", "ours": {"after one poll": 5}},
	"rooms.packets_together_with_the_close": {"why": NOTHING_LOST, "ours": {"packets": ["last message"]}},
	"rooms.unread_packets_of_a_disconnected_client": {"why": NOTHING_LOST, "ours": {"packets": ["server: unread"]}},
	"rooms.packets_of_a_disconnected_peer": {
		"why": "packets of a disconnected peer are dropped, because SceneMultiplayer reports an unknown peer",
		"ours": {"packets": []},
	},
	"rooms.a_too_large_packet": {
		"why": "an unsent packet is an error",
		"ours": {"server to one": ERR_OUT_OF_MEMORY, "server to all": ERR_OUT_OF_MEMORY},
	},
	"rooms.a_missing_id": {
		"why": "the handshake includes the id",
		"ours": {"status": MultiplayerPeer.CONNECTION_DISCONNECTED},
	},
	"rooms.refusing_new_connections": {
		"why": "a refused client gets a response and does not wait for its time-out",
		"ours": {"status": MultiplayerPeer.CONNECTION_DISCONNECTED},
	},
}
