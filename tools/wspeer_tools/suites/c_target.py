"""Describes the platforms of the C tests: the compilers, what a static program links, and how programs run."""

from __future__ import annotations

import os
from dataclasses import dataclass, field

from ..process import Argument
from ..runner import Runner


@dataclass(frozen=True)
class CTarget:
    """One platform. The programs and logs of its tests go to the folder `work` of the build folder."""

    work: str
    cc: "tuple[Argument, ...]"
    cxx: "tuple[Argument, ...]"
    runner: Runner = field(default_factory=Runner)
    # What a program links beside the static library: what `rustc --print native-static-libs` names.
    static_libraries: "tuple[str, ...]" = ("-lgcc_s", "-lutil", "-lrt", "-lpthread", "-lm", "-ldl", "-lc")
    has_shared_library: bool = True
    # What the file names of programs end with.
    suffix: str = ""
    # Tests of the header and the symbols need no program of the platform.
    is_this_machine: bool = False


def this_machine() -> CTarget:
    """Returns the platform of this machine with the compilers $CC and $CXX."""
    compilers = ((os.environ.get("CC", "cc"),), (os.environ.get("CXX", "c++"),))
    return CTarget("c-tests", *compilers, is_this_machine=True)
