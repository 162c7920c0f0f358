extends RefCounted
## The rules of four in a row: two players take turns to drop stones into a board of seven columns. The first with four adjacent
## stones in any direction wins.

const COLUMNS := 7
const ROWS := 6
const IN_A_ROW := 4
const NO_PLAYER := -1
const DIRECTIONS: Array[Vector2i] = [Vector2i(1, 0), Vector2i(0, 1), Vector2i(1, 1), Vector2i(1, -1)]

## The player of the stone in each cell, row by row from the bottom: 0, 1, or NO_PLAYER.
var cells := PackedInt32Array()
## The player whose turn it is.
var turn := 0


func _init() -> void:
	cells.resize(COLUMNS * ROWS)
	cells.fill(NO_PLAYER)


func stone(column: int, row: int) -> int:
	if column < 0 or column >= COLUMNS or row < 0 or row >= ROWS:
		return NO_PLAYER
	return cells[row * COLUMNS + column]


func can_drop(column: int) -> bool:
	return column >= 0 and column < COLUMNS and stone(column, ROWS - 1) == NO_PLAYER


## Drops a stone of the player whose turn it is. Returns false if the move is not allowed.
func drop(column: int) -> bool:
	if not can_drop(column) or winner() != NO_PLAYER:
		return false
	var row := 0
	while stone(column, row) != NO_PLAYER:
		row += 1
	cells[row * COLUMNS + column] = turn
	turn = 1 - turn
	return true


## Returns the cells of a row of four, if there is one.
func row_of_four() -> Array[Vector2i]:
	for row in ROWS:
		for column in COLUMNS:
			for direction in DIRECTIONS:
				var line: Array[Vector2i] = []
				for step in IN_A_ROW:
					line.append(Vector2i(column, row) + direction * step)
				var owner := stone(column, row)
				if owner != NO_PLAYER and line.all(func(cell: Vector2i) -> bool: return stone(cell.x, cell.y) == owner):
					return line
	return []


func winner() -> int:
	var line := row_of_four()
	return NO_PLAYER if line.is_empty() else stone(line[0].x, line[0].y)


func is_over() -> bool:
	return winner() != NO_PLAYER or not range(COLUMNS).any(can_drop)
