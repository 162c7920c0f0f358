extends SceneTree
## A player of suite_multiplayer_processes.gd in another process:
##   godot --headless --path godot_project -s res://tests/player_process.gd -- ours|engine client|server PORT PLAYERS
## A server ignores PORT and prints [code]LISTENING <port>[/code]. Each player says hello to all peers. A client is complete, and reports that
## to the server, when PLAYERS - 1 others have said hello. The process ends at the call "it is over", with exit code 0 if the player
## was complete.

const Implementation := preload("support/implementation.gd")
const Player := preload("support/player.gd")
const RoomGroup := preload("support/room_group.gd")
const Wait := preload("support/wait.gd")

var _player: Player
var _player_count := 0
var _greeted := {}
var _is_complete := false
## Longer than any wait of the suite, which kills the process at its end.
var _wait := Wait.new(func() -> Array: return _player.observation(), 3.0 * Wait.PATIENCE)


func _initialize() -> void:
	var arguments := OS.get_cmdline_user_args()
	_player_count = int(arguments[3])
	await process_frame
	_player = Player.new(self, "Player", Implementation.new(arguments[0]).room())
	if arguments[1] == "server":
		print("LISTENING %d" % RoomGroup.listen(_player.peer))
	else:
		_player.peer.create_client("ws://127.0.0.1:" + arguments[2])
	_player.enter()


func _process(_delta: float) -> bool:
	if _player == null:
		return false
	for id: int in _player.peers():
		if id not in _greeted:
			_greeted[id] = true
			_player.game.rpc_id(id, "say", "hello")
	var texts := _player.game.calls.map(func(remote_call: Array) -> String: return remote_call[2])
	if texts.count("hello") >= _player_count - 1 and not _is_complete:
		_is_complete = true
		if _player.id() != 1:
			_player.game.rpc_id(1, "say", "complete")
	if "it is over" in texts or "server_disconnected" in _player.events or _wait.is_stalled():
		_player.leave(self)
		_player = null
		quit(0 if _is_complete and "it is over" in texts else 1)
	return false
