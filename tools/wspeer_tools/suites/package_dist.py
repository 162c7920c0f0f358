"""Group `dist` of the packaging tests: the release."""

from __future__ import annotations

import pathlib
import re
import shutil
import tarfile

from ..packages.addon import stage_folder
from ..packages.dist import DIST, library_archive
from ..packages.notices import linked_packages
from ..process import fresh_folder, output_of, run
from ..project import EXTENSION_FEATURES, LIBRARY_FOLDER, ROOT, tracked_files, version
from ..report import Failed
from ..targets import platform_of
from .packaging import Packaging, make, require_nodelete, require_old_glibc, same

# Files that may state the version: Cargo.toml is its place, the others have examples, history, or generated copies.
MAY_STATE_VERSION = re.compile(
    r"^(Cargo\.toml$|CHANGELOG\.md$|tests/|include/wspeer\.h$|rust/capi/|tools/package/.*\.abi$"
    r"|godot_project/addons/wspeer/plugin\.cfg$)|Cargo\.lock$"
)


def build_release() -> None:
    shutil.rmtree(DIST, ignore_errors=True)
    make("dist", f"PLATFORMS={LIBRARY_FOLDER}")
    run(["sha256sum", "-c", "SHA256SUMS"], cwd=DIST)


def build_same_release() -> None:
    first = (DIST / "SHA256SUMS").read_text(encoding="utf-8")
    build_release()
    same("checksums of the second release", (DIST / "SHA256SUMS").read_text(encoding="utf-8"), first)


def use_library_archive(work: pathlib.Path) -> None:
    """The archive of the C library works in any folder."""
    unpacked = fresh_folder(work / "unpacked")
    with tarfile.open(library_archive(platform_of(LIBRARY_FOLDER))) as archive:
        archive.extractall(unpacked)
    prefix = unpacked / f"wspeer-c-{version()}"
    variables = {"PKG_CONFIG_PATH": prefix / "lib" / "pkgconfig"}
    flags = output_of(["pkg-config", "--cflags", "--libs", "wspeer"], env=variables).split()
    run(["gcc", ROOT / "tests/c/echo_client.c", "-o", work / "dist_client", *flags])
    require_old_glibc(prefix / "lib" / "libwspeer.so")
    require_nodelete(prefix / "lib" / "libwspeer.so")


def require_notices() -> None:
    """The notices name each package that the lock file links into the library."""
    text = (stage_folder() / "addons/wspeer/THIRD-PARTY-LICENSES.txt").read_text(encoding="utf-8")
    missing = [
        f"{name} {number}"
        for name, number in sorted(linked_packages(EXTENSION_FEATURES, (platform_of(LIBRARY_FOLDER),)))
        if name != "wspeer" and not re.search(rf"^{re.escape(name)} {re.escape(number)}: ", text, re.MULTILINE)
    ]
    if missing:
        raise Failed(f"not in the notices: {', '.join(missing)}")
    if "Mozilla Public License Version 2.0" not in text:
        raise Failed("the notices lack the Mozilla Public License")


def require_one_version() -> None:
    # A pin such as `name==0.1.0` is the version of another package.
    number = re.compile(rf"(?<![0-9.])(?<!==){re.escape(version())}(?![0-9.])")
    others = []
    for path in tracked_files():
        name = path.relative_to(ROOT).as_posix()
        if not MAY_STATE_VERSION.search(name) and number.search(path.read_text(encoding="utf-8", errors="replace")):
            others.append(name)
    if others:
        raise Failed(f"the version is also in {', '.join(others)}")
    if not re.search(
        rf"^## {re.escape(version())}\b", (ROOT / "CHANGELOG.md").read_text(encoding="utf-8"), re.MULTILINE
    ):
        raise Failed(f"CHANGELOG.md has no section for {version()}")


def run_group(packaging: Packaging) -> None:
    packaging.step("make dist", build_release)
    packaging.step("the same release again", build_same_release)
    packaging.step("the C library from its archive", lambda: use_library_archive(packaging.work))
    packaging.step("licence notices", require_notices)
    packaging.step("the version is in one place", require_one_version)
