#!/usr/bin/env bash
# Builds and runs a program with the C library of a release: use_library.sh ARCHIVE
# Needs CMake and a C compiler.
set -euo pipefail

archive=$1
here=$(cd "$(dirname "$0")/.." && pwd)
source=$(cd "$here/../../tools/package/conan/test_package" && pwd)/version.c
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# CMake unpacks both kinds of archives on each system.
archive=$(cd "$(dirname "$archive")" && pwd)/$(basename "$archive")
(cd "$work" && cmake -E tar xf "$archive")
prefix=$(echo "$work"/wspeer-c-*)

build() {
    cmake -S "$here/cmake" -B "$work/$1" -DCMAKE_PREFIX_PATH="$prefix" -DTARGET="wspeer::$1" -DWANTED= \
        -DSOURCE="$source" -DCMAKE_BUILD_TYPE=Release
    cmake --build "$work/$1" --config Release
    program=$(find "$work/$1" -name user -type f -o -name user.exe -type f | head -n 1)
    # Windows finds the DLL by PATH, the others by the path in the program.
    PATH="$prefix/bin:$PATH" "$program"
}

build wspeer
# The static library for Windows is one of GNU's tools.
case $(uname -s) in
    MINGW* | MSYS*) ;;
    *) build static ;;
esac
