# Prints the default of each property of the classes whose names are the arguments: CLASS TAB PROPERTY TAB VALUE.
# The engine's dump of an extension's classes does not contain them.
extends SceneTree


func _init() -> void:
	for class_id in OS.get_cmdline_user_args():
		# The defaults of a singleton depend on the program that runs.
		if not ClassDB.can_instantiate(class_id) or Engine.has_singleton(class_id):
			continue
		var object: Object = ClassDB.instantiate(class_id)
		for property in ClassDB.class_get_property_list(class_id, true):
			if not property.usage & (PROPERTY_USAGE_CATEGORY | PROPERTY_USAGE_GROUP | PROPERTY_USAGE_SUBGROUP):
				print("%s\t%s\t%s" % [class_id, property.name, var_to_str(object.get(property.name))])
		if not object is RefCounted:
			object.free()
	quit()
