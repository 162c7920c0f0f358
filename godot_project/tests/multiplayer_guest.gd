extends SceneTree
## A player of suite_multiplayer_processes.gd in a process of its own:
##   godot --headless --path godot_project -s res://tests/multiplayer_guest.gd -- FAMILY ROLE ARGUMENT PLAYERS
## ROLE client plays at port ARGUMENT; ROLE server writes its port to the file ARGUMENT. Each says
## hello to everybody, a client tells the server when it is complete, that is, has heard that many
## PLAYERS, and both end when they are told to, with code 0 if they were complete.

const Hall := preload("support/hall.gd")
const Implementation := preload("support/implementation.gd")
const Player := preload("support/player.gd")

const SECONDS := 60.0

var _player: Player
var _players := 0
var _greeted := {}
var _is_complete := false


func _initialize() -> void:
	var arguments := OS.get_cmdline_user_args()
	_players = int(arguments[3])
	await process_frame
	_player = Player.new(self, "Guest", Implementation.new(arguments[0]).room())
	if arguments[1] == "server":
		var port := Hall.listen(_player.room)
		_player.enter()
		var file := FileAccess.open(arguments[2] + ".part", FileAccess.WRITE)
		file.store_string(str(port))
		file.close()
		DirAccess.rename_absolute(arguments[2] + ".part", arguments[2])
	else:
		_player.room.create_client("ws://127.0.0.1:" + arguments[2])
		_player.enter()
	create_timer(SECONDS).timeout.connect(quit.bind(2))


func _process(_delta: float) -> bool:
	if _player == null:
		return false
	for id: int in _player.peers():
		if id not in _greeted:
			_greeted[id] = true
			_player.game.rpc_id(id, "say", "hello")
	var greetings := _player.game.heard.filter(func(entry: Array) -> bool: return entry[2] == "hello")
	if greetings.size() >= _players - 1 and not _is_complete:
		_is_complete = true
		if _player.id() != 1:
			_player.game.rpc_id(1, "say", "complete")
	var is_over := _player.game.heard.any(func(entry: Array) -> bool: return entry[2] == "it is over")
	if is_over or "server_disconnected" in _player.told:
		_player.leave(self)
		_player = null
		quit(0 if _is_complete and is_over else 1)
	return false
