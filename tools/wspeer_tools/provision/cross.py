"""Builds the library for other platforms: Rust with its standard library from source, C compilers and linkers.

zig, from PyPI, compiles and links for Linux, macOS and Android, and Debian's mingw for Windows.
"""

from __future__ import annotations

import os
import pathlib
import shlex
import sys

from ..process import Argument, locked
from ..project import ROOT, cache_folder, cargo_home
from ..targets import Target
from . import android, apple_link, debian
from .mingw import Mingw
from .programs import zig_folder, zig_library
from .rust_source import RustSource

WRAPPER = """#!/bin/sh
# Made by tools/wspeer_tools/provision/cross.py.
{variables}
exec {command} "$@"
"""


class CrossCompiler:
    """The compilers and the linker of one target."""

    def __init__(self, target: Target):
        self.target = target
        self.rust = RustSource()
        self.folder = cache_folder() / "cross"
        self.tools = self.folder / "tools" / target.triple
        self.tools.mkdir(parents=True, exist_ok=True)
        prepare = {"zig": self._zig, "apple": self._apple, "mingw": self._mingw, "android": self._android}
        self.rust_flags = [
            f"--remap-path-prefix={ROOT}=.",
            f"--remap-path-prefix={cargo_home()}=cargo",
            f"--remap-path-prefix={self.rust.tree.path}=rust",
        ]
        # rustc strips libraries for macOS with this program.
        self.wrapper("rust-objcopy", self.rust.llvm("llvm-objcopy"))
        self.environment: "dict[str, Argument]" = {"PATH": f"{self.tools}{os.pathsep}{os.environ['PATH']}"}
        self.c_compiler, self.linker = prepare[target.toolchain]()

    def wrapper(self, name: str, *command: Argument, **variables: Argument) -> pathlib.Path:
        """Makes a program that runs a command with variables; the program's arguments follow those of the command."""
        path = self.tools / name
        lines = [f"export {variable}={shlex.quote(os.fspath(value))}" for variable, value in variables.items()]
        text = shlex.join(os.fspath(part) for part in command)
        debian.write_executable(path, WRAPPER.format(variables="\n".join(lines), command=text))
        return path

    def _zig(self) -> "tuple[pathlib.Path, pathlib.Path]":
        """cargo-zigbuild removes the arguments that only other linkers know."""
        zig = zig_folder()
        variables = {
            "CARGO_ZIGBUILD_ZIG_COMMAND": str(zig / "python"),
            "CARGO_ZIGBUILD_ZIG_COMMAND_ARGS": "-m ziglang",
            "ZIG_GLOBAL_CACHE_DIR": str(self.folder / "zig"),
        }
        options = ["--", "-g", "-fno-sanitize=all", "-target", self.target.c_target]
        self.wrapper("target-c++", zig / "cargo-zigbuild", "zig", "c++", *options, **variables)
        compiler = self.wrapper("target-cc", zig / "cargo-zigbuild", "zig", "cc", *options, **variables)
        return compiler, compiler

    def _apple(self) -> "tuple[pathlib.Path, pathlib.Path]":
        compiler, _ = self._zig()
        stubs = self.tools / "stubs"
        stubs.mkdir(exist_ok=True)
        # zig's own linker exports every symbol.
        c_library = zig_library() / "libc" / "darwin" / "libSystem.tbd"
        python: "list[Argument]" = [sys.executable, "-m", apple_link.__name__, c_library]
        linker = self.rust.linker("ld64.lld")
        # Without it the compilers ask for the folder of Apple's tools.
        self.environment["SDKROOT"] = stubs
        # By this name rustc passes the arguments of Apple's linker.
        return compiler, self.wrapper("ld", *python, stubs, linker, PYTHONPATH=ROOT / "tools")

    def _mingw(self) -> "tuple[pathlib.Path, pathlib.Path]":
        mingw = Mingw()
        # rustc makes import libraries by the program of this name.
        dlltool = mingw.program("dlltool")
        self.wrapper(dlltool.name, dlltool)
        return mingw.c_compiler, mingw.c_compiler

    def cxx_compiler(self) -> pathlib.Path:
        """Returns the compiler of C++ for the tests' programs."""
        return Mingw().program("g++") if self.target.toolchain == "mingw" else self.tools / "target-c++"

    def _android(self) -> "tuple[pathlib.Path, pathlib.Path]":
        compiler, _ = self._zig()
        stubs = self.tools / "stubs"
        android.prepare_stubs(stubs, compiler, self.rust.llvm("llvm-ar"))
        linker = self.wrapper("ld.lld", zig_folder() / "python", "-m", "ziglang", "ld.lld")
        python = [sys.executable, "-m", android.__name__]
        return compiler, self.wrapper("target-linker", *python, stubs, linker, PYTHONPATH=ROOT / "tools")

    def cargo(self, verb: str, *arguments: Argument) -> pathlib.Path:
        """Runs cargo for the target. Returns the folder that has a folder for each profile."""
        # The arguments may end with those of the compiler.
        command = [verb, "--target", self.target.triple, "-Zbuild-std=std,panic_unwind", *arguments]
        triple = self.target.triple
        name = triple.replace("-", "_")
        environment: "dict[str, Argument]" = {
            f"CC_{name}": self.c_compiler,
            f"AR_{name}": self.rust.llvm("llvm-ar"),
            f"CARGO_TARGET_{name.upper()}_LINKER": self.linker,
            f"CARGO_TARGET_{name.upper()}_RUSTFLAGS": " ".join(self.rust_flags),
            "CARGO_TARGET_DIR": self.folder,
            **self.environment,
        }
        with locked(self.folder / f"{triple}.lock", f"building for {triple}"):
            self.rust.cargo(*command, env=environment)
        return self.folder / triple
