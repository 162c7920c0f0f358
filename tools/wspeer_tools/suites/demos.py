"""Runs each demo that ends by itself and compares what it prints.

A demo is a folder godot_project/demos/NAME with NAME.tscn and expected.txt, in which N is the id of a peer.
"""

from __future__ import annotations

import difflib
import functools
import pathlib
import re
import tempfile

from ..engine_output import printed
from ..project import GODOT_PROJECT, target_folder
from ..report import Failed, Report
from ..sample_project import require_library, run_engine


def run_demo(folder: pathlib.Path) -> None:
    scene = f"res://demos/{folder.name}/{folder.name}.tscn"
    with tempfile.TemporaryDirectory() as work:
        text = run_engine(GODOT_PROJECT, scene, work=pathlib.Path(work))
    actual = re.sub(r"(lient |connected: )[0-9]+", r"\1N", printed(text))
    expected = (folder / "expected.txt").read_text(encoding="utf-8").rstrip("\n")
    if actual != expected:
        raise Failed(
            "\n".join(difflib.unified_diff(expected.splitlines(), actual.splitlines(), "expected.txt", "printed"))
        )


def main() -> int:
    require_library()
    report = Report(target_folder() / "demos")
    for expected in sorted(GODOT_PROJECT.glob("demos/*/expected.txt")):
        folder = expected.parent
        report.step(folder.name, functools.partial(run_demo, folder))
    return report.close()
