extends Node
## A game of four in a row over Godot's high-level multiplayer. The server is authoritative: clients send requests by remote calls, and
## the server sends the complete state after each change. Chat messages are remote calls between clients, which the server relays.

signal changed
signal chatted(player: String, text: String)

const Rules := preload("rules.gd")

const MAX_NAME := 16
const MAX_TEXT := 200
const EMPTY := 0

## Names of all connected peers, by id.
var players := {}
## Ids of the two players; EMPTY for a free seat.
var seats := PackedInt32Array([EMPTY, EMPTY])
var rules := Rules.new()
## Whether a game has begun; then both seats are taken.
var is_running := false


func _ready() -> void:
	multiplayer.peer_disconnected.connect(_on_peer_disconnected)


## Resets the state for a new connection.
func reset() -> void:
	players = {}
	seats = PackedInt32Array([EMPTY, EMPTY])
	rules = Rules.new()
	is_running = false
	changed.emit()


func my_seat() -> int:
	return seats.find(multiplayer.get_unique_id())


func is_my_turn() -> bool:
	return is_running and my_seat() == rules.turn and not rules.is_over()


func name_of(id: int) -> String:
	return players.get(id, "player %d" % id)


## Describes the state of the game.
func description() -> String:
	if is_running and rules.winner() != Rules.NO_PLAYER:
		return "%s has won" % name_of(seats[rules.winner()])
	if is_running and rules.is_over():
		return "a draw"
	if is_running:
		return "it is %s's turn" % name_of(seats[rules.turn])
	return "waiting for two players to sit down"


# Requests to the server.

@rpc("any_peer", "call_local", "reliable")
func enter(player_name: String) -> void:
	if multiplayer.is_server():
		var tidy := player_name.strip_edges().left(MAX_NAME)
		players[_sender()] = tidy if tidy != "" else "player %d" % _sender()
		_send_state()


## Takes a free seat. A game begins if both seats are taken, or if a player of a finished game calls this again.
@rpc("any_peer", "call_local", "reliable")
func sit() -> void:
	if not multiplayer.is_server() or _sender() not in players:
		return
	if _sender() not in seats:
		if EMPTY not in seats:
			return
		seats[seats.find(EMPTY)] = _sender()
	elif not rules.is_over():
		return
	if EMPTY not in seats:
		rules = Rules.new()
		is_running = true
	_send_state()


@rpc("any_peer", "call_local", "reliable")
func drop(column: int) -> void:
	if multiplayer.is_server() and is_running and seats[rules.turn] == _sender() and rules.drop(column):
		_send_state()


# Messages to all peers.

@rpc("any_peer", "call_local", "reliable")
func chat(text: String) -> void:
	chatted.emit(name_of(_sender()), text.left(MAX_TEXT))


@rpc("authority", "call_remote", "reliable")
func show_state(state: Dictionary) -> void:
	players = state.players
	seats = state.seats
	rules.cells = state.cells
	rules.turn = state.turn
	is_running = state.is_running
	changed.emit()


func _send_state() -> void:
	show_state.rpc({"players": players, "seats": seats, "cells": rules.cells, "turn": rules.turn, "is_running": is_running})
	changed.emit()


func _sender() -> int:
	var id := multiplayer.get_remote_sender_id()
	return id if id != 0 else multiplayer.get_unique_id()


func _on_peer_disconnected(id: int) -> void:
	if not multiplayer.is_server():
		return
	players.erase(id)
	if id in seats:
		seats[seats.find(id)] = EMPTY
		is_running = false
		rules = Rules.new()
	_send_state()
