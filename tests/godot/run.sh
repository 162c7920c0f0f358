#!/usr/bin/env bash
# Runs the in-engine tests (godot_project/tests/run.gd) and adds what only shows from outside:
# printed errors, leaks, an extension that did not load.
#
#   tests/godot/run.sh [--suite NAME] [--only SUBSTRING] [--implementation ours|engine]
#
# The last line says "N passed, N failed". WSPEER_TEST_SECONDS bounds the run (600).
set -euo pipefail

root=$(realpath -- "$(dirname -- "${BASH_SOURCE[0]}")/../..")
project=$root/godot_project
extension=res://addons/wspeer/wspeer.gdextension
seconds=${WSPEER_TEST_SECONDS:-600}

engine=$(bash "$root/tools/engine.sh")
# For tests that start further engines; what runs may be a loader that is not the engine's own name.
export WSPEER_ENGINE=$engine
# The other end of suite_godot3.gd.
if [[ " $* " != *" --suite "* || " $* " == *" --suite godot3 "* ]]; then
    WSPEER_GODOT3=$(bash "$root/tools/godot3.sh")
    export WSPEER_GODOT3
fi
work=$(mktemp -d)
trap 'rm -rf -- "$work"' EXIT

# The dedicated server of suite_multiplayer_dedicated.gd. The library of the extension is the C library too.
target=${CARGO_TARGET_DIR:-$root/target}
library=$(realpath -- "$target/debug")
"${CC:-cc}" -std=c11 -O1 -I"$root/include" "$root/tests/c/room_server.c" -o "$work/room_server" \
    -L"$library" -lwspeer -Wl,-rpath,"$library"
export WSPEER_ROOM_SERVER=$work/room_server

# The editor lists extensions here when it imports a project. Written by hand, it saves the
# import, which takes longer than the tests.
list=$project/.godot/extension_list.cfg
if ! grep -qsxF "$extension" "$list"; then
    mkdir -p -- "${list%/*}"
    printf '%s\n' "$extension" >>"$list"
fi

status=0
timeout --kill-after=10 "$seconds" "$engine" --headless --verbose --path "$project" \
    -s res://tests/run.gd -- "$@" >"$work/out" 2>"$work/err" </dev/null || status=$?

# What the engine printed on stderr, each line with the test it stands under; leaks are
# errors and warnings at the exit. Errors between the markers are what the engine's own
# classes print on wrong calls; script errors and panics are nobody's right. The engine's
# classes need no extension.
awk -v engine_only="$([[ " $* " == *" --implementation engine "* ]] && echo 1 || echo 0)" '
    /^##TEST / { test = $2; next }
    /^##EXPECT_ENGINE_ERRORS begin/ { expected++; next }
    /^##EXPECT_ENGINE_ERRORS end/ { expected--; next }
    /SCRIPT ERROR: |panicked at/ { print test ": " $0; next }
    engine_only && test == "" { next }
    /^(USER )?ERROR: |Unicode parsing error/ && !expected { print test ": " $0 }
    # The extension has nothing to warn of either; what the engine warns of at start is its own.
    /^(USER )?WARNING: / && test != "" && !expected { print test ": " $0 }
' "$work/err" >"$work/problems"
grep -hE '^Leaked instance' "$work/out" "$work/err" >>"$work/problems" || true
# run.gd itself ends with 0 or 1.
if ((status == 124 || status == 137)); then
    echo "the run took longer than $seconds s; it stopped in $(awk '/^##TEST /{test=$2} END{print test}' "$work/err")" >>"$work/problems"
elif ((status > 1)); then
    echo "the engine ended with status $status" >>"$work/problems"
fi

awk '/^FAILED /{show=1} !/^(FAILED |    )/{show=0} show || / left out: /' "$work/out"
sort -u "$work/problems" | sed 's/^/FAILED outside: /'
closing=$(grep -xE '[0-9]+ passed, [0-9]+ failed' "$work/out" | tail -n 1 || true)
if [[ -z $closing ]]; then
    echo "FAILED outside: the run did not come to its end (exit status $status)"
    tail -n 20 "$work/err"
    closing="0 passed, 0 failed"
    echo unfinished >>"$work/problems"
fi
read -r passed _ failed _ <<<"$closing"
failed=$((failed + $(sort -u "$work/problems" | wc -l)))
echo "$passed passed, $failed failed"
((status == 0 && passed > 0 && failed == 0))
