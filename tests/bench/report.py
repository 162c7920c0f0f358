"""Sums up what run.sh measures.

    report.py median NAME UNIT OURS THEIRS     medians of two lists of numbers, as a row
    report.py servers                          rows of the lines that run.sh has measured of servers
    report.py write ROWS FOLDER                results.md and results.svg of all rows

A row has the fields name, unit, ours, theirs, how many times better ours is.
"""

import html
import os
import platform
import re
import statistics
import sys
from datetime import date

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
    "servers": "Echo servers: processor time (user and system) of the server for each message",
    "core": "The protocol core alone",
}


def target_of(name):
    return next((target for pattern, target in TARGETS if re.search(pattern, name)), None)


def print_row(name, unit, ours, theirs, ratio):
    print("ROW", name, unit, f"{ours:.3g}", f"{theirs:.3g}", f"{ratio:.2f}", sep="\t")


def median_row(name, unit, ours, theirs):
    ours, theirs = (statistics.median(map(float, text.split())) for text in (ours, theirs))
    # Less than a page for all of them is as little as can be seen.
    print_row(name, unit, ours, theirs, theirs / max(ours, 1.0))


def server_rows():
    samples = {}
    for line in sys.stdin:
        title, name, numbers = line.rstrip("\n").split("\t")
        rate, nanoseconds = map(float, numbers.split())
        samples.setdefault(title, {}).setdefault(name, []).append((rate, nanoseconds))
    for title, servers in samples.items():
        cost = {name: statistics.median(n for _, n in values) for name, values in servers.items()}
        rate = {name: statistics.median(r for r, _ in values) for name, values in servers.items()}
        for name in cost:
            print_row(f"messages, {title}: {name}", "a second", rate[name], rate[name], 1.0)
        best = min(cost[name] for name in ("lws", "tungstenite") if name in cost)
        print_row(
            f"processor time, {title} against the best of libwebsockets and tungstenite",
            "ns", cost["wsp_server"], best, best / cost["wsp_server"],
        )
        print_row(f"processor time, {title}: wsp_peers against the best of both", "ns", cost["wsp_peers"], best, best / cost["wsp_peers"])
        if "bare" in cost:
            print_row(
                f"processor time, {title} against a bare epoll loop", "ns", cost["wsp_server"], cost["bare"], cost["bare"] / cost["wsp_server"],
            )


def machine():
    model = "unknown processor"
    with open("/proc/cpuinfo", encoding="utf-8") as info:
        for line in info:
            if line.startswith("model name"):
                model = line.split(":", 1)[1].strip()
                break
    return f"{os.cpu_count()} cores of {model}, {platform.system()} {platform.release()}, {date.today().isoformat()}"


def write(path, folder):
    rows = [line.rstrip("\n").split("\t") for line in open(path, encoding="utf-8")]
    idle = [row for row in rows if row[1].endswith("10000 idle against the best of libwebsockets and tungstenite")]
    none = [row for row in rows if row[1] == "processor time, 100 connections, 20 B against the best of libwebsockets and tungstenite"]
    if idle and none:
        with_idle, without = float(idle[0][3]), float(none[0][3])
        rows.append(["servers", "processor time, 100 connections, 20 B, with 10000 idle against without", "ns", f"{with_idle:.3g}", f"{without:.3g}", f"{without / with_idle:.2f}"])
    os.makedirs(folder, exist_ok=True)
    lines = ["# Benchmark", "", f"Made by `make bench` on {machine()}. Medians; the two sides of a row were measured in turns.", ""]
    for section, title in SECTIONS.items():
        lines += [f"## {title}", "", "| | unit | wspeer | the other | times better | target |", "|---|---|---|---|---|---|"]
        for row in (row for row in rows if row[0] == section):
            _, name, unit, ours, theirs, ratio = (row + [""] * 6)[:6]
            target = target_of(name)
            mark = "" if target is None else f"{target:.2f}, {'reached' if float(ratio) >= target else 'not reached'}"
            plain = name.startswith("messages, ")
            lines.append(f"| {name} | {unit} | {ours} | {'' if plain else theirs} | {'' if plain else ratio} | {mark} |")
        lines.append("")
    with open(os.path.join(folder, "results.md"), "w", encoding="utf-8") as out:
        out.write("\n".join(lines))
    with open(os.path.join(folder, "results.svg"), "w", encoding="utf-8") as out:
        out.write(chart([row for row in rows if len(row) > 5 and row[5] and not row[1].startswith("messages, ")]))
    print("\n".join(lines))
    missed = [row for row in rows if target_of(row[1]) and float(row[5]) < target_of(row[1])]
    print(f"{sum(target_of(row[1]) is not None for row in rows) - len(missed)} targets reached, {len(missed)} not")


def chart(rows):
    """Bars of how many times better, on a logarithmic scale around 1."""
    import math

    height, left, width = 22, 560, 480
    top = max(max(float(row[5]) for row in rows), 2.0)
    bottom = min(min(float(row[5]) for row in rows), 0.5)
    span = math.log(top / bottom)

    def x(ratio):
        return left + width * math.log(max(ratio, bottom) / bottom) / span

    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{left + width + 90}" height="{height * (len(rows) + 2)}" font-family="sans-serif" font-size="12">',
        f'<rect width="100%" height="100%" fill="white"/><text x="{left}" y="15">times better than the other (logarithmic); the mark is the target</text>',
    ]
    for index, row in enumerate(rows):
        y = height * (index + 1) + 6
        ratio, target = float(row[5]), target_of(row[1])
        one, end = x(1.0), x(ratio)
        colour = "#888" if target is None else "#2a7" if ratio >= target else "#c53"
        parts.append(f'<text x="{left - 8}" y="{y + 12}" text-anchor="end">{html.escape(row[1])}</text>')
        parts.append(f'<rect x="{min(one, end):.1f}" y="{y}" width="{max(abs(end - one), 1):.1f}" height="{height - 8}" fill="{colour}"/>')
        parts.append(f'<text x="{max(one, end) + 6:.1f}" y="{y + 12}">{ratio:.2f}</text>')
        if target is not None:
            parts.append(f'<rect x="{x(target):.1f}" y="{y - 2}" width="2" height="{height - 4}" fill="black"/>')
    parts.append(f'<line x1="{x(1.0):.1f}" y1="{height}" x2="{x(1.0):.1f}" y2="{height * (len(rows) + 1)}" stroke="black"/></svg>')
    return "\n".join(parts)


if __name__ == "__main__":
    command, arguments = sys.argv[1], sys.argv[2:]
    {"median": median_row, "servers": server_rows, "write": write}[command](*arguments)
