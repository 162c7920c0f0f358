#!/usr/bin/env bash
# Runs the conformance cases against both faces of the library: the GDScript programs of the sample project and the C
# programs of tests/c (built by its run.sh). tests/conformance/peers.sh quick|full [CASES]
# A full run is done over TCP and over TLS.
set -euo pipefail

mode=${1:?quick or full}
cases=(${2:+--cases "$2"})
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
target=${CARGO_TARGET_DIR:-$root/target}
engine=$("$root/tools/engine.sh")
home=$(mktemp -d)
trap 'rm -rf "$home"' EXIT
export XDG_DATA_HOME=$home XDG_CONFIG_HOME=$home XDG_CACHE_HOME=$home

status=0
godot="$engine --headless --path $root/godot_project -s res://tests"
"$here/run.sh" "$mode" --label godot "${cases[@]}" --server-cmd "$godot/autobahn_server.gd" --client-cmd "$godot/autobahn_client.gd --" || status=1
"$here/run.sh" "$mode" --label c "${cases[@]}" --server-cmd "$target/c-tests/echo_server" --client-cmd "$target/c-tests/autobahn_client" || status=1
[[ $mode == full ]] || exit "$status"

openssl=$("$root/tools/openssl.sh")
"$openssl" req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=localhost -addext subjectAltName=IP:127.0.0.1 \
    -keyout "$home/key.pem" -out "$home/certificate.pem" 2>/dev/null
tls=(--tls "$home/certificate.pem" "$home/key.pem")
"$here/run.sh" full --label godot-tls "${tls[@]}" "${cases[@]}" \
    --server-cmd "$godot/autobahn_server.gd -- $home/key.pem $home/certificate.pem" \
    --client-cmd "$godot/autobahn_client.gd --" || status=1
"$here/run.sh" full --label c-tls "${tls[@]}" "${cases[@]}" \
    --server-cmd "$target/c-tests/echo_server 0 $home/key.pem $home/certificate.pem" \
    --client-cmd "$target/c-tests/autobahn_client" || status=1
exit "$status"
