#!/usr/bin/env bash
# Prints the absolute path of an openssl program that runs here: the one on PATH, or Debian's,
# unpacked under target/openssl (once, about 3 MB to fetch). Everything else goes to stderr.
set -euo pipefail

# shellcheck source=tools/debian_tree.sh
source "$(dirname -- "$(readlink -f -- "${BASH_SOURCE[0]}")")/debian_tree.sh"

suite=bookworm

if program=$(type -P openssl); then
    realpath -s -- "$program"
    exit
fi
tree=$(tree_target_dir)/openssl
if ! unpack_debian_packages "$suite" "$tree" openssl ||
    ! write_tree_launcher "$tree" usr/bin/openssl openssl || ! "$tree/openssl" version >&2; then
    tree_say "no openssl to be had. Install the package openssl."
    exit 1
fi
echo "$tree/openssl"
