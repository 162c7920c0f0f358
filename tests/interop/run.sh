#!/usr/bin/env bash
# Lets wspeer, through its C interface, talk to other implementations of WebSocket.
#
#   run.sh [NAME]...
#   run.sh --list
#
#   NAME  a combination, or the beginning of the names of several: ws, ws-client, chromium; all if
#         none is given
#
# $WSPEER_LIBRARY_DIR has libwspeer.so; without it, the library is built (optimised, without Godot).
# $WSPEER_INCLUDE_DIR has wspeer.h (include). What the other side consists of is fetched on first
# use. All that and the logs are in the build directory's interop/.
#
# Prints a line for each combination. The last line is `N passed, N failed`; the status is 0 only if
# nothing failed. Something that is missing and cannot be fetched is a failure.
set -euo pipefail

here=$(dirname -- "$(readlink -f -- "${BASH_SOURCE[0]}")")
root=$(realpath -- "$here/../..")
# shellcheck source=tools/debian_tree.sh
source "$root/tools/debian_tree.sh"
# shellcheck source=tests/interop/provision.sh
source "$here/provision.sh"

# Longer than the programs allow themselves, so that one that hangs can still say where.
limit=170

target=$(tree_target_dir)
base=$target/interop

# Each line: name, server, client. The first word of a side is a program; `browser` is told what it
# has to expect, `chat` and `chat-page` are a program of tests/c and a page of its own, and `nginx` is peer behind nginx.
#
#   deflate      both sides want compression, with their defaults
#   plain        only the other side wants it
#   our-terms    wspeer asks for small windows that do not last; it compresses every message
#   their-terms  the other side asks for that; both send longer messages in several frames
#
# ws and websockets take no more than some ten thousand frames a message. libwebsockets has three
# defects to go around: it aborts when it sends two empty messages in a row and compresses them, and
# when a message ends in the middle of a repetition; and as a server it takes no notice of a client
# that asks for a smaller window, which wspeer does not put up with.
our_terms='--compress --no-context-takeover --window-bits 9 --threshold 0'
their_terms='--compress --no-context-takeover --window-bits 9'
in_frames='--compress --threshold 0 --max-frame-size 65000'
mapfile -t combinations <<COMBINATIONS
ws-client-deflate | peer --compress | ws --compress
ws-client-plain | peer | ws --compress --expect-plain
ws-client-our-terms | peer $our_terms | ws --compress
ws-client-their-terms | peer $in_frames | ws $their_terms --fragments
ws-server-deflate | ws --compress | peer --compress
ws-server-plain | ws --compress --expect-plain | peer
ws-server-our-terms | ws --compress | peer $our_terms
ws-server-their-terms | ws $their_terms --fragments | peer $in_frames
websockets-client-deflate | peer --compress | websockets --compress
websockets-client-plain | peer | websockets --compress --expect-plain
websockets-client-our-terms | peer $our_terms | websockets --compress
websockets-client-their-terms | peer $in_frames | websockets $their_terms --fragments
websockets-server-deflate | websockets --compress | peer --compress
websockets-server-plain | websockets --compress --expect-plain | peer
websockets-server-our-terms | websockets --compress | peer $our_terms
websockets-server-their-terms | websockets $their_terms --fragments | peer $in_frames
libwebsockets-client-deflate | peer --compress --gentle | libwebsockets --compress --gentle
libwebsockets-client-plain | peer | libwebsockets --compress --expect-plain
libwebsockets-client-our-terms | peer $our_terms --gentle | libwebsockets --compress --gentle
libwebsockets-client-their-terms | peer $in_frames --gentle | libwebsockets $their_terms --gentle
libwebsockets-server-deflate | libwebsockets --compress --gentle | peer --compress --gentle
libwebsockets-server-plain | libwebsockets --compress --expect-plain | peer
libwebsockets-server-our-terms | libwebsockets --compress --gentle | peer $in_frames --no-context-takeover --gentle
chromium-deflate | peer --compress | browser yes
chromium-plain | peer | browser no
chromium-our-terms | peer $our_terms --max-frame-size 65000 | browser yes
chromium-chat | chat | chat-page
nginx-deflate | peer --compress | nginx --compress
nginx-plain | peer | nginx
COMBINATIONS

usage() {
    [[ $# == 0 ]] || tree_say "$*"
    sed -n '2,/^set/{/^set/d;s/^# \{0,1\}//p}' "$here/run.sh" >&2
    exit 2
}

declare -A wanted=() groups=()
for name in "$@"; do
    case $name in
    --list)
        printf '%s\n' "${combinations[@]%% *}"
        exit
        ;;
    -*) usage ;;
    esac
    found=''
    for combination in "${combinations[@]}"; do
        if [[ ${combination%% *} == "$name" || $combination == "$name"-* ]]; then
            wanted[${combination%% *}]=yes found=yes
        fi
    done
    [[ -n $found ]] || usage "no combination is called $name; --list tells which are"
