"""Reads what an engine prints: the lines of the program, and the complaints of the engine."""

from __future__ import annotations

import re

BANNER = re.compile(r"^(Initialize godot-rust|Godot Engine v|$)")
PROBLEM = re.compile(r"ERROR|WARNING|panicked at|Leaked instance|leaked at exit")


def printed(text: str) -> str:
    """Returns the output of the program itself, without the engine's banner and empty lines."""
    return "\n".join(line for line in text.splitlines() if not BANNER.match(line))


def problems(text: str, *expected: str) -> "list[str]":
    """Returns the lines with an error, script error, warning, panic or leak, except for expected texts."""
    for part in expected:
        text = text.replace(part, "")
    return [line for line in text.splitlines() if PROBLEM.search(line)]
