"""Writes a release into dist/: the addon, the C library for Linux, the source, and their checksums.

The same commit gives the same bytes.
"""

from __future__ import annotations

import gzip
import hashlib
import pathlib
import re
import shutil

from ..process import run
from ..project import MACHINE, ROOT, say, target_folder, version
from .addon import build_addon
from .install import Installation
from .pack import pack

DIST = ROOT / "dist"


def _pack_library() -> pathlib.Path:
    stage = target_folder() / "packaging" / "c"
    shutil.rmtree(stage, ignore_errors=True)
    prefix = "/usr/local"
    Installation(prefix, str(stage), is_portable=True).install()
    # pkg-config and CMake find it in any folder that it is unpacked into.
    description = stage / prefix[1:] / "lib" / "pkgconfig" / "wspeer.pc"
    text = description.read_text(encoding="utf-8")
    description.write_text(
        re.sub(r"^prefix=.*", "prefix=${pcfiledir}/../..", text, flags=re.MULTILINE), encoding="utf-8"
    )
    archive = DIST / f"wspeer-c-{version()}-linux-{MACHINE}.tar.gz"
    pack(stage / prefix[1:], archive, f"wspeer-c-{version()}")
    return archive


def _pack_source() -> pathlib.Path:
    plain = target_folder() / "packaging" / "source.tar"
    run(["git", "archive", "--format=tar", f"--prefix=wspeer-{version()}/", "-o", plain, "HEAD"], cwd=ROOT)
    archive = DIST / f"wspeer-{version()}-src.tar.gz"
    new = archive.with_name(archive.name + ".new")
    with plain.open("rb") as source, new.open("wb") as raw, gzip.GzipFile("", "wb", 9, raw, mtime=0) as packed:
        shutil.copyfileobj(source, packed)
    new.replace(archive)
    return archive


def write_release() -> None:
    DIST.mkdir(exist_ok=True)
    archives = [build_addon(), _pack_library(), _pack_source()]
    sums = "".join(f"{hashlib.sha256(archive.read_bytes()).hexdigest()}  {archive.name}\n" for archive in archives)
    (DIST / "SHA256SUMS").write_text(sums, encoding="utf-8")
    say(f"the release is in {DIST}")
    print(sums, end="")
