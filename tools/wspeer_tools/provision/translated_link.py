"""Translates the arguments that a C compiler takes for a link into those of the linker."""

from __future__ import annotations

from typing import Iterator

# Arguments that choose the compiler's own libraries and code.
COMPILER_ONLY = ("-nodefaultlibs", "-nostartfiles", "-nostdlib", "-fuse-ld", "--target=", "-m64", "-static-libgcc")


def linker_arguments(arguments: "list[str]") -> Iterator[str]:
    for argument in arguments:
        if argument.startswith("-Wl,"):
            yield from argument[4:].split(",")
        elif not argument.startswith(COMPILER_ONLY):
            yield argument
