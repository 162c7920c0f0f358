"""Runs the extension in engines that were built without some classes and methods, and records what it looks up.

tests/godot/reduced_engine.c stands between the engine and the extension.

    tools/run test-reduced-engines
"""

from __future__ import annotations

import functools
import os
import pathlib
import re
import shutil
import tempfile
from dataclasses import replace
from typing import Iterator

from ..engine_api import KINDS, EngineApi, lookups_by_kind, oldest_engine, unknown_lookups
from ..engine_output import printed, require_no_bugs
from ..process import Argument, run, run_to_end
from ..project import ADDON, GODOT_PROJECT, LIBRARY_FOLDER, ROOT
from ..provision.engines import engine
from ..report import Failed, Report, note
from ..sample_project import engine_environment, library_path, list_extension, require_library, write_project
from .c_build import FLAGS, STRICT
from .engine_target import this_machine
from .godot import add_run, run_tests

# What an engine must have. README.md of the addon lists those that a build profile can leave out.
NEEDED_CLASSES = frozenset(
    "Object RefCounted Resource ClassDB Engine OS ProjectSettings FileAccess EngineDebugger EngineProfiler Performance "
    "Crypto CryptoKey X509Certificate TLSOptions StreamPeer StreamPeerExtension StreamPeerBuffer StreamPeerTCP "
    "StreamPeerTLS PacketPeer PacketPeerExtension MultiplayerPeer MultiplayerPeerExtension".split()
)

# Methods of those classes that the extension does not call.
UNUSED_METHODS = ("FileAccess.get_md5", "Resource.get_rid", "Performance.get_monitor", "OS.get_process_id")

# An engine without a module or with a build profile lacks whole classes. It says so at the first use.
WITHOUT_BASE_CLASS = """extends Node


func _ready() -> void:
	for name: String in ["WebSocketPeer", "StreamPeerTCP", "WebSocketClient", "WebSocketMultiplayerPeer"]:
		print("Rust", name, " ", ClassDB.class_exists("Rust" + name))
	get_tree().quit()
"""
WITHOUT_BASE_CLASS_OUTPUT = """RustWebSocketPeer true
RustStreamPeerTCP true
RustWebSocketClient false
RustWebSocketMultiplayerPeer false"""

# Each refused call reads a project setting.
WITHOUT_METHOD = """extends Node


func _ready() -> void:
	var socket := RustWebSocketPeer.new()
	for attempt in 3:
		print(socket.send_text("no connection") != OK)
	get_tree().quit()
"""


class ReducedEngine:
    """A project whose extension sees only parts of the engine."""

    def __init__(self, work: pathlib.Path):
        self.work = work
        self.lookups = work / "lookups"
        self.library = work / "reduced_engine.so"
        compiler = os.environ.get("CC", "cc")
        source = ROOT / "tests" / "godot" / "reduced_engine.c"
        run([compiler, *FLAGS, *STRICT, "-fPIC", "-shared", source, "-o", self.library, "-ldl"])

    def sample_project(self) -> pathlib.Path:
        project = self.work / GODOT_PROJECT.name
        shutil.copytree(GODOT_PROJECT, project, ignore=shutil.ignore_patterns("bin", ".godot"))
        # Its tests use files beside the project.
        (self.work / "tests").symlink_to(ROOT / "tests")
        return self._with_library(project)

    def project(self, name: str, script: str) -> pathlib.Path:
        project = self.work / name
        write_project(project, script)
        shutil.copytree(ADDON, project / "addons" / "wspeer", ignore=shutil.ignore_patterns("bin"))
        return self._with_library(project)

    def _with_library(self, project: pathlib.Path) -> pathlib.Path:
        folder = project / "addons" / "wspeer" / "bin" / LIBRARY_FOLDER
        folder.mkdir(parents=True)
        shutil.copyfile(self.library, folder / "libwspeer.debug.so")
        list_extension(project)
        return project

    def environment(self, missing: "tuple[str, ...]") -> "dict[str, Argument]":
        parts = self.work / "missing"
        parts.write_text("".join(f"{part}\n" for part in missing), encoding="utf-8")
        return {
            "WSPEER_EXTENSION": library_path("libwspeer.debug.so"),
            "WSPEER_MISSING_PARTS": parts,
            "WSPEER_LOOKUPS": self.lookups,
        }

    def run(self, project: pathlib.Path, missing: "tuple[str, ...]", *arguments: str) -> str:
        """Runs an engine up to its end and returns what it printed. A panic or a leak is a failure."""
        command: list[Argument] = [engine(), "--headless", "--path", project, *arguments]
        env = {**engine_environment(self.work), **self.environment(missing)}
        status, text = run_to_end(command, self.work / "engine.log", env=env)
        note(text)
        if status != 0:
            raise Failed(f"the engine ended with status {status}")
        require_no_bugs(text)
        return text


