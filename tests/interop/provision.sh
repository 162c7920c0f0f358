# shellcheck shell=bash
# shellcheck disable=SC2154,SC2034 # whoever sources this has the other half of the variables
# To be sourced by run.sh and secure.sh. Fetches or builds what they need, into $base; what is there
# already is left alone. What the functions have to say goes to stderr. None leans on `set -e`, which
# bash ignores in a function called in a condition.

ws=ws@8.23.0
websockets=websockets==17.4
# The one of Debian 12 calls back twice for one message, where messages that are compressed and
# messages that are not come on one connection.
libwebsockets_suite=trixie
nginx_suite=bookworm
chromium_suite=bookworm
tinyproxy_suite=bookworm

c_flags=(-std=c11 -O2 -g -Wall -Wextra -Wpedantic)

# compile_with_wspeer PROGRAM SOURCE...: makes $base/PROGRAM.
compile_with_wspeer() {
    local program=$1 libraries=${WSPEER_LIBRARY_DIR:-} include=${WSPEER_INCLUDE_DIR:-$root/include}
    shift
    if [[ -z $libraries ]]; then
        # In a directory of its own, because a build with other features would throw the usual one away.
        (cd -- "$root" && cargo build --quiet --release --no-default-features --features capi \
            --target-dir "$target/interop-build") >&2 || return 1
        libraries=$target/interop-build/release
    fi
    libraries=$(realpath -- "$libraries") || return 1
    "${CC:-cc}" "${c_flags[@]}" -Wconversion -Wshadow -Werror -I"$include" "$@" -o "$base/$program" \
        -L"$libraries" -lwspeer -ldl -Wl,-rpath,"$libraries"
}

provision_peer() {
    compile_with_wspeer peer "$here/peer.c" && compile_with_wspeer chat_server -pthread "$root/tests/c/chat_server.c"
}

provision_end() { compile_with_wspeer end "$here/secure/end.c" "$here/secure/names.c"; }

# Sets `openssl`.
provision_openssl() {
    openssl=$("$root/tools/openssl.sh") || return 1
    tree_say "$("$openssl" version)"
}

provision_tinyproxy() {
    local tree=$base/tinyproxy
    unpack_debian_packages "$tinyproxy_suite" "$tree" tinyproxy-bin &&
        write_tree_launcher "$tree" usr/bin/tinyproxy tinyproxy || return 1
    tree_say "$("$tree/tinyproxy" -v)"
}

# Sets `godot`, and has the sample project know its extension.
provision_godot() {
    local list=$root/godot_project/.godot/extension_list.cfg extension=res://addons/wspeer/wspeer.gdextension
    godot=$("$root/tools/engine.sh") || return 1
    # The editor lists extensions here when it imports a project.
    if ! grep -qsxF "$extension" "$list"; then
        mkdir -p -- "${list%/*}" && printf '%s\n' "$extension" >>"$list" || return 1
    fi
    if ! compgen -G "$root/godot_project/addons/wspeer/bin/*/*" >/dev/null; then
        tree_say 'the sample project has no library; run `make build`'
        return 1
    fi
    tree_say "Godot $(timeout 60 "$godot" --headless --version 2>/dev/null </dev/null | tail -n 1)"
}

provision_ws() {
    local dir=$base/npm installed
    if ! command -v node >/dev/null || ! command -v npm >/dev/null; then
        tree_say 'node or npm is not installed'
        return 1
    fi
    installed=$(node -p 'require(process.argv[1]).version' "$dir/node_modules/ws/package.json" 2>/dev/null) || true
    if [[ $installed != "${ws#*@}" ]]; then
        tree_say "installing $ws in $dir"
        rm -rf -- "$dir"
        mkdir -- "$dir" && npm install --prefix "$dir" --no-audit --no-fund --ignore-scripts --no-save \
            --loglevel=error "$ws" >&2 || return 1
    fi
    export NODE_PATH=$dir/node_modules
    tree_say "Node $(node --version), $ws"
}

