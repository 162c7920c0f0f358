extends SceneTree
## Makes the calls of its argument, each in a function of its own, because an error ends the function. Started by suite_calls.gd.


func _initialize() -> void:
	var calls: Array = Marshalls.base64_to_variant(OS.get_cmdline_user_args()[0])
	var objects := {}
	for i in calls.size():
		# On stderr, like the errors.
		printerr("##CALL ", i)
		var object: Object = objects.get_or_add(calls[i][0], ClassDB.instantiate(calls[i][0]))
		_make(object, calls[i][1], calls[i][2])
	printerr("##CALL ", calls.size())
	quit()


func _make(object, method: String, arguments: Array) -> void:
	match [method, arguments.size()]:
		["poll", 1]: object.poll(arguments[0])
		["get_ready_state", 1]: object.get_ready_state(arguments[0])
		["send", 0]: object.send()
		["send", 1]: object.send(arguments[0])
		["send", 2]: object.send(arguments[0], arguments[1])
		["send", 3]: object.send(arguments[0], arguments[1], arguments[2])
		["send_text", 0]: object.send_text()
		["send_text", 1]: object.send_text(arguments[0])
		["close", 1]: object.close(arguments[0])
		["close", 2]: object.close(arguments[0], arguments[1])
		["connect_to_url", 0]: object.connect_to_url()
		["connect_to_url", 1]: object.connect_to_url(arguments[0])
		["connect_to_url", 2]: object.connect_to_url(arguments[0], arguments[1])
		["set_no_delay", 1]: object.set_no_delay(arguments[0])
		["listen", 0]: object.listen()
		["listen", 1]: object.listen(arguments[0])
		["take_connection", 1]: object.take_connection(arguments[0])
		["create_server", 0]: object.create_server()
		["create_server", 1]: object.create_server(arguments[0])
		["create_client", 1]: object.create_client(arguments[0])
