extends "support/suite.gd"
## Each option has its default on each class, and refused values change nothing and name their bounds. The cases come from
## rust/peer/options/table.rs.

const OptionCases := preload("option_cases.gd")


func _has_property(object: Object, property: String) -> bool:
	return object.get_property_list().any(func(info: Dictionary) -> bool: return info.name == property)


func test_defaults_are_the_declared_ones() -> void:
	if engine_differs():
		return
	for case: Array in OptionCases.CASES:
		var object: Object = ClassDB.instantiate(case[0])
		var name := "%s.%s" % [case[0], case[1]]
		check(_has_property(object, case[1]), name + " is a property")
		var value: Variant = object.get(case[1])
		equal(Array(value) if value is PackedStringArray else value, case[2], name)


func test_refused_values_change_nothing_and_name_the_bounds() -> void:
	if engine_differs():
		return
	for case: Array in OptionCases.CASES:
		var object: Object = ClassDB.instantiate(case[0])
		for refused: Array in case[3]:
			object.set(case[1], refused[0])
			equal(object.get(case[1]), case[2], "%s.%s after %s" % [case[0], case[1], refused[0]])
			equal(object.call("get_error_message"), refused[1], "%s.%s" % [case[0], case[1]])
