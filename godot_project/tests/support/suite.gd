extends RefCounted
## Base of the suites. A test is a method whose name begins with test_; it may await. A failed check is recorded with its line, and
## the test continues.

const ChildProcess := preload("child_process.gd")
const Implementation := preload("implementation.gd")
const Loopback := preload("loopback.gd")
const Payload := preload("payload.gd")
const RawConnection := preload("raw_connection.gd")
const RawSocket := preload("raw_socket.gd")
const Rfc6455 := preload("rfc6455.gd")
const Wait := preload("wait.gd")

const CONNECTING := WebSocketPeer.STATE_CONNECTING
const OPEN := WebSocketPeer.STATE_OPEN
const CLOSING := WebSocketPeer.STATE_CLOSING
const CLOSED := WebSocketPeer.STATE_CLOSED

var implementation: Implementation
## New for each test.
var loopback: Loopback
## Child processes of the test, which are killed at its end.
var processes: Array[ChildProcess] = []
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
	loopback = Loopback.new(implementation)
	await call(name)
	tear_down()
	for problem in loopback.problems:
		failures.append(problem)
	loopback.clear()
	loopback = null
	for process in processes:
		process.kill()
	processes.clear()
	if checks == 0 and not skipped and failures.is_empty():
		failures.append("the test has no checks")


## Removes what a test has created. Called after each test.
func tear_down() -> void:
	pass


## Returns whether the engine's classes are under test, and then skips the test. Called first in tests of what those classes lack or
## do differently.
func engine_differs() -> bool:
	skipped = not implementation.is_ours()
	return skipped


func start_process(program: String, arguments: PackedStringArray) -> ChildProcess:
	var process := ChildProcess.new(program, arguments)
	check(process.pid > 0, "the program starts: '%s'" % program)
	processes.append(process)
	return process


## Starts this project in another process of the engine.
func start_engine(arguments: PackedStringArray) -> ChildProcess:
	return start_process(ChildProcess.engine_path(), PackedStringArray(["--headless", "--path", ProjectSettings.globalize_path("res://")]) + arguments)


## Returns what changes while the test makes progress, in addition to the output of its child processes.
func observation() -> Array:
	return []


func read_processes() -> Array:
	for process in processes:
		process.read()
	return processes.map(func(process: ChildProcess) -> Array: return process.observation())


## Lets the engine run frames until the condition holds. Without progress the test fails with what was awaited.
func frames_until(condition: Callable, what: String) -> bool:
	checks += 1
	# The waits after a failure rarely succeed.
	var patience := Wait.PATIENCE if failures.is_empty() else Wait.PATIENCE / 10.0
	var holds := await Wait.frames_until(condition, func() -> Array: return [read_processes(), observation()], patience)
	if not holds:
		_fail("no progress before: %s; last observation: %s" % [what, _show([read_processes(), observation()], 2000)])
	return holds


func check(condition: bool, what: String) -> void:
	checks += 1
	if not condition:
		_fail(what)


func equal(actual: Variant, expected: Variant, what := "") -> void:
	checks += 1
	if not same(actual, expected):
		_fail("%sexpected %s, got %s" % [what + ": " if what else "", _show(expected), _show(actual)])


## Compares without the error that == raises for incomparable types. A packed array equals an array of the same elements.
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


static func _show(value: Variant, length := 300) -> String:
	var text := var_to_str(value).replace("\n", " ")
	return text if text.length() <= length else text.left(length) + "..."


func _fail(what: String) -> void:
	var place := ""
	for frame: Dictionary in get_stack():
		if not frame.source.begins_with("res://tests/support/"):
			place = "%s:%d: " % [frame.source.get_file(), frame.line]
			break
	failures.append(place + what)


## Encloses calls for which an engine class prints errors; tools/run test-godot reports all other printed errors as failures. May be
## nested.
static func expect_engine_errors(expected: bool) -> void:
	printerr("##EXPECT_ENGINE_ERRORS ", "begin" if expected else "end")
