"""Writes the C reference of the book, one page per section of include/wspeer.h."""

from __future__ import annotations

import pathlib
import re

from . import c_header
from .c_header import Header, Item, Section

IDENTIFIER = re.compile(r"\b(?:wsp_[A-Za-z0-9_]*[A-Za-z0-9]|WSP_[A-Z0-9_]*[A-Z0-9])\b(?:\(\))?")
KINDS = {
    "handle": "Handles",
    "struct": "Structs",
    "enum": "Enums",
    "macro": "Macros",
    "function": "Functions",
}


def slug(title: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", title.lower()).strip("-")


def addresses(header: Header) -> dict[str, str]:
    """Returns page and anchor of every public name."""
    found = {}
    for section in header.sections:
        for item in section.items:
            page = f"{slug(section.title)}.md"
            found[item.name] = f"{page}#{item.name}"
            if item.kind == "enum":
                for member in item.members:
                    found[member.name] = f"{page}#{member.name}"
    return found


def escape(text: str) -> str:
    """Escapes the characters of Markdown's markup, except for code in backticks."""
    parts = re.split(r"(`[^`\n]*`)", text)
    return "".join(part if part.startswith("`") else re.sub(r"([*_<>\[\]|\\])", r"\\\1", part) for part in parts)


def linked(text: str, known: dict[str, str], here: str = "") -> str:
    """Escapes a comment and links the names in it. `here` is the item that the comment explains."""
    result = []
    position = 0
    for match in IDENTIFIER.finditer(text):
        name = match[0].rstrip("()")
        start, end = match.span()
        # Backticks around a name belong to the code of its link.
        quoted = text[start - 1 : start] == "`" and text[end : end + 1] == "`"
        if quoted:
            start, end = start - 1, end + 1
        elif text.count("`", 0, start) % 2 == 1:
            continue
        result.append(escape(text[position:start]))
        code = f"`{match[0]}`"
        result.append(f"[{code}]({known[name]})" if name in known and name != here else code)
        position = end
    result.append(escape(text[position:]))
    return "".join(result)


def paragraphs(text: str, known: dict[str, str], here: str = "") -> str:
    """Returns a comment as Markdown. Paragraphs that are indented by four stay code; lines with "- " become lists."""
    # A line without indentation ends a list.
    text = re.sub(r"(^ +\S.*\n)(?=\S)", r"\1\n", text, flags=re.MULTILINE)
    blocks: list[str] = []
    for block in re.split(r"\n\s*\n", text):
        if all(line.startswith("    ") for line in block.splitlines()):
            code = "\n".join(line[4:] for line in block.splitlines())
            if blocks and blocks[-1].startswith("```c\n"):
                blocks[-1] = f"{blocks[-1][:-4]}\n\n{code}\n```"
            else:
                blocks.append(f"```c\n{code}\n```")
            continue
        text_of_block = re.sub(r"\n\s+-\s", "\n- ", f"\n{block}").strip("\n")
        text_of_block = re.sub(r"\n(?!- )\s+", " ", text_of_block)
        text_of_block = re.sub(r"^(?!- )(.*)\n- ", r"\1\n\n- ", text_of_block, count=1, flags=re.MULTILINE)
        blocks.append(linked(text_of_block, known, here))
    return "\n\n".join(blocks)


def cell(text: str, known: dict[str, str]) -> str:
    return " ".join(linked(text, known).split())


def item_text(item: Item, known: dict[str, str]) -> list[str]:
    lines = [f"### `{item.name}` {{#{item.name}}}", "", "```c", item.code, "```", ""]
    if item.kind == "enum":
        # The values follow as a table.
        lines = [lines[0], ""]
    lines += [paragraphs(item.comment, known, item.name), ""]
    if item.kind == "enum":
        lines += ["| value | number | meaning |", "|---|---|---|"]
        for member in item.members:
            number = member.code.partition("=")[2].strip()
            lines.append(f'| <a id="{member.name}"></a>`{member.name}` | {number} | {cell(member.comment, known)} |')
        lines.append("")
    elif item.kind == "struct":
        lines += ["| field | meaning |", "|---|---|"]
        lines += [f"| `{member.name}` | {cell(member.comment, known)} |" for member in item.members]
        lines.append("")
    return lines


def section_page(section: Section, known: dict[str, str]) -> str:
    lines = [f"# {section.title}", ""]
    if section.about:
        lines += [paragraphs(section.about, known), ""]
    functions = [item for item in section.items if item.kind == "function"]
    if functions:
        lines += ["| function | |", "|---|---|"]
        for item in functions:
            first = re.split(r"(?<=\.)\s|\n\s*\n", item.comment, maxsplit=1)[0]
            lines.append(f"| [`{item.name}()`](#{item.name}) | {cell(first, known)} |")
        lines.append("")
    for kind, heading in KINDS.items():
        chosen = [item for item in section.items if item.kind == kind]
        if chosen:
            lines += [f"## {heading} {{#kind-{kind}}}", ""]
            for item in chosen:
                lines += item_text(item, known)
    return "\n".join(lines)


def index_page(header: Header, known: dict[str, str]) -> str:
    conventions = re.sub(r"\n\s*\nGenerated from .*\Z", "", header.conventions, flags=re.DOTALL)
    lines = ["# C reference", "", paragraphs(conventions, known), "", "## Sections", ""]
    lines += ["| section | functions | types and macros |", "|---|---|---|"]
    for section in header.sections:
        functions = sum(item.kind == "function" for item in section.items)
        lines.append(
            f"| [{section.title}]({slug(section.title)}.md) | {functions} | {len(section.items) - functions} |"
        )
    lines += ["", "## All names", ""]
    for kind, heading in KINDS.items():
        names = sorted(item.name for item in header.items() if item.kind == kind)
        lines += [f"**{heading}**: " + ", ".join(f"[`{name}`]({known[name]})" for name in names), ""]
    return "\n".join(lines)


def write(header_path: pathlib.Path, folder: pathlib.Path) -> tuple[list[tuple[str, str]], dict[str, str]]:
    """Writes the pages. Returns their titles and names for the summary, and the address of every name in the header."""
    header = c_header.parse(header_path.read_text(encoding="utf-8"))
    known = addresses(header)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "index.md").write_text(index_page(header, known), encoding="utf-8")
    pages = []
    for section in header.sections:
        name = f"{slug(section.title)}.md"
        (folder / name).write_text(section_page(section, known), encoding="utf-8")
        pages.append((section.title, name))
    return pages, known
