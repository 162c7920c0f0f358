#!/usr/bin/env python3
"""Checks a built site: check.py SITE HEADER CLASSES.

Every function, type, macro and enum value of the header, and every class and member in the engine's XML files, must have
an anchor in the reference, and every internal link must lead to an existing page and anchor. Prints what is missing; the
exit status is 1 if anything is. The names are read from the header and the XML files by this file alone, so that a fault
of the generators does not hide itself.
"""

from __future__ import annotations

import html.parser
import pathlib
import re
import sys
import urllib.parse
import xml.etree.ElementTree as ElementTree

# A class that exists for the editor alone.
INTERNAL = {"RustWebSocketProfiler"}


class Page(html.parser.HTMLParser):
    """The anchors and links of one page."""

    def __init__(self, text: str):
        super().__init__(convert_charrefs=True)
        self.anchors: "set[str]" = set()
        self.links: "list[str]" = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: "list[tuple[str, str | None]]") -> None:
        values = {name: value or "" for name, value in attrs}
        if "id" in values:
            self.anchors.add(values["id"])
        for name in ("href", "src"):
            if name in values:
                self.links.append(values[name])


def names_of_header(text: str) -> "set[str]":
    """Returns all public names that a header declares."""
    code = re.sub(r"/\*.*?\*/", "", text, flags=re.DOTALL)
    functions = re.findall(r"^[a-z][^\n;{}#=]*?\b(wsp_\w+)\(", code, re.MULTILINE)
    types = re.findall(r"^\} (wsp_\w+);|^typedef struct wsp_\w+ (wsp_\w+);|^enum (wsp_\w+)", code, re.MULTILINE)
    macros = re.findall(r"^#define (WSP_\w+) ", code, re.MULTILINE)
    values = re.findall(r"^\s+(WSP_\w+)(?: = -?\d+)?,?$", code, re.MULTILINE)
    return {*functions, *(name for group in types for name in group if name), *macros, *values}


def members_of_class(root: ElementTree.Element) -> "set[str]":
    """Returns the anchors that a class's page must have."""
    wanted = set()
    for kind in ("method", "member", "signal", "constant"):
        for element in root.iter(kind):
            if not element.get("overrides"):
                wanted.add(f"{kind}-{element.get('name')}")
            if kind == "constant" and element.get("enum"):
                wanted.add(f"enum-{element.get('enum')}")
    return wanted


def read_site(site: pathlib.Path) -> "dict[pathlib.Path, Page]":
    return {path.resolve(): Page(path.read_text(encoding="utf-8")) for path in sorted(site.rglob("*.html"))}


def missing_names(site: pathlib.Path, pages: "dict[pathlib.Path, Page]", header: pathlib.Path) -> "list[str]":
    reference = site.resolve() / "c"
    anchors = set().union(*(page.anchors for path, page in pages.items() if path.parent == reference), set())
    names = names_of_header(header.read_text(encoding="utf-8"))
    if not names:
        return [f"{header} declares no names"]
    return [f"the C reference lacks {name}" for name in sorted(names - anchors)]


def missing_members(site: pathlib.Path, pages: "dict[pathlib.Path, Page]", classes: pathlib.Path) -> "list[str]":
    found = []
    files = sorted(classes.glob("*.xml"))
    if not files:
        return [f"{classes} has no classes"]
    for path in files:
        root = ElementTree.parse(path).getroot()
        name = root.get("name", "")
        if name in INTERNAL:
            continue
        page = pages.get(site.resolve() / "godot" / f"{name}.html")
        if page is None:
            found.append(f"the Godot reference lacks {name}")
            continue
        found += [f"godot/{name}.html lacks {member}" for member in sorted(members_of_class(root) - page.anchors)]
    return found


def broken_links(site: pathlib.Path, pages: "dict[pathlib.Path, Page]") -> "list[str]":
    found = []
    for path, page in pages.items():
        # Its links are relative to the address that was not found.
        if path.name == "404.html":
            continue
        for link in page.links:
            parts = urllib.parse.urlsplit(link)
            if parts.scheme or parts.netloc or (not parts.path and not parts.fragment):
                continue
            target = (path.parent / urllib.parse.unquote(parts.path)).resolve() if parts.path else path
            anchor = urllib.parse.unquote(parts.fragment)
            if not target.is_file():
                found.append(f"{path.relative_to(site.resolve())}: {link} leads to no page")
            elif anchor and target in pages and anchor not in pages[target].anchors:
                found.append(f"{path.relative_to(site.resolve())}: {link} leads to no anchor")
    return found


def problems(site: pathlib.Path, header: pathlib.Path, classes: pathlib.Path) -> "list[str]":
    pages = read_site(site)
    if not pages:
        return [f"{site} has no pages"]
    return missing_names(site, pages, header) + missing_members(site, pages, classes) + broken_links(site, pages)


def main(arguments: "list[str]") -> int:
    if len(arguments) != 3:
        print("usage: check.py SITE HEADER CLASSES", file=sys.stderr)
        return 2
    site, header, classes = map(pathlib.Path, arguments)
    found = problems(site, header, classes)
    print("\n".join(found) or "the site is complete")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
