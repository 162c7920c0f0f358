#!/usr/bin/env bash
# Builds the packages and uses each as its users do: tests/packaging/run.sh [GROUP...]
#
#   addon    the zip: its list, what its libraries need, an empty project in the editor and headless, an exported game
#   library  make install and uninstall, pkg-config, CMake, static linking, wspeer.hpp, cargo cinstall
#   abi      the baseline of the C interface, and that breaks of it are found
#   comments each C declaration and each Godot member has a comment
#   docs     the programs in docs/ and in the addon's README.md
#   dist     the release's files and their checksums
#
# Without arguments all of them. What is built and fetched stays under target/packaging; a first run takes minutes. The last line
# is `N passed, N failed`; the status is 0 only if nothing failed.
set -euo pipefail

here=$(dirname -- "$(readlink -f -- "${BASH_SOURCE[0]}")")
root=$(realpath -- "$here/../..")
target=$(realpath -m -- "${CARGO_TARGET_DIR:-$root/target}")
work=$target/packaging/tests
version=$("$root/tools/version.sh")
machine=$(uname -m)
engine=$("$root/tools/engine.sh")
# An empty project with the addon, made by the group addon and used by docs.
project=$work/project
archive=$root/dist/wspeer-addon-$version.zip
groups=("$@")
((${#groups[@]} > 0)) || groups=(library addon abi comments docs dist)

mkdir -p -- "$work"
# Two runs would overwrite each other's files.
exec 8>"$work/lock"
flock 8
rm -f -- "$work"/*.log
export XDG_DATA_HOME=$work/home XDG_CONFIG_HOME=$work/home XDG_CACHE_HOME=$work/home
mkdir -p "$work/home"
cd -- "$work"

server_pid=
finish() { [[ -z $server_pid ]] || kill "$server_pid" 2>/dev/null || true; }
trap finish EXIT

passed=0 failed=0
# step NAME COMMAND...: runs it and counts how it ends; what it prints is shown if it fails. The functions that are run like this
# chain what must succeed: bash ignores `set -e` in them.
step() {
    local name=$1 log=${1//[ \/]/_}.log status=0
    shift
    "$@" &>"$log" 8>&- </dev/null || status=$?
    if ((status == 0)); then
        passed=$((passed + 1))
    else
        failed=$((failed + 1))
        echo "FAILED $name (status $status, $work/$log)"
        tail -n 30 -- "$log" | sed 's/^/    /'
    fi
}

fails() { ! "$@"; }

# At most glibc 2.28, and nothing but the C library and the compiler's run time.
needs_little() {
    local newest
    newest=$(objdump -T "$1" | grep -oE 'GLIBC_[0-9.]+' | sort -Vu | tail -n 1) || return 1
    echo "newest symbol version: $newest"
    [[ $(printf '%s\n' GLIBC_2.28 "$newest" | sort -V | tail -n 1) == GLIBC_2.28 ]] &&
        ! readelf -d "$1" | grep NEEDED | grep -vE '\[(libc|libm|libdl|librt|libutil|libpthread|libgcc_s|ld-linux[-a-z0-9_]*)\.so'
}

is_stripped() { ! readelf -S "$1" | grep -E '\.(symtab|debug_info)'; }

names_no_folder_of_this_machine() { ! grep -aF -e "$root/" -e "${CARGO_HOME:-$HOME/.cargo}/" "$1" >/dev/null; }

# quiet COMMAND...: wants status 0 and no word of an error or warning, but for what an engine without a screen and a sound card says.
quiet() {
    local status=0
    timeout --kill-after=10 180 "$@" >engine.log 2>&1 || status=$?
    cat engine.log
    ((status == 0)) && ! grep -E '(ERROR|WARNING|panicked at|Leaked instance)' engine.log
}

# A project with nothing but the addon and a script (argument) on its one node.
make_project() {
    rm -rf "$project" && mkdir -p "$project" && unzip -q "$archive" -d "$project" &&
        cp "$1" "$project/main.gd" && cat >"$project/main.tscn" <<'END' && cat >"$project/project.godot" <<'END2'
[gd_scene load_steps=2 format=3]
[ext_resource type="Script" path="res://main.gd" id="1"]
[node name="Main" type="Node"]
script = ExtResource("1")
END
config_version=5
[application]
config/name="empty"
run/main_scene="res://main.tscn"
[editor_plugins]
enabled=PackedStringArray("res://addons/wspeer/plugin.cfg")
[rendering]
renderer/rendering_method="gl_compatibility"
END2
}

# start_server PROGRAM: an echo server of tests/c; sets $port.
start_server() {
    local word=''
    rm -f server.in server.out && mkfifo server.in server.out || return 1
    "$1" <server.in >server.out 8>&- &
    server_pid=$!
    exec 6>server.in 7<server.out
    read -r -t 10 word port <&7 || true
    [[ $word == LISTENING && $port =~ ^[1-9][0-9]*$ ]]
}

# The server ends when its standard input does.
stop_server() {
    exec 6>&-
    wait "$server_pid" || true
    server_pid=''
    exec 7<&-
}

for group in "${groups[@]}"; do
    # shellcheck source=/dev/null
    source "$here/$group.sh"
done

echo "$passed passed, $failed failed"
((failed == 0 && passed > 0))
