"""Signs the libraries of a release for one system, and renews what depends on their bytes.

    tools/run sign SYSTEM COMMAND [ARGUMENT...]

SYSTEM is `macos` or `windows`. In the command, {} stands for the library. If the signer writes another file, {signed}
stands for that.
"""

from __future__ import annotations

import pathlib
import shutil
import tarfile
import zipfile

from ..process import fresh_folder, run
from ..project import say, target_folder, version
from ..report import Failed
from ..targets import PLATFORMS
from .addon import archive_path
from .dist import finish_release, library_archive
from .pack import pack

SUFFIXES = {"macos": ".dylib", "windows": ".dll"}


def _unpack(archive: pathlib.Path, folder: pathlib.Path) -> None:
    if archive.suffix == ".zip":
        with zipfile.ZipFile(archive) as packed:
            packed.extractall(folder)
    else:
        with tarfile.open(archive) as packed_tar:
            packed_tar.extractall(folder)


def _sign(library: pathlib.Path, command: "tuple[str, ...]") -> None:
    signed = library.with_name(library.name + ".signed")
    mode = library.stat().st_mode
    run([part.replace("{signed}", str(signed)).replace("{}", str(library)) for part in command])
    if signed.exists():
        signed.replace(library)
    library.chmod(mode)


def sign(system: str = "", *command: str) -> None:
    suffix = SUFFIXES.get(system)
    if suffix is None or not command:
        raise Failed(__doc__ or "")
    count = 0
    for archive in [
        archive_path(),
        *(library_archive(platform) for platform in PLATFORMS if platform.system == system),
    ]:
        if not archive.exists():
            continue
        folder = fresh_folder(target_folder() / "packaging" / "sign")
        _unpack(archive, folder)
        libraries = sorted(folder.rglob(f"*{suffix}"))
        for library in libraries:
            _sign(library, command)
        count += len(libraries)
        prefix = "" if archive == archive_path() else f"wspeer-c-{version()}"
        pack(folder / prefix, archive, prefix)
        shutil.rmtree(folder)
    if count == 0:
        raise Failed(f"dist/ has no library for {system}")
    say(f"signed {count} libraries")
    finish_release()
