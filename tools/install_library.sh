#!/usr/bin/env bash
# Puts a built library where the sample project loads it: tools/install_library.sh debug|release|optimized
# optimized: the release library in the place of the debug one, which is what editors load.
set -euo pipefail

profile=${1:?debug or release}
root=$(cd "$(dirname "$0")/.." && pwd)
target=${CARGO_TARGET_DIR:-$root/target}
addon=$root/godot_project/addons/wspeer
folder=$addon/bin/linux.$(uname -m)
case $profile in
    debug) built=$target/debug/libwspeer.so name=libwspeer.debug.so ;;
    release) built=$target/release/libwspeer.so name=libwspeer.so ;;
    optimized) built=$target/release/libwspeer.so name=libwspeer.debug.so ;;
    *) echo "unknown profile '$profile'" >&2; exit 1 ;;
esac

mkdir -p "$folder" "$root/godot_project/.godot"
# A rename, because an engine that is running has the old file mapped.
cp "$built" "$folder/$name.new"
mv "$folder/$name.new" "$folder/$name"
# The engine writes this list when the editor imports a project; without it a fresh checkout loads no extension.
echo "res://addons/wspeer/wspeer.gdextension" > "$root/godot_project/.godot/extension_list.cfg"
# So it does with the names that scripts give to classes.
class() {
    printf '{\n"base": &"Rust%s",\n"class": &"%s",\n"icon": "",\n"is_abstract": false,\n"is_tool": false,\n"language": &"GDScript",\n"path": "res://addons/wspeer/godot3_names/%s"\n}' "$@"
}
{
    printf 'list=['
    class WebSocketClient WebSocketClient websocket_client.gd
    printf ', '
    class WebSocketServer WebSocketServer websocket_server.gd
    printf ']\n'
} > "$root/godot_project/.godot/global_script_class_cache.cfg"