provision_websockets() {
    local venv=$base/venv
    if ! [[ $(cat -- "$venv/.provisioned" 2>/dev/null) == "$websockets" ]] ||
        ! "$venv/bin/python" -c 'import websockets' 2>/dev/null; then
        tree_say "installing $websockets in $venv"
        rm -rf -- "$venv"
        python3 -m venv "$venv" &&
            PIP_USER=0 "$venv/bin/pip" install --quiet --disable-pip-version-check --no-deps "$websockets" >&2 &&
            echo "$websockets" >"$venv/.provisioned" || return 1
    fi
    tree_say "$("$venv/bin/python" --version), $websockets"
}

provision_libwebsockets() {
    local tree=$base/libwebsockets
    libwebsockets_program "$here/lws_peer.c" lws_peer -Wconversion -Wshadow || return 1
    tree_say "libwebsockets $(sed -n 's/^#define LWS_LIBRARY_VERSION "\(.*\)"/\1/p' "$tree/usr/include/lws_config.h")"
}

# libwebsockets_program SOURCE NAME FLAG...: makes $base/libwebsockets/NAME.
libwebsockets_program() {
    local tree=$base/libwebsockets source=$1 name=$2 libraries
    shift 2
    unpack_debian_packages "$libwebsockets_suite" "$tree" libwebsockets-dev libc6-dev || return 1
    libraries=$(cd -- "$tree" && compgen -G 'usr/lib/*/libwebsockets.so') || return 1
    libraries=${libraries%%$'\n'*}
    libraries=$tree/${libraries%/*}
    # Everything of the tree, down to the start-up code: the compiler would take the machine's first.
    "${CC:-cc}" "${c_flags[@]}" "$@" --sysroot="$tree" -B"$libraries" -L"$libraries" \
        -isystem "$tree/usr/include" "$source" -o "$tree/usr/bin/$name" -lwebsockets -lpthread &&
        write_tree_launcher "$tree" "usr/bin/$name" "$name"
}

provision_nginx() {
    local tree=$base/nginx
    unpack_debian_packages "$nginx_suite" "$tree" nginx-light &&
        write_tree_launcher "$tree" usr/sbin/nginx nginx || return 1
    tree_say "$("$tree/nginx" -v 2>&1)"
}

# Sets `chromium`: a browser that is installed, or one unpacked where nothing can be installed.
provision_chromium() {
    local tree=$base/chromium
    # Not /usr/bin/chromium, a script that adds options and extensions.
    chromium=/usr/lib/chromium/chromium
    if [[ ! -x $chromium ]] && ((EUID == 0)) && command -v apt-get >/dev/null; then
        tree_say 'installing chromium'
        { apt-get update && apt-get install -y --no-install-recommends chromium; } >&2 8>&- ||
            tree_say 'apt could not install chromium'
    fi
    if [[ ! -x $chromium ]]; then
        unpack_debian_packages "$chromium_suite" "$tree" chromium && link_libraries "$tree" || return 1
        chromium=$tree/chromium
    fi
    tree_say "$("$chromium" --version 2>/dev/null)"
}

# link_libraries TREE: makes TREE/chromium, a launcher. Chromium starts itself again by the path of
# its program, which with the tree's own dynamic loader would be the loader's. So it runs with the
# machine's, and with the C library that belongs to it; everything else is the tree's.
link_libraries() {
    local tree=$1 library
    mkdir -p -- "$tree/libraries" || return 1
    for library in "$tree"/usr/lib/*-linux-gnu*/lib*.so* "$tree"/usr/lib/*-linux-gnu*/pulseaudio/lib*.so*; do
        case ${library##*/} in
        libc.so* | libm.so* | libmvec.so* | libpthread.so* | libdl.so* | librt.so* | libutil.so*) ;;
        libanl.so* | libresolv.so* | libnss_* | libthread_db.so* | libBrokenLocale.so*) ;;
        *) ln -sf -- "$library" "$tree/libraries/" || return 1 ;;
        esac
    done
    cat >"$tree/chromium" <<'LAUNCHER' || return 1
#!/bin/sh
tree=$(dirname -- "$(readlink -f -- "$0")")
export LD_LIBRARY_PATH="$tree/libraries" FONTCONFIG_PATH="$tree/etc/fonts"
exec "$tree/usr/lib/chromium/chromium" "$@"
LAUNCHER
    chmod 755 -- "$tree/chromium"
}
