"""Puts the C library where compilers find it, or removes exactly those files.

    PREFIX      /usr/local
    DESTDIR     put before every path, for packages; empty
    LIBDIR      $PREFIX/lib
    INCLUDEDIR  $PREFIX/include
    DATADIR     $PREFIX/share
    FEATURES    capi; c-interface for a library without TLS
    PROFILE     release; small for a library that is optimised for size

`install` builds the library first; with WSPEER_PORTABLE=1 for glibc 2.28 and later.
"""

from __future__ import annotations

import contextlib
import os
import pathlib
import shutil
from typing import Optional, Union

from ..process import run
from ..project import LIBRARY_FOLDER, ROOT, say, series, target_folder, version
from ..targets import Platform, platform_of
from .notices import notices
from .platform_build import C_FEATURES, SYSTEM_LIBRARIES, library_options
from .portable_cargo import output_folder, portable_cargo
from .separate import separate

TEMPLATES = ROOT / "tools" / "package"


class Installation:
    """The paths of one installation. `prefix` and `destdir` are those of the environment unless they are given.

    `built` is the folder of a library that was built for `platform`; without it the library is built for this machine.
    """

    def __init__(
        self,
        prefix: Optional[str] = None,
        destdir: Optional[str] = None,
        platform: Optional[Platform] = None,
        built: Optional[pathlib.Path] = None,
    ):
        self.prefix = prefix or os.environ.get("PREFIX") or "/usr/local"
        self.destdir = os.environ.get("DESTDIR", "") if destdir is None else destdir
        self.libraries = os.environ.get("LIBDIR") or f"{self.prefix}/lib"
        self.headers = os.environ.get("INCLUDEDIR") or f"{self.prefix}/include"
        self.data = os.environ.get("DATADIR") or f"{self.prefix}/share"
        self.platform = platform or platform_of(LIBRARY_FOLDER)
        self.folder = target_folder() / "install"
        self.is_portable = os.environ.get("WSPEER_PORTABLE", "0") == "1"
        self.is_built = built is not None
        self.features = C_FEATURES
        self.profile = "release"
        if not self.is_built:
            self.features = ("--no-default-features", "--features", os.environ.get("FEATURES") or "capi")
            self.profile = os.environ.get("PROFILE") or "release"
        own = output_folder("rustc", self.profile) if self.is_portable else self.folder / self.profile
        self.release = built or own

    def library_files(self) -> "dict[str, str]":
        """Returns the installed files of the library and the built file of each, or its link's target after `->`."""
        folder = self.libraries
        if self.platform.system == "windows":
            imports = {f"{folder}/{name}": name for name in ("libwspeer.dll.a", "wspeer.lib")}
            return {f"{self.prefix}/bin/wspeer.dll": "wspeer.dll", **imports, f"{folder}/libwspeer.a": "libwspeer.a"}
        static = {f"{folder}/libwspeer.a": "libwspeer.a"}
        if self.platform.system != "linux":
            name = self.platform.shared
            return {f"{folder}/{name}": name, **static} if name else static
        versioned = f"libwspeer.so.{version()}"
        links = {f"{folder}/{name}": f"->{versioned}" for name in (f"libwspeer.so.{series()}", "libwspeer.so")}
        return {f"{folder}/{versioned}": "libwspeer.so", **links, **static}

    def files(self) -> list[str]:
        """Returns the paths of all installed files, without DESTDIR."""
        return [
            *self.library_files(),
            f"{self.libraries}/pkgconfig/wspeer.pc",
            f"{self.headers}/wspeer.h",
            f"{self.headers}/wspeer.hpp",
            f"{self.data}/cmake/wspeer/wspeer-config.cmake",
            f"{self.data}/cmake/wspeer/wspeer-config-version.cmake",
            f"{self.data}/doc/wspeer/LICENSE",
            f"{self.data}/doc/wspeer/THIRD-PARTY-LICENSES.txt",
        ]

    def build(self) -> None:
        """Builds the library for C, with a SONAME, and the list of system libraries for static linking."""
        say("building the C library to install")
        for folder in (self.folder, self.release):
            folder.mkdir(parents=True, exist_ok=True)
        arguments = list(map(str, library_options(self.platform, self.release, self.features, self.profile)))
        if self.is_portable:
            portable_cargo("rustc", *arguments)
        else:
            run(["cargo", "rustc", *arguments], cwd=ROOT, env={"CARGO_TARGET_DIR": self.folder})

    def pkg_config_file(self) -> str:
        def below_prefix(path: str, variable: str) -> str:
            return path.replace(f"{self.prefix}/", f"${{{variable}}}/", 1) if path.startswith(self.prefix) else path

        system_libraries = (self.release / SYSTEM_LIBRARIES).read_text(encoding="utf-8").rstrip("\n")
        return f"""prefix={self.prefix}
exec_prefix=${{prefix}}
libdir={below_prefix(self.libraries, "exec_prefix")}
includedir={below_prefix(self.headers, "prefix")}

Name: wspeer
Description: WebSockets for programs that tick
Version: {version()}
Libs: -L${{libdir}} -lwspeer
Libs.private: {system_libraries}
Cflags: -I${{includedir}}
"""

    def _put(self, path: str, source: Union[pathlib.Path, str], mode: int = 0o644) -> None:
        """Installs a file, or a text."""
        destination = pathlib.Path(self.destdir + path)
        destination.parent.mkdir(parents=True, exist_ok=True)
        # Removed first, because a running program may have the old file mapped.
        destination.unlink(missing_ok=True)
        if isinstance(source, str):
            destination.write_text(source, encoding="utf-8")
        else:
            shutil.copyfile(source, destination)
        destination.chmod(mode)

    def _link(self, path: str, target: str) -> None:
        link = pathlib.Path(self.destdir + path)
        link.unlink(missing_ok=True)
        link.symlink_to(target)

    def install(self) -> None:
        if not self.is_built:
            self.build()
        static = self.release / "libwspeer.a"
        if not self.is_built:
            static = separate(static, self.platform)
        for path, source in self.library_files().items():
            if source.startswith("->"):
                self._link(path, source[2:])
            else:
                is_program = source == self.platform.shared
                file = static if source == static.name else self.release / source
                self._put(path, file, 0o755 if is_program else 0o644)
        self._put(f"{self.libraries}/pkgconfig/wspeer.pc", self.pkg_config_file())
        for header in ("wspeer.h", "wspeer.hpp"):
            self._put(f"{self.headers}/{header}", ROOT / "include" / header)
        template = (TEMPLATES / "wspeer-config-version.cmake.in").read_text(encoding="utf-8")
        cmake = f"{self.data}/cmake/wspeer"
        self._put(f"{cmake}/wspeer-config.cmake", TEMPLATES / "wspeer-config.cmake")
        self._put(f"{cmake}/wspeer-config-version.cmake", template.replace("@VERSION@", version()))
        self._put(f"{self.data}/doc/wspeer/LICENSE", ROOT / "LICENSE")
        self._put(f"{self.data}/doc/wspeer/THIRD-PARTY-LICENSES.txt", notices(self.features, (self.platform,)))

    def uninstall(self) -> None:
        for path in self.files():
            pathlib.Path(self.destdir + path).unlink(missing_ok=True)
        # No other package owns these folders. One that has other files all the same is kept.
        for folder in ("cmake/wspeer", "doc/wspeer"):
            with contextlib.suppress(OSError):
                os.rmdir(f"{self.destdir}{self.data}/{folder}")
