"""Has the engine describe the extension's classes: an XML file for each class, and the defaults of the properties.

The extension must be in the sample project, see `make build`.
"""

from __future__ import annotations

import pathlib

from ..process import LONG_SILENCE, fresh_folder, run
from ..project import EXTENSION_FEATURES, GODOT_PROJECT, ROOT, say, target_folder
from ..report import Failed, logging_to
from ..sample_project import require_library, run_engine
from . import godot_classes

ASSETS = ROOT / "tools" / "book"

# The default of a property, by class and property.
Defaults = dict[tuple[str, str], str]


def work_folder() -> pathlib.Path:
    """Returns the folder of the files that a site is built from."""
    return target_folder() / "book"


def classes_folder() -> pathlib.Path:
    """Returns the folder of the XML files."""
    return work_folder() / "classes" / "doc_classes"


def dump_classes() -> list[godot_classes.Class]:
    """Writes the XML files and returns the classes, with the defaults of their properties."""
    require_library()
    folder = classes_folder()
    fresh_folder(folder.parent)
    folder.mkdir()
    say("writing the editor's help")
    run(["cargo", "run", "--quiet", *EXTENSION_FEATURES, "--example", "godot_help", "--", folder], cwd=ROOT)
    say("dumping the classes in the engine")
    # The engine keeps the descriptions that it finds in the folder.
    _run_engine("--doctool", str(folder.parent), "--gdextension-docs")
    classes = godot_classes.read_classes(folder)
    if not any(subject.methods for subject in classes):
        raise Failed(f"the engine described no class; see {work_folder() / 'engine'}")
    script = ["--script", str(ASSETS / "defaults.gd"), "--", *(subject.name for subject in classes)]
    defaults = read_defaults(_run_engine(*script))
    for subject in classes:
        subject.set_defaults(defaults)
    return classes


def _run_engine(*arguments: str) -> str:
    """Runs the engine on the sample project and returns what it printed, which would fill the terminal."""
    work = fresh_folder(work_folder() / "engine")
    with logging_to(work / "step.log"):
        return run_engine(GODOT_PROJECT, *arguments, work=work, silence=LONG_SILENCE)


def read_defaults(text: str) -> Defaults:
    """Reads the lines that defaults.gd prints; other lines are the engine's."""
    lines = (line.split("\t") for line in text.splitlines())
    return {(fields[0], fields[1]): fields[2] for fields in lines if len(fields) == 3}
