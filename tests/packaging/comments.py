"""Names what users cannot look up: declarations of a C header and members of Godot classes without a comment.

    comments.py header FILE      comments.py godot FOLDER_OF_RUST
"""

import pathlib
import re
import sys

# A declaration of the header, and what users call it. Each has to stand right below the end of a comment.
DECLARATIONS = re.compile(
    r"""^(?: (?:typedef\ )? (?:enum|struct) \s+ (?P<type>wsp_\w+) \s* (?=\#|\{|;|\n|\w)
          | \#define\ (?P<macro>WSP_\w+)
          | \ +(?P<value>WSP_\w+) \ =
          | \ +(?!typedef|return|:)(?:const\ )?\w+\ \**(?P<field>\w+)(?:\[\d+\])?;
          | (?:const\ )?\w+\ \**(?P<function>wsp_\w+)\( )""",
    re.VERBOSE,
)


def header(path):
    seen, undocumented, below_comment = 0, [], False
    for line in pathlib.Path(path).read_text(encoding="utf-8").splitlines():
        found = DECLARATIONS.match(line)
        is_typedef_of_declared = re.match(r"^typedef (enum wsp_\w+ wsp_\w+|int32_t wsp_\w+);", line)
        if found and not is_typedef_of_declared and not line.startswith(" *"):
            seen += 1
            if not below_comment:
                undocumented.append(next(filter(None, found.groups())))
        if line.startswith("typedef struct {"):
            seen += 1
            if not below_comment:
                undocumented.append("a struct")
        below_comment = line.rstrip().endswith("*/")
    return seen, undocumented


# What is registered with Godot. gdext makes the text of F1 from the doc comment above.
REGISTERED = re.compile(r"^\s*(?:pub(?:\([^)]*\))? )?(?:fn|struct|const) (?P<function>\w+)|^\s*(?P<variable>\w+): ")


def godot(folder):
    seen, undocumented = 0, []
    for path in sorted(pathlib.Path(folder).rglob("*.rs")):
        has_comment, is_registered, is_virtual = False, False, False
        source = path.read_text(encoding="utf-8")
        # What stands behind a property is explained there.
        accessors = set(re.findall(r"\b[gs]et = (\w+)", source))
        for line in source.splitlines():
            text = line.strip()
            # The engine explains what it asks of its extensions.
            is_virtual = bool(re.match(r"impl I\w+ for |\w+_virtuals! \{", line)) or (is_virtual and line != "}")
            if text.startswith("///"):
                has_comment = has_comment or len(text) > len("///")
            elif re.match(r"#\[(func|var|export|signal|constant|derive\(GodotClass)\b", text):
                is_registered = True
            elif text.startswith("#["):
                pass
            else:
                name = REGISTERED.match(line)
                if is_registered and name and not is_virtual and name["function"] not in accessors:
                    seen += 1
                    if not has_comment:
                        undocumented.append(f"{path.name}: {name['function'] or name['variable']}")
                has_comment, is_registered = False, False
    return seen, undocumented


def main():
    seen, undocumented = {"header": header, "godot": godot}[sys.argv[1]](sys.argv[2])
    for name in undocumented:
        print(f"{name} has no comment")
    print(f"{seen} looked at")
    sys.exit(1 if undocumented or not seen else 0)


main()
