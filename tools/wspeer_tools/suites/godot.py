"""Runs the tests in the engine (godot_project/tests/run.gd) and adds what only shows from outside.

That is: printed errors and warnings, script errors, panics, leaks, and an extension that was not loaded.

    tools/run test-godot [--suite NAME] [--only SUBSTRING] [--implementation ours|engine]
"""

from __future__ import annotations

import pathlib
import re
import tempfile
from typing import NamedTuple, Optional

from ..process import Program
from ..report import Failed, Report, closing_counts
from ..sample_project import list_extension
from .engine_target import EngineTarget, this_machine

# The longest test that prints nothing while it runs.
SILENCE = 180.0


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


def run_tests(target: EngineTarget, work: pathlib.Path, arguments: "tuple[str, ...]") -> Run:
    options = [*arguments, *(["--without", ",".join(target.left_out)] if target.left_out else [])]
    project = target.runner.path(target.project)
    command = target.runner.command(
        target.engine, "--headless", "--verbose", "--path", project, "-s", "res://tests/run.gd", "--", *options
    )
    unfinished = None
    with Program(command, work / "out", errors=work / "err", env=target.variables()) as program:
        status = -1
        try:
            status = program.wait(SILENCE * target.runner.patience)
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


def run_suites(target: EngineTarget, report: Report, arguments: "tuple[str, ...]") -> None:
    """Runs the tests in an engine and adds their counts and problems to the report."""
    for name, reason in target.left_out.items():
        print(f"left out: {name}: {reason}", flush=True)
    list_extension(target.project)
    is_engine_only = "--implementation" in arguments and "engine" in arguments
    add_run(report, run_tests(target, report.folder, arguments), is_engine_only=is_engine_only)


def main(*arguments: str) -> int:
    with tempfile.TemporaryDirectory() as folder:
        work = pathlib.Path(folder)
        has_godot3 = "--suite" not in arguments or "godot3" in arguments
        report = Report(work)
        run_suites(this_machine(work, has_godot3=has_godot3), report, arguments)
        return report.close()
