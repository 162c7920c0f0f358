#!/usr/bin/env bash
# Compares the release library with the engine's own classes, with other servers, and with memcpy, each pair in turns
# within one run, and writes docs/bench/. Judges nothing by its status: numbers belong to the machine they were made on.
#
#   run.sh C_LIBRARY_DIR [engine|servers|connections|core]...
set -euo pipefail

library=$(realpath -- "${1:?the folder of the release C library}")
shift
root=$(cd "$(dirname "$0")/../.." && pwd)
here=$root/tests/bench
target=$(realpath -m -- "${CARGO_TARGET_DIR:-$root/target}")
work=$target/bench
parts=${*:-engine servers connections core}
mkdir -p -- "$work"
rows=$work/rows.tsv
: >"$rows"
server=
restore=
finish() {
    [[ -z $server ]] || kill "$server" 2>/dev/null || true
    [[ -z $restore ]] || mv -- "$work/libwspeer.debug.so" "$restore"
}
trap finish EXIT
ulimit -n "$(ulimit -Hn)"

# say SECTION: rows of the standard input, shown and kept.
keep() { sed -n "s/^ROW\t/$1\t/p" | tee -a "$rows" | tr '\t' ' '; }

engine_part() {
    local engine bin=$root/godot_project/addons/wspeer/bin/linux.$(uname -m) home=$work/home limit who resident
    engine=$("$root/tools/engine.sh")
    mkdir -p -- "$home"
    # Debian's engine is an editor build and loads the debug entry, so the release library takes its place meanwhile.
    cp -- "$bin/libwspeer.debug.so" "$work/libwspeer.debug.so"
    restore=$bin/libwspeer.debug.so
    cp -- "$bin/libwspeer.so" "$bin/libwspeer.debug.so.new"
    mv -- "$bin/libwspeer.debug.so.new" "$restore"
    local script=bench.gd
    bench() {
        XDG_DATA_HOME=$home XDG_CONFIG_HOME=$home XDG_CACHE_HOME=$home timeout 600 "$engine" --headless \
            --path "$root/godot_project" -s "res://tests/bench/$script" -- "$@"
    }
    script=rooms.gd bench | keep engine
    bench | keep engine
    for limit in 65535 4194304; do
        local -A bytes=()
        for who in ours engine ours engine ours engine; do
            resident=$(bench --memory "$who" "$limit" | sed -n 's/^MEMORY\t//p')
            bytes[$who]+="$resident "
        done
        python3 "$here/report.py" median "memory of an idle peer, limits of $limit B" "B" "${bytes[ours]}" "${bytes[engine]}" | keep engine
    done
    mv -- "$work/libwspeer.debug.so" "$restore"
    restore=
}

build_servers() {
    local flags=(-std=c11 -O2 -Wall -Wextra -Werror -D_DEFAULT_SOURCE)
    base=$target/interop
    # shellcheck source=tools/debian_tree.sh
    source "$root/tools/debian_tree.sh"
    c_flags=("${flags[@]}")
    # shellcheck source=tests/interop/provision.sh
    source "$root/tests/interop/provision.sh"
    mkdir -p -- "$base"
    libwebsockets_program "$here/servers/lws.c" lws
    ln -sf -- "$base/libwebsockets/lws" "$work/lws"
    cc "${flags[@]}" "$here/servers/bare.c" -o "$work/bare"
    for name in wsp_server wsp_peers; do
        cc "${flags[@]}" -I"$root/include" "$here/servers/$name.c" -o "$work/$name" -L"$library" -lwspeer -Wl,-rpath,"$library"
    done
    CARGO_TARGET_DIR=$work/cargo cargo build --release --quiet --locked --manifest-path "$here/servers/tungstenite/Cargo.toml"
    cp -- "$work/cargo/release/tungstenite-echo" "$work/tungstenite"
    cc "${flags[@]}" "$here/load.c" -o "$work/load"
    python3 - "$work" <<'END'
import sys, zlib
for size in (1024, 16384):
    text = (b'{"x": 12, "y": 7, "name": "player"}, ' * (size // 38 + 1))[:size]
    deflater = zlib.compressobj(6, zlib.DEFLATED, -15)
    data = deflater.compress(text) + deflater.flush(zlib.Z_SYNC_FLUSH)
    open(f"{sys.argv[1]}/{size}.deflated", "wb").write(data[:-4])
END
}

# measure SERVER CONNECTIONS BYTES IDLE [deflate]: appends messages per second and nanoseconds of processor time a message.
measure() {
    local name=$1 line port pid
    exec {stdin}> >(exec "$work/$name" ${5-} >"$work/port")
    pid=$!
    server=$pid
    for _ in $(seq 200); do
        read -r line port <"$work/port" || true
        [[ $line == LISTENING ]] && break
        sleep 0.02
    done
    "$work/load" "$port" "$pid" "$2" "$3" "${seconds:-0.7}" "$4" ${5:+"$work/$3.deflated"}
    kill "$pid"
    exec {stdin}>&-
    wait "$pid" 2>/dev/null || true
    server=
    : >"$work/port"
}

# row CONNECTIONS BYTES IDLE [deflate]
row() {
    local names=(wsp_server wsp_peers lws) name round title="$1 connections, $2 B${3:+, $3 idle}${4:+, deflate}"
    [[ -n ${4-} ]] || names+=(tungstenite bare)
    for round in 1 2 3 4 5; do
        for name in "${names[@]}"; do
            printf '%s\t%s\t%s\n' "$title" "$name" "$(measure "$name" "$1" "$2" "${3:-0}" ${4-})"
        done
    done | python3 "$here/report.py" servers | keep servers
}

servers_part() {
    local connections bytes
    build_servers
    for connections in 1 100 1000; do
        for bytes in 20 1024 16384 262144; do
            row "$connections" "$bytes" ''
        done
    done
    for bytes in 1024 16384; do
        row 100 "$bytes" '' deflate
    done
    row 100 20 10000
}

# One server object with 100, 1,000 and 10,000 connections.
connections_part() {
    gcc -std=c11 -O2 -Wall -Wextra -Werror -I "$root/include" "$root/tests/c/many_connections.c" \
        -o "$work/many_connections" -L "$library" -lwspeer "-Wl,-rpath,$library"
    "$work/many_connections"
}

core_part() { (cd "$root" && cargo bench --quiet --no-default-features --bench core) | keep core; }

for part in $parts; do
    echo "== benchmark: $part"
    "${part}_part"
done
python3 "$here/report.py" write "$rows" "$root/docs/bench"
