"""Group `small` of the packaging tests: a C library without TLS, optimised for size."""

from __future__ import annotations

import filecmp
import pathlib
import shutil

from ..packages.install import Installation
from ..packages.notices import linked_packages
from ..process import run_to_end
from ..project import HEADER, ROOT
from ..report import Failed
from .package_library import PREFIX, expected_files
from .packaging import Packaging, listing, make, same

FEATURES = ("FEATURES=c-interface", "PROFILE=small")
# Bytes of the shared library. With TLS and optimised for speed it has two and a half times as many.
LARGEST = 1_400_000


class SmallGroup:
    """The installation."""

    def __init__(self, packaging: Packaging):
        self.packaging = packaging
        self.stage = packaging.work / "small"
        self.installed = self.stage / PREFIX[1:]

    def install(self) -> None:
        shutil.rmtree(self.stage, ignore_errors=True)
        make("install", f"DESTDIR={self.stage}", f"PREFIX={PREFIX}", *FEATURES)
        same("installed files", listing(self.installed), expected_files())
        if not filecmp.cmp(HEADER, self.installed / "include" / "wspeer.h", shallow=False):
            raise Failed("the small library has another header")

    def require_size(self) -> None:
        size = (self.installed / "lib" / "libwspeer.so").stat().st_size
        if size > LARGEST:
            raise Failed(f"the small library has {size} bytes")

    def require_no_cryptography(self) -> None:
        text = (self.installed / "share/doc/wspeer/THIRD-PARTY-LICENSES.txt").read_text(encoding="utf-8")
        features = ("--no-default-features", "--features", "c-interface")
        linked = {name for name, _ in linked_packages(features, (Installation(PREFIX, "").platform,))}
        found = [name for name in ("ring", "rustls", "x509-parser") if name in linked or f"\n{name} " in text]
        if found:
            raise Failed(f"the library without TLS contains {', '.join(found)}")

    def run_c_tests(self) -> None:
        log: pathlib.Path = self.packaging.work / "small.log"
        folders = [self.installed / "lib", self.installed / "include"]
        status, text = run_to_end([ROOT / "tools" / "run", "test-c", "--without-tls", *folders], log, silence=900)
        self.packaging.report.add("the C tests", status, text)


def run_group(packaging: Packaging) -> None:
    group = SmallGroup(packaging)
    if packaging.step("install a small library without TLS", group.install):
        packaging.step("the small library is small", group.require_size)
        packaging.step("it contains no cryptography", group.require_no_cryptography)
        group.run_c_tests()
