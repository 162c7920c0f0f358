#!/usr/bin/env bash
# Runs the conformance cases against both faces of the library: the GDScript programs of the sample project and the C
# programs of tests/c (built by its run.sh). tests/conformance/peers.sh quick|full
set -euo pipefail

mode=${1:?quick or full}
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
target=${CARGO_TARGET_DIR:-$root/target}
engine=$("$root/tools/engine.sh")
home=$(mktemp -d)
trap 'rm -rf "$home"' EXIT
export XDG_DATA_HOME=$home XDG_CONFIG_HOME=$home XDG_CACHE_HOME=$home

status=0
godot="$engine --headless --path $root/godot_project -s res://tests"
"$here/run.sh" "$mode" --label godot --server-cmd "$godot/autobahn_server.gd" --client-cmd "$godot/autobahn_client.gd --" || status=1
"$here/run.sh" "$mode" --label c --server-cmd "$target/c-tests/echo_server" --client-cmd "$target/c-tests/autobahn_client" || status=1
exit "$status"
