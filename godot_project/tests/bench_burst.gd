extends SceneTree
## A burst of small messages from one peer to another in one process, the engine's classes and
## the extension's in turn. Prints the median seconds of each and their ratio:
##   godot --headless --path godot_project -s res://tests/bench_burst.gd -- [MESSAGES [ROUNDS]]

const Implementation := preload("support/implementation.gd")
const Stage := preload("support/stage.gd")

const BYTES := 16
const DEADLINE_SECONDS := 60.0
## Sends between two polls, as of a game that sends all its news in one frame.
const SENDS_PER_POLL := 500


func _initialize() -> void:
	var arguments := OS.get_cmdline_user_args()
	var messages := int(arguments[0]) if arguments.size() > 0 else 50_000
	var rounds := int(arguments[1]) if arguments.size() > 1 else 7
	var contenders: Array[Implementation] = []
	for name: String in [Implementation.ENGINE, Implementation.OURS]:
		var implementation := Implementation.new(name)
		if implementation.missing().is_empty():
			contenders.append(implementation)
		else:
			print("%s: missing %s" % [name, ", ".join(implementation.missing())])
	var seconds: Dictionary[String, Array] = {}
	for i in rounds:
		for contender in contenders:
			var took := _burst(contender, messages)
			if took < 0.0:
				print("%s: not all messages arrived" % contender.name)
				quit(1)
				return
			seconds.get_or_add(contender.name, []).append(took)
	for name in seconds:
		print("%s: %.3f s for %d messages of %d bytes (median of %d)" % [name, _median(seconds[name]), messages, BYTES, rounds])
	if seconds.size() == 2:
		print("ours takes %.2f of the engine's time" % (_median(seconds[Implementation.OURS]) / _median(seconds[Implementation.ENGINE])))
	quit(0 if seconds.size() == 2 else 1)


static func _median(values: Array) -> float:
	values.sort()
	return values[values.size() / 2]


## -1 if not all arrived.
func _burst(implementation: Implementation, messages: int) -> float:
	var stage := Stage.new(implementation)
	var roomy := {"inbound_buffer_size": 1 << 20, "outbound_buffer_size": 1 << 20, "max_queued_packets": messages + 1}
	var ends := stage.pair(roomy, roomy)
	var message := PackedByteArray()
	message.resize(BYTES)
	var sent := 0
	var received := 0
	var start := Time.get_ticks_usec()
	while received < messages and Time.get_ticks_usec() - start < DEADLINE_SECONDS * 1e6:
		var budget := mini(SENDS_PER_POLL, messages - sent)
		while budget > 0 and ends[0].send(message) == OK:
			budget -= 1
			sent += 1
		ends[0].poll()
		ends[1].poll()
		while ends[1].get_available_packet_count() > 0:
			ends[1].get_packet()
			received += 1
	var took := (Time.get_ticks_usec() - start) / 1e6
	stage.clear()
	return took if received == messages else -1.0
