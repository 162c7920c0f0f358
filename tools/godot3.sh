#!/usr/bin/env bash
# Prints the absolute path of a Godot 3 server (headless) that runs here: $GODOT3, or
# godot3-server on PATH, or Debian's own, unpacked under target/godot3 (once, about
# 55 MB to fetch). Everything else it has to say goes to stderr.
set -euo pipefail

# shellcheck source=tools/debian_tree.sh
source "$(dirname -- "$(readlink -f -- "${BASH_SOURCE[0]}")")/debian_tree.sh"

# Has the last 3.6; bookworm's is 3.2.
suite=forky

# Whether PROGRAM runs and is a Godot 3.
suits() {
    [[ $(timeout 60 "$1" --version 2>/dev/null </dev/null | tail -n 1) == 3.* ]]
}

if [[ -n ${GODOT3:-} ]]; then
    if ! program=$(type -P -- "$GODOT3") || ! suits "$program"; then
        tree_say "GODOT3 is set to '$GODOT3', which is no Godot 3 that runs here."
        exit 1
    fi
    realpath -s -- "$program"
    exit
fi

if program=$(type -P godot3-server) && suits "$program"; then
    realpath -s -- "$program"
    exit
fi

engine=$(tree_target_dir)/godot3
if ! suits "$engine/godot3-server"; then
    if ! unpack_debian_packages "$suite" "$engine" godot3-server ||
        ! write_tree_launcher "$engine" usr/bin/godot3-server godot3-server; then
        tree_say "no Godot 3 to be had. Install godot3-server, or set GODOT3 to the" \
            "executable of a headless Godot 3."
        exit 1
    fi
    if ! suits "$engine/godot3-server"; then
        "$engine/godot3-server" --version >&2 || true
        tree_say "Debian's Godot 3 does not run here. Remove $engine to have it unpacked" \
            "anew, or set GODOT3 to the executable of another headless Godot 3."
        exit 1
    fi
fi
echo "$engine/godot3-server"
