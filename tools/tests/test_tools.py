"""Tests of the tool itself. `make check` runs them."""

from __future__ import annotations

import contextlib
import io
import pathlib
import re
import sys
import tempfile
import time
import unittest

from wspeer_tools.checks.words import Term, find_long_comments, find_terms, read_terms
from wspeer_tools.commands import COMMANDS
from wspeer_tools.deadline import Deadline, wait_until
from wspeer_tools.engine_output import printed, problems, require_no_bugs
from wspeer_tools.process import Program, run_to_end
from wspeer_tools.project import ADDON, HEADER, LIBRARY_FOLDER
from wspeer_tools.provision.apple_link import learn
from wspeer_tools.provision.translated_link import linker_arguments
from wspeer_tools.report import Failed, Report, closing_counts
from wspeer_tools.suites import random_calls
from wspeer_tools.suites.c_programs import declared_functions
from wspeer_tools.suites.godot import problems_of
from wspeer_tools.targets import PLATFORMS, list_of_libraries, platform_of


class TestCase(unittest.TestCase):
    """A test with a folder of its own."""

    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)

    def quiet(self, function: object, *arguments: object) -> object:
        with contextlib.redirect_stdout(io.StringIO()):
            return function(*arguments)  # type: ignore[operator]


def fail() -> None:
    raise Failed("as it should")


class ReportTest(TestCase):
    def test_a_run_without_steps_fails(self) -> None:
        self.assertEqual(self.quiet(Report(self.folder).close), 1)

    def test_a_passed_step_passes(self) -> None:
        report = Report(self.folder)
        self.assertTrue(report.step("good", lambda: None))
        self.assertEqual(self.quiet(report.close), 0)

    def test_a_failed_step_and_a_bug_of_the_suite_fail(self) -> None:
        for function in (fail, lambda: 1 / 0):
            report = Report(self.folder)
            report.step("good", lambda: None)
            self.assertFalse(self.quiet(report.step, "bad", function))
            self.assertEqual((self.quiet(report.close), report.passed, report.failed), (1, 1, 1))

    def test_counts_and_status_of_a_program_must_agree(self) -> None:
        for status, text, failed in ((0, "2 passed, 0 failed\n", 0), (1, "1 passed, 1 failed\n", 1), (0, "", 1),
                                     (0, "0 passed, 0 failed\n", 1), (1, "1 passed, 0 failed\n", 1),
                                     (-11, "2 passed, 0 failed\n", 1), (0, "1 passed, 1 failed\n", 2)):  # fmt: skip
            report = Report(self.folder)
            self.quiet(report.add, "program", status, text)
            self.assertEqual(report.failed, failed, (status, text))

    def test_the_last_counts_of_an_output_are_read(self) -> None:
        self.assertEqual(closing_counts("1 passed, 0 failed\nmore\n3 passed, 2 failed\n"), (3, 2))
        self.assertIsNone(closing_counts("not 1 passed, 0 failed at all"))


class WaitTest(TestCase):
    def test_a_deadline_passes_without_progress_only(self) -> None:
        idle = Deadline(0.2)
        self.assertFalse(wait_until(lambda: False, idle))
        values = iter(range(1000))
        busy = Deadline(0.2, lambda: next(values))
        end = time.monotonic() + 0.6
        self.assertTrue(wait_until(lambda: time.monotonic() > end, busy))

    def test_a_program_that_hangs_is_ended(self) -> None:
        begun = time.monotonic()
        with self.assertRaises(Failed):
            run_to_end([sys.executable, "-c", "import time; time.sleep(600)"], self.folder / "log", silence=0.3)
        self.assertLess(time.monotonic() - begun, 300)

    def test_a_program_that_prints_is_not_ended(self) -> None:
        script = "import time\nfor n in range(8): print(n, flush=True); time.sleep(0.1)"
        status, text = run_to_end([sys.executable, "-c", script], self.folder / "log", silence=0.5)
        self.assertEqual((status, len(text.splitlines())), (0, 8))

    def test_lines_are_read_up_to_the_end(self) -> None:
        with Program([sys.executable, "-c", "print('LISTENING 80'); print('last')"], self.folder / "log") as program:
            self.assertEqual(program.port(), 80)
            self.assertEqual((program.next_line(), program.next_line()), ("last", None))

    def test_what_a_program_has_started_is_ended_with_it(self) -> None:
        script = "import subprocess\np = subprocess.Popen(['sleep', '600'])\nprint('PID', p.pid, flush=True)\np.wait()"
        with Program([sys.executable, "-c", script], self.folder / "log") as program:
            child = program.wait_for(r"PID (\d+)")[1]
        state = pathlib.Path(f"/proc/{child}/stat")
        # A zombie is ended too; nothing here reads its status.
        ended = wait_until(lambda: not state.exists() or state.read_text().split()[2] == "Z", Deadline(10))
        self.assertTrue(ended)


