extends Node
## One table of four in a row over Godot's high-level multiplayer. The server decides: players ask it by remote calls, and it
## tells everybody the whole state whenever that changes. Chat goes from player to player, which the server passes on.

signal changed
signal chatted(who: String, text: String)

const Rules := preload("rules.gd")

const MAX_NAME := 16
const MAX_TEXT := 200
const EMPTY := 0

## Names of all who are here, by their ids.
var players := {}
## Ids of the two who play; EMPTY for a free seat.
var seats := PackedInt32Array([EMPTY, EMPTY])
var rules := Rules.new()
## A game has begun, and both seats are taken.
var is_running := false


func _ready() -> void:
	multiplayer.peer_disconnected.connect(_on_peer_disconnected)


## Forgets everything, for a new connection.
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


## What is going on, in words.
func description() -> String:
	if is_running and rules.winner() != Rules.NOBODY:
		return "%s has won" % name_of(seats[rules.winner()])
	if is_running and rules.is_over():
		return "a draw"
	if is_running:
		return "it is %s's turn" % name_of(seats[rules.turn])
	return "waiting for two players to sit down"


# What players ask the server.

@rpc("any_peer", "call_local", "reliable")
func enter(player_name: String) -> void:
	if multiplayer.is_server():
		var tidy := player_name.strip_edges().left(MAX_NAME)
		players[_caller()] = tidy if tidy != "" else "player %d" % _caller()
		_tell()


## Takes a free seat. When the second is taken, or one of two who have played asks again, a game begins.
@rpc("any_peer", "call_local", "reliable")
func sit() -> void:
	if not multiplayer.is_server() or _caller() not in players:
		return
	if _caller() not in seats:
		if EMPTY not in seats:
			return
		seats[seats.find(EMPTY)] = _caller()
	elif not rules.is_over():
		return
	if EMPTY not in seats:
		rules = Rules.new()
		is_running = true
	_tell()


@rpc("any_peer", "call_local", "reliable")
func drop(column: int) -> void:
	if multiplayer.is_server() and is_running and seats[rules.turn] == _caller() and rules.drop(column):
		_tell()


# What goes to everybody.

@rpc("any_peer", "call_local", "reliable")
func chat(text: String) -> void:
	chatted.emit(name_of(_caller()), text.left(MAX_TEXT))


@rpc("authority", "call_remote", "reliable")
func show_state(state: Dictionary) -> void:
	players = state.players
	seats = state.seats
	rules.cells = state.cells
	rules.turn = state.turn
	is_running = state.is_running
	changed.emit()


func _tell() -> void:
	show_state.rpc({"players": players, "seats": seats, "cells": rules.cells, "turn": rules.turn, "is_running": is_running})
	changed.emit()


func _caller() -> int:
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
	_tell()
