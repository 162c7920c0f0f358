extends RefCounted
## A child process and the lines it has printed.

var pid := 0
## Complete lines of its standard output.
var lines := PackedStringArray()
## Bytes read from both of its outputs: more of them is progress.
var bytes_read := 0

var _output: FileAccess
var _errors: FileAccess
var _incomplete_line := PackedByteArray()
var _was_killed := false


## Starts a program. [member pid] is 0 if that failed.
func _init(program: String, arguments: PackedStringArray) -> void:
	var started := OS.execute_with_pipe(program, arguments, false) if program != "" else {}
	if not started.is_empty():
		pid = started.pid
		_output = started.stdio
		_errors = started.stderr


## Returns the path of this engine. The program that runs may be a dynamic loader, so an environment variable names it.
static func engine_path() -> String:
	var path := OS.get_environment("WSPEER_ENGINE")
	return path if path != "" else OS.get_executable_path()


## Reads what the process has printed since the last call.
func read() -> void:
	if _output == null:
		return
	bytes_read += _errors.get_buffer(65536).size()
	var bytes := _output.get_buffer(65536)
	bytes_read += bytes.size()
	_incomplete_line.append_array(bytes)
	while "\n".unicode_at(0) in _incomplete_line:
		var length := _incomplete_line.find("\n".unicode_at(0))
		lines.append(_incomplete_line.slice(0, length).get_string_from_utf8().strip_edges())
		_incomplete_line = _incomplete_line.slice(length + 1)


## Returns the first line that begins so, "" if there is none.
func line(beginning: String) -> String:
	for printed in lines:
		if printed.begins_with(beginning):
			return printed
	return ""


func has_line(beginning: String) -> bool:
	return line(beginning) != ""


## The engine reaps a process that it kills; it must not be asked about that process again.
func is_running() -> bool:
	return pid > 0 and not _was_killed and OS.is_process_running(pid)


func exit_code() -> int:
	return OS.get_process_exit_code(pid)


## Returns what changes while the process makes progress.
func observation() -> Array:
	return [bytes_read, is_running()]


## Closes the pipes, the standard input of the process among them.
func close_pipes() -> void:
	if _output != null:
		_output.close()
		_errors.close()
		_output = null


func kill() -> void:
	if is_running():
		OS.kill(pid)
		_was_killed = true
	close_pipes()
