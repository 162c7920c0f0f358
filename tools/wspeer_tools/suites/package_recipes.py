"""Group `recipes` of the packaging tests: CMake for each platform, the Conan recipe and the port for vcpkg."""

from __future__ import annotations

import functools
import os
import pathlib
import re
import zipfile

from ..packages.dist import pack_library
from ..packages.install import Installation
from ..packages.recipes import vcpkg_manifest, write_recipes
from ..process import Argument, fresh_folder, output_of, run
from ..project import LIBRARY_FOLDER, ROOT, version
from ..provision.packages import python_environment
from ..provision.programs import cmake
from ..report import Failed
from ..targets import PLATFORMS, Platform, platform_of
from .packaging import HERE, Packaging, fails, same

CONAN = "conan==2.34.0"
# CMake knows Android only with an NDK. Its libraries have the names of Linux.
CMAKE_SYSTEMS = {"linux": "Linux", "linux-musl": "Linux", "windows": "Windows", "macos": "Darwin", "android": "Linux"}
VCPKG_SYSTEM = ("LINUX", "x64" if LIBRARY_FOLDER.endswith("x86_64") else "arm64")
# System libraries as rustc names them, and as CMake gets them.
NAMED, LINKED = "-framework Security -lone -ltwo", "-framework Security;one;two"


class RecipesGroup:
    """The recipes for the archive of this machine."""

    def __init__(self, packaging: Packaging):
        self.packaging = packaging
        self.work = packaging.work / "recipes"
        self.recipes = self.work / "unpacked"

    # CMake, with a tree that has the right names and no contents.

    def make_tree(self, platform: Platform) -> pathlib.Path:
        tree = fresh_folder(self.work / "trees" / platform.name)
        installation = Installation("/p", "", platform, self.work)
        for path in installation.files():
            file = tree / path[3:]
            file.parent.mkdir(parents=True, exist_ok=True)
            file.touch()
        config = ROOT / "tools/package/wspeer-config.cmake"
        (tree / "share/cmake/wspeer/wspeer-config.cmake").write_bytes(config.read_bytes())
        (tree / "share/cmake/wspeer/wspeer-config-version.cmake").unlink()
        (tree / "lib/pkgconfig/wspeer.pc").write_text(f"Libs: -lwspeer\nLibs.private: {NAMED}\n", encoding="utf-8")
        return tree

    def find_targets(self, platform: Platform, *options: str) -> "dict[str, str]":
        tree = self.make_tree(platform)
        system = f"-DCMAKE_SYSTEM_NAME={CMAKE_SYSTEMS[platform.system]}"
        build = fresh_folder(self.work / "build")
        command: list[Argument] = [cmake(), "-S", HERE / "cmake_targets", "-B", build, system, *options]
        text = output_of([*command, f"-DCMAKE_PREFIX_PATH={tree}"])
        return dict(re.findall(r"found (\S+ \w+): (.*)", text))

    def check_platform(self, platform: Platform) -> None:
        static = {"static IMPORTED_LOCATION": "lib/libwspeer.a", "static INTERFACE_LINK_LIBRARIES": LINKED}
        shared = {"wspeer IMPORTED_LOCATION": f"lib/{platform.shared}"} if platform.shared else {}
        if platform.system == "windows":
            shared = {"wspeer IMPORTED_LOCATION": "bin/wspeer.dll", "wspeer IMPORTED_IMPLIB": "lib/libwspeer.dll.a"}
            microsoft = {**shared, "wspeer IMPORTED_IMPLIB": "lib/wspeer.lib"}
            same("targets for Microsoft's tools", self.find_targets(platform, "-DIS_MICROSOFT=1"), microsoft)
        same("targets", self.find_targets(platform), {**shared, **static})

    # The recipes, with archives that are fetched by file: URLs.

    def write(self) -> None:
        fresh_folder(self.recipes)
        platform = platform_of(LIBRARY_FOLDER)
        archive = pack_library(platform)
        os.environ["RELEASE_URL"] = archive.parent.as_uri()
        try:
            output = write_recipes({platform: archive}, self.work / "recipes.zip")
        finally:
            del os.environ["RELEASE_URL"]
        with zipfile.ZipFile(output) as recipes:
            recipes.extractall(self.recipes)

    def create_with_conan(self, *options: str) -> None:
        """Makes the package, and has Conan build and run the program in test_package with it."""
        programs = python_environment(self.packaging.work.parent / "conan", CONAN)
        variables: dict[str, Argument] = {
            "CONAN_HOME": self.work / "conan-home",
            "PATH": f"{cmake().parent}{os.pathsep}{os.environ['PATH']}",
        }
        run([programs / "conan", "profile", "detect", "--force"], env=variables)
        command: list[Argument] = [programs / "conan", "create", self.recipes / "conan", "--no-remote", *options]
        run(command, env=variables)

    def install_with_vcpkg(self, linkage: str) -> None:
        """Runs the portfile, and builds a program with the result. vcpkg itself is in no package registry."""
        packages = self.work / f"vcpkg-{linkage}"
        system, architecture = VCPKG_SYSTEM
        definitions = {"PORT": self.recipes / "vcpkg/wspeer", "PACKAGES": packages, "LINKAGE": linkage}
        options = [f"-D{name}={value}" for name, value in definitions.items()]
        options += [f"-DSYSTEM={system}", f"-DARCHITECTURE={architecture}"]
        run([cmake(), *options, "-P", HERE / "vcpkg" / "install.cmake"])
        if not (packages / "installed/share/wspeer/copyright").exists():
            raise Failed("the port installs no licence")
        target = "wspeer::wspeer" if linkage == "dynamic" else "wspeer::static"
        source = self.recipes / "conan/test_package/version.c"
        build = fresh_folder(self.work / "build")
        wanted = [f"-DCMAKE_PREFIX_PATH={packages / 'installed'}", f"-DTARGET={target}", f"-DSOURCE={source}"]
        run([cmake(), "-S", HERE / "cmake", "-B", build, *wanted, f"-DWANTED={version()}"])
        run([cmake(), "--build", build])
        same("output", output_of([build / "user"]), f"wspeer {version()}\n")
        same("manifest", (self.recipes / "vcpkg/wspeer/vcpkg.json").read_text(encoding="utf-8"), vcpkg_manifest())

    def refuse_other_archive(self) -> None:
        """An archive with other bytes than those of the release is refused."""
        file = self.recipes / "vcpkg/wspeer/archives.cmake"
        text = file.read_text(encoding="utf-8")
        file.write_text(re.sub(r"(sha512_\w+ )[0-9a-f]{4}", r"\g<1>0000", text), encoding="utf-8")
        fails(lambda: self.install_with_vcpkg("dynamic"))
        file.write_text(text, encoding="utf-8")

    def run(self) -> None:
        step = self.packaging.step
        for platform in PLATFORMS:
            step(f"CMake for {platform.name}", functools.partial(self.check_platform, platform))
        if step("recipes for the archive of this machine", self.write):
            step("conan create, shared", self.create_with_conan)
            step("conan create, static", lambda: self.create_with_conan("-o", "wspeer/*:shared=False"))
            step("the port for vcpkg, shared", lambda: self.install_with_vcpkg("dynamic"))
            step("the port for vcpkg, static", lambda: self.install_with_vcpkg("static"))
            step("the port refuses another archive", self.refuse_other_archive)


def run_group(packaging: Packaging) -> None:
    RecipesGroup(packaging).run()
