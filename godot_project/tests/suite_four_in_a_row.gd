extends "support/suite.gd"
## The game of demos/four_in_a_row, with windows' worth of scenes in one process and with scripted
## players in several.

const Game := preload("res://demos/four_in_a_row/four_in_a_row.gd")
const Rules := preload("res://demos/four_in_a_row/rules.gd")
const Hall := preload("support/hall.gd")

const SCENE := "res://demos/four_in_a_row/four_in_a_row.tscn"
const SECONDS := 20.0
const NAMES: PackedStringArray = ["Ann", "Ben", "Cleo"]

var tree: SceneTree = Engine.get_main_loop()
var windows: Array[Game] = []

var _pids := PackedInt32Array()


func run_test(name: String) -> void:
	await tree.process_frame
	await super.run_test(name)
	for window in windows:
		var path := window.get_path()
		var api := window.multiplayer
		window.free()
		tree.set_multiplayer(null, path)
		api.multiplayer_peer = null
	windows.clear()
	for pid in _pids:
		if OS.is_process_running(pid):
			OS.kill(pid)
	_pids.clear()


func _until(condition: Callable, what: String, seconds := SECONDS) -> bool:
	var deadline := Time.get_ticks_usec() + int(seconds * 1e6)
	while not condition.call():
		if Time.get_ticks_usec() > deadline:
			_fail("in time: " + what)
			return false
		await tree.process_frame
	checks += 1
	return true


func _families() -> Array[PackedStringArray]:
	if not implementation.is_ours():
		return [["engine", "engine", "engine"]]
	return [["wspeer", "wspeer", "wspeer"], ["wspeer", "engine", "engine"], ["engine", "wspeer", "wspeer"], ["wspeer", "engine", "wspeer"]]


func _open(player_name: String, family: String) -> Game:
	var window: Game = load(SCENE).instantiate()
	window.name = "Window" + player_name
	tree.set_multiplayer(SceneMultiplayer.new(), NodePath("/root/" + window.name))
	tree.root.add_child(window)
	window.name_line.text = player_name
	window.peer_choice.select(Game.PEERS.find(family))
	windows.append(window)
	return window


func _gather(families: PackedStringArray) -> bool:
	var probe := TCPServer.new()
	probe.listen(0, "127.0.0.1")
	var port := probe.get_local_port()
	probe.stop()
	for i in families.size():
		var window := _open(NAMES[i], families[i])
		equal(window.host(port) if i == 0 else window.join("ws://127.0.0.1:%d" % port), OK, "the beginning")
	return await _until(func() -> bool: return windows.all(func(window: Game) -> bool: return window.game.players.size() == families.size()), "all in the lobby")


func _close_all() -> void:
	for window in windows:
		window.leave("")
	await _until(func() -> bool: return windows.all(func(window: Game) -> bool: return not window._is_online), "all gone")
	for window in windows:
		var path := window.get_path()
		var api := window.multiplayer
		window.free()
		tree.set_multiplayer(null, path)
		api.multiplayer_peer = null
	windows.clear()


func test_rules() -> void:
	var rules := Rules.new()
	for column: int in [0, 1, 0, 1, 0, 1]:
		check(rules.drop(column), "a move")
	equal(rules.winner(), Rules.NOBODY, "nobody yet")
	check(not rules.drop(-1) and not rules.drop(7), "no such column")
	check(rules.drop(0), "the fourth")
	equal([rules.winner(), rules.is_over(), rules.row_of_four().size()], [0, true, 4], "four in a column")
	check(not rules.drop(3), "over is over")
	var row := Rules.new()
	for column: int in [0, 0, 1, 1, 2, 2, 3]:
		row.drop(column)
	equal(row.winner(), 0, "four in a row")
	var rising := Rules.new()
	for column: int in [0, 1, 1, 2, 2, 3, 2, 3, 3, 6, 3]:
		rising.drop(column)
	equal(rising.winner(), 0, "a rising diagonal")
	var falling := Rules.new()
	for column: int in [6, 5, 5, 4, 4, 3, 4, 3, 3, 0, 3]:
		falling.drop(column)
	equal(falling.winner(), 0, "a falling diagonal")
	# Pairs of columns filled in this order leave nobody four side by side.
	var full := Rules.new()
	for pair: int in [0, 2, 4]:
		for column: int in [0, 1, 0, 1, 1, 0, 1, 0, 0, 1, 0, 1]:
			full.drop(pair + column)
	for stone in Rules.ROWS:
		check(full.can_drop(6) or full.is_over(), "room for another")
		full.drop(6)
	equal([full.winner(), full.is_over(), full.can_drop(6)], [Rules.NOBODY, true, false], "a draw")


