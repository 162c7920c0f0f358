extends VBoxContainer
## The client of the chat: a line to edit, and the lines of all clients.

signal line_received(line: String)

@export var player := "Player"
@export var url := "ws://localhost:9081"

var _peer := RustWebSocketPeer.new()
var _state := RustWebSocketPeer.STATE_CLOSED

@onready var _name: LineEdit = %Name
@onready var _url: LineEdit = %Url
@onready var _button: Button = %Connect
@onready var _log: RichTextLabel = %Log
@onready var _line: LineEdit = %Line


func _ready() -> void:
	_name.text = player
	_url.text = url
	_button.pressed.connect(_on_button_pressed)
	_line.text_submitted.connect(send_line)


func _process(_delta: float) -> void:
	_peer.poll()
	while _peer.get_available_packet_count() > 0:
		var line := _peer.get_packet().get_string_from_utf8()
		_log.add_text(line + "\n")
		line_received.emit(line)
	if _peer.get_ready_state() != _state:
		_state = _peer.get_ready_state()
		_on_state_changed()


## Connects to the URL in the text field.
func join() -> void:
	if _peer.connect_to_url(_url.text) != OK:
		_log.add_text(_peer.get_error_message() + "\n")


func is_connected_to_server() -> bool:
	return _state == RustWebSocketPeer.STATE_OPEN


## Sends a line to all clients. Returns whether it was sent.
func send_line(line: String) -> bool:
	if line.is_empty() or _peer.send_text("%s: %s" % [_name.text, line]) != OK:
		return false
	_line.clear()
	return true


func leave() -> void:
	_peer.close(1000, "bye")


func _on_button_pressed() -> void:
	if _state == RustWebSocketPeer.STATE_CLOSED:
		join()
	else:
		leave()


func _on_state_changed() -> void:
	_line.editable = is_connected_to_server()
	_button.text = "Connect" if _state == RustWebSocketPeer.STATE_CLOSED else "Leave"
	match _state:
		RustWebSocketPeer.STATE_CONNECTING:
			_log.add_text("Connecting ...\n")
		RustWebSocketPeer.STATE_OPEN:
			_log.add_text("Connected.\n")
		RustWebSocketPeer.STATE_CLOSED:
			_log.add_text("Disconnected. %s\n" % _peer.get_error_message())
