extends SceneTree
## Compares the extension's classes with the engine's by the same script in one process, in alternating rounds. Each output line that
## begins with ROW is one comparison, with fields separated by tabs: name, unit, median of ours, median of the engine's, ratio.
##   godot --headless --path godot_project -s res://tests/bench/bench.gd -- [--only SUBSTRING]
##       [--rounds N] [--memory ours|engine LIMIT]
## --memory only prints the resident memory of one idle connection in bytes.

const Workload := preload("workload.gd")

const KIB := 1024
const MEMORY_PAIRS := 1500
const CALLED := [["peer", "poll"], ["peer", "get_ready_state"], ["peer", "get_available_packet_count"], ["peer", "send"],
	["peer", "get_close_code"], ["peer", "get_inbound_buffer_size"], ["room", "poll"], ["room", "get_connection_status"],
	["room", "get_available_packet_count"], ["listener", "is_connection_available"], ["listener", "get_local_port"]]

var _only := ""
var _rounds := 7


func _initialize() -> void:
	var arguments := OS.get_cmdline_user_args()
	var memory := arguments.find("--memory")
	if memory >= 0:
		_measure_memory(arguments[memory + 1], int(arguments[memory + 2]))
		return
	if "--only" in arguments:
		_only = arguments[arguments.find("--only") + 1]
	if "--rounds" in arguments:
		_rounds = int(arguments[arguments.find("--rounds") + 1])
	for secure: bool in [false, true]:
		var scheme := "wss" if secure else "ws"
		for size: int in [64 * KIB] if secure else [16, KIB, 64 * KIB, KIB * KIB]:
			_row("%s echo %s" % [scheme, _size(size)], "µs a round trip", func(workload: RefCounted) -> float: return workload.echo(size, secure))
		for size: int in [64 * KIB] if secure else [16, KIB, 64 * KIB]:
			_row("%s burst %s" % [scheme, _size(size)], "µs a message", func(workload: RefCounted) -> float: return workload.burst(Workload.bytes(size), secure))
	for size: int in [128, 64 * KIB]:
		_row("ws text burst %s, not ASCII" % _size(size), "µs a message", func(workload: RefCounted) -> float: return workload.text_burst(Workload.text(size)))
	for count: int in [1, 200, 1000]:
		_row("idle poll, %d peers" % count, "µs a peer", func(workload: RefCounted) -> float: return workload.idle(count))
	for called: Array in CALLED:
		for style: String in ["typed", "untyped", "callable"]:
			_row("call of %s.%s, %s" % [called[0], called[1], style], "µs a call", func(workload: RefCounted) -> float: return workload.calls(called[0], called[1], style))
	_row("connect and handshake", "µs a connection", func(workload: RefCounted) -> float: return workload.connections())
	quit()


static func _workload(is_ours: bool) -> RefCounted:
	if not is_ours:
		return Workload.new()
	var script := GDScript.new()
	script.source_code = (Workload as GDScript).source_code
	for name: String in ["WebSocketPeer", "WebSocketMultiplayerPeer", "TCPServer", "StreamPeerTLS"]:
		script.source_code = script.source_code.replace(name, "Rust" + name)
	script.reload()
	return script.new()


static func _size(bytes: int) -> String:
	return "%d B" % bytes if bytes < KIB else "%d KiB" % (bytes / KIB) if bytes < KIB * KIB else "%d MiB" % (bytes / KIB / KIB)


## Measures both implementations. `measure` returns microseconds, negative on failure.
func _row(name: String, unit: String, measure: Callable) -> void:
	if _only and not name.contains(_only):
		return
	var workloads := [_workload(true), _workload(false)]
	var samples := [[], []]
	for workload: RefCounted in workloads:
		measure.call(workload)
	for i in _rounds:
		for j in 2:
			var took: float = measure.call(workloads[j])
			if took < 0.0:
				printerr("%s: no result from %s" % [name, ["ours", "the engine's"][j]])
				quit(1)
				return
			samples[j].append(took)
	var ours := _median(samples[0])
	var engine := _median(samples[1])
	print("ROW\t%s\t%s\t%.3f\t%.3f\t%.2f" % [name, unit, ours, engine, engine / ours])


static func _median(values: Array) -> float:
	values.sort()
	return values[values.size() / 2]


func _measure_memory(name: String, limit: int) -> void:
	var workload := _workload(name == "ours")
	# The first connections allocate memory that later ones share.
	var first_pairs: Array = workload.pairs(10, limit)
	var before := _resident()
	var pairs: Array = workload.pairs(MEMORY_PAIRS, limit)
	for pair: Array in pairs:
		pair[0].poll()
		pair[1].poll()
	print("MEMORY\t%d" % ((_resident() - before) / (2 * pairs.size())))
	first_pairs.clear()
	quit(0 if pairs.size() == MEMORY_PAIRS else 1)


static func _resident() -> int:
	var file := FileAccess.open("/proc/self/status", FileAccess.READ)
	while not file.eof_reached():
		var line := file.get_line()
		if line.begins_with("VmRSS:"):
			return int(line) * KIB
	return 0
