"""Writes dist/wspeer-recipes-VERSION.zip: a Conan recipe and a port for vcpkg, which use the archives of the release.

    RELEASE_URL   the folder on the web that has the archives

The recipes name the archives by this URL and their checksums.
"""

from __future__ import annotations

import hashlib
import json
import os
import pathlib
import shutil

from ..process import fresh_folder
from ..project import ROOT, target_folder, version
from ..targets import Platform
from .pack import pack

TEMPLATES = ROOT / "tools" / "package"
# A name that no server has, for a release whose place is not known yet.
PLACEHOLDER = "https://wspeer.invalid/releases"

# The names that the package managers have for systems and architectures.
CONAN_SYSTEMS = {"linux": "Linux", "linux-musl": "Linux", "windows": "Windows", "macos": "Macos", "android": "Android"}
CONAN_ARCHITECTURES = {"x86_64": ["x86_64"], "arm64": ["armv8"], "x86_32": ["x86"], "arm32": ["armv7hf"]}
VCPKG_ARCHITECTURES = {"x86_64": ["x64"], "arm64": ["arm64"], "x86_32": ["x86"], "arm32": ["arm"]}


def release_url() -> str:
    return (os.environ.get("RELEASE_URL") or f"{PLACEHOLDER}/{version()}").rstrip("/")


def _architectures(platform: Platform, names: "dict[str, list[str]]") -> "list[str]":
    if platform.architecture == "universal":
        return [*names["x86_64"], *names["arm64"]]
    return names[platform.architecture]


def conan_data(archives: "dict[Platform, pathlib.Path]") -> str:
    """Returns conandata.yml. JSON is YAML."""
    entries = []
    for platform, archive in archives.items():
        entry = {
            "os": CONAN_SYSTEMS[platform.system],
            "archs": _architectures(platform, CONAN_ARCHITECTURES),
            "shared": platform.shared is not None,
            "url": f"{release_url()}/{archive.name}",
            "sha256": hashlib.sha256(archive.read_bytes()).hexdigest(),
        }
        if platform.system == "linux-musl":
            entry["libc"] = "musl"
        entries.append(entry)
    return json.dumps({"version": version(), "archives": entries}, indent=2) + "\n"


def vcpkg_archives(archives: "dict[Platform, pathlib.Path]") -> str:
    """Returns archives.cmake: the name and the checksum of the archive for each target of vcpkg, which has none for
    musl."""
    lines = [f'set(release_url "{release_url()}")']
    for platform, archive in archives.items():
        if platform.system == "linux-musl":
            continue
        for architecture in _architectures(platform, VCPKG_ARCHITECTURES):
            target = f"{platform.system}_{architecture}"
            lines.append(f'set(archive_{target} "{archive.name}")')
            lines.append(f"set(sha512_{target} {hashlib.sha512(archive.read_bytes()).hexdigest()})")
    return "\n".join(lines) + "\n"


def vcpkg_manifest() -> str:
    manifest = {
        "name": "wspeer",
        "version": version(),
        "description": "WebSockets for programs that tick: a polling C library",
        "license": "MIT",
        "supports": "windows & x64 | linux | osx | android",
    }
    return json.dumps(manifest, indent=2) + "\n"


def write_recipes(archives: "dict[Platform, pathlib.Path]", output: pathlib.Path) -> pathlib.Path:
    """Writes the recipes for these archives. Returns the path of the zip file."""
    stage = fresh_folder(target_folder() / "packaging" / "recipes")
    shutil.copytree(TEMPLATES / "conan", stage / "conan", ignore=shutil.ignore_patterns("__pycache__", "build"))
    (stage / "conan" / "conandata.yml").write_text(conan_data(archives), encoding="utf-8")
    port = stage / "vcpkg" / "wspeer"
    port.mkdir(parents=True)
    shutil.copy(TEMPLATES / "vcpkg" / "portfile.cmake", port)
    (port / "vcpkg.json").write_text(vcpkg_manifest(), encoding="utf-8")
    (port / "archives.cmake").write_text(vcpkg_archives(archives), encoding="utf-8")
    pack(stage, output)
    return output
