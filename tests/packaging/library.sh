# shellcheck shell=bash
# Sourced by run.sh: the C library as it is installed.

stage=$work/stage
prefix=/opt/wspeer
installed=$stage$prefix

install_library() {
    rm -rf "$stage" && make -s -C "$root" install DESTDIR="$stage" PREFIX="$prefix" WSPEER_PORTABLE=1
}

# What lies under a folder, links with their targets.
listing() { (cd "$1" && find . ! -type d -printf '%P -> %l\n' | sed 's/ -> $//' | sort); }

expected_files() {
    local series=${version%.*}
    [[ $version == 0.* ]] || series=${version%%.*}
    sort <<END
include/wspeer.h
include/wspeer.hpp
lib/libwspeer.a
lib/libwspeer.so -> libwspeer.so.$version
lib/libwspeer.so.$series -> libwspeer.so.$version
lib/libwspeer.so.$version
lib/pkgconfig/wspeer.pc
share/cmake/wspeer/wspeer-config-version.cmake
share/cmake/wspeer/wspeer-config.cmake
share/doc/wspeer/LICENSE
share/doc/wspeer/THIRD-PARTY-LICENSES.txt
END
}

has_expected_files() {
    diff -u --label expected --label installed <(expected_files) <(listing "$installed") &&
        diff <(listing "$stage" | sed 's/ -> .*//' | sort) \
            <(PREFIX=$prefix "$root/tools/install.sh" list | sed 's,^/,,' | sort) &&
        readelf -d "$installed/lib/libwspeer.so" | grep -F "Library soname: [libwspeer.so.${version%.*}]"
}

export_pkg_config() {
    export PKG_CONFIG_PATH=$installed/lib/pkgconfig PKG_CONFIG_SYSROOT_DIR=
    # The file names the prefix; the tree lies in a DESTDIR here.
    pkg_config=(pkg-config "--define-variable=prefix=$installed")
}

warnings=(-Wall -Wextra -Wpedantic -Wconversion -Wshadow -Werror)

compile_shared() {
    local flags
    flags=$("${pkg_config[@]}" --cflags --libs wspeer) || return 1
    # shellcheck disable=SC2086
    gcc -std=c11 -O1 "${warnings[@]}" "$1" -o "$2" $flags "-Wl,-rpath,$installed/lib" &&
        readelf -d "$2" | grep -F "[libwspeer.so.${version%.*}]"
}

