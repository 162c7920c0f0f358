"""Writes dist/wspeer-addon-VERSION.zip, which Godot projects unpack into their root folder."""

from __future__ import annotations

import pathlib
import re
import shutil

from ..project import ADDON, EXTENSION_FEATURES, ROOT, target_folder, version
from ..targets import EXTENSION_BUILDS, Platform, list_of_libraries
from .notices import notices
from .pack import pack
from .platform_build import build


def archive_path() -> pathlib.Path:
    return ROOT / "dist" / f"wspeer-addon-{version()}.zip"


def stage_folder() -> pathlib.Path:
    """Returns the folder whose content the archive has."""
    return target_folder() / "packaging" / "addon"


def _add_libraries(addon: pathlib.Path, platforms: "tuple[Platform, ...]") -> None:
    """Builds the libraries, and lets the addon name these and no others."""
    for platform in platforms:
        folder = addon / "bin" / platform.name
        folder.mkdir(parents=True)
        for kind in EXTENSION_BUILDS:
            shutil.copy(build(platform, kind) / (platform.shared or ""), folder / platform.extension_file(kind))
    extension = addon / "wspeer.gdextension"
    text = extension.read_text(encoding="utf-8")
    libraries = list_of_libraries(platforms)
    text = re.sub(r"\[libraries\]\n.*?(?=\[icons\])", lambda _: libraries, text, flags=re.DOTALL)
    extension.write_text(text, encoding="utf-8")


def build_addon(platforms: "tuple[Platform, ...]") -> pathlib.Path:
    """Builds the libraries for these platforms and writes the archive. Returns its path."""
    platforms = tuple(platform for platform in platforms if platform.has_extension)
    stage = stage_folder()
    addon = stage / "addons" / "wspeer"
    shutil.rmtree(stage, ignore_errors=True)
    # The sample project's addon, without its built libraries and the files that the editor makes.
    skipped = shutil.ignore_patterns("*.import", "*.uid")

    def ignore(folder: str, names: list[str]) -> set[str]:
        top = {"bin"} if pathlib.Path(folder) == ADDON else set()
        return set(skipped(folder, names)) | top

    shutil.copytree(ADDON, addon, ignore=ignore, symlinks=True)
    _add_libraries(addon, platforms)
    shutil.copy(ROOT / "LICENSE", addon / "LICENSE")
    (addon / "THIRD-PARTY-LICENSES.txt").write_text(notices(EXTENSION_FEATURES, platforms), encoding="utf-8")
    # Not every project can use these class names, because others may have taken them: a project that wants them removes
    # this file.
    (addon / "godot3_names" / ".gdignore").touch()
    plugin = addon / "plugin.cfg"
    text = plugin.read_text(encoding="utf-8")
    plugin.write_text(re.sub(r"^version=.*", f'version="{version()}"', text, flags=re.MULTILINE), encoding="utf-8")
    archive_path().parent.mkdir(exist_ok=True)
    pack(stage, archive_path())
    return archive_path()
