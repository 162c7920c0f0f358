"""Compiles C and links for Android without its NDK.

The library's own C code needs no more than the headers of a C library, for which zig's copy of musl serves. The link
needs Android's libraries by name only: stubs of them are empty, and Android finds the library's undefined symbols when
it loads it.
"""

from __future__ import annotations

import pathlib
from typing import TYPE_CHECKING

from ..process import Argument, output_of, run
from .programs import zig_folder

if TYPE_CHECKING:
    from .cross import CrossCompiler

# Android's libraries that Rust's standard library and gdext name.
LIBRARIES = ("c", "m", "dl", "log")
# The unwinder that the NDK links statically, from zig's copy of LLVM's.
UNWINDER = ("libunwind.cpp", "Unwind-sjlj.c", "UnwindLevel1.c", "UnwindLevel1-gcc-ext.c")
UNWINDER_ASSEMBLY = ("UnwindRegistersRestore.S", "UnwindRegistersSave.S")


def prepare(compiler: "CrossCompiler", clang: pathlib.Path) -> "tuple[pathlib.Path, pathlib.Path]":
    """Returns a C compiler and a linker for an Android target."""
    zig = zig_folder()
    python = str(zig / "python")
    library = pathlib.Path(output_of([python, "-c", "import ziglang; print(ziglang.__path__[0])"]).strip()) / "lib"
    architecture = compiler.target.triple.split("-")[0]
    common: "list[Argument]" = [
        clang,
        f"--target={compiler.target.c_target}",
        f"-resource-dir={compiler.rust.clang_resources()}",
    ]
    headers = library / "libc" / "include"
    includes = [f"-isystem{headers}/{architecture}-linux-musl", f"-isystem{headers}/generic-musl"]
    c_compiler = compiler.wrapper("target-cc", *common, "-nostdlibinc", *includes, "-fPIC")
    lld = compiler.wrapper("ld.lld", zig / "python", "-m", "ziglang", "ld.lld")
    stubs = compiler.tools / "stubs"
    stubs.mkdir(exist_ok=True)
    options: "list[Argument]" = ["-nostdlib", f"--ld-path={lld}", "-shared"]
    for name in LIBRARIES:
        if not (stubs / f"lib{name}.so").exists():
            run([*common, *options, f"-Wl,-soname,lib{name}.so", "-x", "c", "/dev/null", "-o", stubs / f"lib{name}.so"])
    if not (stubs / "libunwind.a").exists():
        _build_unwinder(compiler, c_compiler, library / "libunwind", stubs / "libunwind.a")
    # gcc's run time is part of Rust's.
    for name in ("gcc", "gcc_s", "compiler_rt-extras"):
        (stubs / f"lib{name}.a").write_bytes(b"!<arch>\n")
    # 16 KiB pages, which devices with Android 15 may have.
    linker = compiler.wrapper(
        "linker", *common, "-nostdlib", f"--ld-path={lld}", f"-L{stubs}", "-Wl,-z,max-page-size=16384"
    )
    return c_compiler, linker


def _build_unwinder(
    compiler: "CrossCompiler", c_compiler: pathlib.Path, source: pathlib.Path, archive: pathlib.Path
) -> None:
    objects = []
    flags = ["-O2", "-fno-exceptions", "-fno-rtti", "-funwind-tables", "-D_LIBUNWIND_IS_NATIVE_ONLY", "-DNDEBUG"]
    for name in (*UNWINDER, *UNWINDER_ASSEMBLY):
        objects.append(archive.with_name(f"unwind-{name}.o"))
        language = ["-std=c++17", "-nostdinc++"] if name.endswith(".cpp") else []
        own = [flag for flag in flags if name.endswith(".cpp") or flag != "-fno-rtti"]
        command: "list[Argument]" = [c_compiler, *own, *language, f"-I{source / 'include'}", f"-I{source / 'src'}"]
        run([*command, "-c", source / "src" / name, "-o", objects[-1]])
    run([compiler.rust.llvm("llvm-ar"), "rcs", archive, *objects])
