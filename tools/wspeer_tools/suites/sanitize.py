"""Runs the C tests and random calls with AddressSanitizer and ThreadSanitizer, which find wrong uses of memory.

    tools/run sanitize [address|thread] [SEED]

The library, its standard library and the programs are all built with the sanitizer. The random calls
(tests/c/random) use every function of the header; SEED is the first of their seeds, 1 if it is not given.
"""

from __future__ import annotations

import functools
import pathlib
import resource

from ..process import Argument, run_to_end
from ..project import HEADER, ROOT, cache_folder
from ..provision.sanitizers import SanitizerToolchain
from ..report import Failed, Report, note
from . import random_calls
from .c_build import make_certificates

HERE = ROOT / "tests" / "c"
SANITIZERS = ("address", "thread")
# Seeds and calls of each thread. The run with one thread also reads whatever calls have lent.
SEEDS, CALLS = 6, 20000
# Programs with a fault that the sanitizer must find.
FAULTS = {
    "address": "#include <stdlib.h>\nint main(int count, char **names)\n"
    "{ char *text = malloc(4); (void)names; free(text); return text[count]; }\n",
    "thread": "#include <pthread.h>\nstatic int number;\n"
    "static void *add(void *unused) { number++; return unused; }\n"
    "int main(void)\n{ pthread_t thread; pthread_create(&thread, 0, add, 0); number++; pthread_join(thread, 0);\n"
    "return 0; }\n",
}


class Sanitizing:
    """The steps with one sanitizer."""

    def __init__(self, sanitizer: str, report: Report):
        self.toolchain = SanitizerToolchain(sanitizer)
        self.sanitizer = sanitizer
        self.report = report
        self.work = report.folder
        self.certificates = self.work / "certificates"
        self.libraries: list[Argument] = []

    def compile(self, name: str, *sources: pathlib.Path) -> pathlib.Path:
        program = self.work / f"{name}-{self.sanitizer}"
        includes: list[Argument] = [f"-I{HEADER.parent}", f"-I{HERE / 'random'}"]
        self.toolchain.compile(program, list(sources), [*includes, *self.libraries])
        return program

    def run(self, program: pathlib.Path, *arguments: str) -> "tuple[int, str]":
        environment: dict[str, Argument] = {
            **self.toolchain.environment(),
            "RUST_BACKTRACE": "0",
            "WSPEER_TEST_CERTIFICATES": self.certificates,
            "WSPEER_TEST_PATIENCE": "10",
        }
        log = self.work / f"{program.name}{'-'.join(['', *arguments])}.out"
        return run_to_end([program, *arguments], log, env=environment, cwd=self.work, silence=600)

    def find_fault(self) -> None:
        """Requires that the sanitizer finds a fault: one that does not work would find none in the library."""
        source = self.work / f"fault_{self.sanitizer}.c"
        source.write_text(FAULTS[self.sanitizer], encoding="utf-8")
        status, text = self.run(self.compile("fault", source))
        if status != 66 or "Sanitizer" not in text:
            raise Failed(f"a fault was not found; the program ended with status {status}:\n{text}")

    def build(self) -> None:
        self.libraries = [self.toolchain.build_library(cache_folder() / f"sanitize-{self.sanitizer}")]

    def test_capi(self) -> None:
        program = self.compile("test_capi", HERE / "check.c", *sorted(HERE.glob("test_*.c")))
        status, text = self.run(program)
        self.report.add(program.name, status, text)

    def call_at_random(self, seed: int, threads: int) -> None:
        table = self.work / "random_calls_table.c"
        table.write_text(random_calls.source(HEADER.read_text(encoding="utf-8")), encoding="utf-8")
        program = self.compile("random_calls", table, HERE / "random" / "random_calls.c")
        status, text = self.run(program, str(seed), str(CALLS), str(threads))
        note(text[-20000:])
        if status != 0:
            raise Failed(f"the random calls of seed {seed} with {threads} threads ended with status {status}")

    def run_all(self, seed: int) -> None:
        step = self.report.step
        if not step(f"{self.sanitizer}: finds a fault", self.find_fault):
            return
        if not step(f"{self.sanitizer}: build", self.build):
            return
        step(f"{self.sanitizer}: C tests", self.test_capi)
        for number in range(seed, seed + SEEDS):
            for threads in (1, 5):
                name = f"{self.sanitizer}: random calls, seed {number}, threads {threads}"
                step(name, functools.partial(self.call_at_random, number, threads))


def main(*arguments: str) -> int:
    sanitizers = [argument for argument in arguments if argument in SANITIZERS] or SANITIZERS
    others = [argument for argument in arguments if argument not in SANITIZERS]
    if len(others) > 1 or not all(argument.isdigit() for argument in others):
        raise Failed(__doc__ or "")
    # The random calls open many sockets.
    limit = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(limit, 8192), limit))
    report = Report(cache_folder() / "sanitize")
    make_certificates(report.folder / "certificates")
    for sanitizer in sanitizers:
        print(f"== {sanitizer} sanitizer", flush=True)
        Sanitizing(sanitizer, report).run_all(int(others[0]) if others else 1)
    return report.close()