done
for combination in "${combinations[@]}"; do
    (($# > 0)) || wanted[${combination%% *}]=yes
    [[ -z ${wanted[${combination%% *}]-} ]] || groups[${combination%%-*}]=yes
done

mkdir -p -- "$base/logs"
# Two runs would remove each other's logs.
exec 8>"$base/lock"
flock -n 8 || {
    tree_say 'another run is going on'
    exit 1
}

declare -A broken=()
for group in peer ws websockets libwebsockets chromium nginx; do
    [[ $group == peer || -n ${groups[$group]-} ]] || continue
    "provision_$group" 8>&- || broken[$group]=yes
done

# Everything is on this machine, and not all of the programs know that by themselves.
unset http_proxy https_proxy all_proxy ws_proxy HTTP_PROXY HTTPS_PROXY ALL_PROXY WS_PROXY
unset PYTHONHOME PYTHONPATH PYTHONSTARTUP NODE_OPTIONS
export PYTHONNOUSERSITE=1 PYTHONUNBUFFERED=1

# Replaces the shell it is called in: only ever call it with `&` or in a subshell. `timeout` passes
# a signal that it gets on to all that its command has started.
limited() { exec timeout --kill-after=10 "$limit" "$@" 8>&-; }

# program NAME ROLE...: like `limited`.
program() {
    local name=$1
    shift
    case $name in
    peer) limited "$base/peer" "$@" ;;
    chat) limited "$base/chat_server" ;;
    ws) limited node "$here/ws_peer.cjs" "$@" ;;
    websockets) limited "$base/venv/bin/python" "$here/websockets_peer.py" "$@" ;;
    libwebsockets) limited "$base/libwebsockets/lws_peer" "$@" ;;
    esac
}

