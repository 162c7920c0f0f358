"""Writes the Godot class reference of the book from the XML files that the engine dumps for the extension."""

from __future__ import annotations

import html
import pathlib
import re
import xml.etree.ElementTree as ElementTree
from typing import Iterator, Optional

ENGINE = "https://docs.godotengine.org/en/stable/classes"
# Classes that exist for the editor only.
INTERNAL = {"RustWebSocketProfiler"}
# Types that have no page in the engine's class reference.
NO_PAGE = {"void"}
GLOBAL_CONSTANT = re.compile(r"(OK|FAILED|ERR_\w+|KEY_\w+|TYPE_\w+)$")
TAG = re.compile(r"\[(/?)([\w@]+)(?:[ =]([^\]]+))?\]")
KINDS = {"method": "method", "member": "member", "signal": "signal", "constant": "constant", "enum": "enum"}


class Class:
    """One class of the extension, as the engine describes it."""

    def __init__(self, root: ElementTree.Element):
        self.root = root
        self.name = root.get("name", "")
        self.base = root.get("inherits", "")
        self.methods = self._sorted("methods/method")
        self.members = [member for member in self._sorted("members/member") if not member.get("overrides")]
        self.signals = self._sorted("signals/signal")
        self.constants = root.findall("constants/constant")

    def _sorted(self, path: str) -> list[ElementTree.Element]:
        return sorted(self.root.findall(path), key=lambda element: element.get("name", ""))

    def set_defaults(self, defaults: dict[tuple[str, str], str]) -> None:
        """Adds the defaults, which the engine's dump of an extension lacks."""
        for member in self.members:
            value = defaults.get((self.name, member.get("name", "")))
            if value is not None:
                member.set("default", value)

    def enums(self) -> list[str]:
        return list(dict.fromkeys(constant.get("enum", "") for constant in self.constants if constant.get("enum")))

    def anchors(self) -> list[str]:
        """Returns the anchors of all members."""
        kinds = {"method": self.methods, "member": self.members, "signal": self.signals, "constant": self.constants}
        names = [f"{kind}-{element.get('name')}" for kind, elements in kinds.items() for element in elements]
        return names + [f"enum-{enum}" for enum in self.enums()]


def read_classes(folder: pathlib.Path) -> list[Class]:
    classes = [Class(ElementTree.parse(path).getroot()) for path in sorted(folder.glob("*.xml"))]
    return [found for found in classes if found.name not in INTERNAL]


