"""Counts the steps of a suite and reports them. Every suite ends with the line that this module prints."""

from __future__ import annotations

import contextlib
import pathlib
import re
import sys
import time
import traceback
from typing import IO, Callable, Iterator, Optional

# How many lines of a failed step's log are shown.
SHOWN_LINES = 30
CLOSING_LINE = re.compile(r"^(\d+) passed, (\d+) failed$", re.MULTILINE)


class Failed(Exception):
    """A step has failed; the text says how."""


class Unavailable(Failed):
    """Something that a suite needs is neither on this machine nor can it be fetched."""


# The log of the step that runs now. Commands print into it; without one they print to the terminal.
_log: Optional[IO[str]] = None


def step_log() -> Optional[IO[str]]:
    """Returns the log of the step that runs now, if any."""
    return _log


def note(text: str) -> None:
    """Adds a line to the log of the step, which is shown if the step fails."""
    print(text, file=_log or sys.stderr, flush=True)


@contextlib.contextmanager
def logging_to(path: pathlib.Path) -> Iterator[None]:
    """Sends the output of all commands to a file while the block runs."""
    global _log
    before = _log
    with path.open("w", encoding="utf-8", errors="replace") as log:
        _log = log
        try:
            yield
        finally:
            _log = before


def closing_counts(text: str) -> Optional[tuple[int, int]]:
    """Returns the numbers of the last line `N passed, N failed` in a program's output."""
    found = CLOSING_LINE.findall(text)
    return (int(found[-1][0]), int(found[-1][1])) if found else None


def tail(path: pathlib.Path, lines: int = SHOWN_LINES) -> str:
    """Returns the last lines of a file, indented."""
    if not path.exists():
        return ""
    text = path.read_text(encoding="utf-8", errors="replace").rstrip("\n").splitlines()[-lines:]
    return "".join(f"    {line}\n" for line in text)


class Report:
    """The counts of one suite. `folder` gets a log for each step."""

    def __init__(self, folder: pathlib.Path):
        self.folder = folder
        self.passed = 0
        self.failed = 0
        self.broken: set[str] = set()
        folder.mkdir(parents=True, exist_ok=True)

    def step(self, name: str, function: Callable[[], object]) -> bool:
        """Runs a function, counts it, and shows its log if it raises. Returns whether it passed."""
        log = self.folder / (re.sub(r"[^\w.+-]", "_", name) + ".log")
        with logging_to(log):
            try:
                function()
            except Failed as error:
                note(str(error))
            except Exception:  # pylint: disable=broad-except
                # A bug of the suite itself fails the step and does not end the run.
                note(traceback.format_exc())
            else:
                self.passed += 1
                return True
        self.fail(name, f"see {log}", tail(log))
        return False

    def fail(self, name: str, reason: str, details: str = "") -> None:
        """Counts a failure that has no step of its own."""
        self.failed += 1
        self.broken.add(name)
        print(f"FAILED {name}: {reason}\n{details}", end="", flush=True)

    def succeed(self, name: str, started: float, details: str = "") -> None:
        """Counts a success and prints a line for it, for suites whose steps take long."""
        self.passed += 1
        print(f"ok     {name:<36} {time.monotonic() - started:6.1f} s  {details}".rstrip(), flush=True)

    def equal(self, name: str, actual: object, expected: object) -> bool:
        """Counts a comparison."""
        if actual == expected:
            self.passed += 1
            return True
        self.fail(name, "printed", f"{actual}\ninstead of\n{expected}\n")
        return False

    def add(self, name: str, status: int, text: str) -> None:
        """Adds the numbers of a test program. One that prints none, or whose status contradicts them, is a failure."""
        passed, failed = closing_counts(text) or (0, 0)
        self.passed += passed
        self.failed += failed
        is_consistent = (status == 0 and passed > 0 and failed == 0) or (status == 1 and failed > 0)
        if not is_consistent:
            lines = "".join(f"    {line}\n" for line in text.splitlines()[-SHOWN_LINES:])
            self.fail(name, f"ended with status {status}", lines)
        elif failed:
            shown = [line for line in text.splitlines() if re.match(r"FAILED |  ", line)]
            print(f"FAILED {name}: {failed} of {passed + failed} tests")
            print("".join(f"    {line}\n" for line in shown), end="", flush=True)

    def close(self) -> int:
        """Prints the closing line. Returns the status: 0 only if something ran and nothing failed."""
        print(f"{self.passed} passed, {self.failed} failed", flush=True)
        return 0 if self.failed == 0 and self.passed > 0 else 1
