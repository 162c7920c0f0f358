"""Unpacks the addon's archive into an empty project and runs that in three engines: Linux, Linux on arm64, Windows.

    tools/run test-addon

The archive is the one in dist/, which `make dist` or `make addon` has written. The project's script uses the classes in
two threads, plain and with TLS (tests/packaging/everywhere.gd). A table shows what each engine did.
"""

from __future__ import annotations

import contextlib
import functools
import pathlib
import time
import zipfile
from dataclasses import dataclass
from typing import Callable

from ..engine_output import printed, problems
from ..packages.addon import archive_path
from ..process import Argument, fresh_folder
from ..project import ROOT, target_folder
from ..provision.engines import engine, printed_version
from ..provision.qemu import Arm64
from ..provision.windows_engine import windows_engine
from ..provision.wine import wine
from ..report import Failed, Report, Unavailable, note
from ..runner import Runner
from ..sample_project import list_extension, write_project
from .engine_target import library_place

SCRIPT = ROOT / "tests" / "packaging" / "everywhere.gd"
ECHOES = ["plain: Grüße", "plain closed: 1000 ", "secure: Grüße", "secure closed: 1000 "]
CLASSES = "classes: "


@dataclass
class Engine:
    """One engine, how it runs, and the feature tags that select its library."""

    name: str
    tags: str
    runner: Runner
    program: Argument


@dataclass
class Row:
    """A row of the table."""

    name: str
    library: str
    kilobytes: int
    classes: "list[str]"
    is_working: bool
    seconds: float

    def __str__(self) -> str:
        outcome = "works" if self.is_working else "FAILED"
        library = f"{self.library:<44} {self.kilobytes:>6} kB"
        return f"{self.name:<24} {library} {len(self.classes):>8} {outcome:<8} {self.seconds:6.1f} s"


HEAD = f"{'engine':<24} {'library':<44} {'size':>9} {'classes':>8} {'echoes':<8} {'time':>8}"


class Everywhere:
    """The unpacked archive, and what the engines have done with it."""

    def __init__(self, work: pathlib.Path):
        self.work = work
        self.report = Report(work / "logs")
        self.project = work / "project"
        self.rows: "list[Row]" = []

    def unpack(self) -> None:
        if not archive_path().exists():
            raise Unavailable(f"{archive_path()} is missing; run `make dist` or `make addon`")
        fresh_folder(self.project)
        with zipfile.ZipFile(archive_path()) as archive:
            archive.extractall(self.project)
        write_project(self.project, SCRIPT.read_text(encoding="utf-8"))
        # An engine without an editor and without these modules would complain.
        with (self.project / "project.godot").open("a", encoding="utf-8") as settings:
            settings.write('[physics]\n2d/physics_engine="Dummy"\n3d/physics_engine="Dummy"\n')
        list_extension(self.project)
        (self.project / ".godot" / "global_script_class_cache.cfg").write_text("list=[]\n", encoding="utf-8")

    def run(self, engine_of: "Callable[[], Engine]") -> None:
        target = engine_of()
        addon = self.project / "addons" / "wspeer"
        library = addon / library_place(addon / "wspeer.gdextension", target.tags)
        if not library.exists():
            raise Failed(f"{archive_path().name} has no {library.relative_to(self.project)}")
        place = library.relative_to(addon / "bin").as_posix()
        row = Row(target.name, place, library.stat().st_size // 1000, [], False, 0.0)
        self.rows.append(row)
        started = time.monotonic()
        log = self.work / f"{library.parent.name}.log"
        arguments = ["--headless", "--path", target.runner.path(self.project)]
        status, text = target.runner.run(target.program, *arguments, log=log)
        row.seconds = time.monotonic() - started
        note(text)
        lines = printed(text).splitlines()
        row.classes = lines[0][len(CLASSES) :].split() if lines and lines[0].startswith(CLASSES) else []
        row.is_working = (status, lines[1:], problems(text)) == (0, ECHOES, [])
        if not row.is_working:
            raise Failed(f"{target.name} ended with status {status}")
        if row.classes != self.rows[0].classes or not row.classes:
            raise Failed(f"{target.name} has the classes {row.classes}, not {self.rows[0].classes}")

    def run_all(self) -> int:
        if not self.report.step("unpack into an empty project", self.unpack):
            return self.report.close()
        with contextlib.ExitStack() as machines:
            engines: "dict[str, Callable[[], Engine]]" = {
                "Linux": linux,
                "Linux arm64, qemu": arm64,
                "Windows, wine": functools.partial(windows, machines, self.work),
            }
            for name, engine_of in engines.items():
                self.report.step(name, functools.partial(self.run, engine_of))
        print(HEAD)
        for row in self.rows:
            print(row)
        return self.report.close()


def linux() -> Engine:
    return Engine("Linux " + printed_version(engine(), "--version")[:5], "linux.debug.x86_64", Runner(), engine())


def arm64() -> Engine:
    machine = Arm64()
    return Engine("Linux arm64, qemu", "linux.debug.arm64", machine, machine.engine)


def windows(machines: contextlib.ExitStack, work: pathlib.Path) -> Engine:
    program = windows_engine()
    machine = machines.enter_context(wine(work / "windows"))
    return Engine("Windows, wine", "windows.debug.x86_64", machine, program)


def main() -> int:
    work = target_folder() / "packaging" / "everywhere"
    work.mkdir(parents=True, exist_ok=True)
    return Everywhere(work).run_all()
