"""Tests of what writes the packages: separated archives, signatures, workflows."""

from __future__ import annotations

import pathlib
import struct
import tarfile
import tempfile
import unittest
import unittest.mock
import zipfile
from typing import Any

from wspeer_tools.checks.workflows import violations
from wspeer_tools.packages import platforms
from wspeer_tools.packages import sign as signing
from wspeer_tools.packages.platforms import PAGE, cells, label, states
from wspeer_tools.packages.recipes import vcpkg_archives
from wspeer_tools.packages.separate import (
    ARCHIVE,
    function_names,
    hide_mach_symbols,
    hide_symbols,
    own_names,
    read_members,
)
from wspeer_tools.process import output_of, run
from wspeer_tools.project import HEADER, version
from wspeer_tools.report import Failed
from wspeer_tools.suites.c_programs import declared_functions
from wspeer_tools.targets import LINKED, PLATFORMS, platform_of

WORKFLOW = """permissions:
  contents: read

jobs:
  first:
    timeout-minutes: 5
    steps:
      - uses: actions/checkout@08c6903cd8c0fde910a37f88322edcfb5dd907a8 # v5.0.0
      - run: |
          make
          make test
"""


def member(name: bytes, content: bytes) -> bytes:
    header = name.ljust(16) + b"0".ljust(12) + b"0".ljust(6) + b"0".ljust(6) + b"644".ljust(8)
    return header + str(len(content)).encode().ljust(10) + b"`\n" + content + b"\n" * (len(content) % 2)


class SeparateTest(unittest.TestCase):
    def test_the_functions_are_those_that_the_preprocessor_finds(self) -> None:
        self.assertEqual(sorted(function_names()), declared_functions(HEADER))

    def test_names_of_the_library_change_and_those_of_functions_and_imports_stay(self) -> None:
        listing = "\n".join(
            [
                "code.o:",
                "00000000 T wsp_peer_new",
                "00000008 T _wsp_peer_free",
                "00000010 T rust_eh_personality",
                "00000018 D __imp_rust_eh_personality",
                "                 U memcpy",
                "",
                "ws2_32.dll:",
                "00000000 I __IMPORT_DESCRIPTOR_ws2_32",
            ]
        )
        expected = {
            "rust_eh_personality": "wspeer.rust_eh_personality",
            "__imp_rust_eh_personality": "__imp_wspeer.rust_eh_personality",
        }
        self.assertEqual(own_names(listing), expected)

    def test_members_have_the_names_of_both_kinds_of_archives(self) -> None:
        gnu = member(b"/", b"table") + member(b"//", b"a-long-name.o/\nother.o/\n") + member(b"/0", b"code")
        gnu += member(b"odd.o/", b"odd")
        self.assertEqual(list(read_members(ARCHIVE + gnu)), [("a-long-name.o", b"code"), ("odd.o", b"odd")])
        apple = member(b"#1/12", b"__.SYMDEF\0\0\0table") + member(b"#1/8", b"name.o\0\0code")
        self.assertEqual(list(read_members(ARCHIVE + apple)), [("name.o", b"code")])

    def test_defined_symbols_of_elf_objects_are_hidden(self) -> None:
        with tempfile.TemporaryDirectory() as name:
            source, output = pathlib.Path(name) / "a.c", pathlib.Path(name) / "a.o"
            source.write_text("int other(void);\nint one(void) { return other(); }\nint two;\n", encoding="utf-8")
            run(["cc", "-c", source, "-o", output])
            content = bytearray(output.read_bytes())
            self.assertEqual(hide_symbols(content), 2)
            output.write_bytes(content)
            symbols = output_of(["readelf", "-sW", output])
        for symbol, visibility in {"one": "HIDDEN", "two": "HIDDEN", "other": "DEFAULT"}.items():
            self.assertRegex(symbols, rf"GLOBAL +{visibility} +\w+ {symbol}\n")

    def test_defined_symbols_of_mach_objects_are_private(self) -> None:
        # A local symbol, a function, and one of another library.
        kinds = [0x0E, 0x0F, 0x01]
        header = struct.pack("<4s7I", b"\xcf\xfa\xed\xfe", 0, 0, 1, 2, 32, 0, 0)
        commands = struct.pack("<2I", 25, 8) + struct.pack("<6I", 2, 24, 64, len(kinds), 0, 0)
        symbols = b"".join(struct.pack("<IBBHQ", 0, kind, 1, 0, 0) for kind in kinds)
        content = bytearray(header + commands + symbols)
        hide_mach_symbols(content)
        self.assertEqual([content[64 + 16 * number + 4] for number in range(3)], [0x0E, 0x1F, 0x01])


