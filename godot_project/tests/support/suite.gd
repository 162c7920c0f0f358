extends RefCounted
## Base of the suites. A failed check is recorded, with the line it stands on, and the test
## goes on. A test is a method whose name begins with test_; it may await.

const Implementation := preload("implementation.gd")
const Link := preload("link.gd")
const Raw := preload("raw.gd")
const Stage := preload("stage.gd")
const Wire := preload("wire.gd")

const CONNECTING := WebSocketPeer.STATE_CONNECTING
const OPEN := WebSocketPeer.STATE_OPEN
const CLOSING := WebSocketPeer.STATE_CLOSING
const CLOSED := WebSocketPeer.STATE_CLOSED

var implementation: Implementation
## Made anew for each test.
var stage: Stage
var failures := PackedStringArray()
var checks := 0
var skipped := false


func test_names() -> PackedStringArray:
	var names := PackedStringArray()
	for method: Dictionary in get_script().get_script_method_list():
		if method.name.begins_with("test_") and method.name != "test_names":
			names.append(method.name)
	return names


func run_test(name: String) -> void:
	failures.clear()
	checks = 0
	skipped = false
	stage = Stage.new(implementation)
	await call(name)
	for problem in stage.problems:
		failures.append(problem)
	stage.clear()
	stage = null
	if checks == 0 and not skipped and failures.is_empty():
		failures.append("it checked nothing")


## To be asked at the start of a test of what the engine's classes do otherwise: whether the
## test has to be left out because they are the ones under test.
func engine_differs() -> bool:
	skipped = not implementation.is_ours()
	return skipped


func check(condition: bool, what: String) -> void:
	checks += 1
	if not condition:
		_fail(what)


func equal(actual: Variant, expected: Variant, what := "") -> void:
	checks += 1
	if not same(actual, expected):
		_fail("%sexpected %s, got %s" % [what + ": " if what else "", _show(expected), _show(actual)])


## Equality without the error that == raises for types which do not compare. A packed array
## equals an array of the same elements, and no object is null.
static func same(a: Variant, b: Variant) -> bool:
	a = _unpacked(a)
	b = _unpacked(b)
	var numbers := [TYPE_INT, TYPE_FLOAT]
	var texts := [TYPE_STRING, TYPE_STRING_NAME]
	if typeof(a) == typeof(b) or (typeof(a) in numbers and typeof(b) in numbers) or (typeof(a) in texts and typeof(b) in texts):
		return a == b
	return false


static func _unpacked(value: Variant) -> Variant:
	if value == null:
		return null
	return Array(value).map(_unpacked) if typeof(value) >= TYPE_ARRAY else value


static func _show(value: Variant) -> String:
	var text := var_to_str(value).replace("\n", " ")
	return text if text.length() <= 300 else text.left(300) + "..."


func _fail(what: String) -> void:
	var place := ""
	for frame: Dictionary in get_stack():
		if frame.source != (get_script() as Script).get_base_script().resource_path:
			place = "%s:%d: " % [frame.source.get_file(), frame.line]
			break
	failures.append(place + what)


## Around calls for which an engine class prints errors: tools/run test-godot takes any other
## printed error for a failure. May be nested.
static func expect_engine_errors(expected: bool) -> void:
	printerr("##EXPECT_ENGINE_ERRORS ", "begin" if expected else "end")
