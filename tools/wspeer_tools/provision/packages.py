"""Programs from package registries: Python packages in virtual environments, npm packages, programs from crates.io."""

from __future__ import annotations

import os
import pathlib
import shutil
import sys

from ..process import Argument, find, locked, output_of, run, succeeds
from ..project import say, target_folder
from ..report import Failed, Unavailable
from .debian import content

# A user's pip.conf does not apply to these folders.
PIP_ENVIRONMENT = {
    "PIP_DISABLE_PIP_VERSION_CHECK": "1",
    "PIP_NO_INPUT": "1",
    "PIP_USER": "0",
    "PIP_REQUIRE_VIRTUALENV": "0",
    "PYTHONNOUSERSITE": "1",
    "PYTHONHOME": None,
    "PYTHONPATH": None,
}


def python_environment(venv: pathlib.Path, *packages: str, with_dependencies: bool = True) -> pathlib.Path:
    """Returns the program folder of a virtual environment with these packages."""
    stamp = venv / ".provisioned"
    with locked(venv.with_name(venv.name + ".lock"), f"installing {venv.name}"):
        if content(stamp) != " ".join(packages) or not succeeds([venv / "bin" / "python", "-c", ""]):
            say(f"installing {' '.join(packages)} in {venv}")
            shutil.rmtree(venv, ignore_errors=True)
            options = [] if with_dependencies else ["--no-deps"]
            try:
                run([sys.executable, "-m", "venv", venv], env=PIP_ENVIRONMENT)
                run([venv / "bin" / "pip", "install", "--quiet", *options, *packages], env=PIP_ENVIRONMENT)
            except Failed as error:
                raise Unavailable(f"{' '.join(packages)} cannot be installed: {error}") from error
            stamp.write_text(" ".join(packages) + "\n", encoding="utf-8")
    return venv / "bin"


def npm_package(folder: pathlib.Path, package: str) -> pathlib.Path:
    """Returns a node_modules folder with one package, given as NAME@VERSION."""
    if not find("node") or not find("npm"):
        raise Unavailable("node or npm is not installed")
    stamp = folder / ".provisioned"
    with locked(folder.with_name(folder.name + ".lock"), f"installing {package}"):
        if content(stamp) != package:
            say(f"installing {package} in {folder}")
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir(parents=True)
            options = ["--no-audit", "--no-fund", "--ignore-scripts", "--no-save", "--loglevel=error"]
            run(["npm", "install", "--prefix", folder, *options, package])
            stamp.write_text(package + "\n", encoding="utf-8")
    say(f"Node {output_of(['node', '--version']).strip()}, {package}")
    return folder / "node_modules"


def cargo_program(name: str, *options: str) -> pathlib.Path:
    """Returns a program from crates.io: the one on PATH, or one that is built once into the build folder.

    The options are those of `cargo install`.
    """
    installed = find(name)
    if installed:
        return installed
    tools = target_folder() / "tools"
    program = tools / "bin" / name
    with locked(tools / "cargo.lock", f"building {name}"):
        if not os.access(program, os.X_OK):
            say(f"{name} is missing; building it once into {tools} (a few minutes)")
            # The variable would make cargo build the tool among the project's own artefacts.
            command: list[Argument] = ["cargo", "install", name, "--locked", "--quiet", *options, "--root", tools]
            run(command, env={"CARGO_TARGET_DIR": None})
    return program
