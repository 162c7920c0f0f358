"""Compiles C and links for Android without its NDK.

The library's own C code needs no more than the headers of a C library, for which zig's copy of musl serves. The link
needs Android's libraries by name only: stubs of them are empty, and Android finds the library's undefined symbols when
it loads it.

    python -m wspeer_tools.provision.android STUB_FOLDER LINKER ARGUMENT...

links a shared library: it translates the arguments that a C compiler takes into those of the linker.
"""

from __future__ import annotations

import pathlib
import subprocess
import sys

from ..process import Argument, run
from .programs import zig_folder, zig_library
from .translated_link import linker_arguments

# Android's libraries that Rust's standard library and gdext name.
LIBRARIES = ("c", "m", "dl", "log")
# What Rust names for a C compiler's own run time, which Rust's standard library contains.
EMPTY = ("gcc", "gcc_s", "compiler_rt-extras")
# The unwinder that the NDK links statically, from zig's copy of LLVM's.
UNWINDER = ("libunwind.cpp", "Unwind-sjlj.c", "UnwindLevel1.c", "UnwindLevel1-gcc-ext.c")
UNWINDER_ASSEMBLY = ("UnwindRegistersRestore.S", "UnwindRegistersSave.S")
UNWINDER_FLAGS = ("-O2", "-fPIC", "-fno-exceptions", "-funwind-tables", "-D_LIBUNWIND_IS_NATIVE_ONLY", "-DNDEBUG")
# What the NDK's start-up code has for shared libraries: it runs the exit functions that the library has registered.
# The headers of musl have another name for the place of `errno`.
START_UP = """
extern void __cxa_finalize(void *);
extern int *__errno(void);
__attribute__((visibility("hidden"))) int *__errno_location(void) { return __errno(); }
__attribute__((visibility("hidden"))) void *__dso_handle = &__dso_handle;
__attribute__((destructor)) static void run_exit_functions(void) { __cxa_finalize(&__dso_handle); }
"""
# Stubs define nothing that the linker could find needed.
NEEDED = ("--no-as-needed", *(f"-l{name}" for name in LIBRARIES))
# 16 KiB pages, which devices with Android 15 may have.
LINKER_OPTIONS = ("-z", "max-page-size=16384", "-z", "now", "-z", "relro", "--hash-style=gnu", "--build-id=none")


def prepare_stubs(stubs: pathlib.Path, c_compiler: pathlib.Path, archiver: pathlib.Path) -> None:
    """Makes what a link for Android needs in place of the NDK's libraries."""
    stubs.mkdir(exist_ok=True)
    linker: "list[Argument]" = [zig_folder() / "python", "-m", "ziglang", "ld.lld"]
    start_up = stubs / "start_up.c"
    start_up.write_text(START_UP, encoding="utf-8")
    run([c_compiler, "-O2", "-fPIC", "-c", start_up, "-o", stubs / "start_up.o"])
    for name in LIBRARIES:
        library = stubs / f"lib{name}.so"
        if not library.exists():
            empty = stubs / "empty.c"
            empty.write_text("", encoding="utf-8")
            run([c_compiler, "-c", empty, "-o", stubs / "empty.o"])
            run([*linker, "-shared", f"-soname=lib{name}.so", stubs / "empty.o", "-o", library])
    for name in EMPTY:
        (stubs / f"lib{name}.a").write_bytes(b"!<arch>\n")
    if not (stubs / "libunwind.a").exists():
        _build_unwinder(c_compiler, archiver, stubs)


def _build_unwinder(c_compiler: pathlib.Path, archiver: pathlib.Path, stubs: pathlib.Path) -> None:
    source = zig_library() / "libunwind"
    objects: "list[Argument]" = []
    for name in (*UNWINDER, *UNWINDER_ASSEMBLY):
        objects.append(stubs / f"unwind-{name}.o")
        language = ["-std=c++17", "-nostdinc++", "-fno-rtti"] if name.endswith(".cpp") else []
        includes = [f"-I{source / 'include'}", f"-I{source / 'src'}"]
        run([c_compiler, *UNWINDER_FLAGS, *language, *includes, "-c", source / "src" / name, "-o", objects[-1]])
    run([archiver, "rcs", stubs / "libunwind.a", *objects])


def main(folder: str, linker: str, *arguments: str) -> int:
    own = [*LINKER_OPTIONS, str(pathlib.Path(folder) / "start_up.o"), f"-L{folder}", *NEEDED]
    return subprocess.run([linker, *own, *linker_arguments(list(arguments))], check=False).returncode


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
