"""Runs cargo so that the result runs on Linux with glibc 2.28 or later and contains no path of this machine."""

from __future__ import annotations

import os
import pathlib

from ..process import run
from ..project import MACHINE, ROOT, cargo_home, target_folder
from ..provision.programs import zig_folder

TRIPLE = f"{MACHINE}-unknown-linux-gnu"
GLIBC = "2.28"


def output_folder(verb: str, profile: str) -> pathlib.Path:
    """Returns the folder with the results of `build` or `rustc`.

    Each verb has its own: one builds the addon, the other the C library, and they would replace each other's files.
    """
    return target_folder() / "packaging" / verb / TRIPLE / profile


def portable_cargo(verb: str, *arguments: str) -> None:
    """Runs `cargo build` or `cargo rustc`."""
    environment = {
        "PATH": f"{zig_folder()}{os.pathsep}{os.environ['PATH']}",
        "CARGO_TARGET_DIR": str(target_folder() / "packaging" / verb),
        "CARGO_ZIGBUILD_CACHE_DIR": str(target_folder() / "packaging" / "zigbuild"),
        # Panic messages and debug information would otherwise name folders of this machine.
        "RUSTFLAGS": f"--remap-path-prefix={ROOT}=. --remap-path-prefix={cargo_home()}=cargo",
    }
    program = str(zig_folder() / "cargo-zigbuild")
    command = [program, "rustc" if verb == "rustc" else "zigbuild", "--target", f"{TRIPLE}.{GLIBC}", *arguments]
    run(command, cwd=ROOT, env=environment)
