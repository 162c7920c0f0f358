"""Makes the static C library one object whose only global symbols are the C functions.

An archive of Rust holds its own copy of the standard library. Beside a second such archive, linkers report the symbols of
both as defined twice, or mix two versions. In one object they are local. The C functions are hidden: a plugin that
contains the library does not export them, so that two plugins of a program do not use each other's copy.
"""

from __future__ import annotations

import pathlib
import struct
from typing import NamedTuple

from ..book.c_header import parse
from ..process import Argument, run
from ..project import HEADER
from ..report import Failed

PREFIX = "wsp_"
STRUCTURE_SYMTAB = 2
BIND_LOCAL = 0
HIDDEN = 2


class BinaryTools(NamedTuple):
    """The programs that join and change object files of the target."""

    linker: tuple[Argument, ...] = ("ld", "--gc-sections")
    objcopy: tuple[Argument, ...] = ("objcopy",)
    archiver: tuple[Argument, ...] = ("ar",)


class ElfLayout(NamedTuple):
    """Where the fields that are read here stand in files of one word size."""

    section_table: str
    section_table_at: int
    counts_at: int
    section: str
    symbol: str


# The fields of a section are name, type, flags, address, offset, size, link, info, alignment, entry size.
ELF32 = ElfLayout("I", 0x20, 0x2E, "10I", "IIIBBH")
ELF64 = ElfLayout("Q", 0x28, 0x3A, "IIQQQQIIQQ", "IBBHQQ")


def function_names() -> list[str]:
    return [item.name for item in parse(HEADER.read_text(encoding="utf-8")).items() if item.kind == "function"]


def hide_symbols(content: bytearray) -> int:
    """Gives the defined global symbols of an ELF object hidden visibility, and returns their number."""
    if content[:4] != b"\x7fELF":
        raise Failed("the prelinked library is not an ELF object")
    layout, order = (ELF64 if content[4] == 2 else ELF32), ("<" if content[5] == 1 else ">")
    (table,) = struct.unpack_from(order + layout.section_table, content, layout.section_table_at)
    size, count = struct.unpack_from(order + "HH", content, layout.counts_at)
    is_64 = layout is ELF64
    hidden = 0
    for index in range(count):
        section = struct.unpack_from(order + layout.section, content, table + index * size)
        if section[1] != STRUCTURE_SYMTAB:
            continue
        for entry in range(section[4], section[4] + section[5], section[9]):
            fields = struct.unpack_from(order + layout.symbol, content, entry)
            bind, place = (fields[1] >> 4, fields[3]) if is_64 else (fields[3] >> 4, fields[5])
            if bind != BIND_LOCAL and place != 0:
                content[entry + (5 if is_64 else 13)] = HIDDEN
                hidden += 1
    return hidden


def prelink(archive: pathlib.Path, tools: BinaryTools = BinaryTools()) -> pathlib.Path:
    """Joins the members of an ELF archive that the C functions need. Returns the path of the new archive."""
    names = function_names()
    folder = archive.parent / "prelinked"
    folder.mkdir(exist_ok=True)
    joined, output = folder / "wspeer.o", folder / archive.name
    # Groups of sections would be merged by the names of symbols, which are local afterwards.
    roots = [f"--undefined={name}" for name in names]
    run([*tools.linker, "-r", "--force-group-allocation", *roots, archive, "-o", joined])
    run([*tools.objcopy, "--wildcard", f"--keep-global-symbol={PREFIX}*", "--strip-unneeded", joined])
    content = bytearray(joined.read_bytes())
    hidden = hide_symbols(content)
    if hidden != len(names):
        raise Failed(f"{archive} defines {hidden} of the {len(names)} functions of the header")
    joined.write_bytes(content)
    output.unlink(missing_ok=True)
    run([*tools.archiver, "rcsD", output, joined])
    return output
