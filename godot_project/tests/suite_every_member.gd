extends "support/suite.gd"
## Every member of every class has the same effect whatever kind of call a script uses: with a typed variable, with an untyped one,
## by name, or by a callable. The members are those that ClassDB lists, so a new one is tested too.

const CLASSES: Array[StringName] = [&"RustWebSocketPeer", &"RustWebSocketRemotePeer", &"RustWebSocketClient", &"RustWebSocketServer",
	&"RustWebSocketMultiplayerPeer", &"RustStreamPeerTCP", &"RustStreamPeerTLS", &"RustTCPServer"]

## Classes of the engine whose methods call virtual methods of this library.
const BASES: Array[StringName] = [&"PacketPeer", &"MultiplayerPeer", &"StreamPeer"]

## Methods of the engine whose results vary: a random number, and reads that return memory without a value if there is no data.
const VARYING := ["generate_unique_id", "get_8", "get_u8", "get_16", "get_u16", "get_32", "get_u32", "get_64", "get_u64", "get_half",
	"get_float", "get_double"]

## Arguments of methods that would wait for a name or for another process with those of [method _argument].
const ARGUMENTS := {
	"connect_to_url": ["ws://127.0.0.1:1/"],
	"create_client": ["ws://127.0.0.1:1/"],
	"connect_to_host": ["127.0.0.1", 1],
	"listen": [0],
	"create_server": [0, "127.0.0.1"],
}

## A number that 32 bits cannot hold.
const LARGE := (1 << 40) + 3

var _script: GDScript


func test_every_kind_of_call_has_the_same_effect() -> void:
	if engine_differs():
		return
	for row: Dictionary in _members():
		_compare(row, _arguments(row, 3))


func test_numbers_beyond_32_bits_have_the_same_effect() -> void:
	if engine_differs():
		return
	for row: Dictionary in _members():
		if row.arguments.any(func(argument: Dictionary) -> bool: return argument.type == TYPE_INT):
			_compare(row, _arguments(row, LARGE))


func test_methods_take_the_low_32_bits_of_a_number_as_the_engine_does() -> void:
	for close: Callable in [
		func(peer: Object) -> void: peer.close((1 << 40) + 4000, "large"),
		func(peer: Object) -> void: peer.call("close", (1 << 40) + 4000, "large"),
		func(peer: Object) -> void: Callable(peer, "close").call((1 << 40) + 4000, "large"),
		func(peer: Object) -> void: _close_typed(peer, (1 << 40) + 4000),
	]:
		var pair: Array = loopback.pair()
		close.call(pair[0])
		check(loopback.until_state(pair[1], CLOSED), "closed")
		equal([pair[1].get_close_code(), pair[1].get_close_reason()], [4000, "large"])


static func _close_typed(peer: Object, code: int) -> void:
	if peer is WebSocketPeer:
		var engines: WebSocketPeer = peer
		engines.close(code, "large")
	else:
		# By source, because the name is unknown to an engine without the library.
		var script := GDScript.new()
		script.source_code = "static func close(peer: RustWebSocketPeer, code: int) -> void:\n\tpeer.close(code, \"large\")\n"
		script.reload()
		script.call("close", peer, code)


## Returns a row for each method of each class.
func _members() -> Array[Dictionary]:
	var rows: Array[Dictionary] = []
	for of in CLASSES:
		var known := PackedStringArray()
		for declared_in: StringName in [of] + BASES.filter(func(base: StringName) -> bool: return ClassDB.is_parent_class(of, base)):
			for method in ClassDB.class_get_method_list(declared_in, true):
				if not method.name.begins_with("_") and method.name not in known and method.name not in VARYING:
					known.append(method.name)
					rows.append({"class": of, "name": method.name, "arguments": method.args, "result": method.return})
		check(known.size() > 5, of)
	_script = GDScript.new()
	_script.source_code = "".join(PackedStringArray(rows.map(_source)))
	equal(_script.reload(), OK, _script.source_code)
	return rows


## Returns the source of two functions that call a method: on a variable of its class, and on one without a type.
static func _source(row: Dictionary) -> String:
	var names := PackedStringArray()
	var typed := ""
	for i: int in row.arguments.size():
		var info: Dictionary = row.arguments[i]
		var type: String = info["class_name"] if info.type == TYPE_OBJECT else type_string(info.type)
		names.append("a%d" % i)
		typed += "\tvar a%d%s = arguments[%d]\n" % [i, "" if info.type == TYPE_NIL else ": " + type, i]
	var is_void: bool = row.result.type == TYPE_NIL and not row.result.usage & PROPERTY_USAGE_NIL_IS_VARIANT
	var call := "object.%s(%s)\n" % [row.name, ", ".join(names)]
	var source := ""
	for style: String in ["typed", "untyped"]:
		var receiver := "object: %s" % row.class if style == "typed" else "object"
		source += "static func %s_%s_%s(%s, arguments: Array) -> Variant:\n" % [style, row.class, row.name, receiver]
		source += typed + ("\t%s\treturn null\n" % call if is_void else "\treturn %s" % call) + "\n"
	return source


func _arguments(row: Dictionary, number: int) -> Array:
	var given: Array = ARGUMENTS.get(row.name, [])
	var all := []
	for i: int in row.arguments.size():
		var info: Dictionary = row.arguments[i]
		all.append(given[i] if i < given.size() and not (info.type == TYPE_INT and number == LARGE) else _argument(info.type, number))
	return all


static func _argument(type: int, number: int) -> Variant:
	match type:
		TYPE_BOOL:
			return true
		TYPE_INT:
			return number
		TYPE_FLOAT:
			return 1.5
		TYPE_STRING:
			return "text"
		TYPE_PACKED_BYTE_ARRAY:
			return PackedByteArray([1, 2])
		TYPE_PACKED_INT32_ARRAY:
			return PackedInt32Array([1])
		TYPE_PACKED_STRING_ARRAY:
			return PackedStringArray(["a"])
		_:
			return null


## Makes the call in each way on a new object, and compares what it returns and what it changes.
func _compare(row: Dictionary, arguments: Array) -> void:
	var seen := {}
	# Failing reads of the engine's streams print errors.
	expect_engine_errors(true)
	for style: String in ["typed", "untyped", "call", "callable"]:
		var object: Object = ClassDB.instantiate(row.class)
		var result: Variant
		match style:
			"call":
				result = object.callv(row.name, arguments)
			"callable":
				result = Callable(object, row.name).callv(arguments)
			_:
				result = _script.callv("%s_%s_%s" % [style, row.class, row.name], [object, arguments])
		seen[style] = [_shown(result), _state(object)]
	expect_engine_errors(false)
	for style: String in seen:
		var what := "%s.%s%s, %s" % [row.class, row.name, arguments, style]
		equal(seen[style][0], seen.typed[0], what)
		check(seen[style][1] == seen.typed[1], "%s: the objects differ" % what)


static func _shown(value: Variant) -> String:
	if value is Object:
		return value.get_class()
	return "%s: %s" % [type_string(typeof(value)), var_to_str(value)]


## Returns all properties and the reason of a refused call.
static func _state(object: Object) -> Array:
	var state := []
	for property in object.get_property_list():
		if property.usage & PROPERTY_USAGE_CATEGORY == 0 and property.name != "script":
			state.append([property.name, _shown(object.get(property.name))])
	if object.has_method("get_error_message"):
		state.append(object.call("get_error_message"))
	return state
