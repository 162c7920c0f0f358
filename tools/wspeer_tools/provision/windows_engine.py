"""Builds a Godot engine for Windows from Debian's source packages, once, into the cache folder: about half an hour.

No registry has such an engine. Debian's source of Godot lacks the libraries that Debian has as packages of their own;
their sources are put back. The engine has no graphics, which tests do not need, and the modules that compile quickly.

    tools/run windows-engine [JOBS]
"""

from __future__ import annotations

import os
import pathlib
import shlex
import shutil
from typing import NamedTuple

from ..process import Argument, locked, run
from ..project import cache_folder, say
from ..report import Unavailable
from . import debian
from .mingw import ARCHITECTURE, Mingw
from .packages import python_environment
from .rust_source import RustSource

SUITE = "forky"
# The release whose archive has what that of the other lacks.
OLDER_SUITE = "bookworm"
SCONS = "scons==4.11.1"
# Raised when a change of this file makes another engine.
REVISION = "1"

MODULES = (
    "enet",
    "gdscript",
    "interactive_music",
    "jsonrpc",
    "mbedtls",
    "mobile_vr",
    "multiplayer",
    "noise",
    "regex",
    "text_server_fb",
    "upnp",
    "webrtc",
    "websocket",
    "zip",
)
OPTIONS = (
    *("platform=windows", "arch=x86_64", "target=template_debug", "windows_subsystem=console"),
    *("use_mingw=yes", "use_llvm=yes"),
    # The build and the link are several times faster like this.
    *("optimize=none", "debug_symbols=no", "lto=none", "scu_build=yes", "scu_limit=64", "linkflags=-fuse-ld=lld"),
    *("vulkan=no", "opengl3=no", "d3d12=no", "angle_libs=", "accesskit=no", "sdl=no", "xaudio2=no", "brotli=no"),
    *("builtin_certs=no", "builtin_enet=no", "builtin_pcre2_with_jit=no"),
    # Tests start the engine with a project and a script.
    *("disable_path_overrides=no", "engine_update_check=no", "modules_enabled_by_default=no", "progress=no"),
    *(f"module_{name}_enabled=yes" for name in MODULES),
)


class Library(NamedTuple):
    """The source of a library, and its places in the engine: pairs of globs and folders."""

    suite: str
    package: str
    files: "tuple[tuple[str, str], ...]"
    # Names of generated or adjusted files, and the files that are their source.
    copies: "tuple[tuple[str, str], ...]" = ()


LIBRARIES = (
    Library(SUITE, "zlib", (("*.[ch]", "zlib"),)),
    Library(
        SUITE,
        "libzstd",
        (("lib/*.h", "zstd"), ("lib/common/*", "zstd/common"))
        + (("lib/compress/*", "zstd/compress"), ("lib/decompress/*", "zstd/decompress")),
    ),
    Library(
        OLDER_SUITE,
        "libpng1.6",
        (("*.[ch]", "libpng"), ("intel/*.[ch]", "libpng/intel")),
        (("scripts/pnglibconf.h.prebuilt", "libpng/pnglibconf.h"),),
    ),
    Library(
        SUITE,
        "mbedtls",
        (("library/*.[ch]", "mbedtls/library"),)
        + (("include/mbedtls/*.h", "mbedtls/include/mbedtls"), ("include/psa/*.h", "mbedtls/include/psa")),
    ),
    Library(
        SUITE,
        "pcre2",
        (("src/*.[ch]", "pcre2/src"),),
        (("src/config.h.generic", "pcre2/src/config.h"), ("src/pcre2.h.generic", "pcre2/src/pcre2.h"))
        + (("src/pcre2_chartables.c.dist", "pcre2/src/pcre2_chartables.c"),),
    ),
    # Debian's source of wslay has left the mirrors; aria2 contains it.
    Library(SUITE, "aria2", (("deps/wslay/lib/*.[ch]", "wslay"), ("deps/wslay/lib/includes/wslay/*.h", "wslay/wslay"))),
    Library(SUITE, "enet", (("*.c", "enet"), ("include/enet/*.h", "enet/enet"))),
    Library(
        SUITE,
        "miniupnpc",
        (("src/*.[ch]", "miniupnpc/src"), ("include/*.h", "miniupnpc/include/miniupnpc")),
        (("miniupnpcstrings.h.in", "miniupnpc/include/miniupnpcstrings.h"),),
    ),
)

