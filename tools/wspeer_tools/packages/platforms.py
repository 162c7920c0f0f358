"""Writes the table of docs/platforms.md from the list of platforms and the archives in dist/.

    tools/run platforms

Sizes are those of the archives that `make dist` has written last; a platform without an archive keeps its sizes.
"""

from __future__ import annotations

import pathlib
import re
import tarfile
import zipfile
from typing import Optional

from ..project import ROOT, say
from ..report import Failed
from ..targets import PLATFORMS, Platform
from .addon import archive_path
from .dist import library_archive

PAGE = ROOT / "docs" / "platforms.md"
MARKS = re.compile(r"(<!-- platforms: generated -->\n).*?(<!-- /platforms -->)", re.DOTALL)
HEAD = (
    "| platform | state | addon's library | C library, shared | C library, static | C archive |\n"
    "|---|---|---|---|---|---|\n"
)
SYSTEMS = {
    "linux": "Linux",
    "linux-musl": "Linux, musl",
    "windows": "Windows",
    "macos": "macOS",
    "android": "Android",
}
UNKNOWN = "?"


def members(archive: pathlib.Path) -> "dict[str, int]":
    """Returns the files of an archive with their sizes; none if there is no archive."""
    if not archive.exists():
        return {}
    if archive.suffix == ".zip":
        with zipfile.ZipFile(archive) as packed:
            return {info.filename: info.file_size for info in packed.infolist()}
    with tarfile.open(archive) as packed_tar:
        return {info.name: info.size for info in packed_tar if info.isfile()}


def _size(files: "dict[str, int]", pattern: str) -> Optional[int]:
    return next((size for name, size in sorted(files.items()) if re.search(pattern, name)), None)


def _cell(size: Optional[int]) -> str:
    return UNKNOWN if size is None else f"{size / 1e6:.1f} MB"


def cells(platform: Platform, addon: "dict[str, int]", library: pathlib.Path) -> "list[str]":
    """Returns the sizes of a platform's row; `-` is what it does not have, `?` what was not built."""
    extension = shared = "-"
    if platform.has_extension:
        extension = _cell(_size(addon, rf"/bin/{re.escape(platform.name)}/{platform.extension_file('release')}$"))
    files = members(library)
    if platform.shared:
        shared = _cell(_size(files, rf"/{re.escape(platform.shared)}[.0-9]*$"))
    static = _cell(_size(files, r"/libwspeer\.a$"))
    archive = _cell(library.stat().st_size if library.exists() else None)
    return [extension, shared, static, archive]


def label(platform: Platform) -> str:
    return f"{SYSTEMS[platform.system]} {platform.architecture}"


def table(page: str) -> str:
    """Returns the table; sizes that are not known are those of the table in the page."""
    before = {}
    for line in page.splitlines():
        fields = [field.strip() for field in line.strip("|").split("|")]
        before[fields[0]] = fields[2:]
    addon = members(archive_path())
    text = HEAD
    for platform in PLATFORMS:
        sizes = cells(platform, addon, library_archive(platform))
        earlier = before.get(label(platform), [UNKNOWN] * len(sizes))
        sizes = [old if new == UNKNOWN else new for new, old in zip(sizes, earlier)]
        text += f"| {label(platform)} | {platform.tested} | {' | '.join(sizes)} |\n"
    return text


def write_platforms() -> None:
    page = PAGE.read_text(encoding="utf-8")
    marks = MARKS.search(page)
    if not marks:
        raise Failed(f"{PAGE} has no marks around the table")
    written = table(marks[0])
    PAGE.write_text(page[: marks.end(1)] + written + page[marks.start(2) :], encoding="utf-8")
    missing = written.count(f"| {UNKNOWN} ")
    say(
        f"wrote {PAGE.relative_to(ROOT)}; {missing} sizes are not known"
        if missing
        else f"wrote {PAGE.relative_to(ROOT)}"
    )


def states(page: str) -> "dict[str, str]":
    """Returns the state of each platform in the page's table."""
    marks = MARKS.search(page)
    rows = re.findall(r"^\| ([^|]+) \| ([^|]+) \|", marks[0] if marks else "", re.MULTILINE)
    return {name: state for name, state in rows if name != "platform"}
