extends SceneTree
## Compares the extension's classes with the engine's: the same script, the same calls, in one
## process, in turns. Each line that begins with ROW is one comparison, its fields separated by
## tabs: name, unit, median of ours, median of the engine's, how many times better ours is.
##   godot --headless --path godot_project -s res://tests/bench/bench.gd -- [--only SUBSTRING]
##       [--rounds N] [--memory ours|engine LIMIT]
## --memory prints only the bytes of resident memory that one idle connection costs.

const Contender := preload("contender.gd")

const KIB := 1024
const MEMORY_PAIRS := 1500

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
			_row("%s echo %s" % [scheme, _size(size)], "µs a round trip", func(c: RefCounted) -> float: return c.echo(size, secure))
		for size: int in [64 * KIB] if secure else [16, KIB, 64 * KIB]:
			_row("%s burst %s" % [scheme, _size(size)], "µs a message", func(c: RefCounted) -> float: return c.burst(Contender.bytes(size), secure))
	for size: int in [128, 64 * KIB]:
		_row("ws text burst %s, not ASCII" % _size(size), "µs a message", func(c: RefCounted) -> float: return c.text_burst(Contender.text(size)))
	for count: int in [1, 200, 1000]:
		_row("idle poll, %d peers" % count, "µs a peer", func(c: RefCounted) -> float: return c.idle(count))
	_row("connect and handshake", "µs a connection", func(c: RefCounted) -> float: return c.connections())
	quit()


static func _contender(is_ours: bool) -> RefCounted:
	if not is_ours:
		return Contender.new()
	var script := GDScript.new()
	script.source_code = (Contender as GDScript).source_code
	for name: String in ["WebSocketPeer", "TCPServer", "StreamPeerTLS"]:
		script.source_code = script.source_code.replace(name, "Rust" + name)
	script.reload()
	return script.new()


static func _size(bytes: int) -> String:
	return "%d B" % bytes if bytes < KIB else "%d KiB" % (bytes / KIB) if bytes < KIB * KIB else "%d MiB" % (bytes / KIB / KIB)


## `measure` returns microseconds, or a negative number when it went wrong.
func _row(name: String, unit: String, measure: Callable) -> void:
	if _only and not name.contains(_only):
		return
	var contenders := [_contender(true), _contender(false)]
	var samples := [[], []]
	for contender: RefCounted in contenders:
		measure.call(contender)
	for i in _rounds:
		for j in 2:
			var took: float = measure.call(contenders[j])
			if took < 0.0:
				printerr("%s: %s did not get through" % [name, ["ours", "the engine's"][j]])
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
	var contender := _contender(name == "ours")
	# What the first connections need once is not theirs.
	var warm: Array = contender.pairs(10, limit)
	var before := _resident()
	var pairs: Array = contender.pairs(MEMORY_PAIRS, limit)
	for pair: Array in pairs:
		pair[0].poll()
		pair[1].poll()
	print("MEMORY\t%d" % ((_resident() - before) / (2 * pairs.size())))
	warm.clear()
	quit(0 if pairs.size() == MEMORY_PAIRS else 1)


static func _resident() -> int:
	var file := FileAccess.open("/proc/self/status", FileAccess.READ)
	while not file.eof_reached():
		var line := file.get_line()
		if line.begins_with("VmRSS:"):
			return int(line) * KIB
	return 0