class SignTest(unittest.TestCase):
    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        self.addon = self.folder / "addon.zip"
        self.library = self.folder / "c.tar.gz"
        with zipfile.ZipFile(self.addon, "w") as archive:
            archive.writestr("addons/wspeer/bin/macos.universal/libwspeer.dylib", "code")
            archive.writestr("addons/wspeer/bin/linux.x86_64/libwspeer.so", "code")
        file = self.folder / "libwspeer.dylib"
        file.write_text("code", encoding="utf-8")
        with tarfile.open(self.library, "w:gz") as archive:
            archive.add(file, f"wspeer-c-{version()}/lib/libwspeer.dylib")

    def sign(self, *command: str) -> unittest.mock.Mock:
        finish = unittest.mock.Mock()
        changes: dict[str, Any] = {
            "archive_path": lambda: self.addon,
            "library_archive": lambda _platform: self.library,
            "target_folder": lambda: self.folder,
            "finish_release": finish,
        }
        with unittest.mock.patch.multiple(signing, **changes):
            signing.sign(*command)
        return finish

    def contents(self) -> "dict[str, bytes]":
        with zipfile.ZipFile(self.addon) as archive:
            contents = {name: archive.read(name) for name in archive.namelist()}
        with tarfile.open(self.library) as archive:
            for name in archive.getnames():
                file = archive.extractfile(name)
                contents[name] = file.read() if file else b""
        return contents

    def test_the_libraries_of_the_system_are_signed_and_the_others_are_not(self) -> None:
        expected = {
            "addons/wspeer/bin/linux.x86_64/libwspeer.so": b"code",
            "addons/wspeer/bin/macos.universal/libwspeer.dylib": b"code+signature",
            f"wspeer-c-{version()}/lib/libwspeer.dylib": b"code+signature",
        }
        finish = self.sign("macos", "sh", "-c", "printf +signature >> {}")
        finish.assert_called_once_with()
        self.assertEqual(self.contents(), expected)

    def test_a_signer_may_write_another_file(self) -> None:
        self.sign("macos", "sh", "-c", "(cat {}; printf 2) > {signed}")
        self.assertEqual(self.contents()[f"wspeer-c-{version()}/lib/libwspeer.dylib"], b"code2")

    def test_a_release_without_such_libraries_and_a_failing_signer_are_refused(self) -> None:
        for command in (("windows", "true"), ("macos", "false"), ("linux", "true"), ("macos",)):
            with self.assertRaises(Failed):
                self.sign(*command)


class RecipesTest(unittest.TestCase):
    def test_a_library_for_two_architectures_serves_both_and_musl_has_no_target(self) -> None:
        archive = pathlib.Path(__file__)
        text = vcpkg_archives({platform_of("macos.universal"): archive, platform_of("linux-musl.x86_64"): archive})
        for target in ("macos_x64", "macos_arm64"):
            self.assertIn(f'set(archive_{target} "{archive.name}")', text)
        self.assertNotIn("musl", text)


class PlatformsTest(unittest.TestCase):
    def test_the_page_has_the_state_of_each_platform(self) -> None:
        expected = {label(platform): platform.tested for platform in PLATFORMS}
        self.assertEqual(states(PAGE.read_text(encoding="utf-8")), expected)

    def test_sizes_are_those_of_the_archives_and_others_stay(self) -> None:
        windows = platform_of("windows.x86_64")
        addon = {"addons/wspeer/bin/windows.x86_64/wspeer.dll": 7_240_000}
        self.assertEqual(cells(windows, addon, pathlib.Path("/no/archive")), ["7.2 MB", "?", "?", "?"])
        before = f"| {label(platform_of('linux.arm32'))} | old | 1.0 MB | 2.0 MB | 3.0 MB | 4.0 MB |\n"
        with unittest.mock.patch.object(platforms, "library_archive", lambda _platform: pathlib.Path("/no/archive")):
            with unittest.mock.patch.object(platforms, "archive_path", lambda: pathlib.Path("/no/addon")):
                written = platforms.table(before)
        self.assertIn(
            f"| {label(platform_of('linux.arm32'))} | {LINKED} | 1.0 MB | 2.0 MB | 3.0 MB | 4.0 MB |", written
        )


class WorkflowsTest(unittest.TestCase):
    def test_a_workflow_with_few_rights_is_accepted(self) -> None:
        self.assertEqual(violations(WORKFLOW), [])

    def test_each_rule_is_checked(self) -> None:
        changes = {
            "pinned": ("08c6903cd8c0fde910a37f88322edcfb5dd907a8 # v5.0.0", "v5"),
            "token": ("contents: read", "contents: write"),
            "time limit": ("    timeout-minutes: 5\n", "    runs-on: x\n"),
            "expression": ("make test", "make ${{ github.ref }}"),
        }
        for word, change in changes.items():
            found = violations(WORKFLOW.replace(*change))
            self.assertEqual(len(found), 1, word)
            self.assertIn(word, found[0])
