extends "support/suite.gd"
## The game of demos/four_in_a_row: several instances of its scene in one process, and scripted players in several processes.

const GameWindow := preload("res://demos/four_in_a_row/four_in_a_row.gd")
const Rules := preload("res://demos/four_in_a_row/rules.gd")

const SCENE := "res://demos/four_in_a_row/four_in_a_row.tscn"
const NAMES: PackedStringArray = ["Ann", "Ben", "Cleo"]

var tree: SceneTree = Engine.get_main_loop()
var windows: Array[GameWindow] = []


func run_test(name: String) -> void:
	# The scene tree is incomplete before its first frame.
	await tree.process_frame
	await super.run_test(name)


func tear_down() -> void:
	for window in windows:
		var path := window.get_path()
		var api := window.multiplayer
		window.free()
		tree.set_multiplayer(null, path)
		api.multiplayer_peer = null
	windows.clear()


func observation() -> Array:
	return windows.map(func(window: GameWindow) -> Array:
		return [window.chat_log.get_parsed_text(), window.game.players, window.game.seats, window.game.rules.cells, window.game.is_running, window._is_online])


func _implementations() -> Array[PackedStringArray]:
	if not implementation.is_ours():
		return [["engine", "engine", "engine"]]
	return [["wspeer", "wspeer", "wspeer"], ["wspeer", "engine", "engine"], ["engine", "wspeer", "wspeer"], ["wspeer", "engine", "wspeer"]]


func _open(player_name: String, implementation_name: String) -> GameWindow:
	var window: GameWindow = load(SCENE).instantiate()
	window.name = "Window" + player_name
	tree.set_multiplayer(SceneMultiplayer.new(), NodePath("/root/" + window.name))
	tree.root.add_child(window)
	window.name_line.text = player_name
	window.peer_choice.select(GameWindow.PEERS.find(implementation_name))
	windows.append(window)
	return window


func _connect_windows(implementations: PackedStringArray) -> bool:
	var port := Loopback.free_port()
	for i in implementations.size():
		var window := _open(NAMES[i], implementations[i])
		equal(window.host(port) if i == 0 else window.join("ws://127.0.0.1:%d" % port), OK, "host or join")
	return await frames_until(func() -> bool: return windows.all(func(window: GameWindow) -> bool: return window.game.players.size() == implementations.size()), "every window to list all players")


func _leave_and_close_all() -> void:
	for window in windows:
		window.leave("")
	await frames_until(func() -> bool: return windows.all(func(window: GameWindow) -> bool: return not window._is_online), "all windows to be offline")
	tear_down()


func test_rules() -> void:
	var rules := Rules.new()
	for column: int in [0, 1, 0, 1, 0, 1]:
		check(rules.drop(column), "a move")
	equal(rules.winner(), Rules.NO_PLAYER, "no winner yet")
	check(not rules.drop(-1) and not rules.drop(7), "no such column")
	check(rules.drop(0), "the fourth stone")
	equal([rules.winner(), rules.is_over(), rules.row_of_four().size()], [0, true, 4], "four in a column")
	check(not rules.drop(3), "no move after the end")
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
	# Pairs of columns filled in this order have no four in a row.
	var full := Rules.new()
	for pair: int in [0, 2, 4]:
		for column: int in [0, 1, 0, 1, 1, 0, 1, 0, 0, 1, 0, 1]:
			full.drop(pair + column)
	for stone in Rules.ROWS:
		check(full.can_drop(6) or full.is_over(), "another move")
		full.drop(6)
	equal([full.winner(), full.is_over(), full.can_drop(6)], [Rules.NO_PLAYER, true, false], "a draw")


func test_a_game_in_every_combination() -> void:
	for implementations in _implementations():
		if not await _connect_windows(implementations):
			return
		var host := windows[0]
		for window in windows:
			window.say("hello from " + window.name_line.text)
		for window in windows:
			for name in NAMES:
				await frames_until(func() -> bool: return "%s: hello from %s" % [name, name] in window.chat_log.get_parsed_text(), "the chat messages")
		windows[1].sit_button.pressed.emit()
		await frames_until(func() -> bool: return host.game.seats[0] == windows[1].multiplayer.get_unique_id(), "the first seat")
		windows[2].sit_button.pressed.emit()
		await frames_until(func() -> bool: return windows.all(func(window: GameWindow) -> bool: return window.game.is_running), "the start of the game")
		# A move of a spectator, and one out of turn, change nothing.
		host.game.drop.rpc_id(1, 0)
		windows[2].game.drop.rpc_id(1, 0)
		windows[2].say("that was out of turn")
		await frames_until(func() -> bool: return "out of turn" in host.chat_log.get_parsed_text(), "the chat message after the moves")
		var players: Array[GameWindow] = [windows[1], windows[2]]
		for move in 7:
			var player := players[move % 2]
			await frames_until(player.game.is_my_turn, "the turn of a player")
			player.board.column_clicked.emit(move % 2)
		await frames_until(func() -> bool: return windows.all(func(window: GameWindow) -> bool: return window.game.rules.winner() == 0), "the end of the game")
		for window in windows:
			equal(window.game.rules.cells, host.game.rules.cells, "the same board")
			equal(window.status.text, "Ben has won", "the status")
			equal(window.player_list.item_count, 3, "the list of players")
		# A second game, which one player leaves.
		windows[2].sit_button.pressed.emit()
		await frames_until(windows[1].game.is_my_turn, "the second game")
		windows[2].leave("Enough.")
		for window: GameWindow in [windows[0], windows[1]]:
			await frames_until(func() -> bool: return not window.game.is_running and window.game.players.size() == 2, "the player to be removed")
		# If the host leaves, the others are disconnected.
		host.leave("")
		await frames_until(func() -> bool: return not windows[1]._is_online, "the disconnection")
		check("The host has disconnected." in windows[1].chat_log.get_parsed_text(), "the message about it")
		await _leave_and_close_all()


func test_no_host_listens() -> void:
	var window := _open("Ann", "wspeer" if implementation.is_ours() else "engine")
	var port := Loopback.free_port()
	expect_engine_errors(true)
	check(window.join("http://nowhere") != OK, "an invalid URL is refused")
	expect_engine_errors(false)
	equal(window.join("ws://127.0.0.1:%d" % port), OK, "join")
	await frames_until(func() -> bool: return "No host answers." in window.chat_log.get_parsed_text(), "the message about it")
	check(not window.host_button.disabled, "the buttons are enabled again")


func test_scripted_players_in_several_processes() -> void:
	for implementations in _implementations():
		var port := Loopback.free_port()
		var players: Array[ChildProcess] = []
		for i in 2:
			var role := ["--host", str(port)] if i == 0 else ["--join", "ws://127.0.0.1:%d" % port]
			players.append(start_engine(PackedStringArray([SCENE, "--", "--bot", "--name", NAMES[i], "--peer", implementations[i]] + role)))
			if i == 0 and not await frames_until(players[0].has_line.bind("Hosting at port"), "the host"):
				return
		for player in players:
			if not await frames_until(func() -> bool: return not player.is_running(), "the end of a scripted game"):
				return
			equal(player.exit_code(), 0, "exit code: %s" % [player.lines])
