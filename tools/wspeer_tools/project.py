"""The places of the project's files, and the facts that are read from them."""

from __future__ import annotations

import os
import pathlib
import platform
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
GODOT_PROJECT = ROOT / "godot_project"
ADDON = GODOT_PROJECT / "addons" / "wspeer"
HEADER = ROOT / "include" / "wspeer.h"
MACHINE = platform.machine()
# Godot has names of its own for some architectures.
GODOT_ARCHITECTURES = {"aarch64": "arm64", "armv7l": "arm32", "i686": "x86_32"}
# The folder of the addon that holds the libraries for this machine: the system and the architecture as Godot has them.
LIBRARY_FOLDER = f"linux.{GODOT_ARCHITECTURES.get(MACHINE, MACHINE)}"
# The features of the extension, as in the Makefile. With others, cargo would build the library again.
EXTENSION_FEATURES = ("--features", "godot,capi")
# The earliest time that a zip file can hold.
EARLIEST_TIME = 315532800


def say(text: str) -> None:
    """Prints on stderr what the tool is doing; stdout is for results."""
    print(f"wspeer: {text}", file=sys.stderr, flush=True)


def target_folder() -> pathlib.Path:
    """Returns cargo's build folder, which also holds everything else that can be made again."""
    return pathlib.Path(os.environ.get("CARGO_TARGET_DIR") or ROOT / "target").resolve()


def cache_folder() -> pathlib.Path:
    """Returns the folder of what takes long to fetch or build and serves every checkout: $WSPEER_CACHE, or the user's
    cache folder."""
    given = os.environ.get("WSPEER_CACHE")
    user = os.environ.get("XDG_CACHE_HOME") or pathlib.Path.home() / ".cache"
    folder = pathlib.Path(given) if given else pathlib.Path(user) / "wspeer"
    folder.mkdir(parents=True, exist_ok=True)
    return folder.resolve()


def cargo_home() -> str:
    """Returns cargo's folder, whose name must not be in what is released."""
    return os.environ.get("CARGO_HOME") or os.path.expanduser("~/.cargo")


def version() -> str:
    """Returns the version. Cargo.toml is the only place that states it."""
    package = (ROOT / "Cargo.toml").read_text(encoding="utf-8").split("[package]", 1)[1]
    found = re.search(r'^version = "(.*)"$', package.split("\n[", 1)[0], re.MULTILINE)
    if not found:
        raise ValueError("Cargo.toml has no version in [package]")
    return found[1]


def series() -> str:
    """Returns the part of the version that names the C interface: it may change with each minor version below 1.0."""
    major, minor, _ = version().split(".", 2)
    return major if int(major) > 0 else f"0.{minor}"


def packaging_time() -> int:
    """Returns the time that packages carry: $SOURCE_DATE_EPOCH, or that of the last commit."""
    if os.environ.get("SOURCE_DATE_EPOCH"):
        return int(os.environ["SOURCE_DATE_EPOCH"])
    log = subprocess.run(
        ["git", "-C", str(ROOT), "log", "-1", "--format=%ct"], capture_output=True, text=True, check=False
    )
    return int(log.stdout) if log.returncode == 0 and log.stdout.strip() else EARLIEST_TIME


def tracked_files(*patterns: str) -> list[pathlib.Path]:
    """Returns the files of the work tree that git tracks or would add, sorted."""
    listing = subprocess.run(
        ["git", "-C", str(ROOT), "ls-files", "-z", "--cached", "--others", "--exclude-standard", "--", *patterns],
        capture_output=True,
        text=True,
        check=True,
    )
    names = sorted(set(filter(None, listing.stdout.split("\0"))))
    return [ROOT / name for name in names if (ROOT / name).is_file()]
