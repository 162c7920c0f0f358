"""Finds or unpacks the engines: Godot 4.4 or newer, a headless Godot 3, and the export template of the former."""

from __future__ import annotations

import os
import pathlib
import re
import shutil
import subprocess
from typing import Callable, Optional

from ..process import find, run
from ..project import say, target_folder
from ..report import Unavailable
from . import debian
from .programs import patchelf

# Debian's first release with a Godot 4.4; its Godot 3 is the last 3.6.
SUITE = "forky"


def printed_version(program: pathlib.Path, *options: str) -> str:
    """Returns what a program prints as its version, or nothing if it does not run."""
    try:
        result = subprocess.run(
            [str(program), *options], stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
        )
    except OSError:
        return ""
    return (result.stdout.strip().splitlines() or [""])[-1]


def is_godot4(program: pathlib.Path) -> bool:
    found = re.match(r"(\d+)\.(\d+)\.", printed_version(program, "--headless", "--version"))
    return found is not None and (int(found[1]), int(found[2])) >= (4, 4)


def is_godot3(program: pathlib.Path) -> bool:
    return printed_version(program, "--version").startswith("3.")


def _of_variable(variable: str, suits: Callable[[pathlib.Path], bool], what: str) -> Optional[pathlib.Path]:
    value = os.environ.get(variable)
    if not value:
        return None
    program = find(value)
    if not program or not suits(program):
        raise Unavailable(f"{variable} is '{value}', which is not the executable of {what}; correct or unset it")
    return program


def _unpacked(name: str, package: str, suits: Callable[[pathlib.Path], bool], advice: str) -> pathlib.Path:
    folder = target_folder() / name
    try:
        program = debian.unpack(SUITE, folder, package).launcher(f"usr/bin/{package}")
    except Unavailable as error:
        raise Unavailable(f"{error}\n{advice}") from error
    if not suits(program):
        raise Unavailable(
            f"Debian's {package} does not run here. Remove {folder} to have it unpacked again, or {advice}"
        )
    return program


def engine() -> pathlib.Path:
    """Returns a Godot 4.4 or newer that runs here: $GODOT, one on PATH, or Debian's (fetched once, about 160 MB)."""
    program = _of_variable("GODOT", is_godot4, "a Godot 4.4 or newer")
    if program:
        return program
    for name in ("godot4", "godot"):
        program = find(name)
        if program and is_godot4(program):
            return program
    advice = "install Godot 4.4 or newer as godot4 or godot on PATH, or set GODOT to its executable"
    return _unpacked("engine", "godot", is_godot4, advice)


def godot3() -> pathlib.Path:
    """Returns a headless Godot 3 that runs here: $GODOT3, godot3-server on PATH, or Debian's (about 55 MB)."""
    program = _of_variable("GODOT3", is_godot3, "a headless Godot 3")
    if program:
        return program
    program = find("godot3-server")
    if program and is_godot3(program):
        return program
    advice = "install godot3-server, or set GODOT3 to the executable of a headless Godot 3"
    return _unpacked("godot3", "godot3-server", is_godot3, advice)


def tree_of(program: pathlib.Path) -> Optional[debian.Tree]:
    """Returns the unpacked tree that a launcher belongs to, if it is one."""
    with program.open("rb") as file:
        is_script = file.read(2) == b"#!"
    return debian.Tree(program.parent) if is_script and (program.parent / ".unpacked").exists() else None


def bind_to_tree(tree: debian.Tree, source: str, program: pathlib.Path, *, needed: Optional[str] = None) -> list[str]:
    """Copies a program of a tree so that it starts by itself: it names its loader and libraries by absolute paths.

    Returns the library folders.
    """
    folders = [str(tree.path / folder) for folder in tree.library_folders()]
    new = program.with_name(program.name + ".new")
    shutil.copy(tree.path / source, new)
    options = ["--set-interpreter", str(tree.path / tree.loader()), "--force-rpath", "--set-rpath", ":".join(folders)]
    if needed:
        options += ["--add-needed", needed]
    run([patchelf(), *options, new])
    new.replace(program)
    return folders


def export_template() -> pathlib.Path:
    """Returns Debian's export template, which fits Debian's engine. It starts by itself, as an exported game must."""
    folder = target_folder() / "packaging" / "godot-template"
    tree = debian.unpack(SUITE, folder, "godot-template-release")
    program = folder / "template"
    if not program.exists():
        say("preparing the export template")
        # libpulse looks for its other half in a folder of the machine, unless that is loaded already.
        pulse = sorted(folder.glob("usr/lib/*/pulseaudio/libpulsecommon-*.so"))
        bind_to_tree(tree, "usr/bin/godot-template-release", program, needed=pulse[0].name if pulse else None)
    return program
