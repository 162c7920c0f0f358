#!/usr/bin/env bash
# Compares the C interface with the committed baseline, or writes that anew: tools/abi.sh [--write]
#
# The header is turned into a library of empty functions, whose debug information says what C programs rely on and nothing of
# what lies behind the handles; that the real library exports these functions is another test's matter (tests/c). Additions pass,
# and so do fields that are appended to structs with struct_size; all else is a break.
set -euo pipefail

root=$(cd "$(dirname "$0")/.." && pwd)
target=$(realpath -m -- "${CARGO_TARGET_DIR:-$root/target}")
baseline=$root/tools/package/wspeer.abi
header=${WSPEER_HEADER:-$root/include/wspeer.h}
work=$target/packaging/abi
mkdir -p "$work"

python3 - "$header" >"$work/stub.c" <<'END'
import re
import subprocess
import sys

text = subprocess.run(["cc", "-E", "-P", "-ffreestanding", "-x", "c", sys.argv[1]], check=True, capture_output=True, text=True).stdout
# Structs get the names of their types, by which the comparison knows them.
text = re.sub(r"typedef struct \{([^{}]*)\} (wsp_\w+);", r"typedef struct \2 {\1} \2;", text)
functions = re.findall(r"(?<=[;}\n])\s*([A-Za-z_][\w \t\n*]*?\bwsp_\w+\s*\([^;{}]*\))\s*;", text)
assert functions, "no function in the header"
print(text)
for function in functions:
    print(" ".join(function.split()) + " { __builtin_trap(); }")
END
cc -std=c11 -g -O0 -w -fPIC -shared -fno-eliminate-unused-debug-types -Wl,-soname,libwspeer.so \
    -ffile-prefix-map="$work=." "$work/stub.c" -o "$work/libwspeer.so"
"$("$root/tools/packaging_tool.sh" abidw)" --load-all-types --no-show-locs --no-corpus-path --no-comp-dir-path \
    "$work/libwspeer.so" --out-file "$work/wspeer.abi"

if [ "${1:-}" = --write ]; then
    cp "$work/wspeer.abi" "$baseline"
    exit
fi
status=0
"$("$root/tools/packaging_tool.sh" abidiff)" --no-added-syms --non-reachable-types --suppressions "$root/tools/package/wspeer.suppr" \
    "$baseline" "$work/wspeer.abi" || status=$?
if [ "$status" -ne 0 ]; then
    echo "the C interface differs from tools/package/wspeer.abi; where that is meant, raise the version, tell CHANGELOG.md and run 'make abi-baseline'" >&2
    exit 1
fi
