"""Decides when a wait is over: after a time without progress, never after a time alone."""

from __future__ import annotations

import os
import time
from typing import Callable, Union

from .report import Failed

POLL_INTERVAL = 0.02


def share_of_a_core() -> float:
    """Returns the part of a core that one more busy program gets now, between 0 and 1."""
    try:
        with open("/proc/loadavg", encoding="ascii") as file:
            runnable = int(file.read().split()[3].split("/")[0])
    except (OSError, ValueError, IndexError):
        return 1.0
    cores = os.cpu_count() or 1
    return min(1.0, cores / max(runnable, 1))


class Deadline:
    """Passes when `seconds` go by without progress.

    Progress is any change of the value that `progress` returns. A loaded machine makes the wait longer: a second counts
    only as the share of a core that a program could have used in it.
    """

    def __init__(self, seconds: float, progress: Callable[[], object] = lambda: None):
        self.seconds = seconds
        self.progress = progress
        self._seen = progress()
        self._spent = 0.0
        self._last = time.monotonic()

    def has_passed(self) -> bool:
        now = time.monotonic()
        # A longer interval means that this process itself did not run.
        self._spent += min(now - self._last, 1.0) * share_of_a_core()
        self._last = now
        value = self.progress()
        if value != self._seen:
            self._seen, self._spent = value, 0.0
        return self._spent >= self.seconds


def wait_until(condition: Callable[[], object], deadline: Deadline, interval: float = POLL_INTERVAL) -> bool:
    """Waits until the condition holds and returns True, or False if the deadline passes first."""
    while not condition():
        if deadline.has_passed():
            return bool(condition())
        time.sleep(interval)
    return True


def require(condition: Callable[[], object], deadline: Deadline, failure: str) -> None:
    """Waits until the condition holds; raises Failed with the text if the deadline passes first."""
    if not wait_until(condition, deadline):
        raise Failed(f"{failure} (no progress for {deadline.seconds:g} s)")


def optional_size(path: "Union[str, os.PathLike[str], None]") -> int:
    """Returns the size of a file, or 0 if there is none."""
    try:
        return os.stat(path).st_size if path is not None else 0
    except OSError:
        return 0
