extends Control
## Draws the results as two bars for each message size; the longer one has the full width.

const NAMES: PackedStringArray = ["wspeer", "the engine's own"]
const COLORS: PackedColorArray = [Color("5fb3f9"), Color("8d99ae")]
const LABEL_WIDTH := 80.0
const NUMBER_WIDTH := 240.0
const BAR_HEIGHT := 26.0
const GROUP_HEIGHT := 78.0

## Messages per second of each implementation, by message size.
var results: Dictionary[String, Array] = {}


func _draw() -> void:
	var font := get_theme_default_font()
	var font_size := get_theme_default_font_size()
	var y := 0.0
	for index in NAMES.size():
		draw_rect(Rect2(LABEL_WIDTH + index * 140.0, y, 14, 14), COLORS[index])
		draw_string(font, Vector2(LABEL_WIDTH + index * 140.0 + 22, y + 13), NAMES[index], HORIZONTAL_ALIGNMENT_LEFT, -1, font_size)
	y += 36.0
	for name in results:
		var rates := results[name]
		var most: float = maxf(rates.max(), 1.0)
		draw_string(font, Vector2(0, y + BAR_HEIGHT + 6), name, HORIZONTAL_ALIGNMENT_LEFT, LABEL_WIDTH, font_size)
		for index in rates.size():
			var width: float = (size.x - LABEL_WIDTH - NUMBER_WIDTH) * rates[index] / most
			var top := y + index * (BAR_HEIGHT + 4)
			draw_rect(Rect2(LABEL_WIDTH, top, width, BAR_HEIGHT), COLORS[index])
			var text := _number(rates[index]) + " messages/s"
			if index == 0 and rates[1] > 0.0:
				text += "  (%.1f×)" % (rates[0] / rates[1])
			draw_string(font, Vector2(LABEL_WIDTH + width + 8, top + 19), text, HORIZONTAL_ALIGNMENT_LEFT, -1, font_size)
		y += GROUP_HEIGHT


func _number(value: float) -> String:
	var digits := str(roundi(value))
	var text := ""
	for index in digits.length():
		if index > 0 and (digits.length() - index) % 3 == 0:
			text += ","
		text += digits[index]
	return text
