"""Tests the library on other platforms: their C programs and their engines run with qemu, with wine, or by themselves.

    tools/run test-arm64 [c|godot [OPTION of test-godot...]]    Linux arm64 with qemu
    tools/run test-musl                                         Linux x86_64 without a shared C library
    tools/run test-windows-engine [OPTION of test-godot...]     a Windows engine with wine

The libraries are those of a release: optimised, and built by `provision/cross.py`.
"""

from __future__ import annotations

import pathlib

from ..process import Argument, locked
from ..project import EXTENSION_FEATURES, HEADER, target_folder
from ..provision.cross import CrossCompiler
from ..provision.engines import godot3
from ..provision.qemu import Arm64
from ..provision.windows_engine import windows_engine
from ..provision.wine import Wine, wine
from ..report import Failed, Report
from ..runner import Runner
from ..targets import platform_of
from . import godot
from .c_programs import Suite
from .c_target import CTarget
from .engine_target import ROOM_SERVER, EngineTarget, copy_project

C_FEATURES = ("--no-default-features", "--features", "capi")
PARTS = ("c", "godot")
