"""Sums up what the benchmark measures: rows, docs/bench/results.md and results.svg."""

from __future__ import annotations

import html
import math
import os
import pathlib
import platform
import re
import statistics
from datetime import date
from typing import Iterator, NamedTuple, Optional

BEST_OF_BOTH = "against the best of libwebsockets and tungstenite"
IDLE_ROW = "processor time, 100 connections, 20 B, with 10000 idle against without"

# The least that a row should reach.
TARGETS = [
    (r"^ws echo (16 B|1 KiB)$", 2.0),
    (r"^ws echo (64 KiB|1 MiB)$", 5.0),
    (r"^ws burst 16 B$", 2.5),
    (r"^ws burst (1|64) KiB$", 5.0),
    (r"^ws text burst 128 B", 3.0),
    (r"^ws text burst 64 KiB", 6.0),
    (r"^idle poll, (200|1000) peers$", 8.0),
    (r"^connect and handshake$", 5.0),
    (r"^memory of an idle peer", 4.0),
    (r"^wss (echo|burst) 64 KiB$", 3.0),
    (r"^processor time, .* against the best of libwebsockets and tungstenite$", 1.2),
    (r"^processor time, 100 connections, (20|16384) B against a bare epoll loop$", 0.85),
    (r"^processor time, 100 connections, 20 B, with 10000 idle against without$", 1 / 1.2),
    (r"^unmask and UTF-8 check of 1 MiB", 0.5),
]
SECTIONS = {
    "engine": "In the engine: the extension's classes against the engine's",
    "servers": "Echo servers: processor time (user and system) of the server per message",
    "core": "The protocol core alone",
}


def target_of(name: str) -> Optional[float]:
    """Returns the ratio that a row should reach, if there is a target for it."""
    return next((target for pattern, target in TARGETS if re.search(pattern, name)), None)


class Row(NamedTuple):
    """One comparison. The numbers are texts with three digits; `ratio` is how many times better wspeer is."""

    section: str
    name: str
    unit: str
    ours: str
    theirs: str
    ratio: str

    @staticmethod
    def parse(section: str, line: str) -> "Row":
        """Reads a row as the benchmark programs print it: ROW, name, unit, ours, theirs, ratio."""
        fields = (line.split("\t")[1:] + [""] * 5)[:5]
        return Row(section, *fields)

    @staticmethod
    def of(section: str, name: str, unit: str, ours: float, theirs: float) -> "Row":
        """Makes a row of costs: less is better."""
        # Less than one byte or nanosecond cannot be measured.
        return Row(section, name, unit, f"{ours:.3g}", f"{theirs:.3g}", f"{theirs / max(ours, 1.0):.2f}")

    def __str__(self) -> str:
        return " ".join(self[1:])

    @property
    def is_comparison(self) -> bool:
        return bool(self.ratio) and not self.name.startswith("messages, ")


def median_row(section: str, name: str, unit: str, ours: "list[float]", theirs: "list[float]") -> Row:
    return Row.of(section, name, unit, statistics.median(ours), statistics.median(theirs))


def server_rows(title: str, samples: "dict[str, list[tuple[float, float]]]") -> "Iterator[Row]":
    """Yields the rows of one load; a sample is messages per second and nanoseconds per message."""
    rates = {name: statistics.median(rate for rate, _ in values) for name, values in samples.items()}
    costs = {name: statistics.median(cost for _, cost in values) for name, values in samples.items()}
    for name, rate in rates.items():
        yield Row("servers", f"messages, {title}: {name}", "per second", f"{rate:.3g}", f"{rate:.3g}", "1.00")
    best = min(costs[name] for name in ("lws", "tungstenite") if name in costs)
    time = f"processor time, {title}"
    yield Row.of("servers", f"{time} {BEST_OF_BOTH}", "ns", costs["wsp_server"], best)
    yield Row.of("servers", f"{time}: wsp_peers against the best of both", "ns", costs["wsp_peers"], best)
    if "bare" in costs:
        yield Row.of("servers", f"{time} against a bare epoll loop", "ns", costs["wsp_server"], costs["bare"])


def machine() -> str:
    model = "unknown processor"
    with open("/proc/cpuinfo", encoding="utf-8") as info:
        for line in info:
            if line.startswith("model name"):
                model = line.split(":", 1)[1].strip()
                break
    return f"{os.cpu_count()} cores of {model}, {platform.system()} {platform.release()}, {date.today().isoformat()}"


