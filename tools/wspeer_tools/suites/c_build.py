"""Compiles C programs of the tests against the C library, and makes their certificates."""

from __future__ import annotations

import os
import pathlib

from ..process import Argument, run
from ..project import ROOT, target_folder
from ..provision.programs import openssl

FLAGS = ("-std=c11", "-O2", "-g", "-Wall", "-Wextra", "-Wpedantic")
STRICT = ("-Wconversion", "-Wshadow", "-Werror")


def library_folder() -> pathlib.Path:
    """Returns $WSPEER_LIBRARY_DIR; without it, builds the library (optimised, without Godot)."""
    given = os.environ.get("WSPEER_LIBRARY_DIR")
    if given:
        return pathlib.Path(given).resolve()
    # In a folder of its own, because a build with other features would replace the usual one.
    folder = target_folder() / "interop-build"
    options: list[Argument] = [
        "--quiet",
        "--release",
        "--no-default-features",
        "--features",
        "capi",
        "--target-dir",
        folder,
    ]
    run(["cargo", "build", *options], cwd=ROOT)
    return folder / "release"


def compile_with_wspeer(program: pathlib.Path, *sources: pathlib.Path, flags: "tuple[str, ...]" = ()) -> pathlib.Path:
    """Compiles a program and returns its path."""
    libraries = library_folder()
    include = os.environ.get("WSPEER_INCLUDE_DIR") or ROOT / "include"
    compiler: list[Argument] = [os.environ.get("CC", "cc"), *FLAGS, *STRICT, f"-I{include}", *flags]
    run([*compiler, *sources, "-o", program, f"-L{libraries}", "-lwspeer", "-ldl", f"-Wl,-rpath,{libraries}"])
    return program


def make_certificates(folder: pathlib.Path) -> None:
    """Makes self-signed certificates of a server and of a client, valid for a day."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, subject in (("server", "server"), ("client", "player")):
        command: list[Argument] = [openssl(), "req", "-x509", "-newkey", "ec", "-pkeyopt"]
        command += ["ec_paramgen_curve:P-256", "-nodes", "-days", "1", "-subj", f"/CN={subject}", "-addext"]
        command += ["subjectAltName=DNS:localhost,IP:127.0.0.1", "-keyout", folder / f"{name}.key"]
        run([*command, "-out", folder / f"{name}.crt"])
