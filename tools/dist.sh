#!/usr/bin/env bash
# Writes what a release consists of into dist/: the addon, the C library for Linux, the source, and their checksums. The same commit
# gives the same bytes.
set -euo pipefail

root=$(cd "$(dirname "$0")/.." && pwd)
target=$(realpath -m -- "${CARGO_TARGET_DIR:-$root/target}")
version=$("$root/tools/version.sh")
# For packing alone: in the environment of the builds, another time would make them begin anew.
epoch=$("$root/tools/epoch.sh")

cd "$root"
mkdir -p dist
addon=$(tools/addon.sh)

stage=$target/packaging/c
rm -rf "$stage"
DESTDIR=$stage PREFIX=/usr/local WSPEER_PORTABLE=1 tools/install.sh install >&2
library=dist/wspeer-c-$version-linux-$(uname -m).tar.gz
# Found by pkg-config and CMake wherever it is unpacked.
sed -i 's,^prefix=.*,prefix=${pcfiledir}/../..,' "$stage/usr/local/lib/pkgconfig/wspeer.pc"
SOURCE_DATE_EPOCH=$epoch tools/pack.py "$stage/usr/local" "$library" "wspeer-c-$version"

source=dist/wspeer-$version-src.tar.gz
git archive --format=tar --prefix="wspeer-$version/" HEAD | gzip -n -9 >"$source.new"
mv "$source.new" "$source"

cd dist
sha256sum "${addon##*/}" "${library##*/}" "${source##*/}" | tee SHA256SUMS
