extends "support/suite.gd"
## The extension's classes have all members that ClassDB lists for the engine's classes, with the same names, types and defaults.
## Extensions cannot derive from the socket base classes of the engine, so the members of those are included.

## The common base classes, whose members are inherited.
const COMMON_BASES := {"WebSocketPeer": "PacketPeer", "TCPServer": "RefCounted", "StreamPeerTCP": "StreamPeer", "StreamPeerTLS": "StreamPeer", "WebSocketMultiplayerPeer": "MultiplayerPeer"}

## Intended deviations: member and aspect, and the reason.
const DEVIATIONS := {
	"TCPServer.take_connection.return": "streams are of the extension's class",
	"TCPServer.take_socket_connection.return": "streams are of the extension's class, which cannot derive from StreamPeerSocket",
	"WebSocketMultiplayerPeer.get_peer.return": "peers are of the extension's class",
	"WebSocketPeer.heartbeat_interval.type": "a float by its setter and getter; the engine registers the property as an int",
}
## Deviations that some versions of the engine do not have.
const VERSION_DEPENDENT: PackedStringArray = ["TCPServer.take_socket_connection.return"]

var _found_deviations := {}


## Returns the engine's class and its base classes below the common one.
func _own_classes(engine_class: String) -> PackedStringArray:
	var classes := PackedStringArray()
	var name := engine_class
	while name != COMMON_BASES[engine_class]:
		classes.append(name)
		name = ClassDB.get_parent_class(name)
	return classes


func _same(member: String, aspect: String, actual: Variant, expected: Variant) -> void:
	var name := "%s.%s" % [member, aspect]
	if name in DEVIATIONS and not same(actual, expected):
		_found_deviations[name] = true
		return
	equal(actual, expected, name)


## Describes a type. The names of enums differ by class, and ClassDB may not list them, so enums are ints.
static func _type(info: Dictionary) -> String:
	return "%s %s" % [type_string(info.type), info.class_name if info.type == TYPE_OBJECT else &""]


static func _by_name(list: Array[Dictionary]) -> Dictionary[String, Dictionary]:
	var out: Dictionary[String, Dictionary] = {}
	for info in list:
		out[info.name] = info
	return out


func test_classes_can_be_instantiated_and_derive_from_the_common_base() -> void:
	for engine_class in Implementation.CLASSES:
		check(ClassDB.can_instantiate(implementation.name_of(engine_class)), engine_class)
		check(ClassDB.is_parent_class(implementation.name_of(engine_class), COMMON_BASES[engine_class]), engine_class + " derives from " + COMMON_BASES[engine_class])


func test_methods() -> void:
	for engine_class in Implementation.CLASSES:
		var ours := _by_name(ClassDB.class_get_method_list(implementation.name_of(engine_class)))
		for part in _own_classes(engine_class):
			for method in ClassDB.class_get_method_list(part, true):
				var name := "%s.%s" % [engine_class, method.name]
				check(method.name in ours, name + " exists")
				if method.name in ours:
					_compare_method(name, ours[method.name], method)


func _compare_method(name: String, ours: Dictionary, engine: Dictionary) -> void:
	_same(name, "return", _type(ours.return), _type(engine.return))
	_same(name, "defaults", ours.default_args, engine.default_args)
	_same(name, "flags", ours.flags & (METHOD_FLAG_STATIC | METHOD_FLAG_VARARG), engine.flags & (METHOD_FLAG_STATIC | METHOD_FLAG_VARARG))
	_same(name, "argument count", ours.args.size(), engine.args.size())
	for i in mini(ours.args.size(), engine.args.size()):
		_same(name, "type of argument %d" % i, _type(ours.args[i]), _type(engine.args[i]))
		# Some setters of the engine have the argument names of other properties.
		if not method_is_setter(name):
			_same(name, "name of argument %d" % i, ours.args[i].name, engine.args[i].name)


static func method_is_setter(name: String) -> bool:
	return name.get_slice(".", 1).begins_with("set_")


