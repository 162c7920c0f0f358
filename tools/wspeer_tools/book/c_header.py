"""Reads include/wspeer.h: its conventions, sections, functions, types and constants, with their comments."""

from __future__ import annotations

import dataclasses
import re
from typing import Optional

# The groups of a header without section comments, by the longest prefix that fits. "" holds the rest.
GROUPS = {
    "wsp_peer": "Peer",
    "wsp_server": "Server",
    "wsp_client": "Client",
    "wsp_reconnect": "Client",
    "wsp_multiplayer": "Room",
    "wsp_tls": "TLS",
    "wsp_tcp_server": "TCP streams and listener",
    "wsp_stream": "TCP streams and listener",
    "wsp_trace": "Trace",
    "wsp_peer_get_trace_id": "Trace",
    "wsp_event": "Events of servers and clients",
    "": "Errors and version",
}

SECTION = re.compile(r"/\* =+ (?P<title>[^=\n]+?) =+ \*/\s*(?:/\*(?!\*)(?P<about>.*?)\*/)?", re.DOTALL)
ITEM = re.compile(r"/\*\*(?P<comment>.*?)\*/\s*(?P<code>[^\s/].*?)(?=\n\s*/\*|\Z)", re.DOTALL)
MEMBER = re.compile(r"/\*\*(?P<comment>.*?)\*/\s*(?P<code>[^;,]*[;,])", re.DOTALL)


@dataclasses.dataclass
class Member:
    """A field of a struct, or a value of an enum."""

    name: str
    code: str
    comment: str


@dataclasses.dataclass
class Item:
    """A function, macro, enum, struct or opaque handle."""

    kind: str
    name: str
    code: str
    comment: str
    members: list[Member] = dataclasses.field(default_factory=list)


@dataclasses.dataclass
class Section:
    title: str
    about: str
    items: list[Item] = dataclasses.field(default_factory=list)


@dataclasses.dataclass
class Header:
    conventions: str
    sections: list[Section]

    def items(self) -> list[Item]:
        return [item for section in self.sections for item in section.items]


def plain(comment: str) -> str:
    """Returns a comment's text without its asterisks."""
    lines = [re.sub(r"^\s*\* ?", "", line).rstrip() for line in comment.strip("\n").splitlines()]
    return "\n".join(lines).strip()


def declaration(code: str) -> str:
    """Returns a declaration without preprocessor lines, with the line breaks of the header."""
    if code.startswith("#define"):
        joined: list[str] = []
        for line in code.splitlines():
            joined.append(line)
            if not line.endswith("\\"):
                break
        return "\n".join(joined)
    lines = [line for line in code.splitlines() if not line.lstrip().startswith("#")]
    return "\n".join(lines).strip()


def parse_item(comment: str, code: str) -> Optional[Item]:
    if code.startswith("#define"):
        text = declaration(code)
        name = re.match(r"#define (\w+)", text)
        return Item("macro", name[1], text, plain(comment)) if name else None
    if code.startswith("enum"):
        # The body contains comments, so the caller parses it.
        name = re.match(r"enum (\w+)", code)
        return Item("enum", name[1], f"enum {name[1]}", plain(comment)) if name else None
    opaque = re.match(r"typedef struct \w+ (\w+);", code)
    if opaque:
        return Item("handle", opaque[1], opaque[0], plain(comment))
    text = declaration(code)
    end = text.find(";")
    name = re.search(r"\b(wsp_\w+)\s*\(", text)
    if name and end >= 0:
        return Item("function", name[1], re.sub(r"\n\s+", "\n    ", text[: end + 1]), plain(comment))
    return None


def members_of(body: str, is_enum: bool) -> list[Member]:
    members = []
    for match in MEMBER.finditer(body):
        code = " ".join(declaration(match["code"]).split()).rstrip(";,")
        name = re.match(r"\w+", code) if is_enum else re.search(r"(\w+)(?:\[\w+\])?$", code)
        if name:
            members.append(Member(name[0] if is_enum else name[1], code, plain(match["comment"])))
    return members


def parse_items(text: str) -> list[Item]:
    items: list[Item] = []
    # Types with a body are cut out first, because comments stand inside the body.
    composite = re.compile(
        r"/\*\*(?P<comment>(?:(?!\*/).)*)\*/\s*"
        r"(?:enum (?P<enum>\w+)[^{;]*\{(?P<values>.*?)\n\};|typedef struct \{(?P<fields>.*?)\n\} (?P<struct>\w+);)",
        re.DOTALL,
    )
    position = 0
    for match in composite.finditer(text):
        items += plain_items(text[position : match.start()])
        position = match.end()
        if match["enum"]:
            values = re.sub(r"(\w)(\s*)\Z", r"\1,\2", match["values"])
            members = members_of(values, is_enum=True)
            items.append(Item("enum", match["enum"], f"enum {match['enum']}", plain(match["comment"]), members))
        else:
            members = members_of(match["fields"], is_enum=False)
            code = "typedef struct {{\n{}\n}} {};".format(
                "\n".join(f"    {member.code};" for member in members), match["struct"]
            )
            items.append(Item("struct", match["struct"], code, plain(match["comment"]), members))
    return items + plain_items(text[position:])


def plain_items(text: str) -> list[Item]:
    items = []
    for match in ITEM.finditer(text):
        item = parse_item(match["comment"], match["code"])
        if item:
            items.append(item)
    return items


def group_of(name: str) -> str:
    prefixes = [prefix for prefix in GROUPS if name.lower().startswith(prefix)]
    return GROUPS[max(prefixes, key=len)]


def parse(text: str) -> Header:
    """Parses a header. Without section comments the declarations are grouped by the prefix of their names."""
    top = re.search(r"/\*(?!\*)(.*?)\*/", text, re.DOTALL)
    conventions = plain(top[1]) if top else ""
    body = text[top.end() :] if top else text
    marks = list(SECTION.finditer(body))
    if marks:
        sections = []
        for mark, following in zip(marks, [*marks[1:], None]):
            end = following.start() if following else len(body)
            about = plain(mark["about"] or "")
            sections.append(Section(mark["title"], about, parse_items(body[mark.end() : end])))
        return Header(conventions, [section for section in sections if section.items])
    groups = {title: Section(title, "") for title in dict.fromkeys(["Errors and version", *GROUPS.values()])}
    for item in parse_items(body):
        groups[group_of(item.name)].items.append(item)
    return Header(conventions, [section for section in groups.values() if section.items])
