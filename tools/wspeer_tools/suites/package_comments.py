"""Group `comments` of the packaging tests: every public declaration has a comment."""

from __future__ import annotations

import functools
import pathlib
import re
import shutil

from ..process import fresh_folder
from ..project import HEADER, ROOT
from ..report import Failed, note
from .packaging import Packaging, fails

# A declaration of the header, and the name that users know. Each has to be right below the end of a comment.
DECLARATION = re.compile(
    r"""^(?: (?:typedef\ )? (?:enum|struct) \s+ (?P<type>wsp_\w+) \s* (?=\#|\{|;|\n|\w)
          | \#define\ (?P<macro>WSP_\w+)
          | \ +(?P<value>WSP_\w+) \ =
          | \ +(?!typedef|return|:)(?:const\ )?\w+\ \**(?P<field>\w+)(?:\[\d+\])?;
          | (?:const\ )?\w+\ \**(?P<function>wsp_\w+)\( )""",
    re.VERBOSE,
)
TYPEDEF_OF_DECLARED = re.compile(r"^typedef (enum wsp_\w+ wsp_\w+|int32_t wsp_\w+);")

# What is registered with Godot. gdext makes the text of F1 from the doc comment above.
REGISTRATION = re.compile(r"#\[(func|var|export|signal|constant|derive\(GodotClass)\b")
# Virtual methods of the engine, directly or by a macro.
VIRTUAL_METHODS = re.compile(r"impl I\w+ for |\w+_virtuals! \{")
REGISTERED = re.compile(r"^\s*(?:pub(?:\([^)]*\))? )?(?:fn|struct|const) (?P<function>\w+)|^\s*(?P<variable>\w+): ")

MISSING_IN_HEADER = (
    r"wsp_peer_flush\(",
    "WSP_STATE_OPEN = ",
    "^    double close_timeout;",
    r"^enum wsp_failure_stage$|^enum wsp_stage$",
    "^#define WSP_PEER_OPTIONS_INIT",
)
MISSING_IN_GODOT = (r"fn poll\(", "verify_ssl: ", "pub struct RustTCPServer")


def header_without_comments(path: pathlib.Path) -> "tuple[int, list[str]]":
    seen, undocumented, is_below_comment = 0, [], False
    for line in path.read_text(encoding="utf-8").splitlines():
        found = DECLARATION.match(line)
        is_declaration = found and not TYPEDEF_OF_DECLARED.match(line) and not line.startswith(" *")
        if is_declaration or line.startswith("typedef struct {"):
            seen += 1
            if not is_below_comment:
                names = found.groupdict().values() if found else ["a struct"]
                undocumented.append(next(name for name in names if name))
        is_below_comment = line.rstrip().endswith("*/")
    return seen, undocumented


def members_without_comments(folder: pathlib.Path) -> "tuple[int, list[str]]":
    seen, undocumented = 0, []
    for path in sorted(folder.rglob("*.rs")):
        file_seen, names = members_of_file(path.read_text(encoding="utf-8"))
        seen += file_seen
        undocumented += [f"{path.name}: {name}" for name in names]
    return seen, undocumented


def members_of_file(source: str) -> "tuple[int, list[str]]":
    seen, undocumented = 0, []
    has_comment = is_registered = is_virtual = False
    # The accessors of a property are explained at the property.
    accessors = set(re.findall(r"\b[gs]et = (\w+)", source))
    for line in source.splitlines():
        text = line.strip()
        # The engine explains its own virtual methods.
        is_virtual = bool(VIRTUAL_METHODS.match(line)) or (is_virtual and line != "}")
        if text.startswith("///"):
            has_comment = has_comment or len(text) > len("///")
        elif REGISTRATION.match(text):
            is_registered = True
        elif not text.startswith("#["):
            name = REGISTERED.match(line)
            if is_registered and name and not is_virtual and name["function"] not in accessors:
                seen += 1
                if not has_comment:
                    undocumented.append(name["function"] or name["variable"])
            has_comment = is_registered = False
    return seen, undocumented


def require_comments(result: "tuple[int, list[str]]") -> None:
    seen, undocumented = result
    note(f"{seen} declarations")
    if undocumented or not seen:
        raise Failed(f"no comment: {', '.join(undocumented) or 'no declaration was found'}")


def remove_header_comment(packaging: Packaging, pattern: str) -> pathlib.Path:
    """Returns a copy of the header without the comment before each line that matches."""
    lines = HEADER.read_text(encoding="utf-8").splitlines()
    matches = [index for index, line in enumerate(lines) if re.search(pattern, line)]
    if not matches:
        raise ValueError(f"{pattern} is not in the header")
    for match in matches:
        index = match - 1
        while index >= 0 and re.match(r" *(/\*\*|\*)", lines[index]):
            lines[index] = ""
            index -= 1
    copy = packaging.work / "uncommented.h"
    copy.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return copy


def remove_member_comment(packaging: Packaging, pattern: str) -> pathlib.Path:
    """Returns a copy of rust/godot without the doc comment above each member that matches."""
    folder = fresh_folder(packaging.work / "uncommented")
    shutil.copytree(ROOT / "rust" / "godot", folder, dirs_exist_ok=True)
    changed = 0
    for path in folder.rglob("*.rs"):
        expression = r"(?:^ *///.*\n)+((?: *#\[.*\n)+ *" + pattern + ")"
        text, count = re.subn(expression, r"\1", path.read_text(encoding="utf-8"), flags=re.MULTILINE)
        path.write_text(text, encoding="utf-8")
        changed += count
    if changed == 0:
        raise ValueError(f"{pattern} is not in rust/godot")
    return folder


def check_without_header_comment(packaging: Packaging, pattern: str) -> None:
    require_comments(header_without_comments(remove_header_comment(packaging, pattern)))


def check_without_member_comment(packaging: Packaging, pattern: str) -> None:
    require_comments(members_without_comments(remove_member_comment(packaging, pattern)))


def run_group(packaging: Packaging) -> None:
    step = packaging.step
    step("every C declaration has a comment", lambda: require_comments(header_without_comments(HEADER)))
    for pattern in MISSING_IN_HEADER:
        check = functools.partial(check_without_header_comment, packaging, pattern)
        step(f"a missing comment is found: {pattern}", functools.partial(fails, check))
    members = ROOT / "rust" / "godot"
    step("every Godot member has a comment", lambda: require_comments(members_without_comments(members)))
    for pattern in MISSING_IN_GODOT:
        check = functools.partial(check_without_member_comment, packaging, pattern)
        step(f"a missing comment of a member is found: {pattern}", functools.partial(fails, check))