func test_a_game_in_every_combination() -> void:
	for families in _families():
		if not await _gather(families):
			return
		var host := windows[0]
		for window in windows:
			window.say("hello from " + window.name_line.text)
		for window in windows:
			for name in NAMES:
				await _until(func() -> bool: return "%s: hello from %s" % [name, name] in window.chat_log.get_parsed_text(), "the chat")
		windows[1].sit_button.pressed.emit()
		await _until(func() -> bool: return host.game.seats[0] == windows[1].multiplayer.get_unique_id(), "the first seat")
		windows[2].sit_button.pressed.emit()
		await _until(func() -> bool: return windows.all(func(window: Game) -> bool: return window.game.is_running), "a game")
		# A move of who does not play, and one out of turn, change nothing.
		host.game.drop.rpc_id(1, 0)
		windows[2].game.drop.rpc_id(1, 0)
		windows[2].say("that was out of turn")
		await _until(func() -> bool: return "out of turn" in host.chat_log.get_parsed_text(), "what was said behind it")
		var players: Array[Game] = [windows[1], windows[2]]
		for move in 7:
			var player := players[move % 2]
			await _until(player.game.is_my_turn, "a turn")
			player.board.column_clicked.emit(move % 2)
		await _until(func() -> bool: return windows.all(func(window: Game) -> bool: return window.game.rules.winner() == 0), "the end")
		for window in windows:
			equal(window.game.rules.cells, host.game.rules.cells, "the same board")
			equal(window.status.text, "Ben has won", "the status")
			equal(window.player_list.item_count, 3, "the list of players")
		# Once more; then one leaves in the middle.
		windows[2].sit_button.pressed.emit()
		await _until(windows[1].game.is_my_turn, "another game")
		windows[2].leave("Enough.")
		for window: Game in [windows[0], windows[1]]:
			await _until(func() -> bool: return not window.game.is_running and window.game.players.size() == 2, "one is gone")
		# And the host's end is the others'.
		host.leave("")
		await _until(func() -> bool: return not windows[1]._is_online, "told")
		check("The host has gone." in windows[1].chat_log.get_parsed_text(), "told in words")
		await _close_all()


func test_nobody_answers() -> void:
	var window := _open("Ann", "wspeer" if implementation.is_ours() else "engine")
	var probe := TCPServer.new()
	probe.listen(0, "127.0.0.1")
	var port := probe.get_local_port()
	probe.stop()
	expect_engine_errors(true)
	check(window.join("http://nowhere") != OK, "what is no URL is refused")
	expect_engine_errors(false)
	equal(window.join("ws://127.0.0.1:%d" % port), OK, "on the way")
	await _until(func() -> bool: return "Nobody answers there." in window.chat_log.get_parsed_text(), "told")
	check(not window.host_button.disabled, "once more")


func test_scripted_players_in_several_processes() -> void:
	for families in _families():
		var probe := TCPServer.new()
		probe.listen(0, "127.0.0.1")
		var port := probe.get_local_port()
		probe.stop()
		var engine := OS.get_environment("WSPEER_ENGINE")
		var running := PackedInt32Array()
		for i in 2:
			var where := ["--host", str(port)] if i == 0 else ["--join", "ws://127.0.0.1:%d" % port]
			var pid := OS.create_process(engine if engine != "" else OS.get_executable_path(), PackedStringArray(
				["--headless", "--path", ProjectSettings.globalize_path("res://"), SCENE, "--", "--bot", "--name", NAMES[i], "--peer", families[i]] + where))
			_pids.append(pid)
			running.append(pid)
			if i == 0:
				# Who joins is not patient: the host has to be there first.
				var knock := StreamPeerTCP.new()
				await _until(func() -> bool:
					if knock.get_status() != StreamPeerTCP.STATUS_CONNECTING:
						knock.disconnect_from_host()
						knock.connect_to_host("127.0.0.1", port)
					knock.poll()
					return knock.get_status() == StreamPeerTCP.STATUS_CONNECTED, "the host")
				knock.disconnect_from_host()
		for pid in running:
			if not await _until(func() -> bool: return not OS.is_process_running(pid), "the end of a scripted game", 40.0):
				return
			equal(OS.get_process_exit_code(pid), 0, "exit code")
