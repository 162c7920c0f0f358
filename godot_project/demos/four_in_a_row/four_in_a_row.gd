extends Control
## Four in a row for two players and any number of spectators, with a lobby and a chat. Run it several times: one hosts, the
## others join. Arguments after "--" on the command line:
##   --host PORT | --join URL   hosts or joins at the start
##   --name NAME                the player's name
##   --peer wspeer|engine       the implementation of the multiplayer peer; both work together
##   --bot                      plays by itself, and quits after a game

const CLASSES: PackedStringArray = ["RustWebSocketMultiplayerPeer", "WebSocketMultiplayerPeer"]
const PEERS: PackedStringArray = ["wspeer", "engine"]
const HEARTBEAT_SECONDS := 5.0
## Longer than the default, because a slow machine may connect while it still loads the game.
const HANDSHAKE_SECONDS := 20.0
## Seconds for which a bot remains connected after the game, so that the others receive its end.
const BOT_LINGER_SECONDS := 1.0

## Whether this player plays by itself.
var is_bot := false

var _is_online := false
var _bot_is_done := false

@onready var game: Node = $Game
@onready var board: Control = %Board
@onready var name_line: LineEdit = %NameLine
@onready var url_line: LineEdit = %UrlLine
@onready var peer_choice: OptionButton = %PeerChoice
@onready var host_button: Button = %HostButton
@onready var join_button: Button = %JoinButton
@onready var leave_button: Button = %LeaveButton
@onready var sit_button: Button = %SitButton
@onready var status: Label = %Status
@onready var player_list: ItemList = %PlayerList
@onready var chat_log: RichTextLabel = %ChatLog
@onready var chat_line: LineEdit = %ChatLine


func _ready() -> void:
	for label: String in ["wspeer", "the engine's own"]:
		peer_choice.add_item(label)
	host_button.pressed.connect(func() -> void: host(_port_of(url_line.text)))
	join_button.pressed.connect(func() -> void: join(url_line.text))
	leave_button.pressed.connect(leave.bind("You have left."))
	sit_button.pressed.connect(func() -> void: game.sit.rpc_id(1))
	board.column_clicked.connect(func(column: int) -> void:
		if game.is_my_turn():
			game.drop.rpc_id(1, column))
	chat_line.text_submitted.connect(func(text: String) -> void:
		chat_line.clear()
		say(text))
	game.changed.connect(_show)
	game.chatted.connect(func(player: String, text: String) -> void: _log("%s: %s" % [player, text]))
	multiplayer.connected_to_server.connect(_on_connected)
	multiplayer.connection_failed.connect(func() -> void: leave("No host answers. " + _reason()))
	multiplayer.server_disconnected.connect(func() -> void: leave("The host has disconnected. " + _reason()))
	_show()
	if get_tree().current_scene == self:
		_apply_arguments(OS.get_cmdline_user_args())


func _exit_tree() -> void:
	if _is_online:
		multiplayer.multiplayer_peer.close()


# Joining and leaving.

## Creates a multiplayer peer of the selected implementation.
func make_peer() -> MultiplayerPeer:
	var peer: MultiplayerPeer = ClassDB.instantiate(CLASSES[maxi(peer_choice.selected, 0)])
	peer.set("handshake_timeout", HANDSHAKE_SECONDS)
	if "heartbeat_interval" in peer:
		peer.set("heartbeat_interval", HEARTBEAT_SECONDS)
	return peer


func host(port: int) -> Error:
	return _begin(func(peer: MultiplayerPeer) -> Error: return peer.create_server(port), "Hosting at port %d." % port)


func join(url: String) -> Error:
	return _begin(func(peer: MultiplayerPeer) -> Error: return peer.create_client(url), "Connecting to %s." % url)


func _begin(create: Callable, text: String) -> Error:
	var peer := make_peer()
	var error: Error = create.call(peer)
	if error != OK:
		_log("Failed: %s. %s" % [error_string(error), _reason(peer)])
		return error
	game.reset()
	_is_online = true
	multiplayer.multiplayer_peer = peer
	_log(text)
	if multiplayer.is_server():
		_on_connected()
	_show()
	return OK


func _on_connected() -> void:
	game.enter.rpc_id(1, name_line.text)
	if is_bot:
		game.sit.rpc_id(1)


func leave(text: String) -> void:
	if not _is_online:
		return
	_is_online = false
	_log(text)
	multiplayer.multiplayer_peer.close()
	multiplayer.multiplayer_peer = OfflineMultiplayerPeer.new()
	game.reset()


func say(text: String) -> void:
	if _is_online and text.strip_edges() != "":
		game.chat.rpc(text)


## Returns why a connection ended, if the peer reports it.
func _reason(peer: MultiplayerPeer = multiplayer.multiplayer_peer) -> String:
	return peer.call("get_error_message") if peer != null and peer.has_method("get_error_message") else ""


static func _port_of(url: String) -> int:
	return int(url.get_slice(":", url.get_slice_count(":") - 1))


# The window.

func _show() -> void:
	board.rules = game.rules
	status.text = game.description() if _is_online else "Host a game, or join one."
	for button: Button in [host_button, join_button]:
		button.disabled = _is_online
	leave_button.disabled = not _is_online
	sit_button.disabled = not _is_online or (game.my_seat() < 0 and game.EMPTY not in game.seats) or (game.is_running and not game.rules.is_over())
	player_list.clear()
	for id: int in game.players:
		var seat: int = game.seats.find(id)
		player_list.add_item(game.name_of(id) + ["", " (yellow)", " (red)"][seat + 1] + (" - you" if id == multiplayer.get_unique_id() else ""))
	if is_bot:
		_play.call_deferred()


func _log(text: String) -> void:
	chat_log.add_text(text + "\n")
	if is_bot:
		print(text)


# Command line and bot.

func _apply_arguments(arguments: PackedStringArray) -> void:
	for i in arguments.size():
		var value := arguments[i + 1] if i + 1 < arguments.size() else ""
		match arguments[i]:
			"--name":
				name_line.text = value
			"--peer":
				peer_choice.select(PEERS.find(value))
			"--bot":
				is_bot = true
	for i in arguments.size() - 1:
		match arguments[i]:
			"--host":
				url_line.text = "ws://localhost:" + arguments[i + 1]
				host(int(arguments[i + 1]))
			"--join":
				url_line.text = arguments[i + 1]
				join(arguments[i + 1])


## Makes a bot's move, which depends on the board alone.
func _play() -> void:
	if not is_inside_tree():
		return
	if game.is_my_turn():
		var column: int = hash(game.rules.cells) % game.rules.COLUMNS
		while not game.rules.can_drop(column):
			column = (column + 1) % game.rules.COLUMNS
		game.drop.rpc_id(1, column)
	elif _is_online and game.is_running and game.rules.is_over() and not _bot_is_done:
		_bot_is_done = true
		print("%s; board %s" % [game.description(), game.rules.cells])
		if get_tree().current_scene == self:
			get_tree().create_timer(BOT_LINGER_SECONDS).timeout.connect(get_tree().quit)