# Files of the engine's own that describe those libraries, and are missing with them.
WRITTEN = {
    "thirdparty/mbedtls/include/godot_module_mbedtls_config.h": "#include <mbedtls/mbedtls_config.h>\n",
    "thirdparty/mbedtls/include/godot_core_mbedtls_config.h": "#include <mbedtls/mbedtls_config.h>\n",
    "thirdparty/certs/ca-bundle.crt": "",
    "thirdparty/wslay/config.h": "#define HAVE_WINSOCK2_H 1\n",
    "thirdparty/wslay/wslay/wslayver.h": '#define WSLAY_VERSION "1.1.1"\n',
}
# The file that a newer mbedTLS has more than the engine's build scripts know, by one that they compile.
APPENDED = {"thirdparty/mbedtls/library/psa_its_file.c": '#include "psa_crypto_random.c"\n'}
# The module's build script knows only the engine's own variant of ENet; it compiles this with the module.
ENET_FILES = ("callbacks", "compress", "host", "list", "packet", "peer", "protocol", "win32")


# clang compiles in half the time of gcc, which links. For assembly clang would start itself again, which an unpacked
# one does not support.
CLANG = """#!/bin/sh
# Made by tools/wspeer_tools/provision/windows_engine.py.
for argument in "$@"; do
    case "$argument" in *.S) exec {gcc} "$@" ;; esac
done
for argument in "$@"; do
    case "$argument" in -c | --version | -dump*) exec {clang} {options} "$@" ;; esac
done
exec {gcc} "$@"
"""


