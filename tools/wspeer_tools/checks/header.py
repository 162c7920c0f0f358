"""Writes include/wspeer.h from rust/capi, or compares it with what rust/capi gives."""

from __future__ import annotations

import difflib
import json
import pathlib
import shutil

from ..process import output_of
from ..project import HEADER, ROOT, say
from ..report import Failed


def generated_header() -> pathlib.Path:
    """Returns the header in the output folder of the build script; cargo names that folder in its messages."""
    command = ["cargo", "build", "--no-default-features", "--features", "capi", "--message-format", "json", "--quiet"]
    folder = None
    for line in output_of(command, cwd=ROOT).splitlines():
        message = json.loads(line) if line.startswith("{") else {}
        if message.get("reason") == "build-script-executed" and "wspeer" in message["package_id"]:
            folder = message["out_dir"]
    if folder is None:
        raise Failed("cargo did not run the build script of wspeer")
    return pathlib.Path(folder) / "wspeer.h"


def write_header() -> None:
    shutil.copyfile(generated_header(), HEADER)
    say(f"wrote {HEADER}")


def check_header() -> None:
    committed = HEADER.read_text(encoding="utf-8").splitlines(keepends=True)
    generated = generated_header().read_text(encoding="utf-8").splitlines(keepends=True)
    difference = "".join(difflib.unified_diff(committed, generated, "include/wspeer.h", "generated"))
    if difference:
        raise Failed(f"{difference}include/wspeer.h is stale; run 'make header'")
