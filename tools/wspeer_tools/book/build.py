"""Writes the pages of the site as Markdown and has mdBook build it.

The Godot reference is made from the engine's own description of the loaded extension, the C reference from
include/wspeer.h, and the other pages from the documents of the repository.
"""

from __future__ import annotations

import pathlib
import shutil

from ..process import fresh_folder, run
from ..project import HEADER, ROOT, say
from ..provision.packages import cargo_program
from . import c_reference, dump, godot_classes, pages

SITE = ROOT / "dist" / "docs"
ASSETS = ("book.toml", "book.css", "gdscript.js")
# mdBook's defaults add a web server.
MDBOOK_FEATURES = ("--no-default-features", "--features", "search")


def write_sources(source: pathlib.Path, classes: list[godot_classes.Class]) -> None:
    """Writes all pages, and the summary that mdBook reads."""
    fresh_folder(source)
    sections, c_names = c_reference.write(HEADER, source / "c")
    godot_classes.write(classes, source / "godot")
    names = {name: f"c/{address}" for name, address in c_names.items()}
    names.update({subject.name: f"godot/{subject.name}.md" for subject in classes})
    summary, last_lines = pages.write(source, names)
    summary += ["", "# Reference", "", "- [Godot class reference](godot/index.md)"]
    summary += [f"  - [{subject.name}](godot/{subject.name}.md)" for subject in classes]
    summary += ["- [C reference](c/index.md)"]
    summary += [f"  - [{title}](c/{page})" for title, page in sections]
    summary += last_lines
    (source / "SUMMARY.md").write_text("\n".join(summary) + "\n", encoding="utf-8")


def build_docs(output: str = str(SITE)) -> None:
    """Builds the site in a folder, dist/docs by default."""
    site = pathlib.Path(output).resolve()
    work = dump.work_folder()
    write_sources(work / "src", dump.dump_classes())
    for name in ASSETS:
        shutil.copyfile(dump.ASSETS / name, work / name)
    mdbook = cargo_program("mdbook", *MDBOOK_FEATURES)
    say("building the site")
    run([mdbook, "build", "--dest-dir", site, work])
    say(f"{site}/index.html")
