"""Writes a release into dist/: the addon, the C library for each platform, the source, and their checksums.

The same commit gives the same bytes.
"""

from __future__ import annotations

import gzip
import hashlib
import pathlib
import re
import shutil

from ..process import run
from ..project import ROOT, say, target_folder, version
from ..targets import PLATFORMS, Platform, platform_of
from .addon import build_addon
from .install import Installation
from .pack import pack
from .platform_build import build
from .recipes import write_recipes

DIST = ROOT / "dist"


def library_archive(platform: Platform) -> pathlib.Path:
    return DIST / f"wspeer-c-{version()}-{platform.archive}.{'zip' if platform.system == 'windows' else 'tar.gz'}"


def pack_library(platform: Platform) -> pathlib.Path:
    """Builds the C library for a platform and writes its archive. Returns the path."""
    stage = target_folder() / "packaging" / "platforms" / platform.name / "stage"
    shutil.rmtree(stage, ignore_errors=True)
    prefix = "/usr/local"
    Installation(prefix, str(stage), platform, build(platform, "c")).install()
    # pkg-config and CMake find it in any folder that it is unpacked into.
    description = stage / prefix[1:] / "lib" / "pkgconfig" / "wspeer.pc"
    text = description.read_text(encoding="utf-8")
    description.write_text(
        re.sub(r"^prefix=.*", "prefix=${pcfiledir}/../..", text, flags=re.MULTILINE), encoding="utf-8"
    )
    archive = library_archive(platform)
    archive.parent.mkdir(exist_ok=True)
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


def write_release(*names: str) -> None:
    """Writes the release for the named platforms, or for all."""
    platforms = tuple(map(platform_of, names)) or PLATFORMS
    DIST.mkdir(exist_ok=True)
    for archive in DIST.glob("wspeer-*"):
        archive.unlink()
    for platform in platforms:
        pack_library(platform)
    build_addon(platforms)
    _pack_source()
    finish_release()


def finish_release() -> None:
    """Writes the recipes and the checksums for the archives that are in dist/."""
    libraries = {platform: library_archive(platform) for platform in PLATFORMS if library_archive(platform).exists()}
    write_recipes(libraries, DIST / f"wspeer-recipes-{version()}.zip")
    archives = sorted(path for path in DIST.glob("wspeer-*") if path.suffix in (".gz", ".zip"))
    sums = "".join(f"{hashlib.sha256(archive.read_bytes()).hexdigest()}  {archive.name}\n" for archive in archives)
    (DIST / "SHA256SUMS").write_text(sums, encoding="utf-8")
    say(f"the release is in {DIST}")
    print(sums, end="")
