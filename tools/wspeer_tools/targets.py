"""Lists the platforms of a release: their names, what is built for each, and how far it was tested."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Optional

from .report import Failed

# How far a platform was tested before a release. Only this order is used: each includes the ones below it.
IN_ENGINE = "tested in the engine"
TESTED = "tested"
LINKED = "linked, never run"


@dataclass(frozen=True)
class Target:
    """What the compiler is asked for."""

    # The name that Rust has for it.
    triple: str
    # The programs that compile C and link: `zig`, `mingw`, `apple` or `android`.
    toolchain: str
    # The name that these programs have for it.
    c_target: str = ""


@dataclass(frozen=True)
class Platform:
    """One folder of the addon, and one archive of the C library."""

    # System and architecture as Godot's feature tags have them: the folder of the addon.
    name: str
    # Several targets become one library with code for each architecture.
    targets: "tuple[Target, ...]"
    tested: str
    has_extension: bool = True

    @property
    def system(self) -> str:
        return self.name.split(".")[0]

    @property
    def architecture(self) -> str:
        return self.name.split(".")[1]

    @property
    def shared(self) -> Optional[str]:
        """Returns the file name of the shared library; None if the platform has none."""
        names = {"windows": "wspeer.dll", "macos": "libwspeer.dylib", "linux-musl": None}
        return names.get(self.system, "libwspeer.so")

    def extension_file(self, build: str) -> str:
        """Returns the file of the extension for `debug` or `release` builds of a game."""
        stem, suffix = (self.shared or "").rsplit(".", 1)
        return f"{stem}.debug.{suffix}" if build == "debug" else f"{stem}.{suffix}"

    def extension_lines(self) -> "list[str]":
        """Returns the lines of wspeer.gdextension for this platform."""
        # A library for all architectures has no tag for them.
        tag = "" if self.architecture == "universal" else f".{self.architecture}"
        return [
            f'{self.system}.{build}{tag} = "bin/{self.name}/{self.extension_file(build)}"' for build in EXTENSION_BUILDS
        ]

    @property
    def archive(self) -> str:
        """Returns the part of the C archive's name that names the platform."""
        return self.name.replace(".", "-")


# Godot loads one library for the editor and debug builds of games, and another for release builds.
EXTENSION_BUILDS = ("debug", "release")

# The release needs this version of the C library, or a later one.
GLIBC = "2.28"

PLATFORMS = (
    Platform("linux.x86_64", (Target("x86_64-unknown-linux-gnu", "zig", f"x86_64-linux-gnu.{GLIBC}"),), IN_ENGINE),
    Platform("linux.arm64", (Target("aarch64-unknown-linux-gnu", "zig", f"aarch64-linux-gnu.{GLIBC}"),), TESTED),
    Platform("linux.x86_32", (Target("i686-unknown-linux-gnu", "zig", f"x86-linux-gnu.{GLIBC}"),), LINKED),
    Platform("linux.arm32", (Target("armv7-unknown-linux-gnueabihf", "zig", f"arm-linux-gnueabihf.{GLIBC}"),), LINKED),
    Platform(
        "linux-musl.x86_64",
        (Target("x86_64-unknown-linux-musl", "zig", "x86_64-linux-musl"),),
        TESTED,
        has_extension=False,
    ),
    Platform("windows.x86_64", (Target("x86_64-pc-windows-gnu", "mingw"),), TESTED),
    Platform(
        "macos.universal",
        (
            Target("aarch64-apple-darwin", "apple", "aarch64-macos.11.0-none"),
            Target("x86_64-apple-darwin", "apple", "x86_64-macos.10.13-none"),
        ),
        LINKED,
    ),
    Platform("android.arm64", (Target("aarch64-linux-android", "android", "aarch64-linux-musl"),), LINKED),
    Platform("android.x86_64", (Target("x86_64-linux-android", "android", "x86_64-linux-musl"),), LINKED),
)


def list_of_libraries(platforms: "tuple[Platform, ...]") -> str:
    """Returns the section of wspeer.gdextension that names the libraries."""
    lines = [line for platform in platforms if platform.has_extension for line in platform.extension_lines()]
    return "[libraries]\n\n" + "".join(f"{line}\n" for line in lines) + "\n"


def platform_of(name: str) -> Platform:
    for platform in PLATFORMS:
        if platform.name == name:
            return platform
    raise Failed(f"no platform is called {name}: {', '.join(platform.name for platform in PLATFORMS)}")
