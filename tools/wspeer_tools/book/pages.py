"""Decides which documents of the repository become pages of the book, and rewrites their links."""

from __future__ import annotations

import os
import pathlib
import re
import shutil
from typing import Callable, Optional

from .. import project
from ..project import ROOT
from ..report import Failed

ADDON = project.ADDON.relative_to(ROOT).as_posix()

# Document: page. A document that does not exist is left out.
PAGES = {
    "README.md": "index.md",
    "docs/README.md": "tasks.md",
    f"{ADDON}/MIGRATING.md": "migrating.md",
    "CHANGELOG.md": "changelog.md",
    "SECURITY.md": "security.md",
    "ARCHITECTURE.md": "architecture.md",
    "CONTRIBUTING.md": "contributing.md",
}
# The other documents of docs/ keep their names. Links to these lead to a page that is generated.
GENERATED = {"include/wspeer.h": "c/index.md"}

PARTS = [
    ("", ["README.md"]),
    (
        "Tasks",
        [
            "docs/README.md",
            "docs/windows-zip.md",
            "docs/connect.md",
            "docs/serve.md",
            "docs/tls.md",
            "docs/compression.md",
            "docs/limits.md",
            "docs/multiplayer.md",
            "docs/monitor.md",
            "docs/threads.md",
            "docs/main-loop.md",
            "docs/demos.md",
            "docs/c-library.md",
            "docs/custom-engines.md",
            "docs/platforms.md",
            "docs/troubleshooting.md",
        ],
    ),
    (
        "Overviews",
        [
            "docs/godot-classes.md",
            "docs/c-functions.md",
            "docs/comparison.md",
            f"{ADDON}/MIGRATING.md",
            "docs/bench/results.md",
            "docs/bench/profile.md",
        ],
    ),
    ("Project", ["CHANGELOG.md", "SECURITY.md", "ARCHITECTURE.md", "CONTRIBUTING.md"]),
]
# The references stand before this part.
LAST_PART = "Project"

LINK = re.compile(r"(?P<image>!?)\[(?P<text>(?:[^\[\]]|`[^`]*`)*)\]\((?P<target>[^)\s]+)\)")
REFERENCE = re.compile(r"^\[(?P<name>[^\]]+)\]: (?P<target>\S+)$", re.MULTILINE)
SOURCE = re.compile(r'src="(?P<target>[^"]+)"')
FENCE = re.compile(r"(^```.*?^```$)", re.MULTILINE | re.DOTALL)
NAME = re.compile(r"`(?P<code>(?P<name>wsp_\w*[a-z0-9]|WSP_\w*[A-Z0-9]|Rust[A-Z]\w+)(?P<call>\(\))?)`")


def documents() -> dict[str, str]:
    """Returns the documents that exist, and their pages."""
    pages = dict(PAGES)
    for path in sorted((ROOT / "docs").rglob("*.md")):
        name = path.relative_to(ROOT).as_posix()
        pages.setdefault(name, path.relative_to(ROOT / "docs").as_posix())
    return {document: page for document, page in pages.items() if (ROOT / document).is_file()}


def title_of(document: str) -> str:
    found = re.search(r"^# (.+)$", (ROOT / document).read_text(encoding="utf-8"), re.MULTILINE)
    if not found:
        raise Failed(f"{document} has no title")
    return found[1].strip()


class Converter:
    """Rewrites the links of one document for its page in the book."""

    def __init__(self, document: str, pages: dict[str, str], names: dict[str, str], source: pathlib.Path):
        self.document = document
        self.pages = pages
        self.names = names
        self.source = source

    def relative(self, page: str) -> str:
        return os.path.relpath(page, os.path.dirname(self.pages[self.document]) or ".")

    def address(self, target: str) -> Optional[str]:
        """Returns the address in the book; None if the target is a file that the book does not contain."""
        if re.match(r"[a-z]+:|#", target):
            return target
        path, _, anchor = target.partition("#")
        named = os.path.normpath(os.path.join(os.path.dirname(self.document), path))
        anchor = f"#{anchor}" if anchor else ""
        if named == "docs":
            named = "docs/README.md"
        if named in self.pages or named in GENERATED:
            return self.relative(self.pages.get(named) or GENERATED[named]) + anchor
        if named.endswith((".png", ".svg")):
            copy = self.source / "images" / os.path.basename(named)
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(ROOT / named, copy)
            return self.relative(f"images/{os.path.basename(named)}")
        if not (ROOT / named).exists():
            raise Failed(f"{self.document} links to {target}, which does not exist")
        return None

    def link(self, match: re.Match[str]) -> str:
        address = self.address(match["target"])
        return match["text"] if address is None else f"{match['image']}[{match['text']}]({address})"

    def reference(self, match: re.Match[str]) -> str:
        return f"[{match['name']}]: {self.address(match['target']) or match['target']}"

    def image(self, match: re.Match[str]) -> str:
        return f'src="{self.address(match["target"])}"'

    def name(self, match: re.Match[str]) -> str:
        page = self.names.get(match["name"])
        return f"[`{match['code']}`]({self.relative(page)})" if page else match[0]

    def convert(self, text: str) -> str:
        parts = FENCE.split(text)
        return "".join(part if part.startswith("```") else self.convert_text(part) for part in parts)

    def convert_text(self, text: str) -> str:
        text = LINK.sub(self.link, text)
        text = REFERENCE.sub(self.reference, text)
        text = SOURCE.sub(self.image, text)
        return outside_links(NAME, self.name, text)


def outside_links(pattern: re.Pattern[str], change: Callable[[re.Match[str]], str], text: str) -> str:
    """Replaces matches that are neither in a heading nor in the text of a link."""
    lines = []
    for line in text.splitlines(keepends=True):
        if line.startswith("#"):
            lines.append(line)
            continue
        links = [match.span() for match in LINK.finditer(line)]

        def replace(match: re.Match[str], links: list[tuple[int, int]] = links) -> str:
            return match[0] if any(start <= match.start() < end for start, end in links) else change(match)

        lines.append(pattern.sub(replace, line))
    return "".join(lines)


def write(source: pathlib.Path, names: dict[str, str]) -> tuple[list[str], list[str]]:
    """Writes the pages of the documents. Returns the lines of the summary before and after the references."""
    pages = documents()
    summary = ["# Summary", ""]
    last: list[str] = []
    listed = set()
    for heading, members in PARTS:
        lines = last if heading == LAST_PART else summary
        if heading:
            lines += ["", f"# {heading}", ""]
        for document in members:
            if document in pages:
                listed.add(document)
                title = "Introduction" if document == "README.md" else title_of(document)
                lines.append(f"{'' if document == 'README.md' else '- '}[{title}]({pages[document]})")
    missing = sorted(set(pages) - listed)
    if missing:
        raise Failed(f"PARTS in pages.py does not list {', '.join(missing)}")
    for document, page in pages.items():
        target = source / page
        target.parent.mkdir(parents=True, exist_ok=True)
        text = (ROOT / document).read_text(encoding="utf-8")
        target.write_text(Converter(document, pages, names, source).convert(text), encoding="utf-8")
    return summary, last
