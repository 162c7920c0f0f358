"""Links for macOS without Apple's SDK: makes stubs of its frameworks from the symbols that the link has not found.

    python -m wspeer_tools.provision.apple_link STUB_FOLDER LINKER ARGUMENT...

A stub lists names. The library of that name on a Mac has the code; a name that it lacks is an error when it is loaded.
"""

from __future__ import annotations

import pathlib
import re
import subprocess
import sys
from typing import Optional

# The frameworks that may be needed, and how the names of their symbols begin.
FRAMEWORKS = {
    "CoreFoundation": re.compile(r"_(CF|kCF|__CF)"),
    "Security": re.compile(r"_(Sec|kSec)"),
}
MISSING_FRAMEWORK = re.compile(r'unable to find (?:system )?framework "(\w+)"')
MISSING_SYMBOL = re.compile(r"undefined symbol: (\S+)")
# Each attempt finds more symbols, because a linker reports a limited number of them.
MOST_ATTEMPTS = 20

STUB = """--- !tapi-tbd
tbd-version: 4
targets: [ x86_64-macos, arm64-macos ]
install-name: '/System/Library/Frameworks/{name}.framework/Versions/A/{name}'
exports:
  - targets: [ x86_64-macos, arm64-macos ]
    symbols: [ {symbols} ]
...
"""


def framework_of(symbol: str) -> Optional[str]:
    for name, pattern in FRAMEWORKS.items():
        if pattern.match(symbol):
            return name
    return None


def learn(text: str, known: "dict[str, set[str]]") -> bool:
    """Adds what a failed link has named to the known frameworks and symbols. Returns whether that is anything new."""
    before = {name: set(symbols) for name, symbols in known.items()}
    for name in MISSING_FRAMEWORK.findall(text):
        if name in FRAMEWORKS:
            known.setdefault(name, set())
    for symbol in MISSING_SYMBOL.findall(text):
        name = framework_of(symbol)
        if name:
            known.setdefault(name, set()).add(symbol)
    return known != before


def write_stubs(folder: pathlib.Path, known: "dict[str, set[str]]") -> None:
    for name, symbols in known.items():
        framework = folder / f"{name}.framework"
        framework.mkdir(parents=True, exist_ok=True)
        text = STUB.format(name=name, symbols=", ".join(sorted(symbols)))
        (framework / f"{name}.tbd").write_text(text, encoding="utf-8")


def main(folder: str, *command: str) -> int:
    known: "dict[str, set[str]]" = {}
    stubs = pathlib.Path(folder)
    for _ in range(MOST_ATTEMPTS):
        result = subprocess.run([*command, "-F", str(stubs)], capture_output=True, text=True, check=False)
        if result.returncode == 0 or not learn(result.stderr, known):
            break
        write_stubs(stubs, known)
    sys.stdout.write(result.stdout)
    sys.stderr.write(result.stderr)
    return result.returncode


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
