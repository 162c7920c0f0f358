#!/usr/bin/env bash
# Fetches what tests/conformance/run.sh runs, into the build directory's conformance/:
#
#   provision.sh          kosoku, which runs Autobahn's cases fast
#   provision.sh --full   and the original Autobahn test suite, with a Python 2.7
#
# What is there already is left alone. Everything it has to say goes to stderr.
set -euo pipefail

here=$(dirname -- "$(readlink -f -- "${BASH_SOURCE[0]}")")
# shellcheck source=tools/debian_tree.sh
source "$here/../../tools/debian_tree.sh"

full=no
case ${1-} in
'') ;;
--full) full=yes ;;
*)
    sed -n '2,/^set/s/^# \{0,1\}//p' "${BASH_SOURCE[0]}" >&2
    exit 2
    ;;
esac

target=$(tree_target_dir)
base=$target/conformance
mkdir -p -- "$base"

# Old packages are compiled below, and their setup scripts heed these.
unset PYTHONHOME PYTHONPATH PYTHONSTARTUP PYTHONDONTWRITEBYTECODE CFLAGS LDFLAGS
export PYTHONNOUSERSITE=1 PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_INPUT=1
# Whoever has `--user` or a `target` in a pip.conf does not mean these directories.
export PIP_USER=0 PIP_REQUIRE_VIRTUALENV=0

# stamped STAMP CONTENT: whether what STAMP vouches for was made from CONTENT.
stamped() { [[ $(cat -- "$1" 2>/dev/null) == "$2" ]]; }

kosoku=kosoku==0.1.0

provision_kosoku() {
    local venv=$base/venv
    stamped "$venv/.provisioned" "$kosoku" && "$venv/bin/kosoku" --help &>/dev/null && return
    tree_say "installing $kosoku in $venv"
    rm -rf -- "$venv"
    python3 -m venv "$venv"
    "$venv/bin/pip" install --quiet --no-deps "$kosoku" >&2
    "$venv/bin/kosoku" --help >/dev/null
    echo "$kosoku" >"$venv/.provisioned"
}

# The last versions for Python 2.7, or those that the suite was written against. Each
# line is built with what the lines above it installed, since old setup scripts import
# what they need.
pins=(
    'setuptools==44.1.1 wheel==0.37.1'
    'incremental==16.10.1 six==1.16.0 txaio==2.1.0 zope.interface==4.6.0 cryptography==3.3.2
        pyOpenSSL==19.1.0 service_identity==18.1.0 cffi==1.15.1 pycparser==2.21 enum34==1.1.10
        ipaddress==1.0.23 pyasn1==0.5.1 pyasn1-modules==0.3.0 attrs==21.4.0 constantly==15.1.0
        hyperlink==21.0.0 idna==2.10 PyHamcrest==1.9.0 typing==3.10.0.0'
    'Automat==0.8.0'
    'Twisted==19.10.0'
    # wsaccel masks and checks UTF-8 in C, which makes the suite several times faster.
    'wsaccel==0.6.2'
    'MarkupSafe==1.1.1 Jinja2==2.11.3 Werkzeug==1.0.1 klein==17.10.0 unittest2==1.1.0
        traceback2==1.4.0 linecache2==1.0.0 argparse==1.4.0 autobahn==0.10.9'
    'autobahntestsuite==25.10.1'
)
pip=pip==20.3.4

provision_autobahn() {
    local dir=$base/autobahn
    # The path counts too: a build directory that was moved has the old one inside.
    local stamp="$dir $pip ${pins[*]}"
    stamped "$dir/.provisioned" "$stamp" && suite_starts "$dir" && return

    unpack_debian_packages bullseye "$dir/root" \
        python2.7 python2.7-minimal python2.7-dev libffi7 libssl1.1
    write_tree_launcher "$dir/root" usr/bin/python2.7 python2.7

    tree_say "installing the Autobahn test suite in $dir/site"
    rm -rf -- "$dir/site" "$dir/pip" "$dir/.provisioned"
    mkdir -- "$dir/site"
    "$base/venv/bin/pip" download --quiet --no-deps --python-version 27 --only-binary=:all: \
        --dest "$dir/pip" "$pip" "${pins[0]%% *}" >&2

    local line
    for line in "${pins[@]}"; do
        # shellcheck disable=SC2086
        old_pip "$dir" $line
        # zope.interface expects a .pth file to make this one, and no .pth file is
        # read from a directory that is merely on PYTHONPATH.
        [[ ! -d $dir/site/zope ]] || : >>"$dir/site/zope/__init__.py"
    done

    suite_starts "$dir" || {
        tree_say "the Autobahn test suite in $dir does not start"
        return 1
    }
    echo "$stamp" >"$dir/.provisioned"
}

# old_pip DIR PACKAGE...: the last pip for Python 2.7, run from its wheel.
old_pip() {
    local dir=$1
    shift
    tree_say "  $*"
    # Without --upgrade: autobahn brings a twisted/plugins, and pip would replace all of
    # twisted/ with it. With the tree's headers and libraries, because its C library,
    # being older than the machine's, runs what is compiled here. And with the launcher
    # as sys.executable, because Python would name the program, which does not run alone.
    CFLAGS="--sysroot=$dir/root -I$dir/root/usr/include/python2.7 -O2 -w" \
        LDFLAGS="--sysroot=$dir/root" PYTHONPATH=$dir/site "$dir/root/python2.7" -c '
import glob, sys
sys.executable = sys.argv.pop(1)
sys.path[:0] = glob.glob(sys.argv.pop(1))
from pip._internal.cli.main import main
sys.exit(main())' \
        "$dir/root/python2.7" "$dir/pip/*.whl" \
        -qq --no-python-version-warning install --no-deps --no-build-isolation \
        --target "$dir/site" "$@" >&2
}

suite_starts() {
    PYTHONPATH=$1/site "$1/root/python2.7" -W ignore -c '
import autobahntestsuite.wstest, wsaccel.xormask, OpenSSL.SSL' &>/dev/null
}

# Two test runs may start at once; the second finds the work of the first done.
exec 9>"$base/provision.lock"
if ! flock -n 9; then
    tree_say "waiting for another run to finish provisioning"
    flock 9
fi
provision_kosoku
if [[ $full == yes ]]; then provision_autobahn; fi
