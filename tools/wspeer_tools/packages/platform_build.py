"""Builds the C library and the extension for one platform of a release.

The platform of this machine is built by its own compiler, the others by a cross compiler with Rust's standard library
from source. Results are copied to a folder of this checkout; what was compiled is shared by all checkouts.
"""

from __future__ import annotations

import pathlib
import shutil

from ..process import Argument, fresh_folder, locked, run
from ..project import EXTENSION_FEATURES, LIBRARY_FOLDER, cache_folder, say, series, target_folder
from ..provision.cross import CrossCompiler
from ..provision.rust_source import RustSource
from ..targets import Platform, Target
from .exports import exported_names, require_own_exports
from .portable_cargo import output_folder, portable_cargo
from .separate import separate

C_FEATURES = ("--no-default-features", "--features", "capi")
# The list of system libraries that a program needs which links the library statically.
SYSTEM_LIBRARIES = "native-static-libs"
STATIC = "libwspeer.a"
# Debug builds of a game load a library with the checks of a debug build, optimised all the same.
PROFILES = {"debug": "release-checked", "release": "release"}


def built_folder(platform: Platform, kind: str) -> pathlib.Path:
    """Returns the folder of the results: `kind` is `c`, `debug` or `release`."""
    return target_folder() / "packaging" / "platforms" / platform.name / kind


def _shared_library_options(platform: Platform) -> "list[str]":
    if platform.system == "macos":
        return ["-C", "link-arg=-Wl,-install_name,@rpath/libwspeer.dylib"]
    if platform.system == "android":
        return ["-C", "link-arg=-Wl,-soname,libwspeer.so"]
    # Windows finds a library by its file name.
    return [] if platform.system == "windows" else ["-C", f"link-arg=-Wl,-soname,libwspeer.so.{series()}"]


def _names(platform: Platform, kind: str) -> "list[str]":
    """Returns the files that cargo writes for the platform."""
    shared = [platform.shared] if platform.shared else []
    if kind != "c":
        return shared
    imports = ["libwspeer.dll.a"] if platform.system == "windows" else []
    return [*shared, *imports, STATIC]


def cargo_options(platform: Platform, kind: str, folder: pathlib.Path) -> "list[Argument]":
    """Returns the arguments of `cargo rustc`; `folder` gets the list of system libraries."""
    if kind == "c":
        return library_options(platform, folder)
    options: "list[Argument]" = [*EXTENSION_FEATURES, "--crate-type", "cdylib", "--"]
    # Games load the extension by its path.
    return ["--quiet", "--lib", "--profile", PROFILES[kind], *options, *_extension_options(platform)]


def library_options(
    platform: Platform, folder: pathlib.Path, features: "tuple[str, ...]" = C_FEATURES, profile: str = "release"
) -> "list[Argument]":
    """Returns the arguments of `cargo rustc` for a C library."""
    types = "cdylib,staticlib" if platform.shared else "staticlib"
    linking = [*_shared_library_options(platform), "--print", f"{SYSTEM_LIBRARIES}={folder / SYSTEM_LIBRARIES}"]
    return ["--quiet", "--lib", "--profile", profile, *features, "--crate-type", types, "--", *linking]


def _extension_options(platform: Platform) -> "list[str]":
    return _shared_library_options(platform) if platform.system == "macos" else []


def _build_native(platform: Platform, kind: str, folder: pathlib.Path) -> None:
    verb = "rustc" if kind == "c" else "build"
    built = output_folder(verb, PROFILES.get(kind, "release"))
    built.mkdir(parents=True, exist_ok=True)
    # Beside cargo's results: cargo does not write the list again if it has nothing to build.
    options = cargo_options(platform, kind, built)
    if verb == "build":
        # The tests and the sample project share these crate types.
        options = ["--quiet", "--lib", "--profile", PROFILES[kind], *EXTENSION_FEATURES]
    portable_cargo(verb, *(str(option) for option in options))
    for name in _names(platform, kind):
        shutil.copy(built / name, folder / name)
    if kind == "c":
        shutil.copy(built / SYSTEM_LIBRARIES, folder / SYSTEM_LIBRARIES)
        separate(folder / STATIC, platform).replace(folder / STATIC)


def _build_target(platform: Platform, target: Target, kind: str, folder: pathlib.Path) -> None:
    compiler = CrossCompiler(target)
    with locked(cache_folder() / "cross" / f"{target.triple}.results.lock", f"building for {target.triple}"):
        # Beside cargo's results: cargo does not write the list again if it has nothing to build.
        lists = compiler.folder / f"{target.triple}.lists"
        lists.mkdir(parents=True, exist_ok=True)
        built = compiler.cargo("rustc", *cargo_options(platform, kind, lists)) / PROFILES.get(kind, "release")
        for name in _names(platform, kind):
            shutil.copy(built / name, folder / name)
        if kind == "c":
            shutil.copy(lists / SYSTEM_LIBRARIES, folder / SYSTEM_LIBRARIES)
    if kind == "c":
        separate(folder / STATIC, platform).replace(folder / STATIC)


def _unite(platform: Platform, kind: str, parts: "list[pathlib.Path]", folder: pathlib.Path) -> None:
    """Makes one library of those for each architecture."""
    lipo = RustSource().llvm("llvm-lipo")
    for name in _names(platform, kind):
        run([lipo, "-create", *(part / name for part in parts), "-output", folder / name])
    if kind == "c":
        shutil.copy(parts[0] / SYSTEM_LIBRARIES, folder / SYSTEM_LIBRARIES)


def _write_microsoft_import_library(platform: Platform, folder: pathlib.Path) -> None:
    """Writes wspeer.lib, which Microsoft's linker reads, from the exports of the DLL."""
    names = sorted(exported_names(platform, folder / "wspeer.dll"))
    definition = folder / "wspeer.def"
    definition.write_text("LIBRARY wspeer.dll\nEXPORTS\n" + "".join(f"{name}\n" for name in names), encoding="utf-8")
    run([RustSource().llvm("llvm-dlltool"), "-m", "i386:x86-64", "-d", definition, "-l", folder / "wspeer.lib"])


def is_native(platform: Platform) -> bool:
    return platform.name == LIBRARY_FOLDER


def build(platform: Platform, kind: str) -> pathlib.Path:
    """Builds `c`, or the extension for `debug` or `release` builds of games. Returns the folder of the files."""
    say(f"{platform.name}: building {'the C library' if kind == 'c' else f'the extension ({kind})'}")
    folder = fresh_folder(built_folder(platform, kind))
    if is_native(platform):
        _build_native(platform, kind, folder)
    elif len(platform.targets) == 1:
        _build_target(platform, platform.targets[0], kind, folder)
    else:
        parts = [fresh_folder(folder / target.triple) for target in platform.targets]
        for target, part in zip(platform.targets, parts):
            _build_target(platform, target, kind, part)
        _unite(platform, kind, parts, folder)
    # For this machine the C tests and the tests of the packages do so, without LLVM's programs.
    if platform.shared and not is_native(platform):
        require_own_exports(platform, folder / platform.shared)
    if kind == "c" and platform.system == "windows":
        _write_microsoft_import_library(platform, folder)
    return folder
