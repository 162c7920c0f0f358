# shellcheck shell=bash
# To be sourced. Unpacks Debian packages, of any suite, with all they depend on,
# into a directory of their own, and makes launchers for the programs in it.
# Nothing is installed and root is not needed: this is how a test gets at a
# program that the machine's own release has too old, too new or not at all.
#
#   unpack_debian_packages SUITE DESTDIR PKG...
#   write_tree_launcher DESTDIR PROGRAM LAUNCHER
#
# Both print on stderr only, and return 1, having said why, when they cannot.
# Neither leans on `set -e`, which bash ignores in a function called in a condition.

tree_say() { printf '%s: %s\n' "${0##*/}" "$*" >&2; }

# Where cargo builds, so where whatever can be made again belongs.
tree_target_dir() {
    local root
    root=$(realpath -- "$(dirname -- "${BASH_SOURCE[0]}")/..") || return 1
    realpath -m -- "${CARGO_TARGET_DIR:-$root/target}"
}

# The address of the Debian archive that this machine is set up to use. Asking apt,
# which contacts nobody for this, has it read its sources in either format.
debian_mirror() {
    apt-get update --print-uris 2>/dev/null | awk -F "'" '
        !match($2, "/+dists/[^/]+/main/binary") { next }
        { uri = substr($2, 1, RSTART - 1); rank = 0 }
        uri ~ "debian" { rank = 1 }
        uri ~ "/debian(\\.list)?$" { rank = 2 }
        uri ~ "^[^/]*//[^/]+/debian$" { rank = 3 }
        uri ~ "security" { rank = 0 }
        rank > best { best = rank; mirror = uri }
        END { print mirror }'
}

# unpack_debian_packages SUITE DESTDIR PKG...
# DESTDIR ends up holding just these packages and their dependencies. It is left
# alone if it already holds what is asked for.
unpack_debian_packages() {
    local suite=$1 dest=$2
    shift 2
    dest=$(realpath -m -- "$dest") && mkdir -p -- "${dest%/*}" || return 1
    (
        # A second caller waits here, then finds the first one's work done.
        flock 9 || exit 1
        [[ $(cat -- "$dest/.unpacked" 2>/dev/null) == "$suite $*" ]] ||
            tree_unpack "$suite" "$dest" "$@"
    ) 9>"$dest.lock"
}

