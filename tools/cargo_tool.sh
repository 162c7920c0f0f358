# shellcheck shell=bash
# Sourced, not run: cargo_tool NAME prints the path of a cargo subcommand's program, building it once where it is missing.

cargo_tool() {
    local name=$1 root tools
    if command -v "$name"; then
        return
    fi
    root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
    tools=${CARGO_TARGET_DIR:-$root/target}/tools
    if [ ! -x "$tools/bin/$name" ]; then
        echo "$name is missing; building it once into $tools (a few minutes)" >&2
        # The variable would make cargo build the tool among our own artefacts.
        env -u CARGO_TARGET_DIR cargo install "$name" --locked --quiet --root "$tools" >&2
    fi
    echo "$tools/bin/$name"
}
