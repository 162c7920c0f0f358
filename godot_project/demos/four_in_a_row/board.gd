extends Control
## Draws the board and emits the clicked column.

signal column_clicked(column: int)

const Rules := preload("rules.gd")

const FRAME := Color("1f4e9c")
const HOLE := Color("10233f")
const STONES: Array[Color] = [Color("f2c14e"), Color("d1495b")]
const MARK := Color.WHITE

var rules := Rules.new():
	set(value):
		rules = value
		queue_redraw()


func _cell() -> float:
	return minf(size.x / Rules.COLUMNS, size.y / Rules.ROWS)


func _center(column: int, row: int) -> Vector2:
	return Vector2(column + 0.5, Rules.ROWS - row - 0.5) * _cell()


func _draw() -> void:
	draw_rect(Rect2(Vector2.ZERO, Vector2(Rules.COLUMNS, Rules.ROWS) * _cell()), FRAME)
	for row in Rules.ROWS:
		for column in Rules.COLUMNS:
			var owner_of_stone := rules.stone(column, row)
			var color := HOLE if owner_of_stone == Rules.NO_PLAYER else STONES[owner_of_stone]
			draw_circle(_center(column, row), _cell() * 0.4, color)
	for cell in rules.row_of_four():
		draw_arc(_center(cell.x, cell.y), _cell() * 0.4, 0.0, TAU, 32, MARK, 4.0)


func _gui_input(event: InputEvent) -> void:
	if event is InputEventMouseButton and event.pressed and event.button_index == MOUSE_BUTTON_LEFT:
		column_clicked.emit(int(event.position.x / _cell()))
