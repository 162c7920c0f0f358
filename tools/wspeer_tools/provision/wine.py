"""Runs Windows programs with Debian's wine, which is unpacked and not installed.

wine starts its own parts by absolute paths, so it runs with its tree as the root folder. A mount namespace of its own
makes the machine's folders visible there and leaves the machine unchanged.
"""

from __future__ import annotations

import contextlib
import os
import pathlib
import shlex
import shutil
from typing import Iterator, Optional

from ..process import LONG_SILENCE, Argument, find, succeeds
from ..project import ROOT, cache_folder, target_folder
from ..report import Unavailable
from ..runner import Runner
from . import debian

SUITE = "trixie"
PACKAGES = ("wine64", "libwine")
SERVER = "/usr/lib/wine/wineserver64"
# Folders that the tree has itself.
OWN_FOLDERS = {"bin", "boot", "etc", "lib", "lib32", "lib64", "libx32", "lost+found", "sbin", "srv", "usr", "var"}
# wine's user32 needs it, and Debian's package keeps it where wine does not look.
ZLIB = "usr/x86_64-w64-mingw32/lib/zlib1.dll"
PREFIX_SYSTEM = "drive_c/windows/system32"

ENTER = """#!/bin/sh
# Made by tools/wspeer_tools/provision/wine.py: runs a command with the tree as its root folder.
set -e
for folder in {folders}; do
    mkdir -p {tree}"$folder"
    mount --rbind "$folder" {tree}"$folder"
done
exec unshare --root={tree} --wd="$PWD" -- "$@"
"""


def visible_folders(*needed: pathlib.Path) -> "list[str]":
    """Returns the folders of this machine that programs of the tree must see: those at the top, and needed ones."""
    top = [path for path in sorted(pathlib.Path("/").iterdir()) if path.is_dir() and not path.is_symlink()]
    folders = [str(path) for path in top if path.name not in OWN_FOLDERS]
    deeper = [str(path) for path in needed if path.parts[1] not in {pathlib.Path(folder).name for folder in folders}]
    return folders + deeper


class Wine(Runner):
    """A Windows of its own in the folder `base`: its registry, its drive C, and its server."""

    patience = 4

    def __init__(self, base: pathlib.Path):
        self.tree = debian.unpack(SUITE, cache_folder() / "wine", *PACKAGES).path
        self.prefix = base.resolve() / "wine-prefix"
        self._enter = base.resolve() / "enter-wine"
        tree = shlex.quote(str(self.tree))
        folders = visible_folders(ROOT, target_folder(), cache_folder(), base.resolve())
        quoted = " ".join(shlex.quote(folder) for folder in folders)
        debian.write_executable(self._enter, ENTER.format(folders=quoted, tree=tree))
        self._namespace = ["unshare", "--mount"] + ([] if os.geteuid() == 0 else ["--map-root-user"])

    def start(self) -> None:
        """Makes the registry and the drive, unless they are there."""
        if not find("unshare") or not succeeds([*self._namespace, "true"]):
            raise Unavailable("wine needs a mount namespace: root, or a kernel that gives users namespaces")
        # The tree has no names of hosts.
        (self.tree / "etc" / "hosts").write_text("127.0.0.1 localhost\n::1 localhost\n", encoding="utf-8")
        system = self.prefix / PREFIX_SYSTEM
        if not (system / "zlib1.dll").exists():
            system.mkdir(parents=True, exist_ok=True)
            shutil.copy(self.tree / ZLIB, system)
        status, text = self.run(
            "wineboot.exe", "--init", log=self.prefix.with_name("wineboot.log"), silence=LONG_SILENCE
        )
        if status != 0:
            raise Unavailable(f"wine does not start (status {status}): {text}")

    def end(self) -> None:
        """Ends every program of this Windows."""
        for option in ("-k", "-w"):
            succeeds([*self._namespace, self._enter, SERVER, option], env=self.variables())

    def command(self, program: Argument, *arguments: Argument) -> "list[Argument]":
        return [*self._namespace, self._enter, "/usr/lib/wine/wine64", program, *arguments]

    def variables(self) -> "dict[str, Optional[Argument]]":
        return {
            "HOME": self.prefix.parent,
            "WINEPREFIX": self.prefix,
            "WINESERVER": SERVER,
            "WINEDEBUG": os.environ.get("WINEDEBUG", "-all"),
            # Without them wine asks for parts that it could download, and writes into the user's menus.
            "WINEDLLOVERRIDES": "mscoree,mshtml=;winemenubuilder.exe=d",
            # wine reads arguments in the encoding of the locale.
            "LC_ALL": "C.UTF-8",
            "XDG_RUNTIME_DIR": self.prefix.parent,
            "DISPLAY": None,
            "WAYLAND_DISPLAY": None,
        }

    def path(self, path: Argument) -> str:
        return "Z:" + os.path.abspath(os.fspath(path)).replace("/", "\\")


@contextlib.contextmanager
def wine(base: pathlib.Path) -> Iterator[Wine]:
    """Provides a Windows in the folder `base` for the block; what runs in it ends with the block."""
    base.mkdir(parents=True, exist_ok=True)
    machine = Wine(base)
    machine.start()
    try:
        yield machine
    finally:
        machine.end()
