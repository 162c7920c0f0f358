#!/usr/bin/env bash
# Runs the Autobahn test suite against a WebSocket server, a client, or both, and
# compares every verdict with expected_server.json and expected_client.json.
#
#   run.sh quick|full --label NAME [--server-cmd CMD] [--client-cmd CMD] [OPTION]...
#
#   quick   kosoku; the 301 cases without compression, and sections 12.1, 13.1 and 13.7
#   full    the original suite; all 517 cases
#
#   --label NAME         what is under test, in what is printed and for its reports
#   --server-cmd CMD     starts the echo server under test. It prints a line
#                        `LISTENING <port>`, serves 127.0.0.1, and ends when its stdin
#                        does or on SIGTERM
#   --client-cmd CMD     is called as `CMD ws://127.0.0.1:<port> NAME`. It runs as many
#                        cases as /getCaseCount says, at /runCase?case=N&agent=NAME,
#                        echoing what comes, then visits /updateReports?agent=NAME and
#                        ends with status 0
#   --cases PATTERN      only these (`7.*`) of the mode's cases; may be repeated
#   --jobs N             how many cases to run at a time (4); the server under test has
#                        that many connections, the client is started that many times
#   --timeout SECONDS    for one role (quick: 900, full: 5400)
#   --tls CERT KEY       over TLS (full only): the server under test serves wss, and the
#                        client's server has this certificate and key (PEM files)
#
# The last line is `N passed, N failed`; the status is 0 only if nothing failed.
set -euo pipefail

here=$(dirname -- "$(readlink -f -- "${BASH_SOURCE[0]}")")
# shellcheck source=tools/debian_tree.sh
source "$here/../../tools/debian_tree.sh"