def errors_of(text: str) -> "list[str]":
    return re.findall(r"^(?:USER )?ERROR: (.*)$", text, re.MULTILINE)


def a_missing_base_class_is_reported_by_each_class_that_needs_it(reduced: ReducedEngine) -> None:
    project = reduced.project("base_class", WITHOUT_BASE_CLASS)
    text = reduced.run(project, ("MultiplayerPeerExtension", "EngineProfiler"))
    output = "\n".join(line for line in printed(text).splitlines() if line.startswith("Rust"))
    if output != WITHOUT_BASE_CLASS_OUTPUT:
        raise Failed(f"printed\n{output}\ninstead of\n{WITHOUT_BASE_CLASS_OUTPUT}")
    expected = [
        f"wspeer: Rust{name} is not available, because this engine was built without its base class {base}"
        for name, base in (
            ("WebSocketClient", "MultiplayerPeerExtension"),
            ("WebSocketMultiplayerPeer", "MultiplayerPeerExtension"),
            ("WebSocketProfiler", "EngineProfiler"),
            ("WebSocketServer", "MultiplayerPeerExtension"),
        )
    ]
    # gdext adds an error of its own to each.
    errors = sorted(error for error in errors_of(text) if not error.startswith("Failed to register class"))
    if errors != expected:
        raise Failed("printed the errors\n" + "\n".join(errors))


def a_call_of_a_missing_method_is_reported_once(reduced: ReducedEngine) -> None:
    project = reduced.project("method", WITHOUT_METHOD)
    method = "ProjectSettings.get_setting_with_override"
    text = reduced.run(project, (method,))
    if printed(text).splitlines().count("true") != 3:
        raise Failed("the calls were not refused")
    errors = errors_of(text)
    if errors != [f"wspeer: this engine was built without {method}(), so the call has no effect"]:
        raise Failed("printed the errors\n" + "\n".join(errors))


def all_but_the_needed_parts(api: EngineApi) -> "tuple[str, ...]":
    classes = {name for (name,) in api.known["class"]}
    unknown = NEEDED_CLASSES - classes
    if unknown:
        raise Failed(f"Godot {oldest_engine()} does not have {', '.join(sorted(unknown))}")
    return (*sorted(classes - NEEDED_CLASSES), *UNUSED_METHODS)


def recorded(reduced: ReducedEngine) -> "Iterator[str]":
    return iter(reduced.lookups.read_text(encoding="utf-8").splitlines())


def compare_lookups(report: Report, reduced: ReducedEngine) -> None:
    """Compares everything that was looked up with the API of the oldest engine."""
    lookups = lookups_by_kind(recorded(reduced))
    oldest = EngineApi.of(oldest_engine())
    for kind in KINDS:
        unknown = list(unknown_lookups(oldest, lookups, kind))
        details = "".join(f"    {lookup}\n" for lookup in unknown)
        name = f"every {kind} that is looked up exists in Godot {oldest_engine()}"
        if not lookups[kind]:
            report.fail(name, "none was looked up")
        elif report.equal(name, details, ""):
            print(f"ok     {name}: {len(lookups[kind])}")


def an_older_api_lacks_something(reduced: ReducedEngine) -> None:
    """The comparison must see a difference between two versions."""
    major, minor = oldest_engine().split(".")
    lookups = lookups_by_kind(recorded(reduced))
    older = EngineApi.of(f"{major}.{int(minor) - 1}")
    for kind in ("interface", "method", "builtin"):
        if not list(unknown_lookups(older, lookups, kind)):
            raise Failed(f"Godot {major}.{int(minor) - 1} has every {kind}")


def main() -> int:
    require_library()
    with tempfile.TemporaryDirectory() as folder:
        work = pathlib.Path(folder)
        report = Report(work / "logs")
        reduced = ReducedEngine(work)
        for test in (
            a_missing_base_class_is_reported_by_each_class_that_needs_it,
            a_call_of_a_missing_method_is_reported_once,
        ):
            report.step(test.__name__, functools.partial(test, reduced))
        project = reduced.sample_project()
        # The editor looks up more than a game.
        report.step("the_editor_loads_the_extension", lambda: reduced.run(project, (), "--import"))
        missing = all_but_the_needed_parts(EngineApi.of(oldest_engine()))
        target = replace(this_machine(work, has_godot3=True), project=project, env=reduced.environment(missing))
        add_run(report, run_tests(target, work, ()))
        compare_lookups(report, reduced)
        report.step("an_older_api_lacks_something", lambda: an_older_api_lacks_something(reduced))
        return report.close()
