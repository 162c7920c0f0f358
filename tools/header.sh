#!/usr/bin/env bash
# Writes include/wspeer.h from rust/capi, or with --check compares it.
set -euo pipefail

cd "$(dirname "$0")/.."
# Cargo names the folder of the build script's output in its messages.
generated=$(cargo build --no-default-features --features capi --message-format json --quiet |
    sed -n 's/.*"reason":"build-script-executed".*"package_id":"[^"]*wspeer[^"]*".*"out_dir":"\([^"]*\)".*/\1/p' | tail -n 1)/wspeer.h
if [ "${1:-}" = --check ]; then
    diff -u include/wspeer.h "$generated" || { echo "include/wspeer.h is stale; run 'make header'" >&2; exit 1; }
else
    mkdir -p include
    cp "$generated" include/wspeer.h
fi
