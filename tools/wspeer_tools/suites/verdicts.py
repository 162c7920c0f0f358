"""Compares the verdicts of an Autobahn run with the committed ones and prints every case that differs."""

from __future__ import annotations

import fnmatch
import json
from collections import Counter
from pathlib import Path
from typing import Any

from ..report import Failed

COLUMNS = ["OK", "NON-STRICT", "FAILED", "INFORMATIONAL", "UNIMPLEMENTED"]
NOT_RUN = "not run"
CLOSE_DIFFERS = "close differs"
# A message of 16 MiB is not worth reading in a terminal.
SHOWN = 300

Entry = dict[str, Any]


def matching_cases(expected: Path, patterns: "list[str]") -> "list[str]":
    """Returns the cases of a file of verdicts that match a pattern such as `9.*`."""
    cases = json.loads(expected.read_text(encoding="utf-8"))
    unused = [pattern for pattern in patterns if not fnmatch.filter(cases, pattern)]
    if unused:
        raise Failed(f"no case matches {unused[0]!r}")
    return [case for case in cases if any(fnmatch.fnmatchcase(case, pattern) for pattern in patterns)]


def compare(expected_file: Path, cases: "list[str]", title: str, report_folders: "list[Path]") -> "tuple[int, int]":
    """Prints a table and every case that differs. Returns how many cases passed and failed."""
    expected = json.loads(expected_file.read_text(encoding="utf-8"))
    actual, notes = read_reports(report_folders)
    missing = [case for case in cases if case not in actual]
    # A case that was not asked for is a sign that something else was run.
    unasked = sorted(actual.keys() - set(cases), key=numbers)
    differing = [case for case in cases if case in actual and verdict(actual[case]) != verdict(expected[case])]

    print_table(title, cases, actual, expected)
    for case in differing:
        print_difference(case, expected[case], actual[case])
    for what, which in [("not run", missing), ("run without being asked for", unasked)]:
        if which:
            print(f"\n{len(which)} cases were {what}: {' '.join(which)}")
    for note in notes:
        print(f"\n{note}")
    print()
    failed = len(differing) + len(unasked) + len(missing) + len(notes)
    return len(cases) - len(differing) - len(missing), failed


def read_reports(folders: "list[Path]") -> "tuple[dict[str, Entry], list[str]]":
    """Returns the reports' cases, under any agent, and what is odd about them."""
    actual: dict[str, Entry] = {}
    notes = []
    for folder in folders:
        index = folder / "index.json"
        if not index.exists():
            # Then cases are missing, which is counted without this.
            continue
        for agent, cases in json.loads(index.read_text(encoding="utf-8")).items():
            for case, entry in cases.items():
                if case in actual:
                    notes.append(f"case {case} ran twice, the second time for {agent}")
                actual[case] = {**entry, "file": folder / entry["reportfile"]}
    return actual, notes


def verdict(entry: Entry) -> "tuple[str, str]":
    return entry["behavior"], entry["behaviorClose"]


def numbers(case: str) -> "list[int]":
    return [int(part) for part in case.split(".")]


def section_of(case: str) -> str:
    """Returns `9` for 9.1.1, but `12.1` for 12.1.1: those sections are large and differ."""
    parts = case.split(".")
    return ".".join(parts[: 2 if int(parts[0]) >= 12 else 1])


def print_table(title: str, cases: "list[str]", actual: "dict[str, Entry]", expected: "dict[str, Entry]") -> None:
    sections: dict[str, Counter[str]] = {}
    for case in cases:
        count = sections.setdefault(section_of(case), Counter())
        entry = actual.get(case)
        count[entry["behavior"] if entry else NOT_RUN] += 1
        # The close has a verdict of its own, which the columns would hide.
        if entry and entry["behaviorClose"] != expected[case]["behaviorClose"]:
            count[CLOSE_DIFFERS] += 1
    total: Counter[str] = sum(sections.values(), Counter())

    others = sorted(set(total) - {*COLUMNS, NOT_RUN, CLOSE_DIFFERS})
    columns = [*COLUMNS, *others, CLOSE_DIFFERS, NOT_RUN]
    headers = [column.lower() if len(column) > 2 else f"{column:>4}" for column in columns]
    print(f"{title:<24}  {'  '.join(headers)}")
    for name, count in [*sections.items(), ("total", total)]:
        cells = (str(count[column] or "-").rjust(len(header)) for column, header in zip(columns, headers))
        print(f"{name:>24}  {'  '.join(cells)}")


def print_difference(case: str, want: Entry, entry: Entry) -> None:
    print("\ncase {}: {}, close {}".format(case, *verdict(entry)), end="")
    print(", instead of {}, close {}".format(*verdict(want)))
    try:
        report = json.loads(entry["file"].read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        print(f"  (no details: {error})")
        return
    for key in (
        "description",
        "expectation",
        "expected",
        "received",
        "result",
        "expectedClose",
        "resultClose",
        "remoteCloseCode",
        "remoteCloseReason",
        "wasNotCleanReason",
    ):
        value = report.get(key)
        if value in (None, ""):
            continue
        text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
        text = " ".join(text.split())
        # What a peer sent may contain control sequences of terminals.
        text = "".join(c if c.isprintable() else f"\\x{ord(c):02x}" for c in text)
        print(f"  {key}: {text[:SHOWN]}{' ...' if len(text) > SHOWN else ''}")
    print(f"  report: {entry['file']}")
