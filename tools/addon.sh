#!/usr/bin/env bash
# Writes dist/wspeer-addon-VERSION.zip: what Godot projects unpack into their root folder. Prints its path.
set -euo pipefail

root=$(cd "$(dirname "$0")/.." && pwd)
target=$(realpath -m -- "${CARGO_TARGET_DIR:-$root/target}")
version=$("$root/tools/version.sh")
archive=$root/dist/wspeer-addon-$version.zip
stage=$target/packaging/addon
addon=$stage/addons/wspeer
bin=$addon/bin/linux.$(uname -m)

cd "$root"
tools/portable_cargo.sh build --quiet --lib --release >&2
tools/portable_cargo.sh build --quiet --lib --profile release-checked >&2

rm -rf "$stage"
mkdir -p "$bin" dist
# Everything that the sample project's addon has, but for what is built there and what the editor makes of it.
tar -C godot_project/addons/wspeer -c --exclude=./bin --exclude='*.import' --exclude='*.uid' . | tar -C "$addon" -x
cp "$(tools/portable_cargo.sh folder build release)/libwspeer.so" "$bin/libwspeer.so"
cp "$(tools/portable_cargo.sh folder build release-checked)/libwspeer.so" "$bin/libwspeer.debug.so"
cp LICENSE "$addon/LICENSE"
tools/notices.py >"$addon/THIRD-PARTY-LICENSES.txt"
# Names that only some projects want, and that others have taken: nothing is registered until this file is removed.
touch "$addon/godot3_names/.gdignore"
sed -i "s/^version=.*/version=\"$version\"/" "$addon/plugin.cfg"

SOURCE_DATE_EPOCH=$(tools/epoch.sh) tools/pack.py "$stage" "$archive"
echo "$archive"
