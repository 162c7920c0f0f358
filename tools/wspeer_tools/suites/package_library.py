"""Group `library` of the packaging tests: the C library as it is installed."""

from __future__ import annotations

import filecmp
import functools
import os
import pathlib
import re
import shutil

from ..packages.install import Installation
from ..packages.portable_cargo import output_folder
from ..process import Argument, Program, output_of, run, run_to_end
from ..project import HEADER, ROOT, series, target_folder, version
from ..provision.programs import cargo_cinstall, cmake, zig
from ..report import Failed, note
from .c_programs import CLOSED, WARNINGS, declared_functions
from .packaging import (
    HERE,
    Packaging,
    fails,
    listing,
    make,
    require_no_paths,
    require_nodelete,
    require_old_glibc,
    require_soname,
    require_stripped,
    same,
)

PREFIX = "/opt/wspeer"
C_TESTS = ROOT / "tests" / "c"
CXX_STANDARDS = ("c++11", "c++17", "c++20")


def expected_files() -> "list[str]":
    library = f"libwspeer.so.{version()}"
    return sorted(
        [
            "include/wspeer.h",
            "include/wspeer.hpp",
            "lib/libwspeer.a",
            f"lib/libwspeer.so -> {library}",
            f"lib/libwspeer.so.{series()} -> {library}",
            f"lib/{library}",
            "lib/pkgconfig/wspeer.pc",
            "share/cmake/wspeer/wspeer-config-version.cmake",
            "share/cmake/wspeer/wspeer-config.cmake",
            "share/doc/wspeer/LICENSE",
            "share/doc/wspeer/THIRD-PARTY-LICENSES.txt",
        ]
    )


