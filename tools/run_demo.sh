#!/usr/bin/env bash
# Runs the tutorial's server and client headless and checks that they said what the tutorial prints.
set -euo pipefail

root=$(cd "$(dirname "$0")/.." && pwd)
engine=$("$root/tools/engine.sh")
home=$(mktemp -d)
trap 'rm -rf "$home"' EXIT

status=0
output=$(XDG_DATA_HOME=$home XDG_CONFIG_HOME=$home XDG_CACHE_HOME=$home \
    timeout 60 "$engine" --headless --path "$root/godot_project" res://demos/tutorial_run.tscn 2>&1) || status=$?
printf '%s\n' "$output"
if [ "$status" -ne 0 ]; then
    echo "the demo failed (exit code $status)" >&2
    exit 1
fi
for line in 'Server started.' '> Sending test packet.' '< Got text data from server: Test packet' \
    'WebSocket closed with code: 1000. Clean: true'; do
    if ! grep -qF -- "$line" <<<"$output"; then
        echo "the demo did not print '$line'" >&2
        exit 1
    fi
done
