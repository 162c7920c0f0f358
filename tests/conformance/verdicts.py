#!/usr/bin/env python3
"""Holds the verdicts of a run against the committed ones. Called by run.sh.

    verdicts.py list EXPECTED PATTERN...
        prints the cases of the file EXPECTED that match a PATTERN such as `9.*`

    verdicts.py compare EXPECTED CASES COUNTS TITLE REPORTS...
        compares what the suite wrote into the directories REPORTS with what EXPECTED
        has for the cases listed in the file CASES; prints a table and every case that
        differs; writes to the file COUNTS how many passed and how many failed
"""

import fnmatch
import json
import sys
from collections import Counter
from pathlib import Path

COLUMNS = ["OK", "NON-STRICT", "FAILED", "INFORMATIONAL", "UNIMPLEMENTED"]
NOT_RUN = "not run"
# A message of 16 MiB is not worth reading in a terminal.
SHOWN = 300


def main(command, *args):
    if command == "list":
        return list_cases(Path(args[0]), args[1:])
    if command == "compare":
        expected, cases, counts, title, *reports = args
        return compare(Path(expected), Path(cases), Path(counts), title, reports)
    sys.exit(f"verdicts.py: no command {command!r}")


def list_cases(expected, patterns):
    cases = json.loads(expected.read_text())
    unused = [p for p in patterns if not fnmatch.filter(cases, p)]
    if unused:
        sys.exit(f"verdicts.py: no case is called {unused[0]!r}")
    for case in cases:
        if any(fnmatch.fnmatchcase(case, p) for p in patterns):
            print(case)


def compare(expected_file, cases_file, counts_file, title, report_dirs):
    expected = json.loads(expected_file.read_text())
    cases = cases_file.read_text().split()
    actual, notes = read_reports(report_dirs)

    missing = [c for c in cases if c not in actual]
    # A case that nobody asked for is a sign that something else was run.
    unasked = sorted(actual.keys() - set(cases), key=numbers)
    differing = [c for c in cases if c in actual and verdict(actual[c]) != verdict(expected[c])]

    print_table(title, cases, actual, expected)
    for case in differing:
        print_difference(case, expected[case], actual[case])
    for what, which in [("not run", missing), ("run unasked", unasked)]:
        if which:
            print(f"\n{len(which)} cases were {what}: {' '.join(which)}")
    for note in notes:
        print(f"\n{note}")
    failed = len(differing) + len(unasked) + len(missing)
    passed = len(cases) - len(differing) - len(missing)
    print()
    counts_file.write_text(f"{passed} {failed + len(notes)}\n")


def read_reports(report_dirs):
    """The reports' cases, whatever agents they are filed under, and what is odd."""
    actual, notes = {}, []
    for directory in map(Path, report_dirs):
        index = directory / "index.json"
        if not index.exists():
            # Then cases are missing, which is counted without this.
            continue
        for agent, cases in json.loads(index.read_text()).items():
            for case, entry in cases.items():
                if case in actual:
                    notes.append(f"case {case} ran twice, the second time for {agent}")
                actual[case] = entry | {"file": directory / entry["reportfile"]}
    return actual, notes


def verdict(entry):
    return entry["behavior"], entry["behaviorClose"]


def numbers(case):
    return [int(part) for part in case.split(".")]


def section_of(case):
    """`9` for 9.1.1, but `12.1` for 12.1.1: those sections are large and differ."""
    parts = case.split(".")
    return ".".join(parts[: 2 if int(parts[0]) >= 12 else 1])


def print_table(title, cases, actual, expected):
    sections = {}
    for case in cases:
        count = sections.setdefault(section_of(case), Counter())
        entry = actual.get(case)
        behavior = entry["behavior"] if entry else NOT_RUN
        count[behavior] += 1
        # The close has a verdict of its own, which the columns would hide.
        if entry and entry["behaviorClose"] != expected[case]["behaviorClose"]:
            count["close differs"] += 1
    total = sum(sections.values(), Counter())

    others = sorted(set(total) - {*COLUMNS, NOT_RUN, "close differs"})
    columns = [*COLUMNS, *others, "close differs", NOT_RUN]
    headers = [c.lower() if len(c) > 2 else f"{c:>4}" for c in columns]
    print(f"{title:<24}  {'  '.join(headers)}")
    for name, count in [*sections.items(), ("total", total)]:
        cells = (str(count[c] or "-").rjust(len(h)) for c, h in zip(columns, headers))
        print(f"{name:>24}  {'  '.join(cells)}")


def print_difference(case, want, entry):
    print("\ncase {}: {}, close {}".format(case, *verdict(entry)), end="")
    print(", instead of {}, close {}".format(*verdict(want)))
    try:
        report = json.loads(entry["file"].read_text())
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
        # What a peer sent may hold whatever a terminal would obey.
        text = "".join(c if c.isprintable() else f"\\x{ord(c):02x}" for c in text)
        print(f"  {key}: {text[:SHOWN]}{' ...' if len(text) > SHOWN else ''}")
    print(f"  report: {entry['file']}")


if __name__ == "__main__":
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    sys.exit(main(*sys.argv[1:]))
