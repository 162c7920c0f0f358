"""Runs Linux programs of arm64 with Debian's qemu, and the arm64 build of Debian's engine."""

from __future__ import annotations

import pathlib
import shlex
from typing import Optional

from ..process import Argument
from ..project import cache_folder
from ..runner import Runner
from . import debian
from .engines import SUITE as ENGINE_SUITE

SUITE = "trixie"
# The engine's tree has the C library for all programs.
PACKAGES = ("godot", "libc6", "libgcc-s1", "libstdc++6")

LAUNCHER = """#!/bin/sh
# Made by tools/wspeer_tools/provision/qemu.py: runs an arm64 program.
exec {command} "$@"
"""


class Arm64(Runner):
    """A Linux of the processor family arm64."""

    patience = 10

    def __init__(self) -> None:
        self.qemu = debian.unpack(SUITE, cache_folder() / "qemu", "qemu-user").path / "usr/bin/qemu-aarch64"
        self.tree = debian.unpack(debian.Release(ENGINE_SUITE, "arm64"), cache_folder() / "arm64", *PACKAGES)

    def command(self, program: Argument, *arguments: Argument) -> "list[Argument]":
        return [self.launcher(pathlib.Path(program)), *arguments]

    def variables(self) -> "dict[str, Optional[Argument]]":
        return {"LD_LIBRARY_PATH": None, "LD_PRELOAD": None}

    def launcher(self, program: pathlib.Path) -> pathlib.Path:
        """Makes and returns a program of this machine that runs an arm64 program, which gets its path as its own name.

        So a program can start itself and others again: the kernel of this machine starts them.
        """
        launcher = program.with_name(f"{program.name}.arm64")
        command = [str(self.qemu), "-0", str(launcher), "-L", str(self.tree.path), str(program)]
        debian.write_executable(launcher, LAUNCHER.format(command=shlex.join(command)))
        return launcher

    @property
    def engine(self) -> pathlib.Path:
        return self.tree.path / "usr/bin/godot"
