extends SceneTree
## Runs the suites beside this file:
##   godot --headless --path godot_project -s res://tests/run.gd -- [--suite NAME]
##       [--only SUBSTRING] [--implementation ours|engine] [--without NAME,...]
## [--without] leaves out suites, and tests as SUITE.TEST.
## The last line is "N passed, N failed". The exit code is 0 only if a test ran and none failed. tools/run test-godot adds leaks and
## printed errors as failures.

const Implementation := preload("support/implementation.gd")
const Suite := preload("support/suite.gd")

const DIRECTORY := "res://tests/"
const OPTIONS := {"--suite": "", "--only": "", "--implementation": Implementation.OURS, "--without": ""}

var _passed := 0
var _failed := 0
var _skipped := 0
## Names of suites and tests that are not run.
var _without := PackedStringArray()


func _initialize() -> void:
	# Tests make wrong calls; printed warnings are failures.
	ProjectSettings.set_setting("wspeer/debug/print_refused_calls", false)
	var options := _options()
	var implementation := Implementation.new(options.get("--implementation", ""))
	if options.is_empty():
		_fail("run.gd", "usage: [--suite NAME] [--only SUBSTRING] [--implementation ours|engine] [--without NAME,...]")
	elif not implementation.missing().is_empty():
		_fail("run.gd", "missing classes: " + ", ".join(implementation.missing()))
	else:
		_without = options["--without"].split(",", false)
		if not implementation.is_ours():
			Suite.expect_engine_errors(true)
		for file in DirAccess.get_files_at(DIRECTORY):
			if file.begins_with("suite_") and file.ends_with(".gd"):
				var name := file.trim_prefix("suite_").trim_suffix(".gd")
				if options["--suite"] in ["", name] and name not in _without:
					await _run_suite(name, options["--only"], implementation)
		if not implementation.is_ours():
			Suite.expect_engine_errors(false)
	printerr("##TEST exit")
	if _skipped > 0:
		print("%d left out: the engine's classes are known to differ there" % _skipped)
	print("%d passed, %d failed" % [_passed, _failed])
	quit(0 if _failed == 0 and _passed > 0 else 1)


## Returns the options, {} if they are invalid.
func _options() -> Dictionary:
	var options := OPTIONS.duplicate()
	var given := OS.get_cmdline_user_args()
	if given.size() % 2 != 0:
		return {}
	for i in range(0, given.size(), 2):
		if given[i] not in OPTIONS:
			return {}
		options[given[i]] = given[i + 1]
	return options if options["--implementation"] in [Implementation.OURS, Implementation.ENGINE] else {}


func _run_suite(name: String, only: String, implementation: Implementation) -> void:
	var script: Script = load(DIRECTORY + "suite_%s.gd" % name)
	var suite: Suite = script.new() if script != null and script.can_instantiate() else null
	if suite == null:
		_fail(name, "the script cannot be loaded")
		return
	suite.implementation = implementation
	var tests := suite.test_names()
	if tests.is_empty():
		_fail(name, "the suite has no tests")
	for test in tests:
		if (only == "" or only in test) and "%s.%s" % [name, test] not in _without:
			# On stderr, like printed errors, which belong to the test above them.
			printerr("##TEST %s.%s" % [name, test])
			await suite.run_test(test)
			if suite.skipped:
				_skipped += 1
			elif suite.failures.is_empty():
				_passed += 1
			else:
				_fail("%s.%s" % [name, test], "\n    ".join(suite.failures))


func _fail(what: String, why: String) -> void:
	_failed += 1
	print("FAILED %s: %s" % [what, why])
