"""Packs a folder so that the same content gives the same bytes, on any machine."""

from __future__ import annotations

import contextlib
import gzip
import os
import pathlib
import tarfile
import time
import zipfile

from ..project import EARLIEST_TIME, packaging_time

Entries = list[tuple[pathlib.Path, str]]


def _mode(path: pathlib.Path) -> int:
    return 0o755 if os.access(path, os.X_OK) else 0o644


def _write_zip(archive: pathlib.Path, entries: Entries, when: int) -> None:
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as out:
        for path, name in entries:
            info = zipfile.ZipInfo(name, time.gmtime(when)[:6])
            # Unix: the mode is in the upper half of the attributes.
            info.create_system = 3
            info.external_attr = (0o100000 | _mode(path)) << 16
            info.compress_type = zipfile.ZIP_DEFLATED
            out.writestr(info, path.read_bytes())


def _write_tar(archive: pathlib.Path, entries: Entries, when: int) -> None:
    with contextlib.ExitStack() as files:
        raw = files.enter_context(archive.open("wb"))
        packed = files.enter_context(gzip.GzipFile("", "wb", 9, raw, mtime=when))
        out = files.enter_context(tarfile.open(fileobj=packed, mode="w", format=tarfile.PAX_FORMAT))
        for path, name in entries:
            info = tarfile.TarInfo(name)
            info.mtime = when
            if path.is_symlink():
                info.type, info.linkname, info.mode = tarfile.SYMTYPE, os.readlink(path), 0o777
                out.addfile(info)
            else:
                info.size, info.mode = path.stat().st_size, _mode(path)
                with path.open("rb") as content:
                    out.addfile(info, content)


def pack(folder: pathlib.Path, archive: pathlib.Path, prefix: str = "") -> None:
    """Writes a .zip or .tar.gz of the folder's files, their names put below `prefix`.

    All times are packaging_time(). Names are sorted; owners and modes (except the executable bit) are the same for all.
    """
    when = max(packaging_time(), EARLIEST_TIME)
    files = sorted(path for path in folder.rglob("*") if path.is_symlink() or path.is_file())
    entries = [(path, str(pathlib.PurePosixPath(prefix, path.relative_to(folder).as_posix()))) for path in files]
    # A rename, so that no other process finds half of it.
    new = archive.with_name(archive.name + ".new")
    write = _write_zip if archive.suffix == ".zip" else _write_tar
    write(new, entries, when)
    new.replace(archive)