compile_static() {
    local cflags libs
    cflags=$("${pkg_config[@]}" --cflags wspeer) && libs=$("${pkg_config[@]}" --static --libs wspeer) || return 1
    # shellcheck disable=SC2086
    gcc -std=c11 -O1 "${warnings[@]}" "$1" -o "$2" $cflags ${libs//-lwspeer/-l:libwspeer.a} && ! readelf -d "$2" | grep libwspeer
}

compile_cpp() {
    local flags
    flags=$("${pkg_config[@]}" --cflags --libs wspeer) || return 1
    # shellcheck disable=SC2086
    g++ "-std=$1" -fno-exceptions -fno-rtti -O1 "${warnings[@]}" "$here/echo.cpp" -o "echo_$1" $flags "-Wl,-rpath,$installed/lib"
}

# cmake_program TARGET SOURCE FOLDER [VERSION]
cmake_program() {
    local cmake
    cmake=$("$root/tools/packaging_tool.sh" cmake) || return 1
    rm -rf "$3" && "$cmake" -S "$here/cmake" -B "$3" -DCMAKE_PREFIX_PATH="$installed" -DTARGET="$1" -DSOURCE="$2" \
        -DWANTED="${4-$version}" && "$cmake" --build "$3"
}

# The lists of system libraries in wspeer.pc and in the CMake file are those that rustc names.
lists_system_libraries() {
    local named rustc cmake
    named=$("$root/tools/portable_cargo.sh" folder rustc release)/native-static-libs
    rustc=$(tr ' ' '\n' <"$named" | sed 's/^-l//' | sort -u) &&
        cmake=$(sed -n 's/^ *set(_wspeer_system \(gcc_s.*\))$/\1/p' "$installed/share/cmake/wspeer/wspeer-config.cmake" | tr ' ' '\n' | sort -u) &&
        diff <(echo "$rustc") <(echo "$cmake") &&
        grep -xF "Libs.private: $(<"$named")" "$installed/lib/pkgconfig/wspeer.pc"
}

wraps_every_function() {
    local name missing=0
    for name in $(gcc -E -P -x c "$root/include/wspeer.h" | grep -oE '\<wsp_[a-z0-9_]+ *\(' | tr -d ' (' | sort -u); do
        # These belong to no object.
        [[ $name != *trace* ]] || continue
        grep -qE "\\<$name\\>" "$root/include/wspeer.hpp" || {
            echo "wspeer.hpp does not use $name()"
            missing=1
        }
    done
    return $missing
}



echoes() { diff <(printf '%s\n' '< hello' 'closed: 1000 done') <(timeout 20 "$1" "ws://127.0.0.1:$port/" hello); }

cpp_echoes() { diff <(printf '%s\n' '< hello' '< 0 bytes' 'closed: 1000') <(timeout 20 "./echo_$1" "ws://127.0.0.1:$port/" hello); }

uninstalls() {
    touch "$installed/include/others.h" &&
        make -s -C "$root" uninstall DESTDIR="$stage" PREFIX="$prefix" &&
        diff <(echo include/others.h) <(listing "$installed") && [[ ! -e $installed/share/cmake/wspeer ]]
}

# cargo-c puts the same files there, but for what it has no place for.
cargo_c_installs_the_same() {
    local cinstall
    cinstall=$("$root/tools/packaging_tool.sh" cargo-cinstall) || return 1
    rm -rf cargo-c && (cd "$root" && CARGO_TARGET_DIR=$target/packaging/cargo-c PATH=${cinstall%/*}:$PATH \
        cargo cinstall --no-default-features --profile dev --locked \
        --prefix /usr --libdir /usr/lib --destdir "$work/cargo-c") &&
        diff -u --label 'make install' --label 'cargo cinstall' \
            <(expected_files | grep -v share/doc) <(listing cargo-c/usr) &&
        cmp "$root/include/wspeer.h" cargo-c/usr/include/wspeer.h &&
        grep -xF "Version: $version" cargo-c/usr/lib/pkgconfig/wspeer.pc &&
        readelf -d cargo-c/usr/lib/libwspeer.so | grep -F "Library soname: [libwspeer.so.${version%.*}]"
}

step 'install into a DESTDIR' install_library
step 'installed files' has_expected_files
step 'glibc 2.28 is enough for the C library' needs_little "$installed/lib/libwspeer.so"
step 'the C library is stripped' is_stripped "$installed/lib/libwspeer.so"
step 'the C library names no folder of this machine' names_no_folder_of_this_machine "$installed/lib/libwspeer.so"
step 'system libraries' lists_system_libraries
step 'wspeer.hpp wraps every function' wraps_every_function
export_pkg_config
step 'compile by pkg-config' compile_shared "$root/tests/c/echo_server.c" ./echo_server
step 'compile a client by pkg-config' compile_shared "$root/tests/c/echo_client.c" ./echo_client
step 'compile statically by pkg-config' compile_static "$root/tests/c/echo_client.c" ./echo_client_static
step 'CMake, shared' cmake_program wspeer::wspeer "$root/tests/c/echo_client.c" cmake-shared
step 'CMake, static' cmake_program wspeer::static "$root/tests/c/echo_client.c" cmake-static
step 'CMake refuses another series' fails cmake_program wspeer::wspeer "$root/tests/c/echo_client.c" cmake-other 9.0
for standard in c++11 c++17 c++20; do step "compile C++ as $standard" compile_cpp "$standard"; done
if start_server ./echo_server; then
    step 'a program by pkg-config' echoes ./echo_client
    step 'a program linked statically' echoes ./echo_client_static
    step 'a program by CMake' echoes ./cmake-shared/user
    step 'a program by CMake, static' echoes ./cmake-static/user
    for standard in c++11 c++17 c++20; do step "a C++ program as $standard" cpp_echoes "$standard"; done
    stop_server
else
    step 'the echo server starts' false
fi
cp -a "$installed" "$work/library-to-keep.new" && rm -rf "$work/library" && mv "$work/library-to-keep.new" "$work/library"
step 'uninstall removes what install has put there' uninstalls
step 'cargo cinstall' cargo_c_installs_the_same
