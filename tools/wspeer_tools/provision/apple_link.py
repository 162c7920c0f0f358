"""Links for macOS without Apple's SDK: makes stubs of its libraries from the symbols that the link has not found.

    python -m wspeer_tools.provision.apple_link C_LIBRARY STUB_FOLDER LINKER ARGUMENT...

A stub lists names. The library of that name on a Mac has the code; a name that it lacks is an error when it is loaded.
C_LIBRARY is a list of the names of Apple's C library; no others are taken for such.
"""

from __future__ import annotations

import pathlib
import re
import subprocess
import sys
from typing import Optional

from .translated_link import linker_arguments

# The frameworks that may be needed, and how the names of their symbols begin.
FRAMEWORKS = {
    "CoreFoundation": re.compile(r"_(CF|kCF|__CF)"),
    "Security": re.compile(r"_(Sec|kSec)"),
}
C_LIBRARY = "System"
# Other names of the C library, and a library that Rust names and does not use.
LIBRARIES = {
    C_LIBRARY: "/usr/lib/libSystem.B.dylib",
    "c": "/usr/lib/libSystem.B.dylib",
    "m": "/usr/lib/libSystem.B.dylib",
    "iconv": "/usr/lib/libiconv.2.dylib",
}
MISSING_SYMBOL = re.compile(r"undefined symbol: (\S+)")
OPTIONS = ("-dead_strip_dylibs", "--error-limit=0")

STUB = """--- !tapi-tbd
tbd-version: 4
targets: [ x86_64-macos, arm64-macos ]
install-name: '{name}'
exports:
  - targets: [ x86_64-macos, arm64-macos ]
    symbols: [ {symbols} ]
...
"""


def library_of(symbol: str, c_names: "set[str]") -> Optional[str]:
    for name, pattern in FRAMEWORKS.items():
        if pattern.match(symbol):
            return name
    return C_LIBRARY if symbol in c_names else None


def learn(text: str, known: "dict[str, set[str]]", c_names: "set[str]") -> bool:
    """Adds the symbols that a failed link has named to the known ones. Returns whether any is new."""
    is_new = False
    for symbol in MISSING_SYMBOL.findall(text):
        name = library_of(symbol, c_names)
        if name and symbol not in known[name]:
            known[name].add(symbol)
            is_new = True
    return is_new


def write_stubs(folder: pathlib.Path, known: "dict[str, set[str]]") -> None:
    def write(path: pathlib.Path, name: str, symbols: "set[str]") -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(STUB.format(name=name, symbols=", ".join(sorted(symbols))), encoding="utf-8")

    for name in FRAMEWORKS:
        place = f"/System/Library/Frameworks/{name}.framework/Versions/A/{name}"
        write(folder / f"{name}.framework" / f"{name}.tbd", place, known[name])
    for name, place in LIBRARIES.items():
        write(folder / f"lib{name}.tbd", place, known.get(name, set()))


def main(c_library: str, folder: str, linker: str, *arguments: str) -> int:
    c_names = set(re.findall(r"[\w$.]+", pathlib.Path(c_library).read_text(encoding="utf-8")))
    known: "dict[str, set[str]]" = {name: set() for name in (*FRAMEWORKS, C_LIBRARY)}
    stubs = pathlib.Path(folder)
    command = [linker, *OPTIONS, *linker_arguments(list(arguments)), f"-F{folder}", f"-L{folder}"]
    while True:
        write_stubs(stubs, known)
        result = subprocess.run(command, capture_output=True, text=True, check=False)
        if result.returncode == 0 or not learn(result.stderr, known, c_names):
            break
    sys.stdout.write(result.stdout)
    sys.stderr.write(result.stderr)
    return result.returncode


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
