extends SceneTree
## Base of the programs that run the scene of one demo with a remote peer in another process. The program ends when
## [method is_finished] returns true, or with exit code 1 without progress.

const Wait := preload("wait.gd")

var scene: Node

var _wait := Wait.new(func() -> Array: return observation())


func run_demo(path: String, properties: Dictionary) -> void:
	scene = load(path).instantiate()
	for name: String in properties:
		scene.set(name, properties[name])
	root.add_child(scene)


func _process(_delta: float) -> bool:
	if is_finished():
		quit()
	elif _wait.is_stalled():
		quit(1)
	return false


func is_finished() -> bool:
	return false


## Returns what changes while there is progress.
func observation() -> Array:
	return []
