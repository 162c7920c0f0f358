extends RefCounted
## Payloads of any size in which no part equals its neighbours, so that lost, doubled or swapped parts show.


static func bytes(size: int) -> PackedByteArray:
	var numbers := PackedInt32Array()
	numbers.resize((size + 3) / 4)
	for i in numbers.size():
		numbers[i] = i * 2654435761
	return numbers.to_byte_array().slice(0, size)


## Returns ASCII text.
static func text(size: int) -> String:
	var parts := PackedStringArray()
	for i in (size + 7) / 8:
		parts.append("%07d " % i)
	return "".join(parts).left(size)
