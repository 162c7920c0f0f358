#!/usr/bin/env bash
# Runs fuzz targets: tools/fuzz.sh SECONDS [TARGET...]. Needs a nightly toolchain; builds cargo-fuzz once where it is missing.
# What is found lies in tests/fuzz/artifacts/TARGET, what is learned in tests/fuzz/corpus/TARGET.
set -euo pipefail

seconds=${1:?how many seconds each target runs}
shift
root=$(cd "$(dirname "$0")/.." && pwd)
# shellcheck source=tools/cargo_tool.sh
source "$root/tools/cargo_tool.sh"
fuzz=$(cargo_tool cargo-fuzz)
cd "$root/tests"
export RUSTUP_TOOLCHAIN=nightly
export CARGO_TARGET_DIR=$root/target/fuzz
[ $# -gt 0 ] || mapfile -t targets < <("$fuzz" list --fuzz-dir fuzz)
[ $# -eq 0 ] || targets=("$@")
for target in "${targets[@]}"; do
    echo "== fuzzing $target for $seconds s"
    mkdir -p "fuzz/corpus/$target" "fuzz/artifacts/$target" "$CARGO_TARGET_DIR/learned/$target"
    # New inputs go to the first folder; the committed corpus is only read, until `cmin` condenses both.
    "$fuzz" run --fuzz-dir fuzz "$target" "$CARGO_TARGET_DIR/learned/$target" "fuzz/corpus/$target" -- \
        -max_total_time="$seconds" -max_len=65536 -timeout=10 -rss_limit_mb=2048 -print_final_stats=1 2>&1 | tail -n 25
done
