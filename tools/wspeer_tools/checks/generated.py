"""Copies what the build script writes into the committed files, or compares the two."""

from __future__ import annotations

import difflib
import json
import pathlib
import re

from ..process import output_of
from ..project import ROOT, say
from ..report import Failed

# The build script's file, and the committed one.
COPIES = {
    "wspeer.h": "include/wspeer.h",
    "option_cases.h": "tests/c/option_cases.h",
    "option_cases.gd": "godot_project/tests/option_cases.gd",
}

# The build script's file, and the committed one that has its text between two marks.
PARTS = {"options.md": "docs/limits.md"}
MARKS = re.compile(r"(<!-- options: generated -->\n).*?(<!-- /options -->)", re.DOTALL)


def generated_folder() -> pathlib.Path:
    """Returns the output folder of the build script; cargo names that folder in its messages."""
    command = ["cargo", "build", "--no-default-features", "--features", "capi", "--message-format", "json", "--quiet"]
    folder = None
    for line in output_of(command, cwd=ROOT).splitlines():
        message = json.loads(line) if line.startswith("{") else {}
        if message.get("reason") == "build-script-executed" and "wspeer" in message["package_id"]:
            folder = message["out_dir"]
    if folder is None:
        raise Failed("cargo did not run the build script of wspeer")
    return pathlib.Path(folder)


def expected_texts() -> dict[pathlib.Path, str]:
    """Returns the committed files with the text that each of them must have."""
    folder = generated_folder()
    texts = {ROOT / committed: (folder / name).read_text(encoding="utf-8") for name, committed in COPIES.items()}
    for name, committed in PARTS.items():
        table = (folder / name).read_text(encoding="utf-8")
        page = (ROOT / committed).read_text(encoding="utf-8")
        marks = MARKS.search(page)
        if not marks:
            raise Failed(f"{committed} has no marks around the generated text")
        before, after = page[: marks.end(1)], page[marks.start(2) :]
        texts[ROOT / committed] = before + table + after
    return texts


def write_generated() -> None:
    for path, text in expected_texts().items():
        if path.read_text(encoding="utf-8") != text:
            path.write_text(text, encoding="utf-8")
            say(f"wrote {path.relative_to(ROOT)}")


def check_generated() -> None:
    stale = []
    for path, text in expected_texts().items():
        committed = path.read_text(encoding="utf-8").splitlines(keepends=True)
        name = str(path.relative_to(ROOT))
        stale += list(difflib.unified_diff(committed, text.splitlines(keepends=True), name, "generated"))
    if stale:
        raise Failed(f"{''.join(stale)}stale files; run 'make header'")
