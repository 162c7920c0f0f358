"""Separates the static C library from other Rust libraries of the same program: only the C functions keep their names.

An archive of Rust holds its own copy of the standard library. Beside a second such archive, linkers report symbols that
both define, or mix two versions. ELF archives become one object in which these symbols are local. No linker here makes
one object of COFF or Mach-O files, so their symbols get names that only this library has.

In ELF and Mach-O files the C functions are hidden: a plugin that contains the library does not export them, so two
plugins of a program do not use each other's copy.
"""

from __future__ import annotations

import pathlib
import re
import struct
import tempfile
from typing import Iterator, NamedTuple

from ..book.c_header import parse
from ..process import Argument, output_of, run
from ..project import HEADER, LIBRARY_FOLDER
from ..provision.programs import zig
from ..provision.rust_source import RustSource
from ..report import Failed
from ..targets import Platform

FUNCTIONS = "wsp_"
# No name of Rust or C begins like this.
OWN = "wspeer."
# Members that import from a DLL: objects named after it, and short descriptions, which are no objects.
IMPORTS = re.compile(r"\.dll$", re.IGNORECASE)
SHORT_IMPORT = b"\0\0\xff\xff"
ARCHIVE = b"!<arch>\n"
ARCHIVE_HEADER = 60
# The standard library's intermediate code. Other programs' plugins for LLVM end with an error when they read it, and
# LLVM's tools would take it for the symbols of the object.
BITCODE = {"elf": (".llvmbc", ".llvmcmd"), "windows": (".llvmbc", ".llvmcmd")}
BITCODE["macos"] = ("__LLVM,__bitcode", "__LLVM,__cmdline")
SYMBOL_TABLE = 2
LOCAL = 0
HIDDEN = 2


class ElfLayout(NamedTuple):
    """The places of the fields that are read here, in files of one word size."""

    section_table: str
    section_table_at: int
    counts_at: int
    section: str
    symbol_info_at: int
    symbol_section_at: int


# The fields of a section are name, type, flags, address, offset, size, link, info, alignment, entry size.
ELF32 = ElfLayout("I", 0x20, 0x2E, "10I", 12, 14)
ELF64 = ElfLayout("Q", 0x28, 0x3A, "IIQQQQIIQQ", 4, 6)


def function_names() -> list[str]:
    return [item.name for item in parse(HEADER.read_text(encoding="utf-8")).items() if item.kind == "function"]


def hide_symbols(content: bytearray) -> int:
    """Gives the defined global symbols of an ELF object hidden visibility, and returns their number."""
    if content[:4] != b"\x7fELF":
        raise Failed("the joined library is not an ELF object")
    layout, order = (ELF64 if content[4] == 2 else ELF32), ("<" if content[5] == 1 else ">")
    (table,) = struct.unpack_from(order + layout.section_table, content, layout.section_table_at)
    size, count = struct.unpack_from(order + "HH", content, layout.counts_at)
    hidden = 0
    for index in range(count):
        section = struct.unpack_from(order + layout.section, content, table + index * size)
        if section[1] != SYMBOL_TABLE:
            continue
        for symbol in range(section[4], section[4] + section[5], section[9]):
            (place,) = struct.unpack_from(order + "H", content, symbol + layout.symbol_section_at)
            if content[symbol + layout.symbol_info_at] >> 4 != LOCAL and place != 0:
                content[symbol + layout.symbol_info_at + 1] = HIDDEN
                hidden += 1
    return hidden


# Of Mach-O files for processors of 64 bits.
MACH_HEADER = b"\xcf\xfa\xed\xfe"
MACH_HEADER_BYTES = 32
MACH_SYMBOL_TABLE = 2
MACH_SYMBOL_BYTES = 16
MACH_EXTERNAL, MACH_IN_SECTION, MACH_PRIVATE = 0x01, 0x0E, 0x10


def hide_mach_symbols(content: bytearray) -> None:
    """Makes the defined external symbols of a Mach-O object private: no library that contains it exports them."""
    if content[:4] != MACH_HEADER:
        return
    (commands,) = struct.unpack_from("<I", content, 16)
    position = MACH_HEADER_BYTES
    for _ in range(commands):
        command, size, first, count = struct.unpack_from("<4I", content, position)
        position += size
        if command != MACH_SYMBOL_TABLE:
            continue
        for kind in range(first + 4, first + 4 + count * MACH_SYMBOL_BYTES, MACH_SYMBOL_BYTES):
            if content[kind] & MACH_EXTERNAL and content[kind] & MACH_IN_SECTION == MACH_IN_SECTION:
                content[kind] |= MACH_PRIVATE


class ElfTools(NamedTuple):
    """The programs that join and change object files: those of this machine, or LLVM's for any."""

    linker: "tuple[Argument, ...]"
    objcopy: Argument
    archiver: Argument

    @classmethod
    def of(cls, platform: Platform) -> "ElfTools":
        if platform.name == LIBRARY_FOLDER:
            return cls(("ld", "--gc-sections"), "objcopy", "ar")
        rust = RustSource()
        return cls((zig(), "ld.lld"), rust.llvm("llvm-objcopy"), rust.llvm("llvm-ar"))


