# shellcheck shell=bash
# Sourced by run.sh: the release.

make_dist() { rm -rf "$root/dist" && make -s -C "$root" dist && (cd "$root/dist" && sha256sum -c SHA256SUMS); }

same_release_again() { cp "$root/dist/SHA256SUMS" first.sums && make_dist && diff first.sums "$root/dist/SHA256SUMS"; }

# The archive of the library, wherever it is unpacked.
library_is_found() {
    local flags
    rm -rf unpacked && mkdir unpacked && tar -xzf "$root/dist/wspeer-c-$version-linux-$machine.tar.gz" -C unpacked &&
        flags=$(PKG_CONFIG_PATH=$work/unpacked/wspeer-c-$version/lib/pkgconfig pkg-config --cflags --libs wspeer) &&
        gcc "$root/tests/c/echo_client.c" -o dist_client $flags && needs_little "unpacked/wspeer-c-$version/lib/libwspeer.so"
}

# Each package that the lock file says is in the library is named in the notices, and the licences are those of deny.toml.
notices_are_complete() {
    local notices=$target/packaging/addon/addons/wspeer/THIRD-PARTY-LICENSES.txt name rest missing=0
    [[ -s $notices ]] || return 1
    while read -r name rest; do
        [[ $name == wspeer ]] || grep -q "^$name ${rest%% *}: " <(sed 's/^\([^ ]*\) /\1 v/' "$notices") ||
            { echo "$name $rest is not named" && missing=1; }
    done < <(cd "$root" && cargo tree --locked --edges normal,no-proc-macro --prefix none --format '{p}' | sort -u)
    grep -q 'Mozilla Public License Version 2.0' "$notices" && ((missing == 0))
}

# Examples aside; that of plugin.cfg is written anew by packaging.
version_stands_once() {
    local other
    other=$(git -C "$root" grep -lF "$version" -- ':!Cargo.lock' ':!*/Cargo.lock' ':!CHANGELOG.md' ':!Cargo.toml' ':!tests' ':!tools/package/*.abi' \
        ':!include/wspeer.h' ':!rust/capi' \
        ':!godot_project/addons/wspeer/plugin.cfg' | xargs -r grep -lE "(^|[^0-9.])${version//./\\.}([^0-9.]|$)" || true)
    [[ -z $other ]] || { echo "the version also stands in $other" && return 1; }
    grep -qE "^## ${version//./\\.}\b" "$root/CHANGELOG.md"
}

step 'make dist' make_dist
step 'the same release again' same_release_again
step 'the C library from its archive' library_is_found
step 'licence notices' notices_are_complete
step 'the version stands in one place' version_stands_once
