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
        return [self.qemu, "-L", self.tree.path, program, *arguments]

    def variables(self) -> "dict[str, Optional[Argument]]":
        return {"LD_LIBRARY_PATH": None, "LD_PRELOAD": None}

    def engine(self) -> pathlib.Path:
        """Returns a program of this machine that runs the engine: tests start further engines by its path."""
        launcher = self.tree.path / "engine"
        command = shlex.join(str(part) for part in self.command(self.tree.path / "usr/bin/godot"))
        debian.write_executable(launcher, LAUNCHER.format(command=command))
        return launcher
