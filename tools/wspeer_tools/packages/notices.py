"""Writes the licences of all packages that are linked into the library, from the lock file.

Each text is written once, below the packages that it belongs to. A package without any text, and one whose licence has
no text in tools/package/licenses, is an error: it must not be shipped.
"""

from __future__ import annotations

import json
import pathlib
import re
from typing import Any, Optional

from ..process import output_of
from ..project import ROOT
from ..report import Failed
from ..targets import Platform

NAMES = re.compile(r"^(licen[cs]e|copying|unlicen[cs]e|notice)([-_.].*)?$", re.IGNORECASE)
# Texts of licences that name no owner, for packages that are published without a text.
LICENCES = ROOT / "tools" / "package" / "licenses"
STANDARD_LIBRARY = "The Rust standard library (MIT OR Apache-2.0)"

Package = dict[str, Any]


def _cargo(*arguments: str) -> str:
    return output_of(["cargo", *arguments, "--locked"], cwd=ROOT)


def linked_packages(features: "tuple[str, ...]", platforms: "tuple[Platform, ...]") -> "set[tuple[str, str]]":
    """Returns name and version of the packages in the libraries for these platforms, without the dependencies of build
    scripts and macros."""
    options = ("--edges", "normal,no-proc-macro", "--prefix", "none", "--format", "{p}", *features)
    triples = [target.triple for platform in platforms for target in platform.targets]
    lines = [line for triple in triples for line in _cargo("tree", "--target", triple, *options).splitlines()]
    return {(name, version.removeprefix("v")) for name, version in (line.split()[:2] for line in lines)}


def _texts_of(package: Package) -> list[str]:
    """Returns a package's licence texts. If there is a choice, the MIT licence is taken if it has a file of its own."""
    folder, expression = pathlib.Path(package["manifest_path"]).parent, package["license"] or ""
    files = sorted(file for file in folder.iterdir() if file.is_file() and NAMES.match(file.name))
    if package["license_file"] and folder / package["license_file"] not in files:
        files.append(folder / package["license_file"])
    if not files and (LICENCES / f"{expression}.txt").exists():
        files = [LICENCES / f"{expression}.txt"]
    mit = [file for file in files if "mit" in file.name.lower()]
    if mit and (" OR " in expression or "/" in expression):
        files = mit + [file for file in files if file.name.lower().startswith("notice")]
    return [file.read_text(encoding="utf-8", errors="replace").strip().replace("\r\n", "\n") for file in files]


def _standard_library_licence() -> Optional[str]:
    folder = pathlib.Path(output_of(["rustc", "--print", "sysroot"]).strip()) / "share/doc/rust"
    for file in (folder / "LICENSE-MIT", folder / "licenses/MIT.txt"):
        if file.exists():
            text = file.read_text(encoding="utf-8").strip()
            return text.replace("<year> <copyright holders>", "the Rust Project Contributors")
    return None


def notices(features: "tuple[str, ...]", platforms: "tuple[Platform, ...]") -> str:
    """Returns the text for libraries that are built with these cargo options for features."""
    linked = linked_packages(features, platforms)
    metadata = json.loads(_cargo("metadata", "--format-version", "1", *features))["packages"]
    packages: dict[tuple[str, str], Package] = {
        (package["name"], package["version"]): package
        for package in metadata
        if package["source"] and (package["name"], package["version"]) in linked
    }
    texts: dict[str, list[str]] = {}
    unknown = sorted(name for name, version in linked - packages.keys() if name != "wspeer")
    failures = [f"cargo metadata does not name {name}" for name in unknown]
    for (name, version), package in sorted(packages.items()):
        found = _texts_of(package)
        if not found:
            failures.append(f"{name} {version} ({package['license']}) has no licence text")
        for text in found:
            texts.setdefault(text, []).append(f"{name} {version} ({package['license']})")
    if failures:
        raise Failed("\n".join(failures))
    licence = _standard_library_licence()
    if licence:
        texts.setdefault(licence, []).append(STANDARD_LIBRARY)

    lines = ["wspeer is under the MIT licence, see LICENSE. It contains these works of others.\n"]
    for name, version in sorted(packages):
        package = packages[name, version]
        repository = f", {package['repository']}" if package["repository"] else ""
        lines.append(f"{name} {version}: {package['license']}{repository}")
    if licence:
        lines.append(STANDARD_LIBRARY)
    for text, owners in sorted(texts.items(), key=lambda item: item[1]):
        lines += ["\n" + "-" * 100, "\n".join(owners) + "\n\n" + text]
    return "\n".join(lines) + "\n"
