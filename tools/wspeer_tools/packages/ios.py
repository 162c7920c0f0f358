"""Builds dist/wspeer-ios-VERSION.zip on a Mac: xcframeworks of the C library and of the extension.

An xcframework has one static library for devices and one for simulators. Apple's tools make it, so this needs Xcode.
"""

from __future__ import annotations

import pathlib
import platform
import shutil

from ..process import Argument, find, fresh_folder, run
from ..project import EXTENSION_FEATURES, HEADER, ROOT, target_folder, version
from ..report import Failed
from .pack import pack
from .platform_build import C_FEATURES

DEVICE = ("aarch64-apple-ios",)
SIMULATORS = ("aarch64-apple-ios-sim", "x86_64-apple-ios")
# The xcframework and the features of its library.
FRAMEWORKS = {"wspeer-c": C_FEATURES, "wspeer-godot": EXTENSION_FEATURES}


def _library(name: str, triples: "tuple[str, ...]", features: "tuple[str, ...]") -> pathlib.Path:
    """Builds the static library, and unites those of several architectures."""
    build = target_folder() / "packaging" / "ios" / name
    parts = []
    for triple in triples:
        command: list[Argument] = ["cargo", "rustc", "--quiet", "--release", "--lib", "--crate-type", "staticlib"]
        run([*command, "--target", triple, *features], cwd=ROOT, env={"CARGO_TARGET_DIR": build})
        parts.append(build / triple / "release" / "libwspeer.a")
    if len(parts) == 1:
        return parts[0]
    united = fresh_folder(build / "simulators") / "libwspeer.a"
    run(["xcrun", "lipo", "-create", *parts, "-output", united])
    return united


def build_ios() -> None:
    if platform.system() != "Darwin" or not find("xcodebuild"):
        raise Failed(
            "xcframeworks need Apple's SDK: run this on a Mac with Xcode, after `rustup target add` of "
            f"{', '.join((*DEVICE, *SIMULATORS))}"
        )
    stage = fresh_folder(target_folder() / "packaging" / "ios" / "stage")
    headers = fresh_folder(target_folder() / "packaging" / "ios" / "headers")
    for name in (HEADER.name, "wspeer.hpp"):
        shutil.copy(HEADER.with_name(name), headers)
    for name, features in FRAMEWORKS.items():
        command: list[Argument] = ["xcodebuild", "-create-xcframework"]
        for triples in (DEVICE, SIMULATORS):
            command += ["-library", _library(name, triples, features)]
            command += ["-headers", headers] if name == "wspeer-c" else []
        run([*command, "-output", stage / f"{name}.xcframework"])
    shutil.copy(ROOT / "LICENSE", stage)
    (ROOT / "dist").mkdir(exist_ok=True)
    pack(stage, ROOT / "dist" / f"wspeer-ios-{version()}.zip")