def idle_row(rows: "list[Row]") -> "Iterator[Row]":
    """Yields what 10,000 idle connections cost the server, if both loads were measured."""
    idle = [row for row in rows if row.name.endswith(f"10000 idle {BEST_OF_BOTH}")]
    none = [row for row in rows if row.name == f"processor time, 100 connections, 20 B {BEST_OF_BOTH}"]
    if idle and none:
        yield Row.of("servers", IDLE_ROW, "ns", float(idle[0].ours), float(none[0].ours))


def table_line(row: Row) -> str:
    target = target_of(row.name)
    mark = ""
    if target is not None:
        mark = f"{target:.2f}, {'reached' if float(row.ratio) >= target else 'not reached'}"
    theirs, ratio = (row.theirs, row.ratio) if row.is_comparison else ("", "")
    return f"| {row.name} | {row.unit} | {row.ours} | {theirs} | {ratio} | {mark} |"


def write(measured: "list[Row]", folder: pathlib.Path) -> None:
    """Writes the table and the chart, and prints the table and how many targets were reached."""
    rows = [*measured, *idle_row(measured)]
    introduction = f"Made by `make bench` on {machine()}. Medians; the two sides of a row were measured in turns."
    lines = ["# Benchmark", "", introduction, ""]
    for section, title in SECTIONS.items():
        heading = "| | unit | wspeer | the other | times better | target |"
        lines += [f"## {title}", "", heading, "|---|---|---|---|---|---|"]
        lines += [table_line(row) for row in rows if row.section == section]
        lines.append("")
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "results.md").write_text("\n".join(lines), encoding="utf-8")
    comparisons = [row for row in rows if row.is_comparison]
    if comparisons:
        (folder / "results.svg").write_text(chart(comparisons), encoding="utf-8")
    print("\n".join(lines))
    reached = [float(row.ratio) >= target for row in rows for target in [target_of(row.name)] if target is not None]
    print(f"{sum(reached)} targets reached, {len(reached) - sum(reached)} not")


ROW_HEIGHT, LEFT, WIDTH = 22, 560, 480


class Scale:
    """A logarithmic axis around 1."""

    def __init__(self, ratios: "list[float]"):
        self.top = max(max(ratios), 2.0)
        self.bottom = min(min(ratios), 0.5)

    def x(self, ratio: float) -> float:
        return LEFT + WIDTH * math.log(max(ratio, self.bottom) / self.bottom) / math.log(self.top / self.bottom)


def bar(row: Row, y: int, scale: Scale) -> "list[str]":
    ratio, target = float(row.ratio), target_of(row.name)
    one, end = scale.x(1.0), scale.x(ratio)
    colour = "#888" if target is None else "#2a7" if ratio >= target else "#c53"
    width, height = max(abs(end - one), 1), ROW_HEIGHT - 8
    parts = [
        f'<text x="{LEFT - 8}" y="{y + 12}" text-anchor="end">{html.escape(row.name)}</text>',
        f'<rect x="{min(one, end):.1f}" y="{y}" width="{width:.1f}" height="{height}" fill="{colour}"/>',
        f'<text x="{max(one, end) + 6:.1f}" y="{y + 12}">{ratio:.2f}</text>',
    ]
    if target is not None:
        x = scale.x(target)
        parts.append(f'<rect x="{x:.1f}" y="{y - 2}" width="2" height="{ROW_HEIGHT - 4}" fill="black"/>')
    return parts


def chart(rows: "list[Row]") -> str:
    """Returns bars of the ratios."""
    scale = Scale([float(row.ratio) for row in rows])
    size = f'width="{LEFT + WIDTH + 90}" height="{ROW_HEIGHT * (len(rows) + 2)}"'
    caption = "times better than the other (logarithmic); the mark is the target"
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" {size} font-family="sans-serif" font-size="12">',
        f'<rect width="100%" height="100%" fill="white"/><text x="{LEFT}" y="15">{caption}</text>',
    ]
    for index, row in enumerate(rows):
        parts += bar(row, ROW_HEIGHT * (index + 1) + 6, scale)
    x, bottom = scale.x(1.0), ROW_HEIGHT * (len(rows) + 1)
    parts.append(f'<line x1="{x:.1f}" y1="{ROW_HEIGHT}" x2="{x:.1f}" y2="{bottom}" stroke="black"/></svg>')
    return "\n".join(parts)
