#!/usr/bin/env bash
# Runs each demo that ends by itself, headless, and compares what it prints: a folder
# godot_project/demos/NAME with NAME.tscn and expected.txt, where N stands for the
# id of a peer. The last line says "N passed, N failed".
set -euo pipefail

root=$(realpath -- "$(dirname -- "${BASH_SOURCE[0]}")/../..")
engine=$(bash "$root/tools/engine.sh")
work=$(mktemp -d)
trap 'rm -rf -- "$work"' EXIT

passed=0 failed=0
for expected in "$root"/godot_project/demos/*/expected.txt; do
    folder=${expected%/*} name=$(basename -- "${expected%/*}") status=0
    XDG_DATA_HOME=$work XDG_CONFIG_HOME=$work XDG_CACHE_HOME=$work timeout --kill-after=10 60 \
        "$engine" --headless --path "$root/godot_project" "res://demos/$name/$name.tscn" >"$work/out" 2>&1 </dev/null || status=$?
    if ((status == 0)) && diff -u "$folder/expected.txt" <(grep -vE '^(Initialize godot-rust|Godot Engine v|$)' "$work/out" | sed -E 's/(lient |connected: )[0-9]+/\1N/'); then
        passed=$((passed + 1))
    else
        failed=$((failed + 1))
        echo "FAILED $name (status $status)"
        tail -n 20 -- "$work/out" | sed 's/^/    /'
    fi
done
echo "$passed passed, $failed failed"
((failed == 0 && passed > 0))
