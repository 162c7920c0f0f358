"""Provides the C and C++ compilers for Windows: Debian's mingw, unpacked and not installed."""

from __future__ import annotations

import pathlib
import shlex

from ..project import cache_folder
from . import debian
from .programs import SUITE

ARCHITECTURE = "x86_64-w64-mingw32"
# Threads of C++ and of the compiler's run time as POSIX has them; Rust links with either.
PACKAGES = ("gcc-mingw-w64-x86-64-posix", "g++-mingw-w64-x86-64-posix", "mingw-w64-tools")

# A compiler starts its other parts itself, so all run with the machine's loader and C library.
LAUNCHER = """#!/bin/sh
# Made by tools/wspeer_tools/provision/mingw.py.
export LD_LIBRARY_PATH={libraries}
exec {program} "$@"
"""


class Mingw:
    """The unpacked compilers. `programs` is a folder for PATH that has all of them by their usual names."""

    def __init__(self) -> None:
        self.tree = debian.unpack(SUITE, cache_folder() / "mingw", *PACKAGES)
        self.programs = self.tree.path / "programs"
        self.programs.mkdir(exist_ok=True)
        libraries = shlex.quote(str(self.tree.libraries_for_this_machine()))
        for program in (self.tree.path / "usr" / "bin").glob(f"{ARCHITECTURE}-*"):
            text = LAUNCHER.format(libraries=libraries, program=shlex.quote(str(program)))
            debian.write_executable(self.programs / program.name.replace("-posix", ""), text)
        self.c_compiler = self.program("gcc")

    def program(self, name: str) -> pathlib.Path:
        """Returns a program by its name without the architecture: gcc, g++, ar, dlltool."""
        return self.programs / f"{ARCHITECTURE}-{name}"
