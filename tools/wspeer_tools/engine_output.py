"""Reads what an engine prints: the lines of the program, and the complaints of the engine."""

from __future__ import annotations

import re

from .report import Failed

BANNER = re.compile(r"^(Godot Engine v|$)")
PROBLEM = re.compile(r"ERROR|WARNING|panicked at|Leaked instance|leaked at exit")


# Never expected, unlike errors that a program provokes.
BUG = re.compile(r"SCRIPT ERROR|panicked at|Leaked instance|leaked at exit")


def require_no_bugs(text: str) -> None:
    """Fails if an engine has printed a script error, a panic or a leak."""
    found = [line for line in text.splitlines() if BUG.search(line)]
    if found:
        raise Failed("the engine printed\n" + "\n".join(found))


def printed(text: str) -> str:
    """Returns the output of the program itself, without the engine's banner and empty lines."""
    return "\n".join(line for line in text.splitlines() if not BANNER.match(line))


def problems(text: str, *expected: str) -> "list[str]":
    """Returns the lines with an error, script error, warning, panic or leak, except for expected texts."""
    for part in expected:
        text = text.replace(part, "")
    return [line for line in text.splitlines() if PROBLEM.search(line)]
