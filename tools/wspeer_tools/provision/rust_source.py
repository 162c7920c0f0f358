"""Provides a Rust compiler with the sources of its standard library, which can then be built for any target, with any
option.

Debian's packages have both, and LLVM's programs that fit. They are unpacked and not installed; see `debian.py`.
"""

from __future__ import annotations

import pathlib

from ..process import Argument, run
from ..project import ROOT, cache_folder
from . import debian

SUITE = "sid"
# The compiler's own LLVM, so that its instrumentation and clang's runtime agree.
LLVM = 22
PACKAGES = ("rustc", "cargo", "rust-src", f"clang-{LLVM}", f"libclang-rt-{LLVM}-dev", f"llvm-{LLVM}")


class RustSource:
    """The unpacked compiler."""

    def __init__(self) -> None:
        self.tree = debian.unpack(SUITE, cache_folder() / "rust-toolchain", *PACKAGES)
        self.rustc = self.tree.launcher("usr/bin/rustc")
        self.program = self.tree.launcher("usr/bin/cargo")

    def llvm(self, program: str) -> pathlib.Path:
        """Returns one of LLVM's programs."""
        return self.tree.launcher(f"usr/lib/llvm-{LLVM}/bin/{program}")

    def linker(self, name: str) -> pathlib.Path:
        """Returns LLVM's linker by the name that chooses its kind: ld.lld, ld64.lld or lld-link."""
        tree = debian.unpack(SUITE, cache_folder() / "lld", f"lld-{LLVM}")
        return tree.launcher(f"usr/lib/llvm-{LLVM}/bin/{name}")

    def clang_resources(self) -> pathlib.Path:
        """Returns the folder of clang's own headers and libraries."""
        return self.tree.path / "usr" / "lib" / f"llvm-{LLVM}" / "lib" / "clang" / str(LLVM)

    def cargo(self, *arguments: Argument, env: "dict[str, Argument]") -> None:
        """Runs cargo in the project. Arguments for cargo must say which parts of the standard library to build."""
        own: "dict[str, Argument | None]" = {
            "RUSTC": self.rustc,
            # Lets a stable compiler build its standard library.
            "RUSTC_BOOTSTRAP": "1",
            # The project's own toolchain file does not apply to this compiler.
            "RUSTUP_TOOLCHAIN": None,
        }
        run([self.program, *arguments], cwd=ROOT, env={**own, **env})
