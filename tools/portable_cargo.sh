#!/usr/bin/env bash
# Runs cargo build or cargo rustc so that the result runs on Linux with glibc 2.28 or later, and says the same about paths
# wherever it is built: tools/portable_cargo.sh build|rustc [ARGUMENT...]
# Where the results of a verb are prints
#   tools/portable_cargo.sh folder VERB PROFILE
set -euo pipefail

# One folder for each verb: the addon is built by one, the C library by the other, and they would replace each other.
verb=${1:?build, rustc or folder}
shift
root=$(cd "$(dirname "$0")/.." && pwd)
target=$(realpath -m -- "${CARGO_TARGET_DIR:-$root/target}")
triple=$(uname -m)-unknown-linux-gnu
glibc=2.28

if [ "$verb" = folder ]; then
    echo "$target/packaging/${1:?build or rustc}/$triple/${2:?a profile}"
    exit
fi
PATH=$("$root/tools/packaging_tool.sh" zig-path):$PATH
export CARGO_TARGET_DIR=$target/packaging/$verb
export CARGO_ZIGBUILD_CACHE_DIR=$target/packaging/zigbuild
# Panic messages and debug information would otherwise name folders of this machine.
export RUSTFLAGS="--remap-path-prefix=$root=. --remap-path-prefix=${CARGO_HOME:-$HOME/.cargo}=cargo"
cd "$root"
[ "$verb" = rustc ] || verb=zigbuild
exec cargo-zigbuild "$verb" --target "$triple.$glibc" "$@"
