#!/usr/bin/env bash
# Compares the release library with the engine's own class in one process, and prints what idle connections hold. Judges
# nothing: tests/bench/run.sh C_LIBRARY_DIR [MESSAGES [ROUNDS]]
set -euo pipefail

library=${1:?the folder of the C library}
shift
root=$(cd "$(dirname "$0")/../.." && pwd)
engine=$("$root/tools/engine.sh")
bin=$root/godot_project/addons/wspeer/bin/linux.$(uname -m)
home=$(mktemp -d)
# Debian's engine is an editor build and loads the debug entry, so the release library takes its place meanwhile.
cp "$bin/libwspeer.debug.so" "$home/libwspeer.debug.so" 2>/dev/null || true
restore() {
    [ ! -f "$home/libwspeer.debug.so" ] || mv "$home/libwspeer.debug.so" "$bin/libwspeer.debug.so"
    rm -rf "$home"
}
trap restore EXIT
cp "$bin/libwspeer.so" "$bin/libwspeer.debug.so.new"
mv "$bin/libwspeer.debug.so.new" "$bin/libwspeer.debug.so"

XDG_DATA_HOME=$home XDG_CONFIG_HOME=$home XDG_CACHE_HOME=$home \
    timeout 300 "$engine" --headless --path "$root/godot_project" -s res://tests/bench_burst.gd -- "$@"

gcc -std=c11 -D_DEFAULT_SOURCE -O2 -Wall -Wextra -Werror -I "$root/include" "$root/tests/bench/idle_memory.c" \
    -o "$home/idle_memory" -L "$library" -lwspeer "-Wl,-rpath,$library"
for kind in plain compressed; do
    (ulimit -n 4096 && "$home/idle_memory" "$kind")
done
