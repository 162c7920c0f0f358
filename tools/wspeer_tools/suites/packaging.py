"""Builds the packages and uses each as its users do.

    tools/run test-packaging [GROUP...]

    library  make install and uninstall, pkg-config, CMake, static linking, wspeer.hpp, cargo cinstall
    small    make install without TLS and optimised for size; the C tests with that library
    addon    the zip: its list, what its libraries need, an empty project in the editor and headless, an exported game
    abi      the baseline of the C interface, and that breaks of it are found
    comments each C declaration and each Godot member has a comment
    docs     the programs in docs/ and in the addon's README.md
    recipes  CMake for each platform, the Conan recipe and the port for vcpkg
    dist     the release's files and their checksums

Without arguments all of them. What is built and fetched stays in target/packaging; a first run takes minutes.
"""

from __future__ import annotations

import importlib
import os
import pathlib
import re
from typing import Callable

from ..packages.exports import ALLOWED_LIBRARIES
from ..process import Argument, locked, output_of, run
from ..project import ROOT, series, target_folder
from ..report import Failed, Report, note
from ..sample_project import engine_environment, run_engine, run_engine_quietly

GROUPS = ("library", "small", "addon", "abi", "comments", "docs", "recipes", "dist")
HERE = ROOT / "tests" / "packaging"
NEWEST_GLIBC = (2, 28)


class Packaging:
    """The folders and steps of one run, and the checks that several groups use."""

    def __init__(self, work: pathlib.Path):
        self.work = work
        self.report = Report(work / "logs")
        # The installed library, kept for the groups that run after `library`.
        self.library = work / "library"
        # An empty project with the addon, made by the group addon and used by docs.
        self.project = work / "project"
        self.home = work / "home"
        self.home.mkdir(parents=True, exist_ok=True)

    def step(self, name: str, function: Callable[[], object]) -> bool:
        return self.report.step(name, function)

    def run_engine(self, *arguments: str, is_quiet: bool = True) -> str:
        """Runs the engine on the project and returns what it printed; complaints are failures."""
        function = run_engine_quietly if is_quiet else run_engine
        return function(self.project, *arguments, work=self.home)


def fails(function: Callable[[], object]) -> None:
    """Runs a check that has to fail."""
    try:
        function()
    except Failed as error:
        note(f"failed as it should: {error}")
        return
    raise Failed("the check has found nothing")


def make(*arguments: Argument) -> None:
    """Runs make as a user does."""
    # Not as a part of the make that runs the tests.
    run(["make", "-s", "-C", ROOT, *arguments], env={"MAKEFLAGS": None, "MAKELEVEL": None})


def same(what: str, actual: object, expected: object) -> None:
    if actual != expected:
        raise Failed(f"{what}:\n{actual}\ninstead of\n{expected}")


def require_old_glibc(library: pathlib.Path) -> None:
    """Fails if a library needs more than glibc 2.28, or other libraries than the C library and the run time."""
    symbols = output_of(["objdump", "-T", library])
    versions = {tuple(map(int, found.split("."))) for found in re.findall(r"GLIBC_([0-9.]+)", symbols)}
    if not versions:
        raise Failed(f"{library} needs no version of glibc")
    note(f"newest symbol version: {max(versions)}")
    needed = re.findall(r"\(NEEDED\).*\[(.+)\]", output_of(["readelf", "-d", library]))
    others = [name for name in needed if not ALLOWED_LIBRARIES["linux"].fullmatch(name)]
    if max(versions) > NEWEST_GLIBC or others:
        raise Failed(f"needs glibc {max(versions)} and {others}")


def require_stripped(library: pathlib.Path) -> None:
    found = re.findall(r"\.(?:symtab|debug_info)\b", output_of(["readelf", "-S", library]))
    if found:
        raise Failed(f"{library} has {', '.join(found)}")


def require_no_paths(library: pathlib.Path) -> None:
    """Fails if a library contains the name of a folder of this machine."""
    content = library.read_bytes()
    for folder in (str(ROOT), os.environ.get("CARGO_HOME") or os.path.expanduser("~/.cargo")):
        if f"{folder}/".encode() in content:
            raise Failed(f"{library} contains {folder}")


def require_nodelete(library: pathlib.Path) -> None:
    """Fails unless a library stays mapped after dlclose(), see build/link.rs."""
    if "NODELETE" not in output_of(["readelf", "-d", library]):
        raise Failed(f"{library} has no flag NODELETE")


def require_soname(file: pathlib.Path) -> None:
    """Fails unless a library has the SONAME of the series, or a program needs it."""
    if f"[libwspeer.so.{series()}]" not in output_of(["readelf", "-d", file]):
        raise Failed(f"{file} does not name libwspeer.so.{series()}")


def listing(folder: pathlib.Path) -> "list[str]":
    """Returns the files of a folder, links with their targets."""
    files = []
    for path in folder.rglob("*"):
        name = path.relative_to(folder).as_posix()
        if path.is_symlink():
            files.append(f"{name} -> {os.readlink(path)}")
        elif not path.is_dir():
            files.append(name)
    return sorted(files)


def main(*groups: str) -> int:
    for group in groups:
        if group not in GROUPS:
            raise Failed(f"no group is called {group}: {', '.join(GROUPS)}")
    work = target_folder() / "packaging" / "tests"
    with locked(work / "lock", "the packaging tests"):
        packaging = Packaging(work)
        os.environ.update({name: str(value) for name, value in engine_environment(packaging.home).items()})
        for group in groups or GROUPS:
            importlib.import_module(f"{__package__}.package_{group}").run_group(packaging)
        return packaging.report.close()