usage() {
    [[ $# == 0 ]] || tree_say "$*"
    sed -n '2,/^set/{/^set/d;s/^# \{0,1\}//p}' "$here/run.sh" >&2
    exit 2
}

caller=$PWD
mode=${1-}
case $mode in
quick) timeout=900 in_mode=('[1-9].*' '10.*' '12.1.*' '13.1.*' '13.7.*') full='' ;;
full) timeout=5400 in_mode=('*') full=--full ;;
*) usage ;;
esac
shift
label='' server_cmd='' client_cmd='' jobs=4 scheme=ws cert='' key=''
wanted=()
while (($#)); do
    (($# >= 2)) || usage "$1 wants a value, or is unknown"
    case $1 in
    --label) label=$2 ;;
    --server-cmd) server_cmd=$2 ;;
    --client-cmd) client_cmd=$2 ;;
    --cases) wanted+=("$2") ;;
    --jobs) jobs=$2 ;;
    --timeout) timeout=$2 ;;
    --tls)
        (($# >= 3)) || usage "--tls wants CERT and KEY"
        scheme=wss cert=$(realpath -- "$2") key=$(realpath -- "$3")
        shift
        ;;
    *) usage "unknown option $1" ;;
    esac
    shift 2
done
# It becomes part of file names and of URLs.
[[ $label =~ ^[A-Za-z0-9_-]+$ ]] || usage "--label wants letters, digits, - and _"
[[ $jobs =~ ^[1-9][0-9]?$ ]] || usage "--jobs wants a number"
[[ $timeout =~ ^[1-9][0-9]*$ ]] || usage "--timeout wants a number of seconds"
[[ -n $server_cmd$client_cmd ]] || usage "--server-cmd or --client-cmd is missing"
[[ $mode == full || $scheme == ws ]] || usage "kosoku knows no TLS: --tls is for full"

"$here/provision.sh" $full
tools=$(tree_target_dir)/conformance
work=$tools/reports/$mode/$label
mkdir -p -- "$work"
# Two runs would remove each other's reports.
exec 8>"$work/lock"
flock -n 8 || {
    tree_say "another $mode run is going on for the label $label"
    exit 1
}

# Meant for a Python of the user's, not for the two that run here.
unset PYTHONHOME PYTHONPATH PYTHONSTARTUP
export PYTHONNOUSERSITE=1 PYTHONUNBUFFERED=1

# The next four replace the shell they are called in: only ever call them with `&`.
# `timeout` passes a signal that it gets on to all that its command has started.
limited() { exec timeout --kill-after=10 "$timeout" "$@" 8>&-; }
under_test() { limited env -C "$caller" bash -c "$1 \"\$@\"" "$@"; }
kosoku() { limited "$tools/venv/bin/kosoku" "$@"; }
wstest() {
    export PYTHONPATH=$tools/autobahn/site
    # Without -u 0 it also opens a web server on a port of its own.
    limited "$tools/autobahn/root/python2.7" -W ignore -c '
from autobahntestsuite.wstest import run
run()' -u 0 "$@"
}

declare -A running=()
# started PID WHAT: what PID is, to be ended along with this script at the latest.
started() { running[$1]=$2; }

cleanup() {
    ((${#running[@]} == 0)) || kill -TERM "${!running[@]}" 2>/dev/null || true
    wait
}
trap cleanup EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

alive() { kill -0 "$1" 2>/dev/null; }
ended() { ! alive "$1"; }

# await SECONDS PID COMMAND...: waits until COMMAND succeeds. Fails when time is up, or
# when PID ends without that.
await() {
    local end=$((SECONDS + $1)) pid=$2
    shift 2
    until "$@"; do
        alive "$pid" || return 1
        ((SECONDS < end)) || return 1
        sleep 0.05
    done
}

# finish PID [STATUS...]: waits for its end. If that is with another status than 0 or one
# of STATUS, this is a problem.
finish() {
    local pid=$1 what=${running[$1]} status=0 good
    shift
    while alive "$pid"; do
        sleep 0.1
        tell_progress
    done
    wait "$pid" || status=$?
    unset "running[$pid]"
    for good in 0 "$@"; do ((status != good)) || return 0; done
    case $status in
    124 | 137) problem "the $what did not end in time and was killed" ;;
    *) problem "the $what ended with status $status" ;;
    esac
}

problem() { problems+=("$*"); }

# deal_cases ROLE PARTS: lists the role's cases in the file `cases`, and deals them out to
# that many files part.NN (or fewer, if there are fewer cases).
deal_cases() {
    local list=(python3 "$here/verdicts.py" list "$here/expected_$1.json")
    "${list[@]}" "${in_mode[@]}" >cases
    if ((${#wanted[@]})); then
        "${list[@]}" "${wanted[@]}" >wanted
        grep -Fxf wanted cases >both || usage "a $mode run has no such cases: ${wanted[*]}"
        mv both cases
    fi
    awk -v parts="$2" '{ print > sprintf("part.%02d", (NR - 1) % parts) }' cases
}

# write_spec PART MEMBERS: what wstest is to do, into PART.json.
write_spec() {
    printf '{"outdir": "%s.report", %s, "cases": [%s]}\n' "$1" "$2" \
        "$(sed 's/.*/"&"/' "$1" | paste -sd,)" >"$1.json"
}

# kosoku_options PART: into the array `options`.
kosoku_options() { mapfile -t options < <(echo "-o$1.report" && sed 's/^/-i/' "$1"); }

# A full run is long: once a minute it says how far it is.
tell_progress() {
    local begun
    ((SECONDS - told >= 60)) || return 0
    told=$SECONDS
    begun=$(cat part.??.log | grep -c '^Running test case') || return 0
    tree_say "$label as ${PWD##*/}, $mode: $begun of $(wc -l <cases) cases begun"
}

test_server() {
    local server stdin port part options pid pids=()
    mkfifo stdin
    under_test "$server_cmd" <stdin >server.out 2>server.err &
    server=$!
    started "$server" "server under test (server.err)"
    exec {stdin}>stdin
    if await 60 "$server" grep -q '^LISTENING [0-9]' server.out; then
        port=$(sed -n '/^LISTENING/{s/^LISTENING \([0-9]*\).*/\1/p;q}' server.out)
        for part in part.??; do
            if [[ $mode == quick ]]; then
                kosoku_options "$part"
                kosoku "ws://127.0.0.1:$port" -p "$jobs" "${options[@]}" \
                    &>"$part.log" {stdin}>&- &
            else
                write_spec "$part" "\"servers\": [{\"agent\": \"$label\",
                    \"url\": \"$scheme://127.0.0.1:$port\"}]"
                wstest -m fuzzingclient -s "$part.json" &>"$part.log" {stdin}>&- &
            fi
            pids+=($!)
            started $! "suite's client ($part.log)"
        done
        # kosoku's status is 1 if a case failed. The verdicts tell more about that.
        for pid in "${pids[@]}"; do finish "$pid" 1; done
    else
        problem "the server under test printed no LISTENING <port> (server.err)"
    fi

    exec {stdin}>&-
    await 3 "$server" ended "$server" || kill -TERM "$server" 2>/dev/null || true
    # 143: ended by SIGTERM.
    finish "$server" 143
}

# start_suite_server PART: waits until it listens, and sets `server` and `url`.
start_suite_server() {
    local part=$1 port options attempt
    if [[ $mode == quick ]]; then
        kosoku_options "$part"
        kosoku -m fuzzingserver 127.0.0.1:0 "${options[@]}" &>"$part.log" &
        server=$!
        started "$server" "suite's server ($part.log)"
        await 60 "$server" grep -q '^fuzzingserver listening' "$part.log" || return 1
        url=$(sed -n 's,^fuzzingserver listening on \(ws://[^ ]*\).*,\1,p' "$part.log")
        return
    fi
    # This one cannot be told to take any free port; and one that was free just now may
    # be taken by the time that it starts.
    for attempt in 1 2 3; do
        port=$(python3 -c '
import socket
with socket.create_server(("127.0.0.1", 0)) as s: print(s.getsockname()[1])')
        url=$scheme://127.0.0.1:$port
        write_spec "$part" "\"url\": \"$url\"${cert:+, \"cert\": \"cert.pem\", \"key\": \"key.pem\"}"
        wstest -m fuzzingserver -s "$part.json" &>"$part.log" &
        server=$!
        started "$server" "suite's server ($part.log)"
        ! await 60 "$server" accepts "$port" || return 0
        kill -TERM "$server" 2>/dev/null || true
        wait "$server" || true
        unset "running[$server]"
        tree_say "the suite's server did not start (attempt $attempt): $PWD/$part.log"
    done
    return 1
}

accepts() { (: <>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; }

test_client() {
    local part server url client deadline servers=() clients=()
    [[ -z $cert ]] || ln -s "$cert" cert.pem
    [[ -z $key ]] || ln -s "$key" key.pem
    for part in part.??; do
        start_suite_server "$part" || {
            problem "the suite's server does not start ($part.log)"
            return
        }
        under_test "$client_cmd" "$url" "$label" \
            </dev/null >"$part.client.out" 2>"$part.client.err" &
        client=$!
        started "$client" "client under test ($part.client.err)"
        servers+=("$server")
        clients+=("$client")
    done
    for client in "${clients[@]}"; do finish "$client"; done
    # kosoku ends by itself after /updateReports, the original does not. If the client
    # did not get that far, there is no report, and all cases count as not run.
    deadline=$SECONDS
    [[ $mode == full ]] || deadline=$((SECONDS + 20))
    for server in "${servers[@]}"; do
        await $((deadline - SECONDS)) "$server" ended "$server" ||
            kill -TERM "$server" 2>/dev/null || true
        finish "$server" 1 143
    done
}

failed=0 passed=0
for role in server client; do
    cmd=${role}_cmd
    [[ -n ${!cmd} ]] || continue
    rm -rf -- "${work:?}/$role"
    mkdir -- "$work/$role"
    cd -- "$work/$role"
    problems=()
    begin=$SECONDS told=$SECONDS
    parts=$jobs
    # To a server, one kosoku opens so many connections by itself.
    [[ $mode$role != quickserver ]] || parts=1
    deal_cases "$role" "$parts"
    tree_say "$label as $role, $mode: $(wc -l <cases) cases"
    "test_$role"

    python3 "$here/verdicts.py" compare "$here/expected_$role.json" cases counts \
        "$label as $role, $mode" part.*.report
    read -r role_passed role_failed <counts
    ((${#problems[@]} == 0)) || printf '%s\n' "${problems[@]}"
    echo "$label as $role: took $((SECONDS - begin)) s, reports in $PWD"$'\n'
    passed=$((passed + role_passed)) failed=$((failed + role_failed + ${#problems[@]}))
done

echo "$passed passed, $failed failed"
((failed == 0 && passed > 0))
