"""Builds the library with its standard library under a sanitizer, and C programs with it."""

from __future__ import annotations

import pathlib

from ..process import Argument, run
from ..report import Unavailable
from .rust_source import RustSource

TARGET = "x86_64-unknown-linux-gnu"
C_FLAGS = ("-std=c11", "-O1", "-g", "-fno-omit-frame-pointer", "-pthread")
# What `rustc --print native-static-libs` names on Linux.
SYSTEM_LIBRARIES = ("-lgcc_s", "-lutil", "-lrt", "-lpthread", "-lm", "-ldl", "-lc")


class SanitizerToolchain:
    """Rust and C compilers of one sanitizer: `address` or `thread`."""

    def __init__(self, sanitizer: str):
        self.sanitizer = sanitizer
        self.rust = RustSource()
        self.tree = self.rust.tree
        self.clang = self.rust.llvm("clang")
        self.linker = self.tree.launcher("usr/bin/x86_64-linux-gnu-ld.bfd")
        self.symbolizer = self.rust.llvm("llvm-symbolizer")
        self.resources = self.rust.clang_resources()
        if not self.resources.is_dir():
            raise Unavailable(f"the unpacked rustc and clang do not fit: {self.resources} is missing")

    def build_library(self, build_folder: pathlib.Path) -> pathlib.Path:
        """Builds the static C library, and the standard library with it. Returns its path."""
        # Programs get the runtime from clang when they are linked.
        flags = f"-Zsanitizer={self.sanitizer} -Zexternal-clangrt -Cforce-frame-pointers=yes -Cdebuginfo=1"
        features = ["--no-default-features", "--features", "capi"]
        options = ["-Zbuild-std=std,panic_unwind", "--target", TARGET, "--lib", "--crate-type", "staticlib"]
        self.rust.cargo("rustc", *options, *features, env={"RUSTFLAGS": flags, "CARGO_TARGET_DIR": build_folder})
        return build_folder / TARGET / "debug" / "libwspeer.a"

    def compile(self, program: pathlib.Path, sources: "list[pathlib.Path]", flags: "list[Argument]") -> None:
        """Compiles and links a C program, which runs with the tree's own C library. `flags` may name libraries."""
        common: list[Argument] = [*C_FLAGS, f"-fsanitize={self.sanitizer}", f"--sysroot={self.tree.path}"]
        common += [f"-resource-dir={self.resources}"]
        objects = []
        # One by one: clang would start itself again for several, which its launcher does not support.
        for source in sources:
            objects.append(program.with_name(f"{program.name}-{source.stem}.o"))
            includes = [flag for flag in flags if str(flag).startswith("-I")]
            run([self.clang, *common, *includes, "-c", source, "-o", objects[-1]])
        libraries = [flag for flag in flags if not str(flag).startswith("-I")]
        loader = self.tree.path / self.tree.loader()
        link: list[Argument] = [f"--ld-path={self.linker}", f"-Wl,--dynamic-linker={loader}"]
        link.append(f"-Wl,-rpath,{loader.parent}")
        run([self.clang, *common, *objects, "-o", program, *libraries, *SYSTEM_LIBRARIES, *link])

    def environment(self) -> "dict[str, Argument]":
        """Returns the variables for the programs. A finding ends them with status 66."""
        options = f"exitcode=66 external_symbolizer_path={self.symbolizer}"
        # The children of the tests about fork() start threads.
        return {"ASAN_OPTIONS": f"{options} detect_leaks=1", "TSAN_OPTIONS": f"{options} die_after_fork=0"}