class EngineOutputTest(TestCase):
    def test_errors_warnings_and_leaks_are_problems(self) -> None:
        for line in ("SCRIPT ERROR: x", "ERROR: x", "WARNING: x", "thread panicked at x", "Leaked instance: Node"):
            self.assertEqual(problems(f"good\n{line}\n"), [line])
        self.assertEqual(problems("ERROR: expected\n", "ERROR: expected"), [])
        self.assertEqual(printed("Godot Engine v4.6\n\nhello\n"), "hello")

    def test_script_errors_and_leaks_are_never_expected(self) -> None:
        require_no_bugs("ERROR: of a call that has to fail\n")
        for line in ("SCRIPT ERROR: x", "Leaked instance: Node"):
            with self.assertRaises(Failed):
                require_no_bugs(line)

    def test_expected_errors_of_the_engine_do_not_hide_script_errors(self) -> None:
        text = (
            "##TEST a\n##EXPECT_ENGINE_ERRORS begin\nERROR: x\nSCRIPT ERROR: y\n##EXPECT_ENGINE_ERRORS end\nERROR: z\n"
        )
        self.assertEqual(problems_of(text, is_engine_only=False), ["a: SCRIPT ERROR: y", "a: ERROR: z"])


class WordsTest(TestCase):
    TERMS = [Term(re.compile(r"\bblue (it|the)\b", re.IGNORECASE), "green", [re.compile(r"blue the proxy")])]

    def found(self, text: str) -> "list[int]":
        return [finding.line for finding in find_terms("file", text, self.TERMS)]

    def test_a_phrase_is_found_also_across_lines(self) -> None:
        self.assertEqual(self.found("a\nBlue it\n"), [2])
        self.assertEqual(self.found("/// is sent blue\n/// the frame\n"), [2])

    def test_allowed_texts_cover_their_phrase_only(self) -> None:
        self.assertEqual(self.found("blue the proxy\n"), [])
        self.assertEqual(self.found("blue the proxy, blue it\n"), [1])

    def test_the_list_is_readable_and_its_replacements_are_not_banned(self) -> None:
        terms = read_terms()
        self.assertGreater(len(terms), 15)
        for term in terms:
            self.assertTrue(term.replacement)

    def test_long_comment_lines_are_found(self) -> None:
        text = f'// {"x" * 120}\nlet x = "{"x" * 150}";\n// https://example.test/{"x" * 120}\n'
        self.assertEqual([finding.line for finding in find_long_comments("rust/a.rs", text)], [1])
        self.assertEqual(list(find_long_comments("tests/a.rs", text)), [])


class RandomCallsTest(TestCase):
    """`make check` finds a function that the random calls cannot call; they themselves run in `make sanitize`."""

    def test_every_function_is_called_unless_it_blocks(self) -> None:
        text = HEADER.read_text(encoding="utf-8")
        called = set(re.findall(r"\bcall_(wsp_\w+)\}", random_calls.source(text)))
        self.assertEqual(called, set(declared_functions(HEADER)) - random_calls.BLOCKING)

    def test_a_parameter_without_random_value_is_an_error(self) -> None:
        with self.assertRaises(Failed):
            random_calls.source("/** A. */\nvoid wsp_a(some_type value);\n")


class CommandsTest(TestCase):
    def test_every_command_has_its_function(self) -> None:
        for name, command in COMMANDS.items():
            module = __import__(f"wspeer_tools.{command.module}", fromlist=[command.function])
            self.assertTrue(callable(getattr(module, command.function)), name)


class TargetsTest(TestCase):
    """The table of platforms."""

    def test_the_addon_names_the_library_of_every_platform(self) -> None:
        text = (ADDON / "wspeer.gdextension").read_text(encoding="utf-8")
        self.assertIn(list_of_libraries(PLATFORMS), text)

    def test_names_are_unique(self) -> None:
        self.assertEqual(len({platform.name for platform in PLATFORMS}), len(PLATFORMS))
        with self.assertRaises(Failed):
            platform_of("amiga.m68k")

    def test_the_tools_know_the_platform_they_run_on(self) -> None:
        self.assertTrue(platform_of(LIBRARY_FOLDER).has_extension)

    def test_a_library_for_all_architectures_has_no_tag_for_one(self) -> None:
        lines = platform_of("macos.universal").extension_lines()
        self.assertEqual(lines[1], 'macos.release = "bin/macos.universal/libwspeer.dylib"')


class CrossLinkTest(TestCase):
    """Links without the C compiler and the libraries of a platform."""

    def test_a_linker_gets_the_arguments_of_a_c_compiler_in_its_own_form(self) -> None:
        given = ["-Wl,--as-needed", "-nodefaultlibs", "-Wl,-z,nodelete", "a.o", "-lc", "--target=aarch64-linux-android"]
        self.assertEqual(list(linker_arguments(given)), ["--as-needed", "-z", "nodelete", "a.o", "-lc"])

    def test_stubs_get_the_symbols_that_a_link_has_not_found(self) -> None:
        known: dict[str, set[str]] = {"Security": set(), "CoreFoundation": set(), "System": set()}
        text = "ld64.lld: error: undefined symbol: _{}\n>>> referenced by a.o\n"
        self.assertTrue(learn(text.format("SecTrustCreate") + text.format("CFRelease"), known, set()))
        self.assertTrue(learn(text.format("malloc"), known, {"_malloc"}))
        found = {"Security": {"_SecTrustCreate"}, "CoreFoundation": {"_CFRelease"}, "System": {"_malloc"}}
        self.assertEqual(known, found)

    def test_a_link_that_reports_nothing_new_or_an_unknown_symbol_has_failed(self) -> None:
        known = {"Security": {"_SecTrustCreate"}, "CoreFoundation": set(), "System": set()}
        text = "error: undefined symbol: _SecTrustCreate\nerror: undefined symbol: _prinft\n"
        self.assertFalse(learn(text, known, {"_printf"}))


if __name__ == "__main__":
    unittest.main()
