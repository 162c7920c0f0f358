extends "support/suite.gd"
## Runs each scenario with the engine's classes and with those under test, and compares the traces. They must be equal except for the
## intended differences, and each intended difference must exist.

const TraceRecorder := preload("support/trace_recorder.gd")
const ScenarioFile := preload("support/scenario_file.gd")
const INTENDED := preload("support/intended_differences.gd").TABLE
const DIRECTORY := "res://tests/scenarios/"
const EVERY_ENTRY_HAS_A_SCENARIO := "every intended difference has a scenario"

var _files: Array[ScenarioFile] = []
var _scenarios: Dictionary[String, Callable] = {}
var _engine := Implementation.new(Implementation.ENGINE)


func test_names() -> PackedStringArray:
	for file in DirAccess.get_files_at(DIRECTORY):
		if file.ends_with(".gd"):
			var scenarios: ScenarioFile = load(DIRECTORY + file).new()
			# A Callable does not hold a reference to its object.
			_files.append(scenarios)
			var all := scenarios.all()
			for name in all:
				_scenarios[file.trim_suffix(".gd") + "." + name] = all[name]
	return PackedStringArray(_scenarios.keys() + [EVERY_ENTRY_HAS_A_SCENARIO])


func run_test(name: String) -> void:
	failures.clear()
	checks = 0
	if name == EVERY_ENTRY_HAS_A_SCENARIO:
		for pattern: String in INTENDED:
			check(_scenarios.keys().any(func(scenario: String) -> bool: return scenario.match(pattern)), pattern)
		return
	expect_engine_errors(true)
	var engine := await _play(name, _engine)
	expect_engine_errors(false)
	var tested := await _play(name, implementation)
	check(not engine.is_empty(), "empty trace")
	_compare(engine, tested, _intended(name))


func _play(name: String, with: Implementation) -> Dictionary:
	var recorder := TraceRecorder.new(with)
	await _scenarios[name].call(recorder)
	for problem in recorder.problems:
		failures.append("%s: %s" % [with.name, problem])
	recorder.clear()
	return recorder.trace


## Returns the extension's values under the keys whose difference is intended.
func _intended(name: String) -> Dictionary:
	for pattern: String in INTENDED:
		if name.match(pattern):
			return INTENDED[pattern].ours
	return {}


func _compare(engine: Dictionary, tested: Dictionary, intended: Dictionary) -> void:
	for key: String in engine.merged(tested).merged(intended):
		if key in intended:
			check(not same(engine.get(key), intended[key]), "%s is no longer different: %s" % [key, _show(engine.get(key))])
			if implementation.is_ours():
				equal(tested.get(key), intended[key], key)
				continue
		equal(tested.get(key), engine.get(key), key + " equals that of the engine's classes")
