"""Compares the C interface with the committed baseline, tools/package/wspeer.abi.

The header is turned into a library of empty functions, whose debug information holds what C programs rely on and
nothing of what is behind the handles; tests/c checks that the real library exports these functions. Additions pass, and
so do fields that are appended to structs with struct_size; every other difference is a break.
"""

from __future__ import annotations

import os
import pathlib
import re
import shutil

from ..process import Argument, output_of, run
from ..project import HEADER, ROOT, say, target_folder
from ..provision.programs import abigail
from ..report import Failed, note

BASELINE = ROOT / "tools" / "package" / "wspeer.abi"
SUPPRESSIONS = ROOT / "tools" / "package" / "wspeer.suppr"
FUNCTION = re.compile(r"(?<=[;}\n])\s*([A-Za-z_][\w \t\n*]*?\bwsp_\w+\s*\([^;{}]*\))\s*;")


def _stub(header: pathlib.Path) -> str:
    text = output_of(["cc", "-E", "-P", "-ffreestanding", "-x", "c", header])
    # Structs get the names of their types, by which the comparison identifies them.
    text = re.sub(r"typedef struct \{([^{}]*)\} (wsp_\w+);", r"typedef struct \2 {\1} \2;", text)
    functions = FUNCTION.findall(text)
    if not functions:
        raise Failed(f"no function in {header}")
    return text + "".join(f"{' '.join(function.split())} {{ __builtin_trap(); }}\n" for function in functions)


def _describe(header: pathlib.Path) -> pathlib.Path:
    """Returns libabigail's description of the interface."""
    work = target_folder() / "packaging" / "abi"
    work.mkdir(parents=True, exist_ok=True)
    (work / "stub.c").write_text(_stub(header), encoding="utf-8")
    flags = ["-std=c11", "-g", "-O0", "-w", "-fPIC", "-shared", "-fno-eliminate-unused-debug-types"]
    flags += ["-Wl,-soname,libwspeer.so", f"-ffile-prefix-map={work}=."]
    run(["cc", *flags, work / "stub.c", "-o", work / "libwspeer.so"])
    options = ["--load-all-types", "--no-show-locs", "--no-corpus-path", "--no-comp-dir-path"]
    run([abigail("abidw"), *options, work / "libwspeer.so", "--out-file", work / "wspeer.abi"])
    return work / "wspeer.abi"


def write_baseline() -> None:
    shutil.copyfile(_describe(HEADER), BASELINE)
    say(f"wrote {BASELINE}")


def compare_abi(header: pathlib.Path = HEADER) -> None:
    options: list[Argument] = ["--no-added-syms", "--non-reachable-types", "--suppressions", SUPPRESSIONS]
    try:
        run([abigail("abidiff"), *options, BASELINE, _describe(pathlib.Path(os.environ.get("WSPEER_HEADER", header)))])
    except Failed as error:
        raise Failed(
            f"{error}\nthe C interface differs from tools/package/wspeer.abi; if that is intended, raise the version, "
            "add it to CHANGELOG.md and run 'make abi-baseline'"
        ) from error
    note("the C interface is compatible with the baseline")
