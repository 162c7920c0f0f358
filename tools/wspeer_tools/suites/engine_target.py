"""Describes the engines that run the tests of the sample project: this machine's, and those of other platforms."""

from __future__ import annotations

import os
import pathlib
import re
import shutil
from dataclasses import dataclass, field
from typing import Optional

from ..process import Argument, fresh_folder, run
from ..project import ADDON, GODOT_PROJECT, ROOT, target_folder
from ..provision.engines import engine, godot3
from ..report import Failed
from ..runner import Runner
from ..sample_project import write_caches

ROOM_SERVER = ROOT / "tests" / "c" / "room_server.c"


@dataclass
class EngineTarget:
    """An engine, the project that it runs, and the other programs that its tests start."""

    runner: Runner
    engine: Argument
    project: pathlib.Path
    # What a test starts further engines by: what runs may be a loader that does not have the engine's own name.
    child_engine: Argument
    # The dedicated server of suite_multiplayer_dedicated.gd.
    room_server: Optional[Argument] = None
    godot3: Optional[Argument] = None
    # Suites, and tests as SUITE.TEST, that cannot run there, each with the reason.
    left_out: "dict[str, str]" = field(default_factory=dict)
    env: "dict[str, Argument]" = field(default_factory=dict)

    def variables(self) -> "dict[str, Optional[Argument]]":
        named = {
            "WSPEER_ENGINE": self.child_engine,
            "WSPEER_ROOM_SERVER": self.room_server,
            "WSPEER_GODOT3": self.godot3,
            "WSPEER_TEST_PATIENCE": str(self.runner.patience),
        }
        return {**self.runner.variables(), **named, **self.env}


def compile_room_server(folder: pathlib.Path) -> pathlib.Path:
    """Compiles the dedicated server for this machine. The extension's library is the C library too."""
    library = (target_folder() / "debug").resolve()
    program = folder / "room_server"
    options = ["-std=c11", "-O1", f"-I{ROOT / 'include'}", f"-L{library}", "-lwspeer", f"-Wl,-rpath,{library}"]
    run([os.environ.get("CC", "cc"), ROOM_SERVER, "-o", program, *options])
    return program


def this_machine(work: pathlib.Path, *, has_godot3: bool) -> EngineTarget:
    """Returns the engine of this machine with the sample project."""
    return EngineTarget(
        Runner(),
        engine(),
        GODOT_PROJECT,
        engine(),
        room_server=compile_room_server(work),
        godot3=godot3() if has_godot3 else None,
    )


def library_place(extension: pathlib.Path, tags: str) -> str:
    """Returns the place that a `.gdextension` file names for feature tags such as `linux.debug.arm64`."""
    found = re.search(rf'^{re.escape(tags)} *= *"([^"]+)"', extension.read_text(encoding="utf-8"), re.MULTILINE)
    if not found:
        raise Failed(f"{extension} has no library for {tags}")
    return found[1].replace("res://addons/wspeer/", "")


def copy_project(folder: pathlib.Path, tags: str, library: pathlib.Path) -> pathlib.Path:
    """Copies the sample project, without caches and libraries, and puts the library of one platform into it."""
    shutil.rmtree(folder, ignore_errors=True)

    def ignore(path: str, names: "list[str]") -> "set[str]":
        return {"bin"} & set(names) if pathlib.Path(path) == ADDON else {".godot"} & set(names)

    shutil.copytree(GODOT_PROJECT, folder, ignore=ignore)
    addon = folder / "addons" / "wspeer"
    place = addon / library_place(addon / "wspeer.gdextension", tags)
    fresh_folder(place.parent)
    shutil.copy(library, place)
    write_caches(folder)
    # Tests find the scripts of further engines beside the project.
    beside = folder.parent / "tests"
    if not beside.is_symlink():
        beside.symlink_to(ROOT / "tests")
    return folder