tree_unpack() {
    local suite=$1 dest=$2 apt=$2-apt new=$2.new
    shift 2
    if ! command -v apt-get >/dev/null || ! command -v dpkg-deb >/dev/null; then
        tree_say "cannot fetch Debian's $*: no apt-get or no dpkg-deb here"
        return 1
    fi
    rm -rf -- "$apt" "$new"
    tree_apt_config "$suite" "$apt" || return 1

    tree_say "fetching $* of Debian $suite to unpack in $dest"
    if ! APT_CONFIG=$apt/first.conf apt-get update >&2 ||
        ! APT_CONFIG=$apt/first.conf apt-get install --download-only -- "$@" >&2; then
        tree_say "apt could not fetch $* of Debian $suite"
        return 1
    fi

    # Packages from before Debian merged /lib into /usr/lib then land in one place
    # with the rest: these links, and a tar that keeps them (dpkg-deb -x does not).
    local dir deb
    for dir in bin sbin lib lib32 lib64 libx32; do
        mkdir -p -- "$new/usr/$dir" && ln -s "usr/$dir" "$new/$dir" || return 1
    done
    for deb in "$apt"/cache/archives/*.deb; do
        if ! (set -o pipefail && dpkg-deb --fsys-tarfile "$deb" |
            tar -x -C "$new" --keep-directory-symlink --no-same-owner --no-same-permissions); then
            tree_say "could not unpack $deb"
            return 1
        fi
    done
    echo "$suite $*" >"$new/.unpacked" &&
        rm -rf -- "$dest" "$apt" &&
        mv -- "$new" "$dest"
}

# tree_apt_config SUITE DIR
# Makes DIR/first.conf, with which apt keeps all it has in DIR, knows SUITE only
# and counts nothing as installed, so that it fetches everything down to the C library.
tree_apt_config() {
    local suite=$1 apt=$2 mirror signed='' keyring=/usr/share/keyrings/debian-archive-keyring.gpg
    mirror=$(debian_mirror) || true
    if [[ -z $mirror ]]; then
        tree_say "apt's sources here name no Debian archive to fetch from"
        return 1
    fi
    [[ -r $keyring ]] && signed="signed-by=$keyring"

    mkdir -p -- "$apt/state/lists/partial" "$apt/cache/archives/partial" || return 1
    : >"$apt/status"
    echo "deb [target=Packages $signed] $mirror $suite main" >"$apt/sources.list"
    # apt reads APT_CONFIG's file, then the machine's apt.conf.d (whose proxies and
    # the like must count), then what Dir::Etc::main names: ours has the last word.
    {
        [[ -z ${APT_CONFIG:-} ]] || echo "#include \"$APT_CONFIG\";"
        echo "Dir::Etc::main \"$apt/last.conf\";"
    } >"$apt/first.conf"
    {
        [[ ! -r /etc/apt/apt.conf ]] || echo '#include "/etc/apt/apt.conf";'
        cat <<CONF
Dir::State "$apt/state";
Dir::State::status "$apt/status";
Dir::Cache "$apt/cache";
Dir::Cache::archives "archives";
Dir::Etc::sourcelist "$apt/sources.list";
Dir::Etc::sourceparts "/dev/null";
Dir::Etc::preferences "/dev/null";
Dir::Etc::preferencesparts "/dev/null";
Acquire::Languages "none";
Acquire::Retries "3";
APT::Get::Assume-Yes "true";
APT::Install-Recommends "false";
// The user that a root's apt downloads as may have no access to this directory.
APT::Sandbox::User "root";
// These would touch the machine's own package lists and caches.
#clear APT::Update;
#clear APT::Default-Release;
APT::Update::Error-Mode "any";
CONF
    } >"$apt/last.conf"
}

# write_tree_launcher DESTDIR PROGRAM LAUNCHER
# Makes DESTDIR/LAUNCHER run DESTDIR/PROGRAM with the tree's own dynamic loader and
# libraries, since the machine's may be too old (or too new) for it.
write_tree_launcher() {
    local dest=$1 program=$2 launcher=$3 loader libs lib path tmp
    if [[ ! -x $dest/$program ]]; then
        tree_say "no program $program in $dest"
        return 1
    fi
    # Every architecture has its loader, by whatever name, beside its C library.
    loader=$(cd -- "$dest" && compgen -G 'usr/lib/*/ld*.so.[0-9]') || true
    loader=${loader%%$'\n'*}
    if [[ -z $loader ]]; then
        tree_say "no dynamic loader in $dest"
        return 1
    fi
    # Some packages keep libraries one directory down and find them there by an
    # absolute path, which is of no use here (libpulse0, libblas3).
    libs=${loader%/*}
    path="\$tree/$libs"
    while IFS= read -r lib; do
        path+=":\$tree/$lib"
    done < <(cd -- "$dest" && compgen -G "$libs/*/lib*.so*" | sed 's,/[^/]*$,,' | sort -u)

    # Renamed into place, so that nobody ever runs half of it.
    tmp=$(mktemp -- "$dest/.launcher.XXXXXX") || return 1
    cat >"$tmp" <<LAUNCHER
#!/bin/sh
# Made by tools/debian_tree.sh: runs $program of this tree.
tree=\$(dirname -- "\$(readlink -f -- "\$0")")
exec "\$tree/$loader" --library-path "$path" "\$tree/$program" "\$@"
LAUNCHER
    chmod 755 "$tmp" && mv -- "$tmp" "$dest/$launcher"
}
