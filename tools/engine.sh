#!/usr/bin/env bash
# Prints the absolute path of a Godot 4.4 or newer that runs here: $GODOT, or one on
# PATH, or Debian's own, unpacked under target/engine (once, about 160 MB to fetch).
# Everything else it has to say goes to stderr.
set -euo pipefail

# shellcheck source=tools/debian_tree.sh
source "$(dirname -- "$(readlink -f -- "${BASH_SOURCE[0]}")")/debian_tree.sh"

# Debian's first release (at the time of writing its next one) with a Godot 4.4.
suite=forky

# Prints what PROGRAM, if it runs at all, gives as its version.
version_of() {
    timeout 60 "$1" --headless --version 2>/dev/null </dev/null | tail -n 1
}

# Whether PROGRAM is a new enough Godot.
suits() {
    [[ $(version_of "$1") =~ ^([0-9]+)\.([0-9]+)\. ]] &&
        ((BASH_REMATCH[1] > 4 || (BASH_REMATCH[1] == 4 && BASH_REMATCH[2] >= 4)))
}

if [[ -n ${GODOT:-} ]]; then
    if ! program=$(type -P -- "$GODOT"); then
        tree_say "GODOT is set to '$GODOT', which is no program. Set it to the executable" \
            "of a Godot 4.4 or newer, or unset it."
        exit 1
    fi
    if ! suits "$program"; then
        tree_say "GODOT is set to '$GODOT', which is no Godot 4.4 or newer: it gives its" \
            "version as '$(version_of "$program")'."
        exit 1
    fi
    realpath -s -- "$program"
    exit
fi

for name in godot4 godot; do
    if program=$(type -P "$name") && suits "$program"; then
        realpath -s -- "$program"
        exit
    fi
done

engine=$(tree_target_dir)/engine
if ! suits "$engine/godot"; then
    if ! unpack_debian_packages "$suite" "$engine" godot ||
        ! write_tree_launcher "$engine" usr/bin/godot godot; then
        tree_say "no Godot to be had. Install Godot 4.4 or newer as godot4 or godot on PATH," \
            "or set GODOT to its executable."
        exit 1
    fi
    if ! suits "$engine/godot"; then
        "$engine/godot" --headless --version >&2 || true
        tree_say "Debian's Godot does not run here. Remove $engine to have it unpacked anew," \
            "or set GODOT to the executable of another Godot 4.4 or newer."
        exit 1
    fi
fi
echo "$engine/godot"