def _join(archive: pathlib.Path, output: pathlib.Path, tools: ElfTools) -> None:
    """Makes one object of the members that the C functions need."""
    names = function_names()
    joined = output.with_suffix(".o")
    # Groups of sections would be merged by the names of symbols, which are local afterwards.
    roots = [f"--undefined={name}" for name in names]
    run([*tools.linker, "-r", "--force-group-allocation", *roots, archive, "-o", joined])
    options = ["--wildcard", f"--keep-global-symbol={FUNCTIONS}*", "--strip-unneeded"]
    options += [f"--remove-section={section}" for section in BITCODE["elf"]]
    run([tools.objcopy, *options, joined])
    content = bytearray(joined.read_bytes())
    hidden = hide_symbols(content)
    if hidden != len(names):
        raise Failed(f"{archive} defines {hidden} of the {len(names)} functions of the header")
    joined.write_bytes(content)
    run([tools.archiver, "rcsD", output, joined])
    joined.unlink()


def own_names(listing: str) -> "dict[str, str]":
    """Returns the new names of what the members of an archive define, from the output of `nm`."""
    names: "dict[str, str]" = {}
    is_import = False
    for line in listing.splitlines():
        if line.endswith(":"):
            is_import = IMPORTS.search(line[:-1]) is not None
        fields = line.split()
        if is_import or len(fields) != 3 or re.match(rf"_?{FUNCTIONS}", fields[2]):
            continue
        # Windows has a pointer to each imported symbol, which is named after it.
        prefix = "__imp_" if fields[2].startswith("__imp_") else ""
        names[fields[2]] = prefix + OWN + fields[2][len(prefix) :]
    return names


def read_members(content: bytes) -> "Iterator[tuple[str, bytes]]":
    """Yields the members of an archive with their names, in the form of GNU's tools and of Apple's."""
    long_names = b""
    position = len(ARCHIVE)
    while position < len(content):
        header = content[position : position + ARCHIVE_HEADER]
        start = position + ARCHIVE_HEADER
        size = int(header[48:58])
        name, data = header[:16].rstrip(), content[start : start + size]
        position = start + size + size % 2
        if name.startswith(b"#1/"):
            length = int(name[3:])
            name, data = data[:length].rstrip(b"\0"), data[length:]
        elif name == b"//":
            long_names = data
            continue
        elif re.fullmatch(rb"/[0-9]+", name):
            name = long_names[int(name[1:]) :].split(b"/\n", 1)[0]
        name = name.rstrip(b"/")
        # The rest are tables of symbols.
        if name and not name.startswith(b"__.SYMDEF"):
            yield name.decode(errors="replace"), data


def _rename(archive: pathlib.Path, output: pathlib.Path, folder: pathlib.Path, sections: "tuple[str, ...]") -> None:
    rust = RustSource()
    objects = folder / "objects.a"
    files: list[Argument] = []
    imports: list[Argument] = []
    for number, (name, data) in enumerate(read_members(archive.read_bytes())):
        # Several members can have one name.
        file = folder / f"{number:04}-{pathlib.PurePath(name).name}"
        content = bytearray(data)
        hide_mach_symbols(content)
        file.write_bytes(content)
        (imports if data.startswith(SHORT_IMPORT) else files).append(file)
    run([rust.llvm("llvm-ar"), "qcsD", objects, *files])
    objcopy: list[Argument] = [rust.llvm("llvm-objcopy"), "--strip-debug"]
    run([*objcopy, *(f"--remove-section={section}" for section in sections), objects])
    names = own_names(output_of([rust.llvm("llvm-nm"), "--extern-only", "--defined-only", objects]))
    if not names:
        raise Failed(f"{archive} defines no symbol")
    table = folder / "names"
    table.write_text("".join(f"{old} {new}\n" for old, new in sorted(names.items())), encoding="utf-8")
    run([rust.llvm("llvm-objcopy"), f"--redefine-syms={table}", objects])
    run([rust.llvm("llvm-ar"), "qcsDL", output, objects, *imports])


def separate(archive: pathlib.Path, platform: Platform) -> pathlib.Path:
    """Writes the separated archive to a folder beside the given one, and returns its path.

    An archive for macOS has code for one architecture.
    """
    output = archive.parent / "separated" / archive.name
    output.parent.mkdir(exist_ok=True)
    output.unlink(missing_ok=True)
    if platform.system in ("windows", "macos"):
        with tempfile.TemporaryDirectory(dir=output.parent) as folder:
            _rename(archive, output, pathlib.Path(folder), BITCODE[platform.system])
    else:
        _join(archive, output, ElfTools.of(platform))
    return output
