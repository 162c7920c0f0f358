#!/usr/bin/env bash
# Puts the C library where compilers find it, or takes exactly that away again: tools/install.sh install|uninstall|list
#
#   PREFIX      /usr/local
#   DESTDIR     put before every path, for packages; empty
#   LIBDIR      $PREFIX/lib
#   INCLUDEDIR  $PREFIX/include
#   DATADIR     $PREFIX/share
#
# `install` builds what is missing; with WSPEER_PORTABLE=1 for glibc 2.28 and later. `list` prints the paths, without DESTDIR.
set -euo pipefail

verb=${1:?install, uninstall or list}
root=$(cd "$(dirname "$0")/.." && pwd)
target=$(realpath -m -- "${CARGO_TARGET_DIR:-$root/target}")
built=$target/install
prefix=${PREFIX:-/usr/local}
libdir=${LIBDIR:-$prefix/lib}
includedir=${INCLUDEDIR:-$prefix/include}
datadir=${DATADIR:-$prefix/share}
destdir=${DESTDIR:-}
version=$("$root/tools/version.sh")
# The interface may change with each minor number as long as the major one is 0.
IFS=. read -r major minor _ <<<"$version"
series=$major
((major > 0)) || series=0.$minor
soname=libwspeer.so.$series

files=(
    "$libdir/libwspeer.so.$version"
    "$libdir/$soname"
    "$libdir/libwspeer.so"
    "$libdir/libwspeer.a"
    "$libdir/pkgconfig/wspeer.pc"
    "$includedir/wspeer.h"
    "$includedir/wspeer.hpp"
    "$datadir/cmake/wspeer/wspeer-config.cmake"
    "$datadir/cmake/wspeer/wspeer-config-version.cmake"
    "$datadir/doc/wspeer/LICENSE"
    "$datadir/doc/wspeer/THIRD-PARTY-LICENSES.txt"
)

# The library without the Godot part, with a SONAME, and the list of what the static one needs of the system.
build() {
    local cargo=(env "CARGO_TARGET_DIR=$built" cargo)
    release=$built/release
    if [ "${WSPEER_PORTABLE:-0}" = 1 ]; then
        cargo=("$root/tools/portable_cargo.sh")
        release=$("$root/tools/portable_cargo.sh" folder rustc release)
    fi
    cd "$root"
    mkdir -p "$built" "$release"
    "${cargo[@]}" rustc --quiet --release --lib --no-default-features --features capi \
        --crate-type cdylib,staticlib -- -C "link-arg=-Wl,-soname,$soname" \
        --print "native-static-libs=$release/native-static-libs"
    "$root/tools/notices.py" --no-default-features --features capi >"$built/THIRD-PARTY-LICENSES.txt"
}

pkg_config_file() {
    cat <<END
prefix=$prefix
exec_prefix=\${prefix}
libdir=${libdir/#$prefix\//\$\{exec_prefix\}/}
includedir=${includedir/#$prefix\//\$\{prefix\}/}

Name: wspeer
Description: WebSockets for programs that tick
Version: $version
Libs: -L\${libdir} -lwspeer
Libs.private: $(<"$release/native-static-libs")
Cflags: -I\${includedir}
END
}

# put MODE PATH [SOURCE]: from the file or from standard input.
put() {
    install -d "$destdir${2%/*}"
    install -m "$1" "${3:-/dev/stdin}" "$destdir$2"
}

case $verb in
list) printf '%s\n' "${files[@]}" ;;
install)
    build
    put 755 "$libdir/libwspeer.so.$version" "$release/libwspeer.so"
    ln -sf "libwspeer.so.$version" "$destdir$libdir/$soname"
    ln -sf "libwspeer.so.$version" "$destdir$libdir/libwspeer.so"
    put 644 "$libdir/libwspeer.a" "$release/libwspeer.a"
    pkg_config_file | put 644 "$libdir/pkgconfig/wspeer.pc"
    put 644 "$includedir/wspeer.h" "$root/include/wspeer.h"
    put 644 "$includedir/wspeer.hpp" "$root/include/wspeer.hpp"
    put 644 "$datadir/cmake/wspeer/wspeer-config.cmake" "$root/tools/package/wspeer-config.cmake"
    sed "s/@VERSION@/$version/" "$root/tools/package/wspeer-config-version.cmake.in" |
        put 644 "$datadir/cmake/wspeer/wspeer-config-version.cmake"
    put 644 "$datadir/doc/wspeer/LICENSE" "$root/LICENSE"
    put 644 "$datadir/doc/wspeer/THIRD-PARTY-LICENSES.txt" "$built/THIRD-PARTY-LICENSES.txt"
    ;;
uninstall)
    for file in "${files[@]}"; do rm -f -- "$destdir$file"; done
    # These folders are nobody else's.
    for folder in "$datadir/cmake/wspeer" "$datadir/doc/wspeer"; do
        [ ! -d "$destdir$folder" ] || rmdir --ignore-fail-on-non-empty -- "$destdir$folder"
    done
    ;;
*)
    echo "unknown: $verb" >&2
    exit 2
    ;;
esac
