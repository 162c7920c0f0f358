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
from .packages import python_environment
from .rust_source import RustSource

SUITE = "forky"
COMPILER_SUITE = "bookworm"
COMPILER = ("gcc-mingw-w64-x86-64-posix", "g++-mingw-w64-x86-64-posix", "lld")
SCONS = "scons==4.11.1"
TRIPLE = "x86_64-w64-mingw32"
PREFIX = f"{TRIPLE}-"
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
        COMPILER_SUITE,
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
    ),
)

# Files of the engine's own that describe those libraries, and are missing with them.
WRITTEN = {
    "thirdparty/mbedtls/include/godot_module_mbedtls_config.h": "#include <mbedtls/mbedtls_config.h>\n",
    "thirdparty/mbedtls/include/godot_core_mbedtls_config.h": "#include <mbedtls/mbedtls_config.h>\n",
    "thirdparty/certs/ca-bundle.crt": "",
    "thirdparty/wslay/config.h": "#define HAVE_WINSOCK2_H 1\n",
    "thirdparty/wslay/wslay/wslayver.h": '#define WSLAY_VERSION "1.1.1"\n',
    "thirdparty/miniupnpc/include/miniupnpcstrings.h": '#define OS_STRING "windows"\n'
    '#define MINIUPNPC_VERSION_STRING "2"\n#define UPNP_VERSION_MAJOR 1\n#define UPNP_VERSION_MINOR 1\n',
}
# The module's build script knows only the engine's own variant of ENet; it compiles this with the module.
ENET_FILES = ("callbacks", "compress", "host", "list", "packet", "peer", "protocol", "win32")


# clang compiles in half the time of gcc, which links.
CLANG = """#!/bin/sh
# Made by tools/wspeer_tools/provision/windows_engine.py.
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

    def compiler(self) -> pathlib.Path:
        """Returns a folder with the compiler's programs by the names that build scripts look for."""
        tree = debian.unpack(COMPILER_SUITE, self.folder / "compiler", *COMPILER)
        libraries = tree.path / "libraries"
        libraries.mkdir(exist_ok=True)
        # The programs run with the machine's C library, because a compiler starts its parts by their own paths.
        for name in ("libisl", "libmpc", "libmpfr", "libgmp", "libzstd", "libz", "libLLVM", "libedit", "libxml2"):
            for library in tree.path.glob(f"usr/lib/*/{name}[.-]*so*"):
                link = libraries / library.name
                if not link.is_symlink():
                    link.symlink_to(library)
        programs = tree.path / "programs"
        programs.mkdir(exist_ok=True)
        for program in sorted((tree.path / "usr/bin").glob(f"{PREFIX}*")):
            _write_wrapper(programs / program.name.replace("-posix", ""), program, libraries)
        _write_wrapper(programs / "ld.lld", tree.path / "usr/bin/ld.lld", libraries)
        self._write_clang(tree, programs)
        return programs

    def _write_clang(self, tree: debian.Tree, programs: pathlib.Path) -> None:
        rust = RustSource()
        headers = sorted(tree.path.glob(f"usr/lib/gcc/{TRIPLE}/*-posix/include/c++"))
        if not headers:
            raise Unavailable(f"{tree.path} has no headers of C++")
        folders: "dict[str, list[pathlib.Path]]" = {"clang": [], "clang++": [headers[0], headers[0] / TRIPLE]}
        for name, gcc in (("clang", "gcc"), ("clang++", "g++")):
            options: list[Argument] = [f"--target={TRIPLE}", "-nostdlibinc", f"-resource-dir={rust.clang_resources()}"]
            for folder in [*folders[name], tree.path / "usr" / TRIPLE / "include"]:
                options += ["-isystem", folder]
            text = CLANG.format(
                clang=shlex.quote(str(rust.llvm(name))),
                options=shlex.join(str(option) for option in options),
                gcc=shlex.quote(str(programs / f"{PREFIX}{gcc}")),
            )
            debian.write_executable(programs / f"{PREFIX}{name}", text)

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
        self.place_enet()
        (self.source / ".placed").touch()

    def place_enet(self) -> None:
        # Headers are found from the top of the source.
        shutil.copytree(self.source / "thirdparty/enet/enet", self.source / "enet", dirs_exist_ok=True)
        text = "".join(f'#include "thirdparty/enet/{name}.c"\n' for name in ENET_FILES)
        (self.source / "modules/enet/enet_library.cpp").write_text(text, encoding="utf-8")

    def build(self, jobs: int) -> None:
        scons = python_environment(self.folder / "scons", SCONS) / "scons"
        programs = self.compiler()
        self.place_sources()
        say(f"building a Windows engine in {self.source} with {jobs} jobs; started again, the build continues")
        command: list[Argument] = [scons, f"-j{jobs}", *OPTIONS, f"mingw_prefix={programs.parent / 'prefix'}"]
        prefix = programs.parent / "prefix"
        prefix.mkdir(exist_ok=True)
        if not (prefix / "bin").is_symlink():
            (prefix / "bin").symlink_to(programs)
        # The compiler's driver finds the linker on PATH.
        path = f"{programs}{os.pathsep}{os.environ.get('PATH', '')}"
        run(command, cwd=self.source, env={"PATH": path, "SCONSFLAGS": None})
        built = sorted((self.source / "bin").glob("godot.windows.template_debug.x86_64*.exe"))
        if not built:
            raise Unavailable(f"scons made no engine in {self.source / 'bin'}")
        shutil.copy(built[0], self.program)
        (self.folder / ".built").write_text(REVISION + "\n", encoding="utf-8")


def _write_wrapper(path: pathlib.Path, program: pathlib.Path, libraries: pathlib.Path) -> None:
    text = f'#!/bin/sh\nLD_LIBRARY_PATH="{libraries}" exec "{program}" "$@"\n'
    debian.write_executable(path, text)


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
