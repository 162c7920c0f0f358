"""Checks a built site against the header and against the engine's description of the classes.

Every function, type, macro and enum value of the header must have an anchor in the reference, and so must every class
and member in the engine's XML files. Every internal link must lead to an existing page and anchor. This file reads the
header and the XML files by itself: with the parsers of the generators, a name that they miss would not be noticed.
"""

from __future__ import annotations

import html.parser
import pathlib
import re
import urllib.parse
import xml.etree.ElementTree as ElementTree
from typing import Optional

from ..project import HEADER
from ..report import Failed
from .build import SITE
from .dump import classes_folder
from .godot_classes import INTERNAL


class Page(html.parser.HTMLParser):
    """The anchors and links of one page."""

    def __init__(self, text: str):
        super().__init__(convert_charrefs=True)
        self.anchors: set[str] = set()
        self.links: list[str] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, Optional[str]]]) -> None:  # noqa: ARG002
        values = {name: value or "" for name, value in attrs}
        if "id" in values:
            self.anchors.add(values["id"])
        self.links += [values[name] for name in ("href", "src") if name in values]


def names_of_header(text: str) -> set[str]:
    """Returns all public names that a header declares."""
    code = re.sub(r"/\*.*?\*/", "", text, flags=re.DOTALL)
    functions = re.findall(r"^[a-z][^\n;{}#=]*?\b(wsp_\w+)\(", code, re.MULTILINE)
    types = re.findall(r"^\} (wsp_\w+);|^typedef struct wsp_\w+ (wsp_\w+);|^enum (wsp_\w+)", code, re.MULTILINE)
    macros = re.findall(r"^#define (WSP_\w+) ", code, re.MULTILINE)
    values = re.findall(r"^\s+(WSP_\w+)(?: = -?\d+)?,?$", code, re.MULTILINE)
    return {*functions, *(name for group in types for name in group if name), *macros, *values}


def members_of_class(root: ElementTree.Element) -> set[str]:
    """Returns the anchors that a class's page must have."""
    wanted = set()
    for kind in ("method", "member", "signal", "constant"):
        for element in root.iter(kind):
            if not element.get("overrides"):
                wanted.add(f"{kind}-{element.get('name')}")
            if kind == "constant" and element.get("enum"):
                wanted.add(f"enum-{element.get('enum')}")
    return wanted


class Check:
    """The problems of one site, and how many names, members and links were compared."""

    def __init__(self, site: pathlib.Path):
        self.site = site.resolve()
        self.pages = {path: Page(path.read_text(encoding="utf-8")) for path in sorted(self.site.rglob("*.html"))}
        self.names = 0
        self.members = 0
        self.links = 0
        self.problems = [] if self.pages else [f"{site} has no pages"]

    def compare_names(self, header: pathlib.Path) -> None:
        """Compares the C reference with a header."""
        reference = self.site / "c"
        anchors = {anchor for path, page in self.pages.items() if path.parent == reference for anchor in page.anchors}
        names = names_of_header(header.read_text(encoding="utf-8"))
        if not names:
            self.problems.append(f"{header} declares no names")
        self.names += len(names)
        self.problems += [f"the C reference lacks {name}" for name in sorted(names - anchors)]

    def compare_members(self, classes: pathlib.Path) -> None:
        """Compares the Godot reference with a folder of XML files."""
        files = sorted(classes.glob("*.xml"))
        if not files:
            self.problems.append(f"{classes} has no classes")
        for path in files:
            root = ElementTree.parse(path).getroot()
            name = root.get("name", "")
            if name in INTERNAL:
                continue
            page = self.pages.get(self.site / "godot" / f"{name}.html")
            if page is None:
                self.problems.append(f"the Godot reference lacks {name}")
                continue
            members = members_of_class(root)
            self.members += len(members)
            self.problems += [f"godot/{name}.html lacks {member}" for member in sorted(members - page.anchors)]

    def follow_links(self) -> None:
        for path, page in self.pages.items():
            # Its links are relative to the address that was not found.
            if path.name == "404.html":
                continue
            for link in page.links:
                self.follow_link(path, link)

    def follow_link(self, path: pathlib.Path, link: str) -> None:
        parts = urllib.parse.urlsplit(link)
        if parts.scheme or parts.netloc or (not parts.path and not parts.fragment):
            return
        self.links += 1
        target = (path.parent / urllib.parse.unquote(parts.path)).resolve() if parts.path else path
        anchor = urllib.parse.unquote(parts.fragment)
        if not target.is_file():
            self.problems.append(f"{path.relative_to(self.site)}: {link} leads to no page")
        elif anchor and target in self.pages and anchor not in self.pages[target].anchors:
            self.problems.append(f"{path.relative_to(self.site)}: {link} leads to no anchor")


def check_site(site: pathlib.Path, header: pathlib.Path, classes: pathlib.Path) -> Check:
    """Returns all problems of a site; without pages there are no others."""
    check = Check(site)
    if check.pages:
        check.compare_names(header)
        check.compare_members(classes)
        check.follow_links()
    return check


def check_docs(site: str = str(SITE)) -> None:
    """Checks the site that `tools/run docs` has built, in dist/docs by default."""
    check = check_site(pathlib.Path(site), HEADER, classes_folder())
    for problem in check.problems:
        print(problem)
    print(
        f"{len(check.pages)} pages: {check.names} C names, {check.members} members of Godot classes, "
        f"{check.links} internal links; {len(check.problems)} problems"
    )
    if check.problems:
        raise Failed(f"{site} is incomplete")