class LibraryGroup:
    """The installation and the programs that are compiled against it."""

    def __init__(self, packaging: Packaging):
        self.packaging = packaging
        self.work = packaging.work
        self.stage = self.work / "stage"
        self.installed = self.stage / PREFIX[1:]
        self.library = self.installed / "lib" / "libwspeer.so"
        self.port = 0

    def install(self) -> None:
        shutil.rmtree(self.stage, ignore_errors=True)
        make("install", f"DESTDIR={self.stage}", f"PREFIX={PREFIX}", "WSPEER_PORTABLE=1")

    def require_files(self) -> None:
        same("installed files", listing(self.installed), expected_files())
        printed = sorted(path[1:] for path in Installation(PREFIX, "").files())
        same("the list of installed files", printed, [name.split(" -> ")[0] for name in listing(self.stage)])
        require_soname(self.library)

    def pkg_config(self, *options: str) -> "list[str]":
        # The file names the prefix; the tree is in a DESTDIR here.
        variables: dict[str, Argument] = {
            "PKG_CONFIG_PATH": self.installed / "lib/pkgconfig",
            "PKG_CONFIG_SYSROOT_DIR": "",
        }
        command = ["pkg-config", f"--define-variable=prefix={self.installed}", *options, "wspeer"]
        return output_of(command, env=variables).split()

    def compile_shared(self, source: pathlib.Path) -> None:
        program = self.work / source.stem
        flags = [*self.pkg_config("--cflags", "--libs"), f"-Wl,-rpath,{self.installed}/lib"]
        run(["gcc", "-std=c11", "-O1", *WARNINGS, source, "-o", program, *flags])
        require_soname(program)

    def compile_static(self, source: pathlib.Path) -> None:
        program = self.work / f"{source.stem}_static"
        libraries = [flag.replace("-lwspeer", "-l:libwspeer.a") for flag in self.pkg_config("--static", "--libs")]
        flags = [*self.pkg_config("--cflags"), *libraries]
        run(["gcc", "-std=c11", "-O1", *WARNINGS, source, "-o", program, *flags])
        if "libwspeer" in output_of(["readelf", "-d", program]):
            raise Failed(f"{program} needs the shared library")

    def compile_cpp(self, standard: str) -> None:
        flags = [*self.pkg_config("--cflags", "--libs"), f"-Wl,-rpath,{self.installed}/lib"]
        options = [f"-std={standard}", "-fno-exceptions", "-fno-rtti", "-O1", *WARNINGS]
        run(["g++", *options, HERE / "echo.cpp", "-o", self.work / f"echo_{standard}", *flags])

    # The static library beside another Rust library, and in a plugin.

    def system_libraries(self) -> "list[str]":
        return [flag for flag in self.pkg_config("--static", "--libs") if flag != "-lwspeer"]

    def build_second_library(self) -> None:
        source, output = HERE / "second_library.rs", self.work / "libsecond.a"
        run(["rustc", "--edition", "2024", "--crate-type", "staticlib", "-O", source, "-o", output])

    def link_beside_second(self, compiler: "list[Argument]", is_first: bool) -> None:
        """Links a program with both static libraries in either order, and runs it."""
        program, second = self.work / "two_libraries", self.work / "libsecond.a"
        ours = self.installed / "lib" / "libwspeer.a"
        libraries = [ours, second] if is_first else [second, ours]
        sources: list[Argument] = [*self.pkg_config("--cflags"), HERE / "two_libraries.c"]
        run([*compiler, *sources, *libraries, *self.system_libraries(), "-o", program])
        same("output", output_of([program], env={"RUST_BACKTRACE": "0"}), "3 words, 0 panics, error 31\n")

    def require_local_symbols(self) -> None:
        """The static library defines the functions of the header and nothing else that another library could see."""
        listing = output_of(["nm", "-g", "--defined-only", self.installed / "lib" / "libwspeer.a"])
        defined = sorted(line.split()[2] for line in listing.splitlines() if len(line.split()) == 3)
        same("global symbols", defined, declared_functions(HEADER))

    def link_plugin(self, *options: str) -> None:
        """A plugin that contains the static library exports its own functions only."""
        plugin, ours = self.work / "plugin.so", self.installed / "lib" / "libwspeer.a"
        flags: list[Argument] = [*self.pkg_config("--cflags"), "-shared", "-fPIC", HERE / "plugin.c", "-o", plugin]
        run(["gcc", *flags, *options, ours, "-Wl,--no-whole-archive", *self.system_libraries()])
        exported = output_of(["nm", "-D", "--defined-only", plugin]).splitlines()
        same("exports of the plugin", [line.split()[2] for line in exported], ["plugin_name"])

    def build_with_cmake(self, target: str, folder: str, wanted: str) -> None:
        build = self.work / folder
        shutil.rmtree(build, ignore_errors=True)
        variables = {"CMAKE_PREFIX_PATH": self.installed, "TARGET": target, "WANTED": wanted}
        variables["SOURCE"] = C_TESTS / "echo_client.c"
        definitions = [f"-D{name}={value}" for name, value in variables.items()]
        run([cmake(), "-S", HERE / "cmake", "-B", build, *definitions])
        run([cmake(), "--build", build])

    def compare_system_libraries(self) -> None:
        """The list of system libraries in wspeer.pc, from which CMake takes it, is rustc's."""
        named = (output_folder("rustc", "release") / "native-static-libs").read_text(encoding="utf-8").strip()
        description = (self.installed / "lib/pkgconfig/wspeer.pc").read_text(encoding="utf-8")
        if not named or f"Libs.private: {named}" not in description.splitlines():
            raise Failed(f"wspeer.pc does not list {named}")

    def require_wrappers(self) -> None:
        text = (ROOT / "include" / "wspeer.hpp").read_text(encoding="utf-8")
        # The functions of the trace belong to no object.
        missing = [
            name for name in declared_functions(HEADER) if "trace" not in name and not re.search(rf"\b{name}\b", text)
        ]
        if missing:
            raise Failed(f"wspeer.hpp does not use {', '.join(missing)}")

    def echo(self, program: Argument, expected: "list[str]") -> None:
        command = [program, f"ws://127.0.0.1:{self.port}/", "hello"]
        status, text = run_to_end(command, self.work / "client.out")
        note(text)
        # A client in C prints the reason of the close too, which is any word.
        output = CLOSED.sub("closed: 1000", text).splitlines()
        same("status and output", (status, output), (0, expected))

    def uninstall(self) -> None:
        (self.installed / "include" / "others.h").touch()
        make("uninstall", f"DESTDIR={self.stage}", f"PREFIX={PREFIX}")
        same("files that are left", listing(self.installed), ["include/others.h"])
        if (self.installed / "share/cmake/wspeer").exists():
            raise Failed("share/cmake/wspeer is left")

    def install_with_cargo_c(self) -> None:
        """cargo-c installs the same files, except for those that it has no place for."""
        tool, destination = cargo_cinstall(), self.work / "cargo-c"
        shutil.rmtree(destination, ignore_errors=True)
        variables = {
            "CARGO_TARGET_DIR": str(target_folder() / "packaging" / "cargo-c"),
            "PATH": f"{tool.parent}{os.pathsep}{os.environ['PATH']}",
        }
        options: list[Argument] = ["--no-default-features", "--profile", "dev", "--locked", "--prefix", "/usr"]
        options += ["--libdir", "/usr/lib", "--destdir", destination]
        run(["cargo", "cinstall", *options], cwd=ROOT, env=variables)
        installed = destination / "usr"
        expected = [name for name in expected_files() if not name.startswith("share/doc")]
        same("files of cargo cinstall", listing(installed), expected)
        if not filecmp.cmp(HEADER, installed / "include/wspeer.h", shallow=False):
            raise Failed("cargo cinstall has installed another header")
        description = (installed / "lib/pkgconfig/wspeer.pc").read_text(encoding="utf-8")
        if f"Version: {version()}" not in description.splitlines():
            raise Failed("wspeer.pc of cargo cinstall has another version")
        require_soname(installed / "lib/libwspeer.so")
        require_nodelete(installed / "lib/libwspeer.so")

    def run_compilers(self) -> None:
        step, client = self.packaging.step, C_TESTS / "echo_client.c"
        step("compile by pkg-config", lambda: self.compile_shared(C_TESTS / "echo_server.c"))
        step("compile a client by pkg-config", lambda: self.compile_shared(client))
        step("compile statically by pkg-config", lambda: self.compile_static(client))
        step("CMake, shared", lambda: self.build_with_cmake("wspeer::wspeer", "cmake-shared", version()))
        step("CMake, static", lambda: self.build_with_cmake("wspeer::static", "cmake-static", version()))
        step(
            "CMake refuses another series",
            lambda: fails(lambda: self.build_with_cmake("wspeer::wspeer", "cmake-other", "9.0")),
        )
        for standard in CXX_STANDARDS:
            step(f"compile C++ as {standard}", functools.partial(self.compile_cpp, standard))

    def link_static_library(self) -> None:
        step = self.packaging.step
        step("the static library has no other global symbols", self.require_local_symbols)
        step("a second Rust library", self.build_second_library)
        # Clang with its own linker, as the machine's clang need not be there.
        compilers: dict[str, list[Argument]] = {"gcc": ["gcc"], "clang": [zig(), "cc"]}
        for name, compiler in compilers.items():
            for order, is_first in (("before", True), ("after", False)):
                link = functools.partial(self.link_beside_second, compiler, is_first)
                step(f"linked by {name} {order} a second Rust library", link)
        step("a plugin exports nothing of the library", self.link_plugin)
        step("nor one that contains all of it", lambda: self.link_plugin("-Wl,--whole-archive"))

    def run_programs(self) -> None:
        step, expected = self.packaging.step, ["< hello", "closed: 1000"]
        programs = {
            "a program by pkg-config": "echo_client",
            "a program linked statically": "echo_client_static",
            "a program by CMake": "cmake-shared/user",
            "a program by CMake, static": "cmake-static/user",
        }
        with Program([self.work / "echo_server"], self.work / "server.out", has_input=True) as server:
            self.port = server.port()
            for name, program in programs.items():
                step(name, functools.partial(self.echo, self.work / program, expected))
            for standard in CXX_STANDARDS:
                echoed = ["< hello", "< 0 bytes", "closed: 1000"]
                step(
                    f"a C++ program as {standard}", functools.partial(self.echo, self.work / f"echo_{standard}", echoed)
                )

    def keep_library(self) -> None:
        """Keeps the installation for the groups that run later."""
        shutil.rmtree(self.packaging.library, ignore_errors=True)
        shutil.copytree(self.installed, self.packaging.library, symlinks=True)

    def run(self) -> None:
        step = self.packaging.step
        step("install into a DESTDIR", self.install)
        step("installed files", self.require_files)
        step("glibc 2.28 is enough for the C library", lambda: require_old_glibc(self.library))
        step("the C library is stripped", lambda: require_stripped(self.library))
        step("the C library stays mapped", lambda: require_nodelete(self.library))
        step("the C library names no folder of this machine", lambda: require_no_paths(self.library))
        step("system libraries", self.compare_system_libraries)
        step("wspeer.hpp wraps every function", self.require_wrappers)
        self.run_compilers()
        self.link_static_library()
        try:
            self.run_programs()
        except Failed as error:
            self.packaging.report.fail("the echo server", str(error))
        self.keep_library()
        step("uninstall removes what install has installed", self.uninstall)
        step("cargo cinstall", self.install_with_cargo_c)


def run_group(packaging: Packaging) -> None:
    LibraryGroup(packaging).run()
