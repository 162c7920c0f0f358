"""Checks what a built library exports, and which other libraries it needs, whatever its format."""

from __future__ import annotations

import pathlib
import re

from ..process import output_of
from ..provision.rust_source import RustSource
from ..report import Failed
from ..targets import Platform

# The C functions, and the entry point of the extension. Names of Mach-O files begin with an underscore.
OWN = re.compile(r"_?(wsp_\w+|wspeer_gdextension_init)")
# What a library may need: every machine with the system has these. On Linux, the C library and the compiler's run time.
ALLOWED_LIBRARIES = {
    "linux": re.compile(r"(libc|libm|libdl|librt|libutil|libpthread|libgcc_s|ld-linux[-a-z0-9_]*)\.so\..*"),
    "android": re.compile(r"lib(c|m|dl|log)\.so"),
    "windows": re.compile(
        r"(kernel32|ntdll|advapi32|bcrypt|bcryptprimitives|crypt32|userenv|ws2_32|iphlpapi|msvcrt|ucrtbase"
        r"|api-ms-win-[-a-z0-9]+)\.dll",
        re.IGNORECASE,
    ),
    "macos": re.compile(r"/usr/lib/libSystem\.B\.dylib|/System/Library/Frameworks/.*"),
}


def exported_names(platform: Platform, library: pathlib.Path) -> "list[str]":
    rust = RustSource()
    if platform.system == "windows":
        text = output_of([rust.llvm("llvm-readobj"), "--coff-exports", library])
        return re.findall(r"^\s*Name: (\S+)$", text, re.MULTILINE)
    options = ["--extern-only", "--defined-only", "--format=just-symbols"]
    dynamic = [] if platform.system == "macos" else ["--dynamic"]
    text = output_of([rust.llvm("llvm-nm"), *options, *dynamic, library])
    return [line for line in text.splitlines() if line and not line.endswith(":")]


def needed_libraries(library: pathlib.Path) -> "list[str]":
    text = output_of([RustSource().llvm("llvm-objdump"), "--private-headers", library])
    elf = re.findall(r"^\s*NEEDED\s+(\S+)$", text, re.MULTILINE)
    pe = re.findall(r"DLL Name: (\S+)", text)
    macho = re.findall(r"cmd LC_LOAD_DYLIB\n\s*cmdsize \d+\n\s*name (\S+)", text)
    return sorted({*elf, *pe, *macho})


def require_own_exports(platform: Platform, library: pathlib.Path) -> None:
    """Fails if a library exports a name that is not of its interface, or needs what the system may lack."""
    exported = exported_names(platform, library)
    others = [name for name in exported if not OWN.fullmatch(name)]
    if others or not exported:
        raise Failed(f"{library} exports {len(others)} other names: {', '.join(others[:10]) or 'nothing'}")
    needed = needed_libraries(library)
    foreign = [name for name in needed if not ALLOWED_LIBRARIES[platform.system].fullmatch(name)]
    if foreign or not needed:
        raise Failed(f"{library} needs {', '.join(foreign) or 'no library, not even that of C'}")
