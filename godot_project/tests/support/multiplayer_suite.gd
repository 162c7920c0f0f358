extends "suite.gd"
## Base of the suites in which SceneMultiplayer runs over the WebSocketMultiplayerPeer of the extension and of the engine.

const RoomGroup := preload("room_group.gd")
const Player := preload("player.gd")

const PLAYER_PROCESS := "res://tests/player_process.gd"

var tree: SceneTree = Engine.get_main_loop()
var players: Array[Player] = []
var port := 0

## The implementation of each player, the server first.
var _line_up := [Implementation.OURS, Implementation.OURS, Implementation.OURS, Implementation.OURS]


func run_test(name: String) -> void:
	# The scene tree is incomplete before its first frame.
	await tree.process_frame
	await super.run_test(name)


func tear_down() -> void:
	for player in players:
		player.leave(tree)
	players.clear()


func observation() -> Array:
	return players.map(func(player: Player) -> Array: return player.observation())


func _frames(count: int) -> void:
	for i in count:
		await tree.process_frame


func _add_player(of: String, as_server: bool) -> Player:
	var player := Player.new(tree, "Player%d" % players.size(), Implementation.new(of).room())
	players.append(player)
	if as_server:
		port = RoomGroup.listen(player.peer)
		player.enter()
	return player


## Starts a player in another process; see player_process.gd.
func _start_player(implementation_name: String, role: String, argument: String, count: int) -> ChildProcess:
	return start_engine(["-s", PLAYER_PROCESS, "--", implementation_name, role, argument, str(count)])


func _join(player: Player) -> void:
	equal(player.peer.create_client("ws://127.0.0.1:%d" % port), OK, "create_client")
	player.enter()


## Connects the players of the line-up, or the first of them.
func _connect_players(count := _line_up.size()) -> bool:
	for i in count:
		var player := _add_player(_line_up[i], i == 0)
		if i > 0:
			_join(player)
	return await _all_peers_known()


func _connected_players() -> Array[Player]:
	return players.filter(func(player: Player) -> bool:
		return player.peer.get_connection_status() == MultiplayerPeer.CONNECTION_CONNECTED and player.id() > 0)


func _all_peers_known(count := players.size()) -> bool:
	return await frames_until(func() -> bool:
		return _connected_players().size() == count and _connected_players().all(func(player: Player) -> bool: return player.peers().size() == count - 1),
		"every player has all other players as peers")


func _others(than: Player) -> Array[Player]:
	return players.filter(func(player: Player) -> bool: return player != than)


## Returns whether the player has received a remote call, [id of the sender, function, text].
func _received(player: Player, remote_call: Array) -> bool:
	return remote_call in player.game.calls
