#!/usr/bin/env bash
# Runs the documentation's programs across languages: tests/docs/run.sh [LIBRARY_DIR]
# The GDScript and the C program of README.md, as they stand there, against the C echo server, and the C echo client against
# the minimal server's scene.
set -euo pipefail

root=$(cd "$(dirname "$0")/../.." && pwd)
target=${CARGO_TARGET_DIR:-$root/target}
library=${1:-$target/debug}
work=$(mktemp -d)
server=
finish() {
    [ -z "$server" ] || kill "$server" 2>/dev/null || true
    rm -rf "$work"
}
trap finish EXIT

# A fenced block of a language: the first, or the one of that number.
snippet() {
    awk -v fence="\`\`\`$1" -v number="${2:-1}" '
        $0 == fence && ++count == number { inside = 1; next } inside && /^```$/ { exit } inside' "$root/README.md"
}

compile() {
    gcc -std=c11 -Wall -Wextra -Wpedantic -Werror -I "$root/include" "$1" -o "$2" -L "$library" -lwspeer "-Wl,-rpath,$library"
}

passed=0 failed=0
expect() {
    local name=$1 expected=$2 actual=$3
    if [ "$actual" = "$expected" ]; then
        passed=$((passed + 1))
    else
        failed=$((failed + 1))
        printf '%s printed\n%s\ninstead of\n%s\n' "$name" "$actual" "$expected"
    fi
}

compile "$root/tests/c/echo_server.c" "$work/echo_server"
mkfifo "$work/output" "$work/input"
"$work/echo_server" <"$work/input" >"$work/output" &
server=$!
exec 8>"$work/input" 9<"$work/output"
read -r -t 10 word port <&9
[ "$word" = LISTENING ]

snippet c >"$work/readme.c"
compile "$work/readme.c" "$work/readme"
expect 'the C program of README.md' "$(printf '< Hello\nclosed: 1000 ')" "$(timeout 20 "$work/readme" "ws://127.0.0.1:$port" 2>&1)"

# The script runs in a project that has nothing but the addon, as a reader of README.md would make one.
project=$work/project
mkdir -p "$project/addons" "$project/.godot"
cp -r "$root/godot_project/addons/wspeer" "$project/addons/"
echo 'res://addons/wspeer/wspeer.gdextension' >"$project/.godot/extension_list.cfg"
snippet gdscript | sed "s/localhost:9080/127.0.0.1:$port/" >"$project/readme.gd"
cat >"$project/project.godot" <<'END'
config_version=5
[application]
config/name="readme"
run/main_scene="res://main.tscn"
END
cat >"$project/main.tscn" <<'END'
[gd_scene load_steps=2 format=3]
[ext_resource type="Script" path="res://readme.gd" id="1"]
[node name="Main" type="Node"]
script = ExtResource("1")
END
engine=$("$root/tools/engine.sh")
output=$(XDG_DATA_HOME=$work XDG_CONFIG_HOME=$work XDG_CACHE_HOME=$work \
    timeout 30 "$engine" --headless --path "$project" --quit-after 600 2>&1 | grep -vE '^(Initialize godot-rust|Godot Engine v|$)' || true)
expect 'the script of README.md' "$(printf '< Hello\nclosed: 1000 ')" "$output"

# The room's script, once as a host and once as a guest, each with a multiplayer API of its own.
snippet gdscript 2 >"$project/room.gd"
cat >"$project/readme.gd" <<'END'
extends Node

var chats := []

func _ready():
	for role in ["Host", "Guest"]:
		var branch := Node.new()
		branch.name = role
		get_tree().set_multiplayer(MultiplayerAPI.create_default_interface(), NodePath("/root/Main/" + role))
		add_child(branch)
		chats.append(load("res://room.gd").new())
		chats[-1].name = "Chat"
		branch.add_child(chats[-1])
	chats[0].host(0)
	chats[1].join("ws://127.0.0.1:%d" % chats[0].multiplayer.multiplayer_peer.get_local_port())
	await chats[0].multiplayer.peer_connected
	chats[0].chat.rpc("hello")
	# What was sent before arrives first.
	chats[0].multiplayer.multiplayer_peer.close()
	await chats[1].multiplayer.server_disconnected
	get_tree().quit()
END
output=$(XDG_DATA_HOME=$work XDG_CONFIG_HOME=$work XDG_CACHE_HOME=$work \
    timeout 30 "$engine" --headless --path "$project" 2>&1 | grep -vE '^(Initialize godot-rust|Godot Engine v|$)' || true)
expect 'the room of README.md' "$(printf '1: hello\n1: hello')" "$output"
snippet gdscript 4 >"$project/watch.gd"
cat >"$project/readme.gd" <<END
extends Node

var peer := RustWebSocketPeer.new()
var sent := false

func _ready():
	add_child(load("res://watch.gd").new())
	peer.connect_to_url("ws://127.0.0.1:$port")

func _process(_delta):
	peer.poll()
	if not sent and peer.get_ready_state() == RustWebSocketPeer.STATE_OPEN:
		sent = peer.send_text("Hello") == OK
	if peer.get_available_packet_count() > 0:
		get_tree().quit()
END
output=$(XDG_DATA_HOME=$work XDG_CONFIG_HOME=$work XDG_CACHE_HOME=$work \
    timeout 30 "$engine" --headless --path "$project" 2>&1 | grep -oE '(text [0-9]+|ERROR.*)$' | sort -u || true)
expect 'the monitor of README.md' 'text 5' "$output"

compile "$root/tests/c/echo_client.c" "$work/echo_client"
godot() {
    XDG_DATA_HOME=$work XDG_CONFIG_HOME=$work XDG_CACHE_HOME=$work timeout 30 "$engine" --headless --path "$root/godot_project" "$@"
}
mkfifo "$work/scene"
godot -s res://tests/serve_demo.gd >"$work/scene" 2>&1 &
scene=$!
exec 7<"$work/scene"
scene_said=
while read -r -t 20 line <&7; do
    scene_said+=$line$'\n'
    [[ $line != LISTENING* ]] || break
done
expect 'the C client at the scene' "$(printf '< Hello from C\nclosed: 1000 done')" \
    "$(timeout 20 "$work/echo_client" "ws://127.0.0.1:${line#LISTENING }" 'Hello from C' 2>&1)"
while read -r -t 20 line <&7; do scene_said+=$line$'\n'; done
status=0
wait "$scene" || status=$?
expect 'the scene' '0 1' "$status $(grep -c '^< Got text data from peer 2: Hello from C ... echoing$' <<<"$scene_said")"

# The chat of C and the scenes of Godot 3's programs.
compile "$root/tests/c/chat_server.c" "$work/chat_server"
compile "$root/tests/c/chat_client.c" "$work/chat_client"
mkfifo "$work/tutorial"
godot -s res://tests/serve_godot3.gd >"$work/tutorial" 2>&1 &
scene=$!
exec 7<"$work/tutorial"
scene_said=
while read -r -t 20 line <&7; do
    scene_said+=$line$'\n'
    [[ $line != LISTENING* ]] || break
done
expect 'the chat client at the tutorial of Godot 3' "$(printf 'connected\nHello from C')" \
    "$(printf 'Hello from C\n:wait Hello from C\n' | timeout 20 "$work/chat_client" "ws://127.0.0.1:${line#LISTENING }" 2>&1)"
while read -r -t 20 line <&7; do scene_said+=$line$'\n'; done
status=0
wait "$scene" || status=$?
expect 'the tutorial of Godot 3' '0 1 1' "$status $(grep -c '^Got data from client [0-9]*: Hello from C ... echoing$' <<<"$scene_said") \
$(grep -c '^Client [0-9]* disconnecting with code: 1000, reason: bye$' <<<"$scene_said")"

mkfifo "$work/chat" "$work/silence"
exec 6<>"$work/silence"
"$work/chat_server" <"$work/silence" >"$work/chat" &
chat=$!
exec 7<"$work/chat"
read -r -t 10 word port <&7
expect 'a scene of Godot 3 at the chat server' "$(printf 'Received: scene has come\nReceived: scene: Hello, server!')" \
    "$(godot -s res://tests/visit_chat.gd -- "ws://127.0.0.1:$port/scene" 2>&1 | grep -vE '^(Initialize godot-rust|Godot Engine v|$)')"
kill -TERM "$chat"
status=0
wait "$chat" || status=$?
expect 'the chat server' 0 "$status"

echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
