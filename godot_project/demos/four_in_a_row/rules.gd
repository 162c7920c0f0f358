extends RefCounted
## The rules of four in a row: a board of seven columns, into which two players drop stones in turn. Who has four of them side
## by side, in any direction, has won.

const COLUMNS := 7
const ROWS := 6
const IN_A_ROW := 4
const NOBODY := -1
const DIRECTIONS: Array[Vector2i] = [Vector2i(1, 0), Vector2i(0, 1), Vector2i(1, 1), Vector2i(1, -1)]

## Whose stone lies in each cell, row by row from the bottom: 0, 1, or NOBODY.
var cells := PackedInt32Array()
## Whose turn it is.
var turn := 0


func _init() -> void:
	cells.resize(COLUMNS * ROWS)
	cells.fill(NOBODY)


func stone(column: int, row: int) -> int:
	if column < 0 or column >= COLUMNS or row < 0 or row >= ROWS:
		return NOBODY
	return cells[row * COLUMNS + column]


func can_drop(column: int) -> bool:
	return column >= 0 and column < COLUMNS and stone(column, ROWS - 1) == NOBODY


## Drops a stone of whose turn it is. Returns whether that was allowed.
func drop(column: int) -> bool:
	if not can_drop(column) or winner() != NOBODY:
		return false
	var row := 0
	while stone(column, row) != NOBODY:
		row += 1
	cells[row * COLUMNS + column] = turn
	turn = 1 - turn
	return true


## The cells of a row of four, or none.
func row_of_four() -> Array[Vector2i]:
	for row in ROWS:
		for column in COLUMNS:
			for direction in DIRECTIONS:
				var line: Array[Vector2i] = []
				for step in IN_A_ROW:
					line.append(Vector2i(column, row) + direction * step)
				var owner := stone(column, row)
				if owner != NOBODY and line.all(func(cell: Vector2i) -> bool: return stone(cell.x, cell.y) == owner):
					return line
	return []


func winner() -> int:
	var line := row_of_four()
	return NOBODY if line.is_empty() else stone(line[0].x, line[0].y)


func is_over() -> bool:
	return winner() != NOBODY or not range(COLUMNS).any(can_drop)
