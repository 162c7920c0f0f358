#!/usr/bin/env bash
# Runs the addon of a release in an engine: use_addon.sh GODOT ARCHIVE
set -euo pipefail

godot=$1
archive=$(cd "$(dirname "$2")" && pwd)/$(basename "$2")
here=$(cd "$(dirname "$0")/.." && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

(cd "$work" && cmake -E tar xf "$archive")
cp "$here/everywhere.gd" "$work/main.gd"
printf '%s\n' 'config_version=5' '[application]' 'config/name="release"' 'run/main_scene="res://main.tscn"' \
    > "$work/project.godot"
printf '%s\n' '[gd_scene load_steps=2 format=3]' '[ext_resource type="Script" path="res://main.gd" id="1"]' \
    '[node name="Main" type="Node"]' 'script = ExtResource("1")' > "$work/main.tscn"
# The list that the editor writes when it imports a project.
mkdir "$work/.godot"
echo 'res://addons/wspeer/wspeer.gdextension' > "$work/.godot/extension_list.cfg"

"$godot" --headless --path "$work" --quit-after 60000 | tee "$work/output"
for line in 'plain closed: 1000' 'secure closed: 1000'; do
    grep -q "^$line" "$work/output"
done