# The processes started and not yet ended, to be ended along with this script at the latest.
declare -A running=()
cleanup() {
    ((${#running[@]} == 0)) || kill -TERM "${!running[@]}" 2>/dev/null || true
    wait
    drop_profile
}
trap cleanup EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

# await PID COMMAND...: waits until COMMAND succeeds. Fails when time is up, or when PID ends
# without that.
await() {
    local pid=$1 end=$((SECONDS + limit))
    shift
    until "$@"; do
        kill -0 "$pid" 2>/dev/null && ((SECONDS < end)) || return 1
        sleep 0.05
    done
}

# finish PID: waits for its end and returns its status.
finish() {
    local status=0
    wait "$1" || status=$?
    unset "running[$1]"
    return $status
}

# port_of FILE PID: the port that PID, whose output is FILE, listens on.
port_of() {
    await "$2" grep -q '^LISTENING [0-9]' "$1" || return 1
    sed -n '/^LISTENING/{s/^LISTENING \([0-9]*\).*/\1/p;q}' "$1"
}

# run_client PORT NAME OPTION...
run_client() {
    local port=$1 name=$2
    shift 2
    (program "$name" client "ws://127.0.0.1:$port" "$@") &>client.log </dev/null
}

# A process of the browser's may outlive the one that was waited for by a moment, and still write.
profile=
drop_profile() {
    local tries
    [[ -n $profile ]] || return 0
    for ((tries = 0; tries < 50; tries++)); do
        rm -rf -- "$profile" 2>/dev/null && break
        sleep 0.1
    done
    profile=
}

# start_browser PAGE: leaves its process in $pid. What it says is added to client.log.
start_browser() {
    drop_profile
    # Not with the logs: the path of a socket in it has to be short.
    profile=$(mktemp -d /tmp/wspeer.XXXXXX)
    HOME=$profile TMPDIR=$profile limited "$chromium" --headless --no-sandbox --disable-gpu --disable-quic \
        --no-first-run --no-default-browser-check --disable-background-networking --disable-component-update \
        --disable-default-apps --disable-extensions --disable-sync --disable-breakpad --disable-dev-shm-usage \
        --metrics-recording-only --no-proxy-server --host-resolver-rules='MAP * ~NOTFOUND, EXCLUDE 127.0.0.1' \
        --user-data-dir="$profile/data" "$1" &>>client.log </dev/null &
    pid=$!
    running[$pid]=yes
}

# The browser says nothing; the page reports to the server. A browser that dies while it starts, as
# Chromium now and then does on a machine without a desktop, has not shown anything about wspeer: it
# is started again, twice at most, as long as no connection has come.
run_browser() {
    local port=$1 server=$2 page pid starts
    page=$(python3 -c 'import pathlib, sys; print(pathlib.Path(sys.argv[1]).as_uri())' "$here/page.html") || return 1
    : >client.log
    for starts in 1 2 3; do
        start_browser "$page?url=ws://127.0.0.1:$port&compress=$3"
        # And the close handshake is still to come after the report.
        await "$pid" grep -q '/report$' server.log && break
        kill -0 "$pid" 2>/dev/null || ((starts == 3)) || grep -qv '^LISTENING ' server.log || {
            finish "$pid" || true
            echo "the browser ended before it connected, start $starts" | tee -a client.log
            continue
        }
        echo 'the page has not reported' >>client.log
        break
    done
    kill -TERM "$pid" 2>/dev/null || true
    finish "$pid" || true
    drop_profile
    grep -q '^REPORT OK ' server.log && kill -0 "$server"
}

# A guest of the chat server, which prints what is said.
run_chat_page() {
    local port=$1 page pid
    page=$(python3 -c 'import pathlib, sys; print(pathlib.Path(sys.argv[1]).as_uri())' "$here/chat.html") || return 1
    : >client.log
    start_browser "$page?url=ws://127.0.0.1:$port"
    await "$pid" grep -q '^browser has gone$' server.log || echo 'the page has not left' >>client.log
    kill -TERM "$pid" 2>/dev/null || true
    finish "$pid" || true
    drop_profile
    diff <(printf '%s\n' 'browser has come' 'browser: Grüße from the page' 'browser: I have heard myself' 'browser has gone') \
        <(grep -v '^LISTENING' server.log) >>client.log || return 1
    echo 'OK 2 messages, compression active: no, sent by the page and heard by it' >>client.log
}

run_behind_nginx() {
    local port=$1 pid status=0
    shift
    : >nginx.log
    limited python3 "$here/nginx.py" "$base/nginx/nginx" "$PWD/nginx" "$port" &>nginx.log </dev/null &
    pid=$!
    running[$pid]=yes
    port=$(port_of nginx.log "$pid") && run_client "$port" peer "$@" || status=$?
    kill -TERM "$pid" 2>/dev/null || true
    finish "$pid" || status=$?
    # Or the client may have talked to somebody else.
    grep -q '"GET /list HTTP/1.1" 101 ' nginx/access.log || status=1
    return $status
}

# run_combination SERVER CLIENT: in the current directory, whose logs it leaves behind.
run_combination() {
    local server client input pid port status=0
    read -ra server <<<"$1"
    read -ra client <<<"$2"
    mkfifo stdin
    : >server.log
    program "${server[0]}" server "${server[@]:1}" <stdin &>server.log &
    pid=$!
    running[$pid]=yes
    exec {input}>stdin
    if port=$(port_of server.log "$pid"); then
        # Whoever keeps the server's input open keeps the server running.
        case ${client[0]} in
        chat-page) run_chat_page "$port" {input}>&- || status=1 ;;
        browser) run_browser "$port" "$pid" "${client[1]}" {input}>&- || status=1 ;;
        nginx) run_behind_nginx "$port" "${client[@]:1}" {input}>&- || status=1 ;;
        *) run_client "$port" "${client[@]}" {input}>&- || status=1 ;;
        esac
    else
        echo 'the server does not start' >>server.log
        status=1
    fi
    exec {input}>&-
    finish "$pid" || status=1
    rm -f -- stdin
    # Whatever the statuses say: two good connections, at wspeer's end.
    [[ ${client[0]} == chat-page ]] || (($(cat -- *.log | grep -ac '^OK [0-9]* messages, compression active: ') >= 2)) || status=1
    return $status
}

passed=0 failed=0
for combination in "${combinations[@]}"; do
    IFS='|' read -r name server client <<<"$combination"
    name=${name% }
    [[ -n ${wanted[$name]-} ]] || continue
    if [[ -n ${broken[peer]-}${broken[${name%%-*}]-} ]]; then
        failed=$((failed + 1))
        echo "FAILED $name: what it needs is missing"
        continue
    fi
    rm -rf -- "${base:?}/logs/$name"
    mkdir -- "$base/logs/$name"
    cd -- "$base/logs/$name"
    begin=${EPOCHREALTIME/[^0-9]/}
    status=0
    run_combination "$server" "$client" || status=$?
    printf -v tenths %02d $(((${EPOCHREALTIME/[^0-9]/} - begin) / 100000))
    seconds=${tenths%?}.${tenths: -1}
    if ((status == 0)); then
        passed=$((passed + 1))
        # No pipe: a reader that ends at its first match would break the writer before it.
        lines=$(grep -ham 1 '^OK [0-9]* messages, compression active: .*, sent ' -- *.log)
        line=${lines%%$'\n'*}
        printf 'ok     %-34s %5s s  %s\n' "$name" "$seconds" "${line#OK }"
    else
        failed=$((failed + 1))
        echo "FAILED $name after $seconds s ($PWD)"
        tail -n 15 -- *.log | sed 's/^/    /'
    fi
done

echo "$passed passed, $failed failed"
((failed == 0 && passed > 0))
