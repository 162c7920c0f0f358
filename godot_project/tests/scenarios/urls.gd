extends "../support/scenario_file.gd"
## Valid and invalid arguments of connect_to_url(), and failed connections.

## Refused with the same error by both implementations.
const INVALID: PackedStringArray = [
	"", "ws://", "ws:///x", "http://localhost", "ftp://localhost", "://localhost", "w$s://localhost",
	"ws:localhost:1", " ws://localhost", "ws://localhost:0", "ws://localhost:65536", "ws://localhost:70000",
	"ws://localhost:abc", "ws://localhost:", "ws://localhost:-1", "ws://localhost:1:2", "ws://::1/", "ws://[::1",
]

## Formats with the port. The server of an IPv6 literal listens on ::1.
const VALID := {
	"no_scheme": "127.0.0.1:%d",
	"upper_case_scheme": "WS://127.0.0.1:%d/",
	"no_path": "ws://127.0.0.1:%d",
	"plus_port": "ws://127.0.0.1:+%d/",
	"upper_case_host": "ws://LocalHost:%d/",
	"path_and_query": "ws://127.0.0.1:%d/a/b?x=1&y=2",
	"fragment": "ws://127.0.0.1:%d/a/b?x=1#part",
	"escapes_stay": "ws://127.0.0.1:%d/a%%20b?c=%%C3%%BC",
	"query_without_path": "ws://127.0.0.1:%d?x=1",
	"credentials": "ws://user:pw@127.0.0.1:%d/",
	"path_to_escape": "ws://127.0.0.1:%d/p q/ü",
	"ipv6_literal": "ws://[::1]:%d/",
}


func rows() -> Dictionary[String, Callable]:
	var scenarios: Dictionary[String, Callable] = {}
	for name: String in VALID:
		scenarios["valid_" + name] = _valid.bind(VALID[name])
	return scenarios


func _valid(t: TraceRecorder, format: String) -> void:
	var listener := t.raw_listener("::1" if "[" in format else t.HOST)
	var peer := t.peer()
	var error: Error = peer.connect_to_url(format % listener.get_local_port())
	t.note("error", error)
	t.note("requested url", peer.get_requested_url())
	if error == OK:
		var socket := t.accept_raw_socket(listener)
		t.until(func() -> bool: return socket.head() != "")
		t.note("request line", socket.head().get_slice("\r\n", 0))
		t.note("host", Rfc6455.header(socket.head(), "Host"))
		t.note("authorization", Rfc6455.header(socket.head(), "Authorization"))


func play_invalid(t: TraceRecorder) -> void:
	for url in INVALID:
		var peer := t.peer()
		t.note("'%s'" % url, [peer.connect_to_url(url), peer.get_ready_state(), peer.get_requested_url()])


func play_refused_port(t: TraceRecorder) -> void:
	var peer := t.peer()
	t.note("error", peer.connect_to_url("ws://127.0.0.1:%d" % t.free_port()))
	_note_failure(t, peer)


func play_refused_port_of_a_name(t: TraceRecorder) -> void:
	var peer := t.peer()
	t.note("error", peer.connect_to_url("ws://localhost:%d" % t.free_port()))
	_note_failure(t, peer)


## No resolver sends a query for a name with such a long label. The result of the engine's connect_to_url() depends on timing, so it is
## not compared.
func play_unknown_name(t: TraceRecorder) -> void:
	var peer := t.peer()
	peer.connect_to_url("ws://%s.example/" % "a".repeat(70))
	_note_failure(t, peer)


func play_broadcast_address(t: TraceRecorder) -> void:
	var peer := t.peer()
	t.note("error", peer.connect_to_url("ws://255.255.255.255:9"))
	t.note("state at once", peer.get_ready_state())
	_note_failure(t, peer)


func play_name_with_several_addresses(t: TraceRecorder) -> void:
	var listener := t.raw_listener()
	var peer := t.peer()
	t.note("error", peer.connect_to_url("ws://localhost:%d/" % listener.get_local_port()))
	var socket := t.accept_raw_socket(listener)
	t.until(func() -> bool: return socket.head() != "")
	t.note("host header", Rfc6455.header(socket.head(), "Host"))
	t.note("connected host", peer.get_connected_host())
	t.note("port is right", peer.get_connected_port() == listener.get_local_port())


func _note_failure(t: TraceRecorder, peer: Object) -> void:
	t.note("closes", t.until_state(peer, CLOSED))
	t.note("code", peer.get_close_code())
	t.note("reason", peer.get_close_reason())
