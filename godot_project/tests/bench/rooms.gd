extends SceneTree
## Compares a multiplayer server that sends small packets to all its clients, who answer each: the
## extension's class and the engine's in turns, in one process. Prints rows as bench.gd.
##   godot --headless --path godot_project -s res://tests/bench/rooms.gd -- [--rounds N]

const Hall := preload("../support/hall.gd")
const Implementation := preload("../support/implementation.gd")
const Stage := preload("../support/stage.gd")

const BYTES := 32
const CLIENTS: PackedInt32Array = [1, 8, 40]
const ANSWERS := 16_000
const DEADLINE_SECONDS := 60.0
## Packets for everybody between two polls, as of a server that tells all its news in one frame.
const SENDS_PER_POLL := 20


func _initialize() -> void:
	var arguments := OS.get_cmdline_user_args()
	var rounds := int(arguments[1]) if arguments.size() > 1 else 7
	for clients in CLIENTS:
		var samples: Dictionary[String, Array] = {}
		for i in rounds:
			for name: String in [Implementation.OURS, Implementation.ENGINE]:
				var took := _round(Implementation.new(name), ANSWERS / clients, clients)
				if took < 0.0:
					printerr("%d clients: not all packets of %s arrived" % [clients, name])
					quit(1)
					return
				samples.get_or_add(name, []).append(took)
		var ours := _median(samples[Implementation.OURS])
		var engine := _median(samples[Implementation.ENGINE])
		print("ROW\tmultiplayer broadcast and answers %d B, %d clients\tµs an answer\t%.3f\t%.3f\t%.2f" % [BYTES, clients, ours, engine, engine / ours])
	quit()


static func _median(values: Array) -> float:
	values.sort()
	return values[values.size() / 2]


## Microseconds for each packet that a client has received and answered; -1 if not all arrived.
func _round(implementation: Implementation, packets: int, clients: int) -> float:
	var stage := Stage.new(implementation)
	var hall := Hall.new(stage)
	for i in clients:
		hall.admit()
	var packet := PackedByteArray()
	packet.resize(BYTES)
	hall.server.set_target_peer(0)
	var sent := 0
	var answered := 0
	var start := Time.get_ticks_usec()
	while answered < packets * clients and Time.get_ticks_usec() - start < DEADLINE_SECONDS * 1e6:
		for i in mini(SENDS_PER_POLL, packets - sent):
			hall.server.put_packet(packet)
			sent += 1
		hall.server.poll()
		for client in hall.clients:
			client.poll()
			while client.get_available_packet_count() > 0:
				client.put_packet(client.get_packet())
			client.poll()
		hall.server.poll()
		while hall.server.get_available_packet_count() > 0:
			hall.server.get_packet_peer()
			hall.server.get_packet()
			answered += 1
	var took := Time.get_ticks_usec() - start
	stage.clear()
	return float(took) / answered if answered == packets * clients else -1.0
