"""Runs the programs of a test on this machine; others inherit it: `provision/wine.py` and `provision/qemu.py`."""

from __future__ import annotations

import os
import pathlib
from typing import Mapping, Optional

from .process import SILENCE, Argument, run_to_end


class Runner:
    """How a suite starts programs. This one starts those of this machine."""

    # A foreign processor or system makes programs slower by about this factor; waits are longer by it.
    patience = 1

    def command(self, program: Argument, *arguments: Argument) -> "list[Argument]":
        """Returns the command that runs a program."""
        return [program, *arguments]

    def variables(self) -> "dict[str, Optional[Argument]]":
        """Returns the changes to the environment that the command needs."""
        return {}

    def path(self, path: Argument) -> str:
        """Returns the name that the programs have for a file."""
        return os.fspath(path)

    def run(
        self,
        program: Argument,
        *arguments: Argument,
        log: pathlib.Path,
        env: "Optional[Mapping[str, Optional[Argument]]]" = None,
        cwd: Optional[Argument] = None,
        silence: float = SILENCE,
    ) -> "tuple[int, str]":
        """Runs a program to its end. Returns its status and what it printed."""
        variables = {**self.variables(), **(env or {})}
        command = self.command(program, *arguments)
        return run_to_end(command, log, env=variables, cwd=cwd, silence=silence * self.patience)