class Writer:
    """Converts the text of one class; it knows the names of all classes of the extension."""

    def __init__(self, subject: Class, classes: dict[str, Class]):
        self.subject = subject
        self.classes = classes

    def class_link(self, name: str) -> str:
        if name in self.classes:
            return f"[`{name}`]({name}.md)"
        if name.endswith("[]"):
            return f"{self.class_link(name[:-2])}\\[\\]"
        array = re.fullmatch(r"Array\[(\w+)\]", name)
        if array:
            return f"Array\\[{self.class_link(array[1])}\\]"
        if name in NO_PAGE or not re.fullmatch(r"[\w@]+", name):
            return f"`{name}`"
        return f"[`{name}`]({ENGINE}/class_{name.lower()}.html)"

    def member_link(self, kind: str, target: str, text: str) -> str:
        """Links a method, member, signal, constant or enum. A name without class is the subject's, or its base's."""
        owner, _, name = target.rpartition(".")
        subject = self.classes.get(owner) if owner else self.subject
        anchor = f"{kind}-{name}"
        if subject and anchor in subject.anchors():
            page = "" if subject is self.subject else f"{subject.name}.md"
            return f"[`{text}`]({page}#{anchor})"
        if kind == "constant" and not owner and GLOBAL_CONSTANT.match(name):
            address = f"class_@globalscope.html#class-globalscope-constant-{name.lower().replace('_', '-')}"
            return f"[`{text}`]({ENGINE}/{address})"
        owner = owner or self.subject.base
        while owner in self.classes:
            owner = self.classes[owner].base
        kind = "property" if kind == "member" else kind
        address = f"class_{owner.lower()}.html#class-{owner.lower()}-{kind}-{name.lower().replace('_', '-')}"
        return f"[`{text}`]({ENGINE}/{address})"

    def inline(self, text: str) -> str:
        """Converts BBCode to Markdown."""
        result: list[str] = []
        position = 0
        for match in TAG.finditer(text):
            if match.start() < position:
                continue
            converted, end = self.tag(text, match)
            if converted is None:
                continue
            result += [escape(text[position : match.start()]), converted]
            position = end
        result.append(escape(text[position:]))
        return "".join(result)

    def tag(self, text: str, match: re.Match[str]) -> tuple[Optional[str], int]:
        """Returns the Markdown of a tag, None for an unknown tag, and the position of the text after it."""
        closing, name, argument = match.groups()
        end = match.end()
        if name in ("code", "codeblock", "codeblocks", "gdscript", "path", "kbd") and not closing:
            stop = text.find(f"[/{name}]", end)
            stop = len(text) if stop < 0 else stop
            content = text[end:stop]
            after = min(len(text), stop + len(name) + 3)
            if "\n" in content or name in ("codeblock", "gdscript"):
                return f"\n\n```gdscript\n{content.strip()}\n```\n\n", after
            return (f"`{content}`" if content else ""), after
        if name == "url":
            stop = text.find("[/url]", end)
            content = text[end:stop]
            return f"[{escape(content)}]({argument or content})", stop + len("[/url]")
        simple = {"b": "**", "i": "*", "br": "\n"}
        if name in simple:
            return simple[name], end
        if name in KINDS and argument:
            suffix = "()" if name == "method" else ""
            return self.member_link(name, argument, argument + suffix), end
        if name == "param" and argument:
            return f"`{argument}`", end
        if not closing and not argument and (name in self.classes or re.fullmatch(r"@?[A-Z]\w*", name)):
            return self.class_link(name), end
        return None, end

    def text(self, element: Optional[ElementTree.Element]) -> str:
        """Returns a description as paragraphs."""
        source = html.unescape((element.text if element is not None else "") or "")
        source = "\n".join(line.strip() for line in source.strip().splitlines())
        source = source.replace("[br][br]", "\n\n").replace("[br]", "\n\n")
        return re.sub(r"\n{3,}", "\n\n", self.inline(source)).strip()

    def type_of(self, element: Optional[ElementTree.Element]) -> str:
        if element is None:
            return "`void`"
        enum = element.get("enum")
        if enum:
            owner, _, name = enum.rpartition(".")
            if not owner and f"enum-{name}" not in self.subject.anchors():
                return f"[`{name}`]({ENGINE}/class_@globalscope.html#enum-globalscope-{name.lower()})"
            return self.member_link("enum", enum, enum)
        return self.class_link(element.get("type", "void"))

    def signature(self, element: ElementTree.Element) -> str:
        """Returns a method's or signal's declaration as in the editor's help."""
        parts = []
        for parameter in element.findall("param"):
            kind = parameter.get("enum") or parameter.get("type", "")
            default = parameter.get("default")
            parts.append(f"{parameter.get('name')}: {kind}" + (f" = {default}" if default is not None else ""))
        if "vararg" in element.get("qualifiers", ""):
            parts.append("...")
        result = element.find("return")
        returned = "" if result is None else f" -> {result.get('enum') or result.get('type')}"
        qualifiers = " ".join(word for word in element.get("qualifiers", "").split() if word in ("static", "const"))
        return f"{element.get('name')}({', '.join(parts)}){returned}{' ' + qualifiers if qualifiers else ''}"

    def page(self) -> str:
        subject = self.subject
        lines = [f"# {subject.name}", "", f"Inherits {' < '.join(self.bases())}.", ""]
        lines += [
            self.text(subject.root.find("brief_description")),
            "",
            self.text(subject.root.find("description")),
            "",
        ]
        lines += self.overview()
        lines += self.details("Properties", "member", subject.members)
        lines += self.details("Methods", "method", subject.methods)
        lines += self.details("Signals", "signal", subject.signals)
        lines += self.enumerations()
        return "\n".join(lines) + "\n"

    def bases(self) -> Iterator[str]:
        base = self.subject.base
        while base:
            yield self.class_link(base)
            base = self.classes[base].base if base in self.classes else ""

    def overview(self) -> list[str]:
        subject = self.subject
        lines: list[str] = []
        if subject.members:
            has_defaults = any(member.get("default") for member in subject.members)
            lines += table("property", "type", *(["default"] if has_defaults else []))
            for member in subject.members:
                default = member.get("default", "").replace("|", "\\|")
                link = self.member_link("member", member.get("name", ""), member.get("name", ""))
                row = f"| {link} | {self.type_of(member)} |"
                lines.append(f"{row} {f'`{default}`' if default else ''} |" if has_defaults else row)
            lines.append("")
        if subject.methods:
            lines += table("method", "returns")
            for method in subject.methods:
                name = method.get("name", "")
                link = self.member_link("method", name, f"{name}()")
                lines.append(f"| {link} | {self.type_of(method.find('return'))} |")
            lines.append("")
        if subject.signals:
            names = [signal.get("name", "") for signal in subject.signals]
            lines += ["Signals: " + ", ".join(self.member_link("signal", name, name) for name in names) + ".", ""]
        if subject.enums():
            enums = (self.member_link("enum", name, name) for name in subject.enums())
            lines += ["Enumerations: " + ", ".join(enums) + ".", ""]
        return lines

    def details(self, heading: str, kind: str, elements: list[ElementTree.Element]) -> list[str]:
        if not elements:
            return []
        lines = [f"## {heading} {{#{kind}s}}", ""]
        for element in elements:
            name = element.get("name", "")
            lines += [f"### `{name}` {{#{kind}-{name}}}", ""]
            if kind == "member":
                default = element.get("default")
                shown = f" = `{default}`" if default not in (None, "") else ""
                lines += [f"{self.type_of(element)}{shown}", "", self.text(element), ""]
            else:
                lines += ["```gdscript", self.signature(element), "```", "", self.text(element.find("description")), ""]
        return lines

    def enumerations(self) -> list[str]:
        subject = self.subject
        lines: list[str] = []
        groups = [*subject.enums(), ""]
        for enum in groups:
            constants = [constant for constant in subject.constants if constant.get("enum", "") == enum]
            if not constants:
                continue
            lines += [f"## {enum} {{#enum-{enum}}}" if enum else "## Constants {#constants}", ""]
            texts = [" ".join(self.text(constant).split()).replace("|", "\\|") for constant in constants]
            is_explained = any(texts)
            lines += table("constant", "value", *(["meaning"] if is_explained else []))
            for constant, text in zip(constants, texts):
                name = constant.get("name")
                row = f'| <a id="constant-{name}"></a>`{name}` | {constant.get("value")} |'
                lines.append(f"{row} {text} |" if is_explained else row)
            lines.append("")
        return lines


def escape(text: str) -> str:
    return re.sub(r"([*_<>\[\]|\\`])", r"\\\1", text)


def table(*columns: str) -> list[str]:
    """Returns the head of a table."""
    return [f"| {' | '.join(columns)} |", "|---" * len(columns) + "|"]


def index_page(classes: list[Class], names: dict[str, Class]) -> str:
    lines = ["# Godot class reference", "", "The text is that of the editor's help (F1).", ""]
    lines += ["| class | |", "|---|---|"]
    for subject in classes:
        brief = " ".join(Writer(subject, names).text(subject.root.find("brief_description")).split())
        lines.append(f"| [`{subject.name}`]({subject.name}.md) | {brief} |")
    return "\n".join(lines) + "\n"


def write(classes: list[Class], folder: pathlib.Path) -> None:
    """Writes a page for each class, and an index."""
    names = {subject.name: subject for subject in classes}
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "index.md").write_text(index_page(classes, names), encoding="utf-8")
    for subject in classes:
        (folder / f"{subject.name}.md").write_text(Writer(subject, names).page(), encoding="utf-8")
