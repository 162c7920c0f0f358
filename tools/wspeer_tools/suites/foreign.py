"""Tests the library on other platforms: their C programs and engines run with qemu, with wine, or by themselves.

    tools/run test-arm64 [c|godot [OPTION of test-godot...]]    Linux arm64, with qemu
    tools/run test-musl                                         Linux x86_64 with musl, which links statically
    tools/run test-windows-engine [OPTION of test-godot...]     a Windows engine, with wine

The libraries are those of a release.
"""

from __future__ import annotations

import pathlib

from ..packages.platform_build import SYSTEM_LIBRARIES, build
from ..process import Argument, locked, run
from ..project import HEADER, series, target_folder
from ..provision.cross import CrossCompiler
from ..provision.engines import godot3
from ..provision.qemu import Arm64
from ..provision.windows_engine import windows_engine
from ..provision.wine import Wine, wine
from ..report import Failed, Report
from ..runner import Runner
from ..targets import Platform, platform_of
from . import godot
from .c_programs import Suite
from .c_target import CTarget
from .engine_target import ROOM_SERVER, EngineTarget, copy_project

PARTS = ("c", "godot")


def folder_of(platform: Platform) -> pathlib.Path:
    folder = target_folder() / "platform-tests" / platform.name
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def c_target(platform: Platform, libraries: pathlib.Path, runner: Runner) -> CTarget:
    """Returns the platform for the C tests."""
    compiler = CrossCompiler(platform.targets[0])
    names = (libraries / SYSTEM_LIBRARIES).read_text(encoding="utf-8").split()
    if platform.system == "linux":
        # Programs look for the library by the name of its series.
        link = libraries / f"libwspeer.so.{series()}"
        link.unlink(missing_ok=True)
        link.symlink_to("libwspeer.so")
    return CTarget(
        f"platform-tests/{platform.name}/c",
        (compiler.c_compiler,),
        (compiler.cxx_compiler(),),
        runner,
        static_libraries=tuple(names),
        has_shared_library=platform.shared is not None,
        suffix=".exe" if platform.system == "windows" else "",
    )


def test_c(platform: Platform, runner: Runner) -> int:
    libraries = build(platform, "c")
    return Suite(c_target(platform, libraries, runner), libraries, HEADER.parent).run_all()


def room_server(platform: Platform, libraries: pathlib.Path) -> pathlib.Path:
    """Compiles the dedicated server of the tests in the engine for a platform."""
    compiler = CrossCompiler(platform.targets[0])
    program = folder_of(platform) / ("room_server.exe" if platform.system == "windows" else "room_server")
    names = (libraries / SYSTEM_LIBRARIES).read_text(encoding="utf-8").split()
    options: "list[Argument]" = ["-std=c11", "-O1", f"-I{HEADER.parent}", ROOM_SERVER, "-o", program]
    run([compiler.c_compiler, *options, libraries / "libwspeer.a", *names])
    return program


def project_of(platform: Platform) -> pathlib.Path:
    """Returns a copy of the sample project with the extension for debug builds, which engines and editors load."""
    library = build(platform, "debug") / (platform.shared or "")
    tags = f"{platform.system}.debug.{platform.architecture}"
    return copy_project(folder_of(platform) / "project", tags, library)


def test_engine(platform: Platform, target: EngineTarget, arguments: "tuple[str, ...]") -> int:
    report = Report(folder_of(platform) / "engine")
    godot.run_suites(target, report, arguments)
    return report.close()


def arm64_engine(machine: Arm64, platform: Platform) -> EngineTarget:
    server = room_server(platform, build(platform, "c"))
    return EngineTarget(
        machine,
        machine.engine,
        project_of(platform),
        machine.launcher(machine.engine),
        room_server=machine.launcher(server),
        # The remote peer of these tests is a program of this machine.
        godot3=godot3(),
    )


def test_arm64(*arguments: str) -> int:
    platform = platform_of("linux.arm64")
    parts = arguments[:1] if arguments else PARTS
    if any(part not in PARTS for part in parts):
        raise Failed(__doc__ or "")
    machine = Arm64()
    status = 0
    with locked(folder_of(platform) / "lock", "the tests of arm64"):
        if "c" in parts:
            print("== C programs of arm64", flush=True)
            status |= test_c(platform, machine)
        if "godot" in parts:
            print("== tests in the engine of arm64", flush=True)
            status |= test_engine(platform, arm64_engine(machine, platform), arguments[1:])
    return status


def test_musl() -> int:
    platform = platform_of("linux-musl.x86_64")
    with locked(folder_of(platform) / "lock", "the tests of musl"):
        return test_c(platform, Runner())


def windows_target(machine: Wine, platform: Platform) -> EngineTarget:
    program = windows_engine()
    return EngineTarget(
        machine,
        program,
        project_of(platform),
        machine.path(program),
        left_out={
            "godot3": "Debian has no Godot 3 for Windows",
            "multiplayer_dedicated": "the dedicated server is a program for POSIX",
            "multiplayer_processes.test_stopped_process": "Windows has no signal that stops a process",
        },
    )


def test_windows_engine(*arguments: str) -> int:
    platform = platform_of("windows.x86_64")
    folder = folder_of(platform)
    with locked(folder / "engine.lock", "the tests in the Windows engine"), wine(folder / "wine") as machine:
        return test_engine(platform, windows_target(machine, platform), arguments)
