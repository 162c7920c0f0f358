"""Checks the words of comments and texts against tools/terms.txt, and the length of comment lines."""

from __future__ import annotations

import pathlib
import re
from collections import Counter
from typing import Iterator, NamedTuple

from ..project import ROOT, tracked_files
from ..report import Failed

TERMS = ROOT / "tools" / "terms.txt"

# Files whose words are not the project's own, or that hold data.
SKIPPED = re.compile(
    r"^(tests/fuzz/corpus/|docs/bench/results|tools/package/licenses/|tools/package/wspeer\.abi$|tools/terms\.txt$"
    r"|(.*/)?Cargo\.lock$|LICENSE$|tests/conformance/expected_"
    # The engine's own tutorials, word for word.
    r"|godot_project/demos/(minimal_client|minimal_server|godot3_client|godot3_server)/)"
)
BINARY = {".png", ".svg", ".ico", ".ttf", ".zip", ".gz", ".crt", ".pem", ".key", ".bin"}

# The longest comment line, by folder. rustfmt does not format comments on stable Rust.
COMMENT_COLUMNS = (("rust/", 120), ("build/", 120), ("tests/it/", 120), ("include/", 100))
COMMENT = re.compile(r"^\s*(//|/\*|\*)")


class Term(NamedTuple):
    """A phrase, what to write instead, and the texts that may contain it."""

    phrase: "re.Pattern[str]"
    replacement: str
    allowed: "list[re.Pattern[str]]"


class Finding(NamedTuple):
    """A place that has to be changed."""

    path: str
    line: int
    text: str
    replacement: str

    def __str__(self) -> str:
        return f"{self.path}:{self.line}: '{self.text}': {self.replacement}"


def read_terms(path: pathlib.Path = TERMS) -> "list[Term]":
    """Reads the list: `PHRASE => REPLACEMENT`, followed by indented `allow EXPRESSION` lines of that phrase."""
    terms: list[Term] = []
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        if not line.strip() or line.startswith("#"):
            continue
        if line.startswith(" ") and terms and line.split(maxsplit=1)[0] == "allow":
            terms[-1].allowed.append(re.compile(line.split(maxsplit=1)[1], re.IGNORECASE))
            continue
        phrase, arrow, replacement = line.partition(" => ")
        if not arrow:
            raise Failed(f"{path.name}:{number} is neither 'PHRASE => REPLACEMENT' nor an indented 'allow EXPRESSION'")
        terms.append(Term(re.compile(phrase.strip(), re.IGNORECASE), replacement.strip(), []))
    return terms


def find_terms(path: str, text: str, terms: "list[Term]") -> "Iterator[Finding]":
    """Finds banned phrases, also those that a line break divides."""
    lines = text.splitlines()
    for index, line in enumerate(lines):
        # The end of the line before belongs to the phrase, without the marks that begin a comment line.
        before = lines[index - 1].rstrip()[-40:] + " " if index > 0 else ""
        joined = before + re.sub(r"^[\s/*#!>|-]+", "", line)
        own_part = len(before)
        for term in terms:
            for found in term.phrase.finditer(joined):
                # Only what reaches into this line: the rest was found with the line before.
                if found.end() > own_part and not is_allowed(term, joined, found.start(), found.end()):
                    yield Finding(path, index + 1, found[0], term.replacement)


def is_allowed(term: Term, text: str, start: int, end: int) -> bool:
    """Returns whether an allowed text of the term covers the found phrase."""
    return any(
        allowed.start() <= start and end <= allowed.end()
        for expression in term.allowed
        for allowed in expression.finditer(text)
    )


def find_long_comments(path: str, text: str) -> "Iterator[Finding]":
    for folder, columns in COMMENT_COLUMNS:
        if not path.startswith(folder):
            continue
        for number, line in enumerate(text.splitlines(), 1):
            # A link cannot be broken.
            if len(line) > columns and COMMENT.match(line) and "://" not in line:
                yield Finding(path, number, f"{line.strip()[:40]}…", f"a comment line has at most {columns} columns")


def checked_files() -> "Iterator[tuple[str, str]]":
    """Yields name and text of each file that is checked."""
    for path in tracked_files():
        name = path.relative_to(ROOT).as_posix()
        if SKIPPED.match(name) or path.suffix in BINARY:
            continue
        try:
            yield name, path.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue


def check_words() -> None:
    terms = read_terms()
    phrases: list[Finding] = []
    long_lines: list[Finding] = []
    files = 0
    for name, text in checked_files():
        files += 1
        phrases += find_terms(name, text, terms)
        long_lines += find_long_comments(name, text)
    for finding in (*phrases, *long_lines):
        print(finding)
    print_counts(phrases, long_lines)
    print(f"{len(phrases)} phrases, {len(long_lines)} long lines in {files} files; {len(terms)} terms")
    if files == 0:
        raise Failed("no file was checked")
    if phrases or long_lines:
        raise Failed("tools/terms.txt lists what to write instead")


def print_counts(phrases: "list[Finding]", long_lines: "list[Finding]") -> None:
    """Prints the findings per folder."""

    def count(findings: "list[Finding]") -> "Counter[str]":
        return Counter("/".join(finding.path.split("/")[:2]) for finding in findings)

    phrase_counts, line_counts = count(phrases), count(long_lines)
    for folder in sorted(phrase_counts | line_counts):
        print(f"{phrase_counts[folder]:6} phrases {line_counts[folder]:6} long lines  {folder}")
