#!/usr/bin/env bash
# Licences, bans and sources of the dependencies, by cargo-deny; builds that tool once where it is missing.
set -euo pipefail

root=$(cd "$(dirname "$0")/.." && pwd)
# shellcheck source=tools/cargo_tool.sh
source "$root/tools/cargo_tool.sh"
deny=$(cargo_tool cargo-deny)
cd "$root"
"$deny" --all-features check bans licenses sources