class WindowsEngine:
    """The build's folder: sources, compiler, scons, and the engine when it is done."""

    def __init__(self) -> None:
        self.folder = cache_folder() / "windows-engine"
        self.source = self.folder / "source"
        self.program = self.folder / "godot.exe"

    def is_built(self) -> bool:
        return self.program.exists() and debian.content(self.folder / ".built") == REVISION

    def write_compilers(self, mingw: Mingw) -> pathlib.Path:
        """Makes the programs that scons looks for. Returns the folder whose `bin` has them."""
        programs = self.folder / "compilers" / "bin"
        programs.mkdir(parents=True, exist_ok=True)
        for program in mingw.programs.iterdir():
            link = programs / program.name
            if not link.exists():
                link.symlink_to(program)
        rust = RustSource()
        # The linker of the same LLVM, because it reads what clang writes into objects. gcc looks for it by this name.
        linker = RustSource().linker("ld.lld")
        debian.write_executable(
            programs / f"{ARCHITECTURE}-ld.lld", f'#!/bin/sh\nexec {shlex.quote(str(linker))} "$@"\n'
        )
        headers = sorted(mingw.tree.path.glob(f"usr/lib/gcc/{ARCHITECTURE}/*-posix/include/c++"))
        if not headers:
            raise Unavailable(f"{mingw.tree.path} has no headers of C++")
        folders: "dict[str, list[pathlib.Path]]" = {"clang": [], "clang++": [headers[0], headers[0] / ARCHITECTURE]}
        for name, gcc in (("clang", "gcc"), ("clang++", "g++")):
            options: list[Argument] = [f"--target={ARCHITECTURE}", "-nostdlibinc"]
            options.append(f"-resource-dir={rust.clang_resources()}")
            for folder in [*folders[name], mingw.tree.path / "usr" / ARCHITECTURE / "include"]:
                options += ["-isystem", folder]
            text = CLANG.format(
                clang=shlex.quote(str(rust.llvm(name))),
                options=shlex.join(str(option) for option in options),
                gcc=shlex.quote(str(mingw.program(gcc))),
            )
            debian.write_executable(programs / f"{ARCHITECTURE}-{name}", text)
        # GNU's take minutes for an archive with so many symbols.
        for name, operation in (("ar", ""), ("ranlib", "s")):
            text = f'#!/bin/sh\nexec {shlex.quote(str(rust.llvm("llvm-ar")))} {operation} "$@"\n'
            debian.write_executable(programs / f"{ARCHITECTURE}-{name}", text)
        return programs.parent

    def place_sources(self) -> None:
        """Unpacks the engine's source and puts the libraries back into it."""
        if (self.source / ".placed").exists():
            return
        archives = self.folder / "archives"
        archives.mkdir(exist_ok=True)
        _unpack(debian.fetch_source(SUITE, "godot", archives), self.source)
        for library in LIBRARIES:
            place(library, debian.fetch_source(library.suite, library.package, archives), self.source / "thirdparty")
        for name, text in WRITTEN.items():
            path = self.source / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        for name, text in APPENDED.items():
            with (self.source / name).open("a", encoding="utf-8") as file:
                file.write(text)
        self.place_enet()
        (self.source / ".placed").touch()

    def place_enet(self) -> None:
        # Headers are found from the top of the source.
        shutil.copytree(self.source / "thirdparty/enet/enet", self.source / "enet", dirs_exist_ok=True)
        text = "".join(f'#include "thirdparty/enet/{name}.c"\n' for name in ENET_FILES)
        (self.source / "modules/enet/enet_library.cpp").write_text(text, encoding="utf-8")

    def build(self, jobs: int) -> None:
        scons = python_environment(self.folder / "scons", SCONS) / "scons"
        compilers = self.write_compilers(Mingw())
        self.place_sources()
        say(f"building a Windows engine in {self.source} with {jobs} jobs; started again, the build continues")
        command: list[Argument] = [scons, f"-j{jobs}", *OPTIONS, f"mingw_prefix={compilers}"]
        # The compiler's driver finds the linker on PATH.
        path = f"{compilers / 'bin'}{os.pathsep}{os.environ.get('PATH', '')}"
        run(command, cwd=self.source, env={"PATH": path, "SCONSFLAGS": None})
        built = sorted((self.source / "bin").glob("godot.windows.template_debug.x86_64*.exe"))
        if not built:
            raise Unavailable(f"scons made no engine in {self.source / 'bin'}")
        shutil.copy(built[0], self.program)
        (self.folder / ".built").write_text(REVISION + "\n", encoding="utf-8")
        for folder in ("source", "archives", "compilers"):
            shutil.rmtree(self.folder / folder)


def _unpack(archive: pathlib.Path, folder: pathlib.Path) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    run(["tar", "-x", "-f", archive, "-C", folder, "--strip-components=1", "--no-same-owner"])


def place(library: Library, archive: pathlib.Path, thirdparty: pathlib.Path) -> None:
    """Copies the files of a library from its archive into the engine's source."""
    unpacked = archive.with_name(f"{library.package}-source")
    _unpack(archive, unpacked)
    for pattern, folder in library.files:
        found = [path for path in unpacked.glob(pattern) if path.is_file()]
        if not found:
            raise Unavailable(f"{archive} has no {pattern}")
        (thirdparty / folder).mkdir(parents=True, exist_ok=True)
        for path in found:
            shutil.copy(path, thirdparty / folder / path.name)
    for source, name in library.copies:
        shutil.copy(unpacked / source, thirdparty / name)
    shutil.rmtree(unpacked)


def windows_engine(jobs: int = 0) -> pathlib.Path:
    """Returns the engine; builds it if it is missing."""
    engine = WindowsEngine()
    with locked(engine.folder / "lock", "building the Windows engine"):
        if not engine.is_built():
            engine.build(jobs or os.cpu_count() or 1)
    return engine.program


def main(*arguments: str) -> None:
    print(windows_engine(int(arguments[0]) if arguments else 0))
