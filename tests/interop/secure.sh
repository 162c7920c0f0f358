#!/usr/bin/env bash
# Lets wspeer, through its C interface and in Godot, meet what is outside of it when a connection is
# made: OpenSSL, nginx, tinyproxy, Chromium, the engine's own TLS, and servers that mean no good.
#
#   secure.sh [NAME]...
#   secure.sh --list
#
#   NAME  a test, or the beginning of the names of several; all if none is given
#
# $WSPEER_LIBRARY_DIR has libwspeer.so; without it, the library is built (optimised, without Godot).
# $WSPEER_INCLUDE_DIR has wspeer.h (include). The Godot part is the sample project's, as `make build`
# leaves it. What the other side consists of is fetched on first use. All that, the certificates and
# the logs are in the build directory's interop/.
#
# Prints a line for each test. The last line is `N passed, N failed`; the status is 0 only if nothing
# failed. Something that is missing and cannot be fetched is a failure.
set -euo pipefail

here=$(dirname -- "$(readlink -f -- "${BASH_SOURCE[0]}")")
root=$(realpath -- "$here/../..")
# shellcheck source=tools/debian_tree.sh
source "$root/tools/debian_tree.sh"
# shellcheck source=tests/interop/provision.sh
source "$here/provision.sh"

if [[ ${1-} == -* && ${1-} != --list ]]; then
    sed -n '2,/^set/{/^set/d;s/^# \{0,1\}//p}' "$here/secure.sh" >&2
    exit 2
fi

target=$(tree_target_dir)
base=$target/interop
work=$base/secure
mkdir -p -- "$work"
# Two runs would remove each other's logs.
exec 8>"$base/secure.lock"
flock -n 8 || {
    tree_say 'another run is going on'
    exit 1
}

for part in end openssl nginx tinyproxy chromium godot; do
    "provision_$part" 8>&- || {
        tree_say "what the tests need of $part is missing"
        echo '0 passed, 1 failed'
        exit 1
    }
done
certificates=$work/certificates
rm -rf -- "$certificates"
"$here/secure/certificates.sh" "$openssl" "$certificates" 8>&- || {
    tail -n 20 -- "$certificates/log" >&2
    tree_say 'the certificates could not be made'
    echo '0 passed, 1 failed'
    exit 1
}

unset PYTHONHOME PYTHONPATH PYTHONSTARTUP
export PYTHONNOUSERSITE=1 PYTHONDONTWRITEBYTECODE=1 OPENSSL_CONF=/dev/null
# A test has limits of its own; this is for a driver that hangs.
exec timeout --kill-after=10 600 python3 "$here/secure/run.py" --base "$work" --end "$base/end" \
    --certificates "$certificates" --openssl "$openssl" --nginx "$base/nginx/nginx" \
    --tinyproxy "$base/tinyproxy/tinyproxy" --chromium "$chromium" --godot "$godot" \
    --project "$root/godot_project" "$@"
