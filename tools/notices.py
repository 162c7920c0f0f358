#!/usr/bin/env python3
"""Prints the licences of all that is linked into the library, made from the lock file.

    tools/notices.py [--no-default-features] [--features LIST]

Each text stands once, under the packages that it belongs to. A package without any text, and one whose licence has no text
here, is an error: it must not be shipped.
"""

import json
import pathlib
import re
import subprocess
import sys

NAMES = re.compile(r"^(licen[cs]e|copying|unlicen[cs]e|notice)([-_.].*)?$", re.IGNORECASE)
ROOT = pathlib.Path(__file__).resolve().parent.parent
# Texts of licences that name no owner, for packages that are published without.
LICENCES = ROOT / "tools/package/licenses"


def cargo(*arguments):
    return subprocess.run(["cargo", *arguments, "--locked"], cwd=ROOT, check=True, capture_output=True, text=True).stdout


def linked_packages(features):
    """Name and version of what `cargo tree` says is in the library: no build scripts' and no macros' dependencies."""
    tree = cargo("tree", "--edges", "normal,no-proc-macro", "--prefix", "none", "--format", "{p}", *features)
    linked = set()
    for line in tree.splitlines():
        name, version = line.split()[:2]
        linked.add((name, version.removeprefix("v")))
    return linked


def texts_of(package):
    """The licence texts of a package. Of several licences to choose from the MIT licence is taken where it has a file of its own."""
    folder, expression = pathlib.Path(package["manifest_path"]).parent, package["license"] or ""
    files = sorted(f for f in folder.iterdir() if f.is_file() and NAMES.match(f.name))
    if package["license_file"] and folder / package["license_file"] not in files:
        files.append(folder / package["license_file"])
    if not files and (LICENCES / f"{expression}.txt").exists():
        files = [LICENCES / f"{expression}.txt"]
    mit = [f for f in files if "mit" in f.name.lower()]
    if mit and (" OR " in expression or "/" in expression):
        files = mit + [f for f in files if f.name.lower().startswith("notice")]
    return [f.read_text(encoding="utf-8", errors="replace").strip().replace("\r\n", "\n") for f in files]


def main():
    features = sys.argv[1:]
    linked = linked_packages(features)
    packages = {
        (package["name"], package["version"]): package
        for package in json.loads(cargo("metadata", "--format-version", "1"))["packages"]
        if package["source"] and (package["name"], package["version"]) in linked
    }
    texts, failures = {}, []
    for (name, version), package in sorted(packages.items()):
        found = texts_of(package)
        if not found:
            failures.append(f"{name} {version} ({package['license']}) brings no licence text")
        for text in found:
            texts.setdefault(text, []).append(f"{name} {version} ({package['license']})")
    if failures:
        sys.exit("\n".join(failures))

    sysroot = subprocess.run(["rustc", "--print", "sysroot"], check=True, capture_output=True, text=True).stdout.strip()
    rust = pathlib.Path(sysroot) / "share/doc/rust"
    standard_library = "The Rust standard library (MIT OR Apache-2.0)"
    licence = next((p for p in (rust / "LICENSE-MIT", rust / "licenses/MIT.txt") if p.exists()), None)
    if licence:
        text = licence.read_text(encoding="utf-8").strip()
        text = text.replace("<year> <copyright holders>", "the Rust Project Contributors")
        texts.setdefault(text, []).append(standard_library)

    print("wspeer is under the MIT licence, see LICENSE. It contains these works of others.\n")
    for name, version in sorted(packages):
        package = packages[name, version]
        print(f"{name} {version}: {package['license']}" + (f", {package['repository']}" if package["repository"] else ""))
    if licence:
        print(standard_library)
    for text, owners in sorted(texts.items(), key=lambda item: item[1]):
        print("\n" + "-" * 100)
        print("\n".join(owners) + "\n\n" + text)


main()