func test_properties() -> void:
	for engine_class in Implementation.CLASSES:
		var ours := _by_name(ClassDB.class_get_property_list(implementation.name_of(engine_class)))
		var our_object: Object = ClassDB.instantiate(implementation.name_of(engine_class))
		var engine_object: Object = ClassDB.instantiate(engine_class)
		for part in _own_classes(engine_class) + PackedStringArray([COMMON_BASES[engine_class]]):
			for property in ClassDB.class_get_property_list(part, true):
				var name := "%s.%s" % [engine_class, property.name]
				check(property.name in ours, name + " exists")
				if property.name in ours:
					_same(name, "type", _type(ours[property.name]), _type(property))
				_same(name, "default", our_object.get(property.name), engine_object.get(property.name))
				_same(name, "type of the value", typeof(our_object.get(property.name)), typeof(engine_object.get(property.name)))


## Tools show and store the properties, as those of the engine, except keys and certificates.
func test_no_tool_shows_keys() -> void:
	if engine_differs():
		return
	for name: String in ["RustWebSocketPeer", "RustStreamPeerTLS", "RustWebSocketMultiplayerPeer"]:
		for property in ClassDB.class_get_property_list(name, true):
			if property.usage & PROPERTY_USAGE_GROUP == 0:
				equal(property.usage, PROPERTY_USAGE_NONE if property.name.begins_with("tls_") else PROPERTY_USAGE_DEFAULT, "%s.%s" % [name, property.name])


func test_properties_have_the_accessors_of_the_engine() -> void:
	for engine_class in Implementation.CLASSES:
		for part in _own_classes(engine_class):
			for property in ClassDB.class_get_property_list(part, true):
				for accessor: String in ["class_get_property_setter", "class_get_property_getter"]:
					equal(ClassDB.call(accessor, implementation.name_of(engine_class), property.name), ClassDB.call(accessor, engine_class, property.name), accessor)


func test_constants() -> void:
	for engine_class in Implementation.CLASSES:
		var our_class := implementation.name_of(engine_class)
		for part in _own_classes(engine_class):
			for constant in ClassDB.class_get_integer_constant_list(part, true):
				check(ClassDB.class_has_integer_constant(our_class, constant), "%s.%s exists" % [engine_class, constant])
				equal(ClassDB.class_get_integer_constant(our_class, constant), ClassDB.class_get_integer_constant(part, constant), constant)


func test_enums() -> void:
	for engine_class in Implementation.CLASSES:
		var our_class := implementation.name_of(engine_class)
		for part in _own_classes(engine_class):
			for name in ClassDB.class_get_enum_list(part, true):
				check(ClassDB.class_has_enum(our_class, name), "%s.%s exists" % [engine_class, name])
				if ClassDB.class_has_enum(our_class, name):
					equal(ClassDB.class_get_enum_constants(our_class, name), ClassDB.class_get_enum_constants(part, name), "%s.%s" % [engine_class, name])


func test_signals() -> void:
	for engine_class in Implementation.CLASSES:
		for part in _own_classes(engine_class):
			for info in ClassDB.class_get_signal_list(part, true):
				check(ClassDB.class_has_signal(implementation.name_of(engine_class), info.name), info.name)
	equal(ClassDB.class_get_signal_list("WebSocketPeer", true), [], "signals of the engine's peer")


func test_get_error_message() -> void:
	if engine_differs():
		return
	var method: Dictionary = _by_name(ClassDB.class_get_method_list("RustWebSocketPeer")).get("get_error_message", {})
	check(not method.is_empty(), "RustWebSocketPeer.get_error_message exists")
	if method:
		equal(_type(method.return), "String ", "return")
		equal(method.args, [], "arguments")


## Runs last: each listed deviation exists.
func test_zz_deviations_exist() -> void:
	if engine_differs():
		return
	test_methods()
	test_properties()
	for name: String in DEVIATIONS:
		check(name in _found_deviations or (name in VERSION_DEPENDENT and not ClassDB.class_exists("SocketServer")), name + " is no longer a deviation")


## The editor reads the properties of instances that have no other reference; this must not free them.
func test_defaults_are_readable_without_an_instance() -> void:
	if engine_differs():
		return
	for name in ClassDB.get_class_list():
		if name.begins_with("Rust"):
			check(ClassDB.can_instantiate(name), name)
			for property in ClassDB.class_get_property_list(name):
				ClassDB.class_get_property_default_value(name, property.name)
