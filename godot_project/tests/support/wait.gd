extends RefCounted
## Bounds waiting by progress instead of seconds: a wait is given up only after a time in which nothing observable has changed.
## A loaded machine makes a wait longer, but does not make it fail.

## Seconds without progress after which a wait is given up.
const PATIENCE := 60.0
## Seconds without progress after which nothing more is expected, for waits whose condition may never hold.
const QUIET := 0.25
## Checks without progress before a wait is given up, because a process that did not run could not make progress.
const MIN_CHECKS := 100

var _observe: Callable
var _patience_usec: int
var _observed := 0
var _checks := 0
var _last_progress_usec := 0


## [param observe] returns a value that differs after progress. Without it, the wait is bounded by its checks and by time.
func _init(observe := Callable(), patience := PATIENCE) -> void:
	_observe = observe
	# Waits are this many times longer on a slow machine.
	var factor := maxf(1.0, OS.get_environment("WSPEER_TEST_PATIENCE").to_float())
	_patience_usec = int(patience * factor * 1e6)
	_last_progress_usec = Time.get_ticks_usec()


## Checks for progress. Returns whether the wait has to be given up.
func is_stalled() -> bool:
	var observed := hash(_observe.call()) if _observe.is_valid() else 0
	if observed != _observed:
		_observed = observed
		_checks = 0
		_last_progress_usec = Time.get_ticks_usec()
	_checks += 1
	return _checks > MIN_CHECKS and Time.get_ticks_usec() - _last_progress_usec > _patience_usec


## Calls [param turn] until the condition holds. Returns false if the wait was given up.
static func until(condition: Callable, turn: Callable, observe := Callable(), patience := PATIENCE) -> bool:
	var wait := new(observe, patience)
	while true:
		turn.call()
		if condition.call():
			return true
		if wait.is_stalled():
			return false
		OS.delay_usec(200)
	return false


## Lets the engine run frames until the condition holds. Returns false if the wait was given up.
static func frames_until(condition: Callable, observe := Callable(), patience := PATIENCE) -> bool:
	var wait := new(observe, patience)
	while not condition.call():
		if wait.is_stalled():
			return false
		await (Engine.get_main_loop() as SceneTree).process_frame
	return true
