#!/usr/bin/env bash
# Opens the sample project in the editor, on a screen that nobody sees, runs a demo from there and looks at
# the debugger's tab "WebSockets" (plugin/plugin.gd). An error or warning that the editor prints is a failure.
#
#   tests/editor/run.sh [PICTURE.png]
#
# PICTURE.png gets a picture of the editor (target/editor-test/editor.png). The last line says "N passed, N
# failed".
set -euo pipefail

here=$(dirname -- "$(readlink -f -- "${BASH_SOURCE[0]}")")
root=$(realpath -- "$here/../..")
# shellcheck source=../../tools/debian_tree.sh
source "$root/tools/debian_tree.sh"
work=$(tree_target_dir)/editor-test
mkdir -p -- "$work"
WSPEER_SCREENSHOT=$(realpath -m -- "${1:-$work/editor.png}")
export WSPEER_SCREENSHOT

# Mesa draws without a graphics card.
if ! command -v Xvfb >/dev/null; then
    if ((EUID != 0)) || ! command -v apt-get >/dev/null; then
        tree_say 'needs Xvfb and Mesa (Debian: xvfb libgl1 libgl1-mesa-dri)'
        exit 1
    fi
    tree_say 'installing xvfb and Mesa'
    { apt-get update && apt-get install -y --no-install-recommends xvfb libgl1 libgl1-mesa-dri; } >&2
fi
engine=$(bash "$root/tools/engine.sh")

# The editor starts games by the path of its own program. Where tools/engine.sh has unpacked the engine, that
# would be the dynamic loader's; a copy that knows its loader and its libraries can be started by itself.
if [[ $(head -c 2 -- "$engine") == '#!' ]]; then
    tree=$(dirname -- "$engine")
    patchelf=$(type -P patchelf) || {
        unpack_debian_packages bookworm "$work/patchelf" patchelf
        write_tree_launcher "$work/patchelf" usr/bin/patchelf patchelf
        patchelf=$work/patchelf/patchelf
    }
    loader=$(compgen -G "$tree/usr/lib/*/ld*.so.[0-9]" | head -n 1)
    libraries=$(sed -n 's/.*--library-path "\([^"]*\)".*/\1/p' "$engine")
    cp -- "$tree/usr/bin/godot" "$work/godot"
    libraries=${libraries//\$tree/$tree}
    "$patchelf" --set-interpreter "$loader" --force-rpath --set-rpath "$libraries" "$work/godot"
    engine=$work/godot
    # For libraries that do not look where the program does; nothing but the engine's own is in these folders.
    export LD_LIBRARY_PATH=${libraries#*:}
fi

# A copy, because the editor writes into what it opens. Without the tests: some have static variables, and the
# editor does not let go of such scripts at its end.
rm -rf -- "$work/project" "$work/home"
mkdir -p -- "$work/home" "$work/project"
(cd -- "$root/godot_project" && tar -c --exclude ./.godot --exclude ./tests .) | tar -x -C "$work/project"
cp -r -- "$here/plugin" "$work/project/addons/editor_test"
cp -- "$root/godot_project/tests/support/wait.gd" "$work/project/addons/editor_test/"
sed -i 's|^enabled=PackedStringArray(|&"res://addons/editor_test/plugin.cfg", |' "$work/project/project.godot"
# The game, too, finds no sound card.
printf '\n[audio]\n\ndriver/driver="Dummy"\n' >>"$work/project/project.godot"
mkdir -- "$work/project/.godot"
echo res://addons/wspeer/wspeer.gdextension >"$work/project/.godot/extension_list.cfg"

# Xvfb chooses a free number and tells it.
exec {from_screen}< <(exec Xvfb -displayfd 1 -screen 0 1600x1000x24 -nolisten tcp 2>/dev/null)
screen=$!
trap 'kill "$screen" 2>/dev/null || true' EXIT
read -r -t 20 number <&"$from_screen"

status=0
env DISPLAY=":$number" HOME="$work/home" XDG_DATA_HOME="$work/home" XDG_CONFIG_HOME="$work/home" XDG_CACHE_HOME="$work/home" \
    LIBGL_ALWAYS_SOFTWARE=1 timeout --kill-after=10 300 \
    "$engine" --editor --verbose --path "$work/project" --rendering-driver opengl3 --audio-driver Dummy \
    >"$work/out" 2>&1 </dev/null || status=$?

# What a machine without devices makes the engine say about them is not ours.
problems=$(grep -E '^ *(USER |SCRIPT )?(ERROR|WARNING): |panicked at|Leaked instance' "$work/out" |
    grep -vE 'XServer|udev|ALSA|PulseAudio|Vulkan|libdecor|XIM|X11 |VSync|V-Sync|xkb|dbus|D-Bus|speechd' | sort -u) || true
grep -E '^(ok|FAILED) ' "$work/out" || true
closing=$(grep -xE '[0-9]+ passed, [0-9]+ failed' "$work/out" | tail -n 1 || true)
read -r passed _ failed _ <<<"${closing:-0 passed, 1 failed}"
if [[ -n $problems ]]; then
    sed 's/^/FAILED the editor says: /' <<<"$problems"
    failed=$((failed + $(wc -l <<<"$problems")))
else
    passed=$((passed + 1))
fi
if ((status != 0 && failed == 0)); then
    echo "FAILED the editor ended with status $status ($work/out)"
    failed=1
fi
echo "$passed passed, $failed failed"
((failed == 0 && passed > 1))
