extends SceneTree
## Compares a multiplayer server that sends small packets to all its clients, which answer each: the
## extension's class and the engine's in one process, in alternating rounds. Prints rows as bench.gd.
##   godot --headless --path godot_project -s res://tests/bench/rooms.gd -- [--rounds N]

const RoomGroup := preload("../support/room_group.gd")
const Implementation := preload("../support/implementation.gd")
const Loopback := preload("../support/loopback.gd")
const Wait := preload("../support/wait.gd")

const BYTES := 32
const CLIENTS: PackedInt32Array = [1, 8, 40]
const ANSWERS := 16_000
## Broadcasts between two polls, as of a server that sends all its updates in one frame.
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


## Returns the microseconds for each packet that a client has received and answered, -1 if some were lost.
func _round(implementation: Implementation, packets: int, clients: int) -> float:
	var loopback := Loopback.new(implementation)
	var group := RoomGroup.new(loopback)
	for i in clients:
		group.connected_client()
	var packet := PackedByteArray()
	packet.resize(BYTES)
	group.server.set_target_peer(0)
	var sent := 0
	var answered := [0]
	var wait := Wait.new(func() -> int: return answered[0])
	var start := Time.get_ticks_usec()
	while answered[0] < packets * clients and not wait.is_stalled():
		for i in mini(SENDS_PER_POLL, packets - sent):
			group.server.put_packet(packet)
			sent += 1
		group.server.poll()
		for client in group.clients:
			client.poll()
			while client.get_available_packet_count() > 0:
				client.put_packet(client.get_packet())
			client.poll()
		group.server.poll()
		while group.server.get_available_packet_count() > 0:
			group.server.get_packet_peer()
			group.server.get_packet()
			answered[0] += 1
	var took := Time.get_ticks_usec() - start
	loopback.clear()
	return float(took) / answered[0] if answered[0] == packets * clients else -1.0
