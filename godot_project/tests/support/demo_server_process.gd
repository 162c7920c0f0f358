extends "demo_process.gd"
## Base of the programs that run a demo's server on a free port: prints [code]LISTENING <port>[/code] and ends when the first client has
## disconnected.

var _is_port_printed := false
var _had_clients := false


func is_finished() -> bool:
	if not _is_port_printed:
		_is_port_printed = true
		print("LISTENING %d" % port())
	_had_clients = _had_clients or client_count() > 0
	return _had_clients and client_count() == 0


func observation() -> Array:
	return [_had_clients, client_count()]


func port() -> int:
	return 0


func client_count() -> int:
	return 0
