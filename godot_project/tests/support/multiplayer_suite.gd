extends "suite.gd"
## Base of the suites in which Godot's own SceneMultiplayer plays over rooms of the extension and of the engine.

const Hall := preload("hall.gd")
const Player := preload("player.gd")

const GUEST := "res://tests/multiplayer_guest.gd"
const SECONDS := 20.0

var tree: SceneTree = Engine.get_main_loop()
var players: Array[Player] = []
var port := 0

var _pids := PackedInt32Array()
var _line_up := [Implementation.OURS, Implementation.OURS, Implementation.OURS, Implementation.OURS]


## Plays the test with the given players, who are gone behind it.
func run_test(name: String) -> void:
	# The tree is complete from its first frame on.
	await tree.process_frame
	await super.run_test(name)
	for player in players:
		player.leave(tree)
	players.clear()
	for pid in _pids:
		if OS.is_process_running(pid):
			OS.kill(pid)
	_pids.clear()


# Driving.

func _until(condition: Callable, what: String, seconds := SECONDS) -> bool:
	var deadline := Time.get_ticks_usec() + int(seconds * 1e6)
	while not condition.call():
		if Time.get_ticks_usec() > deadline:
			_fail("in time: " + what)
			return false
		await tree.process_frame
	checks += 1
	return true


func _frames(count: int) -> void:
	for i in count:
		await tree.process_frame


func _add_player(of: String, as_server: bool) -> Player:
	var player := Player.new(tree, "Player%d" % players.size(), Implementation.new(of).room())
	players.append(player)
	if as_server:
		port = Hall.listen(player.room)
		player.enter()
	return player


## A player in a process of its own; see multiplayer_guest.gd.
func _launch(family: String, role: String, argument: String, count: int) -> int:
	var engine := OS.get_environment("WSPEER_ENGINE")
	var pid := OS.create_process(engine if engine != "" else OS.get_executable_path(), [
		"--headless", "--path", ProjectSettings.globalize_path("res://"), "-s", GUEST, "--", family, role, argument, str(count)])
	check(pid > 0, "a process")
	_pids.append(pid)
	return pid


func _join(player: Player) -> void:
	equal(player.room.create_client("ws://127.0.0.1:%d" % port), OK, "create_client")
	player.enter()


## Everybody of the line-up, or the first ones, in one room.
func _gather(count := _line_up.size()) -> bool:
	for i in count:
		var player := _add_player(_line_up[i], i == 0)
		if i > 0:
			_join(player)
	return await _all_know_each_other()


func _present() -> Array[Player]:
	return players.filter(func(player: Player) -> bool:
		return player.room.get_connection_status() == MultiplayerPeer.CONNECTION_CONNECTED and player.id() > 0)


func _all_know_each_other(count := players.size()) -> bool:
	return await _until(func() -> bool:
		return _present().size() == count and _present().all(func(player: Player) -> bool: return player.peers().size() == count - 1),
		"everybody knows everybody")


func _others(than: Player) -> Array[Player]:
	return players.filter(func(player: Player) -> bool: return player != than)


func _heard(player: Player, entry: Array) -> bool:
	return entry in player.game.heard
