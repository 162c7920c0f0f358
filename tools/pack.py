#!/usr/bin/env python3
"""Packs a folder so that the same content gives the same bytes: tools/pack.py FOLDER ARCHIVE.(zip|tar.gz) [PREFIX]

Times are $SOURCE_DATE_EPOCH, or 1980. Names are sorted, owners and modes (but for the executable bit) are the same for all.
"""

import gzip
import os
import pathlib
import sys
import tarfile
import time
import zipfile

# The earliest time that a zip file can hold.
EPOCH = max(int(os.environ.get("SOURCE_DATE_EPOCH", 0)), 315532800)


def mode_of(path):
    return 0o755 if os.access(path, os.X_OK) else 0o644


def write_zip(archive, entries):
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as out:
        for path, name in entries:
            info = zipfile.ZipInfo(name, time.gmtime(EPOCH)[:6])
            info.create_system = 3
            info.external_attr = (0o100000 | mode_of(path)) << 16
            info.compress_type = zipfile.ZIP_DEFLATED
            out.writestr(info, path.read_bytes())


def write_tar(archive, entries):
    with open(archive, "wb") as raw, gzip.GzipFile("", "wb", 9, raw, mtime=EPOCH) as packed:
        with tarfile.open(fileobj=packed, mode="w", format=tarfile.PAX_FORMAT) as out:
            for path, name in entries:
                info = tarfile.TarInfo(name)
                info.mtime = EPOCH
                if path.is_symlink():
                    info.type, info.linkname, info.mode = tarfile.SYMTYPE, os.readlink(path), 0o777
                    out.addfile(info)
                else:
                    info.size, info.mode = path.stat().st_size, mode_of(path)
                    with path.open("rb") as content:
                        out.addfile(info, content)


def main():
    folder, archive = pathlib.Path(sys.argv[1]), sys.argv[2]
    prefix = sys.argv[3] + "/" if len(sys.argv) > 3 else ""
    files = sorted(p for p in folder.rglob("*") if p.is_symlink() or p.is_file())
    entries = [(path, prefix + path.relative_to(folder).as_posix()) for path in files]
    # Renamed into place, so that nobody finds half of it.
    new = archive + ".new"
    (write_zip if archive.endswith(".zip") else write_tar)(new, entries)
    os.replace(new, archive)


main()
