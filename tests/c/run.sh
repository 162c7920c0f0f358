#!/usr/bin/env bash
# Tests the C interface from outside: the header, the libraries' symbols, and the C and C++
# programs in this directory, linked as a user of the library would.
#
#   run.sh [--valgrind] [LIBRARY_DIR [INCLUDE_DIR]]
#
#   --valgrind   also runs test_capi under valgrind (minutes)
#   LIBRARY_DIR  has libwspeer.so and libwspeer.a; $WSPEER_LIBRARY_DIR or target/debug
#   INCLUDE_DIR  has wspeer.h; $WSPEER_INCLUDE_DIR or include
#
# $CC and $CXX choose the compilers. Programs and logs go to target/c-tests. The last line is
# `N passed, N failed`; the status is 0 only if nothing failed.
set -euo pipefail

here=$(dirname -- "$(readlink -f -- "${BASH_SOURCE[0]}")")
root=$(realpath -- "$here/../..")
target=$(realpath -m -- "${CARGO_TARGET_DIR:-$root/target}")

with_valgrind=''
if [[ ${1-} == --valgrind ]]; then
    with_valgrind=yes
    shift
fi
if [[ ${1-} == -* ]] || (($# > 2)); then
    sed -n '2,/^set/{/^set/d;s/^# \{0,1\}//p}' "$here/run.sh" >&2
    exit 2
fi
libraries=$(realpath -- "${1:-${WSPEER_LIBRARY_DIR:-$target/debug}}")
include=$(realpath -- "${2:-${WSPEER_INCLUDE_DIR:-$root/include}}")
header=$include/wspeer.h
cc=${CC:-cc} cxx=${CXX:-c++}
# Backtraces of panics that the library catches add nothing to the test's output.
export RUST_BACKTRACE=0

warnings=(-Wall -Wextra -Wpedantic -Wconversion -Wshadow -Werror)
c_flags=(-std=c11 -O1 -g "${warnings[@]}" -Wstrict-prototypes -Wmissing-prototypes -I"$include")
cxx_flags=(-std=c++11 -O1 -g "${warnings[@]}" -I"$include")
shared=(-L"$libraries" -lwspeer -Wl,-rpath,"$libraries")
# What `rustc --print native-static-libs` names on Linux.
static=("$libraries/libwspeer.a" -lgcc_s -lutil -lrt -lpthread -lm -ldl -lc)
test_capi=("$here"/check.c "$here"/test_*.c)

work=$target/c-tests
mkdir -p -- "$work"
# Two runs would overwrite each other's programs.
exec 8>"$work/lock"
flock 8
rm -f -- "$work"/*.log
cd -- "$work"

passed=0 failed=0
declare -A is_broken=()

# step NAME COMMAND...: runs the command and counts its result. Its output is shown if it fails.
# Functions run like this chain their commands with &&, because bash ignores `set -e` in them.
step() {
    local name=$1 log=$1.log status=0
    shift
    "$@" &>"$log" 8>&- </dev/null || status=$?
    if ((status == 0)); then
        passed=$((passed + 1))
    else
        failed=$((failed + 1))
        is_broken[$name]=yes
        echo "FAILED $name (status $status, $work/$log)"
        tail -n 30 -- "$log" | sed 's/^/    /'
    fi
}

# tests NAME SECONDS COMMAND...: runs a program whose last line is `N passed, N failed` (valgrind may
# print more after it) and adds its numbers. A program without that line, or whose status contradicts
# it, is one failure.
tests() {
    local name=$1 seconds=$2 log=$1.log status=0 closing p f
    shift 2
    timeout --kill-after=10 "$seconds" "$@" &>"$log" 8>&- </dev/null || status=$?
    closing=$(grep -axE '[0-9]+ passed, [0-9]+ failed' -- "$log" | tail -n 1) || true
    read -r p _ f _ <<<"${closing:-0 passed, 0 failed}"
    # The program's status is 1 if tests have failed.
    if ((status == 0 ? p == 0 || f > 0 : status != 1 || f == 0)); then
        f=$((f + 1))
        echo "FAILED $name: ended with status $status ($work/$log)"
        tail -n 30 -- "$log" | sed 's/^/    /'
    elif ((f > 0)); then
        echo "FAILED $name: $f of $((p + f)) tests ($work/$log)"
        grep -aE '^(FAILED |  )' -- "$log" | sed 's/^/    /'
    fi
    passed=$((passed + p)) failed=$((failed + f))
}

# Self-signed certificates of a server and of a client, valid for a day.
make_certificates() {
    local openssl name
    openssl=$("$root/tools/openssl.sh") && mkdir -p certificates || return 1
    for name in server client; do
        "$openssl" req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 1 -subj "/CN=${name/client/player}" \
            -addext subjectAltName=DNS:localhost,IP:127.0.0.1 -keyout "certificates/$name.key" \
            -out "certificates/$name.crt" || return 1
    done
}
export WSPEER_TEST_CERTIFICATES=$work/certificates

compile_alone() {
    local compiler=$1 language=$2 standard=$3
    # The macro is used too, because the compiler checks it only then.
    printf '%s\n' '#include <wspeer.h>' '#include <wspeer.h>' \
        'extern const wsp_peer_options options;' \
        'const wsp_peer_options options = WSP_PEER_OPTIONS_INIT;' >"header.$language" &&
        "$compiler" -std="$standard" -Wall -Wextra -Wpedantic -Wconversion -Wundef -Werror \
            -I"$include" -c -x "$language" "header.$language" -o header.o
}

# The example in the header's first comment, between functions of the program that it calls.
compile_example() {
    sed -n '/^ \*     wsp_client \*client/,/wsp_client_free/s/^ \*//p' "$header" >example.inc && [[ -s example.inc ]] || return 1
    printf '%s\n' '#include <wspeer.h>' 'void on_message(const uint8_t *data, size_t len);' 'void draw_frame(void);' \
        'void run(void);' 'void run(void)' '{' >example.c && cat example.inc >>example.c && echo '}' >>example.c &&
        "$cc" "${c_flags[@]}" -c example.c -o example.o
}

knows_standard() { "$1" -std="$3" -fsyntax-only -x "$2" /dev/null 2>/dev/null; }

# Prints the functions that the header declares. The preprocessor removes the comments, which mention
# functions too.
declared() {
    "$cc" -E -P -x c "$header" | grep -oE '\<wsp_[a-z0-9_]+ *\(' | tr -d ' (' | sort -u
}

exported() { nm -D --defined-only -- "$libraries/libwspeer.so" | awk '{ print $3 }' | sort -u; }

exports_match() {
    # A library with the Godot classes exports the entry of the extension too.
    [[ -n $(declared) ]] &&
        diff -u --label declared --label exported <(declared) <(exported | grep -vx wspeer_gdextension_init)
}

every_function_is_tested() {
    local name untested=0
    for name in $(declared); do
        grep -qE "\\<$name\\(" "$here"/check.c "$here"/test_*.c || {
            echo "no test calls $name()"
            untested=1
        }
    done
    return $untested
}

# with_server COMMAND...: starts $server_program (echo_server), runs the command with $port and $server_pid, and ends
# the server, if it still runs, by closing its standard input. Both must return 0.
with_server() {
    local status=0 word=''
    coproc SERVER { exec "./${server_program:-echo_server}" 2>echo_server.err; }
    server_pid=$SERVER_PID port=''
    # bash closes the coprocess's own descriptors as soon as it has ended.
    exec {from_server}<&"${SERVER[0]}" {to_server}>&"${SERVER[1]}"
    eval "exec ${SERVER[0]}<&- ${SERVER[1]}>&-"
    read -r -t 10 word port <&"$from_server" || true
    if [[ $word == LISTENING && $port =~ ^[1-9][0-9]*$ ]]; then
        "$@" || status=$?
    else
        echo "the server's first line is '$word $port'"
        status=1
    fi
    exec {to_server}>&-
    wait "$server_pid" || {
        echo "the server ended with status $?"
        status=1
    }
    exec {from_server}<&-
    cat echo_server.err
    return $status
}

# echoes TEXT...: sends the texts and expects their echoes and a clean end.
echoes() {
    local wanted
    wanted=$(printf '< %s\n' "$@" && echo 'closed: 1000 done')
    timeout 20 ./echo_client "ws://127.0.0.1:$port/" "$@" >"client.$1" || return 1
    diff <(echo "$wanted") "client.$1"
}

echo_exchange() {
    local long i status=0 pids=()
    long=$(head -c 60000 /dev/zero | tr '\0' x)
    echoes hello 'grüße' '' 'two words' && echoes long "$long" "$long" "$long" || return 1
    for i in 1 2 3 4 5 6 7 8; do
        echoes "$i" "again from $i" &
        pids+=($!)
    done
    for i in "${pids[@]}"; do wait "$i" || status=1; done
    return $status
}

# The server continues after a client has failed, and a client fails without a server.
echo_failures() {
    ! echoes $'\xff' && echoes hello || return 1
    kill -TERM "$server_pid"
    wait "$server_pid" || return 1
    ! echoes hello
}

# A client gets a close frame, and if it does not answer, the server ends after its close_timeout.
echo_close_frame() {
    local line raw status=0
    exec {raw}<>"/dev/tcp/127.0.0.1/$port"
    printf '%s\r\n' 'GET / HTTP/1.1' 'Host: h' 'Upgrade: websocket' 'Connection: Upgrade' \
        'Sec-WebSocket-Version: 13' 'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==' '' >&"$raw"
    while read -r -t 10 line <&"$raw" && [[ $line != $'\r' ]]; do echo "$line"; done
    kill -"$1" "$server_pid"
    timeout 10 cat <&"$raw" | grep -a 'the server is shutting down' >/dev/null || status=1
    exec {raw}>&-
    return $status
}

# Two clients talk. Their ':wait' lines settle the order of the messages.
chat_exchange() {
    local server_program=chat_server
    with_server chat_between_two
}

chat_between_two() {
    local line said_by_alice='' from_alice silence alice status=0
    coproc ALICE { printf '%s\n' ':wait bob has come' hello ':wait bob: hi' | timeout 60 ./chat_client "ws://127.0.0.1:$port/alice"; }
    exec {from_alice}<&"${ALICE[0]}"
    alice=$ALICE_PID
    while read -r -t 60 line <&"$from_alice"; do
        said_by_alice+=$line$'\n'
        [[ $line != 'alice has come' ]] || break
    done
    printf '%s\n' ':wait alice: hello' hi ':wait alice has gone' |
        timeout 60 ./chat_client "ws://127.0.0.1:$port/bob" >chat.bob || status=1
    while read -r -t 60 line <&"$from_alice"; do said_by_alice+=$line$'\n'; done
    exec {from_alice}<&-
    wait "$alice" || status=1
    diff <(printf '%s\n' connected 'alice has come' 'bob has come' 'alice: hello' 'bob: hi') <(printf '%s' "$said_by_alice") &&
        diff <(printf '%s\n' connected 'bob has come' 'alice: hello' 'bob: hi' 'alice has gone') chat.bob || status=1
    # A server that ends sends close frames. Carol's input is empty and does not end.
    rm -f silence && mkfifo silence
    exec {silence}<>silence
    coproc CAROL { timeout 60 ./chat_client "ws://127.0.0.1:$port/carol" <"$work/silence"; }
    exec {from_alice}<&"${CAROL[0]}"
    while read -r -t 60 line <&"$from_alice" && [[ $line != 'carol has come' ]]; do :; done
    kill -TERM "$server_pid"
    read -r -t 60 line <&"$from_alice"
    [[ $line == 'the server closes: 1000' ]] || { echo "carol received '$line'"; status=1; }
    exec {from_alice}<&- {silence}>&-
    return $status
}

for standard in c99 c11 c17 gnu2x c23; do
    ! knows_standard "$cc" c $standard || step "header as $standard" compile_alone "$cc" c $standard
done
for standard in c++11 c++17 c++20; do
    step "header as $standard" compile_alone "$cxx" c++ $standard
done
step 'certificates' make_certificates
step 'the loop at the top of the header compiles' compile_example
step 'exports are the declared functions' exports_match
step 'every function is tested' every_function_is_tested

for program in echo_server echo_client autobahn_client room_server chat_server chat_client many_connections; do
    step "compile $program" "$cc" "${c_flags[@]}" -pthread "$here/$program.c" -o $program "${shared[@]}"
done
step 'compile wsp_peer' "$cxx" "${cxx_flags[@]}" "$here/wsp_peer.cpp" -o wsp_peer "${shared[@]}"
step 'compile test_capi' "$cc" "${c_flags[@]}" -pthread "${test_capi[@]}" -o test_capi "${shared[@]}"
step 'compile test_capi_static' "$cc" "${c_flags[@]}" -pthread "${test_capi[@]}" -o test_capi_static "${static[@]}"

if [[ -z ${is_broken[compile wsp_peer]-} ]]; then
    step 'wsp_peer' timeout 60 ./wsp_peer
fi
if [[ -z ${is_broken[compile echo_server]-}${is_broken[compile echo_client]-} ]]; then
    step 'echo exchange' with_server echo_exchange
    step 'echo failures' with_server echo_failures
    step 'echo close frame on SIGTERM' with_server echo_close_frame TERM
    step 'echo close frame on SIGINT' with_server echo_close_frame INT
fi
if [[ -z ${is_broken[compile chat_server]-}${is_broken[compile chat_client]-} ]]; then
    step 'chat exchange' chat_exchange
fi
if [[ -z ${is_broken[compile many_connections]-} ]]; then
    step 'many connections' timeout 120 ./many_connections 10 1000
fi
for program in test_capi test_capi_static; do
    [[ -n ${is_broken[compile $program]-} ]] || tests $program 300 "$work/$program"
done
if [[ -n $with_valgrind && -z ${is_broken[compile test_capi]-} ]]; then
    if type -P valgrind >/dev/null; then
        # Status 99 is valgrind's; the program itself returns 0 or 1.
        WSPEER_TEST_PATIENCE=10 tests 'test_capi under valgrind' 1500 valgrind -q --error-exitcode=99 \
            --leak-check=full --show-leak-kinds=definite,possible --fair-sched=yes \
            --suppressions="$here/valgrind.supp" "$work/test_capi"
    else
        echo "FAILED valgrind is not installed"
        failed=$((failed + 1))
    fi
fi

echo "$passed passed, $failed failed"
((failed == 0 && passed > 0))
