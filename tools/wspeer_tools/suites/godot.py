"""Runs the tests in the engine (godot_project/tests/run.gd) and adds what only shows from outside.

That is: printed errors and warnings, script errors, panics, leaks, and an extension that was not loaded.

    tools/run test-godot [--suite NAME] [--only SUBSTRING] [--implementation ours|engine]
"""

from __future__ import annotations

import contextlib
import os
import pathlib
import re
import tempfile
from typing import NamedTuple, Optional

from ..process import Argument, Program, run
from ..project import GODOT_PROJECT, ROOT, target_folder
from ..provision.engines import engine, godot3
from ..report import Failed, Report, closing_counts
from ..sample_project import list_extension

# The longest test that prints nothing while it runs.
SILENCE = 180.0


def compile_room_server(folder: pathlib.Path) -> pathlib.Path:
    """Compiles the dedicated server of suite_multiplayer_dedicated.gd. The extension's library is the C library too."""
    library = (target_folder() / "debug").resolve()
    program = folder / "room_server"
    source = ROOT / "tests" / "c" / "room_server.c"
    options = ["-std=c11", "-O1", f"-I{ROOT / 'include'}", f"-L{library}", "-lwspeer", f"-Wl,-rpath,{library}"]
    run([os.environ.get("CC", "cc"), source, "-o", program, *options])
    return program


def problems_of(errors: str, *, is_engine_only: bool) -> "list[str]":
    """Returns the complaints of the engine, each with the test that it belongs to.

    Errors between the markers are those that the engine's own classes print on wrong calls. Script errors and panics
    are never expected. The engine's own classes need no extension, so what is printed before the first test does not
    count for them. Warnings count only in tests: those at the start are the engine's own.
    """
    test, expected, found = "", 0, []
    for line in errors.splitlines():
        if line.startswith("##TEST "):
            test = line.split()[1]
        elif line.startswith("##EXPECT_ENGINE_ERRORS begin"):
            expected += 1
        elif line.startswith("##EXPECT_ENGINE_ERRORS end"):
            expected -= 1
        elif re.search(r"SCRIPT ERROR: |panicked at", line) or is_complaint(line, test, expected, is_engine_only):
            found.append(f"{test}: {line}")
    return found


def is_complaint(line: str, test: str, expected: int, is_engine_only: bool) -> bool:
    if expected or (is_engine_only and not test):
        return False
    if re.match(r"(USER )?ERROR: ", line) or "Unicode parsing error" in line:
        return True
    return bool(test and re.match(r"(USER )?WARNING: ", line))


def last_test(errors: str) -> str:
    names: list[str] = re.findall(r"^##TEST (\S+)", errors, re.MULTILINE)
    return names[-1] if names else "the start"


class Run(NamedTuple):
    """A run of run.gd: its exit status, what it printed, and how it failed to end."""

    status: int
    output: str
    errors: str
    unfinished: Optional[str]


def run_tests(
    work: pathlib.Path,
    arguments: "tuple[str, ...]",
    *,
    project: pathlib.Path = GODOT_PROJECT,
    env: "Optional[dict[str, Argument]]" = None,
) -> Run:
    variables: dict[str, Argument] = {
        # For tests that start further engines; what runs may be a loader that does not have the engine's own name.
        "WSPEER_ENGINE": engine(),
        "WSPEER_ROOM_SERVER": compile_room_server(work),
        **(env or {}),
    }
    if "--suite" not in arguments or "godot3" in arguments:
        variables["WSPEER_GODOT3"] = godot3()
    command: list[Argument] = [
        engine(),
        "--headless",
        "--verbose",
        "--path",
        project,
        "-s",
        "res://tests/run.gd",
        "--",
        *arguments,
    ]
    unfinished = None
    with Program(command, work / "out", errors=work / "err", env=variables) as program:
        status = -1
        try:
            status = program.wait(SILENCE)
        except Failed as error:
            unfinished = str(error)
    output, errors = ((work / name).read_text(encoding="utf-8", errors="replace") for name in ("out", "err"))
    # run.gd itself ends with 0 or 1.
    if unfinished is None and not 0 <= status <= 1:
        unfinished = f"the engine ended with status {status}"
    if unfinished:
        unfinished += f", in {last_test(errors)}"
    return Run(status, output, errors, unfinished)


def shown_lines(output: str) -> "list[str]":
    """Returns the failures with their details, and the tests that were left out."""
    lines, is_failure = [], False
    for line in output.splitlines():
        is_failure = line.startswith("FAILED ") or (is_failure and line.startswith("    "))
        if is_failure or " left out: " in line:
            lines.append(line)
    return lines


def add_run(report: Report, result: Run, *, is_engine_only: bool = False) -> None:
    """Adds the counts of a run, and what it printed and should not."""
    for line in shown_lines(result.output):
        print(line)
    found = set(problems_of(result.errors, is_engine_only=is_engine_only))
    # Games print what they want to be seen; a library has no greeting.
    found |= set(re.findall(r"^.*godot-rust.*", result.output, re.MULTILINE))
    printed = result.output + "\n" + result.errors
    found |= set(re.findall(r"^(?:Leaked instance|Resource still in use).*", printed, re.MULTILINE))
    for problem in sorted(found):
        report.fail("outside", problem)
    counts = closing_counts(result.output)
    if result.unfinished or counts is None:
        reason = result.unfinished or f"run.gd printed no counts (exit status {result.status})"
        report.fail("outside", reason, "\n".join(result.errors.splitlines()[-20:]) + "\n")
    report.passed += counts[0] if counts else 0
    report.failed += counts[1] if counts else 0


def main(*arguments: str) -> int:
    with contextlib.ExitStack() as cleanup:
        work = pathlib.Path(cleanup.enter_context(tempfile.TemporaryDirectory()))
        report = Report(work / "logs")
        list_extension(GODOT_PROJECT)
        is_engine_only = "--implementation" in arguments and "engine" in arguments
        add_run(report, run_tests(work, arguments), is_engine_only=is_engine_only)
        return report.close()
