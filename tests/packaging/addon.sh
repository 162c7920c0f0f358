# shellcheck shell=bash
# Sourced by run.sh: the addon, in a project of its own, in the editor and in an exported game.

bin=$project/addons/wspeer/bin/linux.$machine

make_addon() { rm -f "$archive" && make -s -C "$root" addon && unzip -tq "$archive"; }

# Files of the sample project's addon that are committed, and what packaging adds.
expected_addon() {
    {
        git -C "$root" ls-files --cached --others --exclude-standard godot_project/addons/wspeer | sed 's,^godot_project/,,'
        printf 'addons/wspeer/%s\n' LICENSE THIRD-PARTY-LICENSES.txt godot3_names/.gdignore \
            "bin/linux.$machine/libwspeer.so" "bin/linux.$machine/libwspeer.debug.so"
        # What the format of the archive promises, whatever the sample project has.
        printf 'addons/wspeer/%s\n' wspeer.gdextension plugin.cfg README.md MIGRATING.md web_fallback.gd \
            godot3_names/websocket_client.gd godot3_names/websocket_server.gd
    } | sort -u
}

has_expected_list() { diff -u --label expected --label archive <(expected_addon) <(unzip -Z1 "$archive" | sort); }

same_bytes_again() {
    SOURCE_DATE_EPOCH=$("$root/tools/epoch.sh") "$root/tools/pack.py" "$target/packaging/addon" again.zip && cmp "$archive" again.zip
}

# The first program in a language of a page.
first_program() { awk -v fence="\`\`\`$2" '$0 == fence { inside = 1; next } inside && /^```$/ { exit } inside' "$1"; }

# Not `--import`: where that finds an extension for the first time, the engine (4.6.3) crashes in its own code while it ends.
editor_imports() {
    rm -rf "$project/.godot" && quiet "$engine" --headless --path "$project" --editor --quit-after 300 &&
        grep -xF 'res://addons/wspeer/wspeer.gdextension' "$project/.godot/extension_list.cfg" &&
        ! grep -F godot3_names "$project/.godot/global_script_class_cache.cfg"
}

# The plugin is enabled in the project, so the editor has to load it.
editor_opens() {
    quiet "$engine" --headless --path "$project" --import && quiet "$engine" --headless --path "$project" --editor --quit-after 20
}

has_icons() {
    local class icon missing=0
    while IFS='= "' read -r class icon; do
        icon=${icon//\"/}
        [[ -s $project/addons/wspeer/$icon ]] || { echo "no $icon for $class" && missing=1; }
    done < <(sed -n '/^\[icons\]/,$s/^Rust/&/p' "$project/addons/wspeer/wspeer.gdextension")
    return $missing
}

said() { diff <(printf '%s\n' "$@") <(grep -vE '^(Initialize godot-rust|Godot Engine v|$)' engine.log | sed -n '1,20p'); }

runs_headless() {
    quiet "$engine" --headless --path "$project" --quit-after 3000 && said '< Hello' 'closed: 1000 '
}

write_fallback_script() {
    cat >fallback.gd <<'END'
extends Node

const WebFallback = preload("res://addons/wspeer/web_fallback.gd")


func _ready() -> void:
	var socket = WebFallback.new_peer()
	print(socket.get_class(), " ", socket.get_ready_state() == WebSocketPeer.STATE_CLOSED)
	get_tree().quit()
END
}

falls_back() {
    write_fallback_script && make_project fallback.gd && mkdir -p "$project/.godot" &&
        echo res://addons/wspeer/wspeer.gdextension >"$project/.godot/extension_list.cfg" &&
        quiet "$engine" --headless --path "$project" && said 'RustWebSocketPeer true' &&
        rm -rf "$project/.godot" "$project/addons/wspeer/bin" "$project/addons/wspeer/wspeer.gdextension" &&
        quiet "$engine" --headless --path "$project" && said 'WebSocketPeer true'
}

export_game() {
    local template
    template=$("$root/tools/packaging_tool.sh" godot-template) || return 1
    cat >"$project/export_presets.cfg" <<END
[preset.0]
name="Linux"
platform="Linux"
runnable=true
export_filter="all_resources"
include_filter=""
exclude_filter=""
export_path=""
[preset.0.options]
custom_template/release="$template"
custom_template/debug="$template"
binary_format/embed_pck=false
binary_format/architecture="$machine"
END
    rm -rf game && mkdir game && quiet "$engine" --headless --path "$project" --export-release Linux "$work/game/game" &&
        [[ -s game/game.pck && -s game/libwspeer.so ]]
}

# Far from the project, whose files it must not need.
exported_game_runs() {
    rm -rf "$project.away" && mv "$project" "$project.away" || return 1
    local status=0
    { quiet ./game/game --headless --quit-after 3000 && said '< Hello' 'closed: 1000 '; } || status=1
    mv "$project.away" "$project"
    return $status
}

step 'make addon' make_addon
step 'the archive has what it should' has_expected_list
step 'the same content gives the same archive' same_bytes_again
first_program "$root/godot_project/addons/wspeer/README.md" gdscript >readme.gd
if [[ ! -x echo_server ]]; then
    CARGO_TARGET_DIR=$target/capi cargo build --quiet --no-default-features --features capi --manifest-path "$root/Cargo.toml" 8>&-
    gcc -I "$root/include" "$root/tests/c/echo_server.c" -o echo_server -L "$target/capi/debug" -lwspeer "-Wl,-rpath,$target/capi/debug"
fi
if LD_LIBRARY_PATH=$work/library/lib start_server ./echo_server; then
    sed -i -e "s/localhost:9080/127.0.0.1:$port/" -e 's/set_process(false)/get_tree().quit()/' readme.gd
    step 'unpack into an empty project' make_project readme.gd
    for library in libwspeer.so libwspeer.debug.so; do
        step "glibc 2.28 is enough for $library" needs_little "$bin/$library"
        step "$library is stripped" is_stripped "$bin/$library"
        step "$library names no folder of this machine" names_no_folder_of_this_machine "$bin/$library"
    done
    step 'icons' has_icons
    step 'version of the plugin' grep -xF "version=\"$version\"" "$project/addons/wspeer/plugin.cfg"
    step 'the editor imports the project' editor_imports
    step 'the editor opens it with the plugin' editor_opens
    step 'the project runs headless' runs_headless
    step 'export' export_game
    step 'the exported game runs' exported_game_runs
    step 'web_fallback.gd' falls_back
    stop_server
else
    step 'the echo server starts' false
fi
