"""Writes dist/wspeer-addon-VERSION.zip, which Godot projects unpack into their root folder."""

from __future__ import annotations

import pathlib
import re
import shutil

from ..project import ADDON, EXTENSION_FEATURES, LIBRARY_FOLDER, ROOT, say, target_folder, version
from .notices import notices
from .pack import pack
from .portable_cargo import output_folder, portable_cargo


def archive_path() -> pathlib.Path:
    return ROOT / "dist" / f"wspeer-addon-{version()}.zip"


def stage_folder() -> pathlib.Path:
    """Returns the folder whose content the archive has."""
    return target_folder() / "packaging" / "addon"


def build_addon() -> pathlib.Path:
    """Builds the libraries and writes the archive. Returns its path."""
    say("building the addon's libraries for glibc 2.28 or later")
    portable_cargo("build", "--quiet", "--lib", "--release", *EXTENSION_FEATURES)
    portable_cargo("build", "--quiet", "--lib", "--profile", "release-checked", *EXTENSION_FEATURES)
    stage = stage_folder()
    addon = stage / "addons" / "wspeer"
    libraries = addon / "bin" / LIBRARY_FOLDER
    shutil.rmtree(stage, ignore_errors=True)
    # The sample project's addon, without its built libraries and the files that the editor makes.
    skipped = shutil.ignore_patterns("*.import", "*.uid")

    def ignore(folder: str, names: list[str]) -> set[str]:
        top = {"bin"} if pathlib.Path(folder) == ADDON else set()
        return set(skipped(folder, names)) | top

    shutil.copytree(ADDON, addon, ignore=ignore, symlinks=True)
    libraries.mkdir(parents=True)
    # Debug builds of a game load a library with the checks of a debug build, optimised all the same.
    shutil.copy(output_folder("build", "release") / "libwspeer.so", libraries / "libwspeer.so")
    shutil.copy(output_folder("build", "release-checked") / "libwspeer.so", libraries / "libwspeer.debug.so")
    shutil.copy(ROOT / "LICENSE", addon / "LICENSE")
    (addon / "THIRD-PARTY-LICENSES.txt").write_text(notices(*EXTENSION_FEATURES), encoding="utf-8")
    # Not every project can use these class names, because others may have taken them: a project that wants them removes
    # this file.
    (addon / "godot3_names" / ".gdignore").touch()
    plugin = addon / "plugin.cfg"
    text = plugin.read_text(encoding="utf-8")
    plugin.write_text(re.sub(r"^version=.*", f'version="{version()}"', text, flags=re.MULTILINE), encoding="utf-8")
    archive_path().parent.mkdir(exist_ok=True)
    pack(stage, archive_path())
    return archive_path()
