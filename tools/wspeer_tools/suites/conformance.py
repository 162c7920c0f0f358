"""Runs the Autobahn test suite and compares every verdict with expected_server.json and expected_client.json.

    tools/run test-conformance quick|full [CASES]
        both faces of the library: the GDScript programs of the sample project and the C programs of tests/c (built by
        test-c); a full run is done over TCP and over TLS

    tools/run conformance-of quick|full --label NAME [--server-cmd CMD] [--client-cmd CMD] [OPTION...]
        any other program; without arguments it prints the options

quick runs kosoku, with the 301 cases without compression and sections 12.1, 13.1 and 13.7. full runs the original
suite, all 517 cases.
"""

from __future__ import annotations

import argparse
import contextlib
import functools
import json
import os
import pathlib
import re
import shlex
import tempfile
import time
from typing import Iterator, NamedTuple, Optional

from ..deadline import Deadline, wait_until
from ..process import Argument, Program, accepts_connections, free_port, fresh_folder, locked, run
from ..project import GODOT_PROJECT, ROOT, say, target_folder
from ..provision import autobahn
from ..provision.engines import engine
from ..provision.programs import openssl
from ..report import Failed
from ..sample_project import engine_environment, require_library
from . import verdicts

HERE = ROOT / "tests" / "conformance"
CASES = {"quick": ["[1-9].*", "10.*", "12.1.*", "13.1.*", "13.7.*"], "full": ["*"]}
# No case is silent for longer; the suite's own limits are shorter.
SILENCE = 300.0
# After the last report, kosoku ends by itself within this time.
GRACE = 20.0
# How often a long run says how far it is.
PROGRESS_INTERVAL = 60.0


class Subject(NamedTuple):
    """What is tested, and how."""

    mode: str
    label: str
    server_command: str
    client_command: str
    patterns: "list[str]"
    # How many cases run at the same time.
    jobs: int
    # Certificate and key of the TLS server, or nothing for TCP.
    tls: "list[str]"

    @property
    def scheme(self) -> str:
        return "wss" if self.tls else "ws"


class RoleRun:
    """One role (server or client) of one subject."""

    def __init__(self, subject: Subject, role: str, work: pathlib.Path):
        self.subject = subject
        self.role = role
        self.work = work
        self.problems: list[str] = []
        self.programs = contextlib.ExitStack()
        self.cases = self._chosen_cases()
        # kosoku opens so many connections to a server by itself.
        parts = 1 if (subject.mode, role) == ("quick", "server") else subject.jobs
        self.parts = [part for part in (self.cases[number::parts] for number in range(parts)) if part]
        self._reported = time.monotonic()

    def _chosen_cases(self) -> "list[str]":
        expected = HERE / f"expected_{self.role}.json"
        cases = verdicts.matching_cases(expected, CASES[self.subject.mode])
        if self.subject.patterns:
            wanted = set(verdicts.matching_cases(expected, self.subject.patterns))
            cases = [case for case in cases if case in wanted]
        if not cases:
            raise Failed(f"a {self.subject.mode} run has no such cases: {' '.join(self.subject.patterns)}")
        return cases

    def run(self) -> "tuple[int, int]":
        """Returns how many cases passed and failed."""
        subject, started = self.subject, time.monotonic()
        title = f"{subject.label} as {self.role}, {subject.mode}"
        say(f"{title}: {len(self.cases)} cases")
        with self.programs:
            if self.role == "server":
                self._test_server()
            else:
                self._test_client()
        reports = sorted(self.work.glob("part.*.report"))
        passed, failed = verdicts.compare(HERE / f"expected_{self.role}.json", self.cases, title, reports)
        for problem in self.problems:
            print(problem)
        print(f"{title}: took {time.monotonic() - started:.0f} s, reports in {self.work}\n", flush=True)
        return passed, failed + len(self.problems)

    # Programs.

    def _start(self, command: "list[Argument]", name: str, **options: bool) -> Program:
        """Starts a program with its output in NAME.log and, if it is under test, its errors in NAME.err."""
        errors = self.work / f"{name}.err" if options.get("separate") else None
        variables: dict[str, Optional[Argument]] = {
            "PYTHONNOUSERSITE": "1",
            "PYTHONUNBUFFERED": "1",
            "PYTHONHOME": None,
            "PYTHONSTARTUP": None,
        }
        # Only the original suite reads it, which runs in a Python of its own.
        variables["PYTHONPATH"] = str(autobahn.site_folder()) if options.get("is_original") else None
        program = Program(
            command,
            self.work / f"{name}.log",
            cwd=pathlib.Path.cwd() if options.get("separate") else self.work,
            env=variables,
            has_input=options.get("has_input", False),
            errors=errors,
        )
        return self.programs.enter_context(program)

    def _under_test(self, command: str, *arguments: str, name: str, has_input: bool = False) -> Program:
        shell: list[Argument] = ["bash", "-c", f'{command} "$@"', command, *arguments]
        return self._start(shell, name, separate=True, has_input=has_input)

    def _suite(self, number: int, arguments: "list[Argument]") -> Program:
        """Starts kosoku or the original suite for a part."""
        is_original = self.subject.mode == "full"
        command = autobahn.suite_command() if is_original else [autobahn.kosoku()]
        return self._start([*command, *arguments], f"part.{number:02}", is_original=is_original)

    def _kosoku_options(self, number: int) -> "list[Argument]":
        return [f"-o{self.work / f'part.{number:02}.report'}", *(f"-i{case}" for case in self.parts[number])]

    def _write_specification(self, number: int, **members: object) -> pathlib.Path:
        """Writes what the original suite is to do."""
        path = self.work / f"part.{number:02}.json"
        content = {"outdir": str(self.work / f"part.{number:02}.report"), "cases": self.parts[number], **members}
        path.write_text(json.dumps(content), encoding="utf-8")
        return path

    def _finish(self, program: Program, what: str, *accepted: int) -> None:
        """Waits for the end of a program; another status than 0 or an accepted one is a problem."""
        deadline = Deadline(SILENCE, self._progress)
        while program.is_alive() and not deadline.has_passed():
            time.sleep(0.1)
            self._report_progress()
        if program.is_alive():
            program.end()
            self.problems.append(f"the {what} made no progress for {SILENCE:g} s and was ended ({program.log})")
        elif program.process.returncode not in (0, *accepted):
            self.problems.append(f"the {what} ended with status {program.process.returncode} ({program.log})")

    def _progress(self) -> int:
        """Returns how much all programs of this run have printed."""
        return sum(path.stat().st_size for path in self.work.glob("*.log"))

    def _report_progress(self) -> None:
        if time.monotonic() - self._reported < PROGRESS_INTERVAL:
            return
        self._reported = time.monotonic()
        logs = (path.read_text(encoding="utf-8", errors="replace") for path in self.work.glob("part.??.log"))
        begun = sum(len(re.findall(r"^Running test case", text, re.MULTILINE)) for text in logs)
        say(f"{self.subject.label} as {self.role}, {self.subject.mode}: {begun} of {len(self.cases)} cases begun")

    # Roles.

    def _test_server(self) -> None:
        server = self._under_test(self.subject.server_command, name="server", has_input=True)
        try:
            port = server.port()
        except Failed as error:
            self.problems.append(str(error))
            return
        url = f"{self.subject.scheme}://127.0.0.1:{port}"
        clients = []
        for number in range(len(self.parts)):
            if self.subject.mode == "quick":
                arguments: list[Argument] = [url, "-p", str(self.subject.jobs), *self._kosoku_options(number)]
            else:
                servers = [{"agent": self.subject.label, "url": url}]
                specification = self._write_specification(number, servers=servers)
                arguments = ["-m", "fuzzingclient", "-s", specification]
            clients.append(self._suite(number, arguments))
        for client in clients:
            # kosoku's status is 1 if a case failed, which the verdicts report in detail.
            self._finish(client, "suite's client", 1)
        server.close_input()
        if not wait_until(lambda: not server.is_alive(), Deadline(3)):
            server.terminate()
        # The end by SIGTERM.
        self._finish(server, "server under test", -15, 143)

    def _test_client(self) -> None:
        servers, clients = [], []
        for number in range(len(self.parts)):
            server, url = self._start_suite_server(number)
            if server is None:
                self.problems.append(f"the suite's server does not start ({self.work}/part.{number:02}.log)")
                return
            servers.append(server)
            name = f"client.{number:02}"
            clients.append(self._under_test(self.subject.client_command, url, self.subject.label, name=name))
        for client in clients:
            self._finish(client, "client under test")
        for server in servers:
            # kosoku ends by itself after /updateReports, the original does not. If the client did not come that far,
            # there is no report, and all cases count as not run.
            grace = GRACE if self.subject.mode == "quick" else 0.0
            if not wait_until(functools.partial(has_ended, server), Deadline(grace, server.printed)):
                server.terminate()
            self._finish(server, "suite's server", 1, -15, 143)

    def _start_suite_server(self, number: int) -> "tuple[Optional[Program], str]":
        if self.subject.mode == "quick":
            server = self._suite(number, ["-m", "fuzzingserver", "127.0.0.1:0", *self._kosoku_options(number)])
            return server, server.wait_for(r"^fuzzingserver listening on (ws://[^ ]*)")[1]
        # The original cannot listen on any free port, and another program may take one before it starts.
        for attempt in range(1, 4):
            port = free_port()
            url = f"{self.subject.scheme}://127.0.0.1:{port}"
            keys = dict(zip(("cert", "key"), self.subject.tls))
            specification = self._write_specification(number, url=url, **keys)
            server = self._suite(number, ["-m", "fuzzingserver", "-s", specification])
            listens = server_listens(server, port)
            if listens:
                return server, url
            server.end()
            say(f"the suite's server did not start (attempt {attempt}): {server.log}")
        return None, ""


def has_ended(program: Program) -> bool:
    return not program.is_alive()


def server_listens(server: Program, port: int) -> bool:
    """Waits until the program accepts connections; returns whether it does and is alive."""
    wait_until(lambda: accepts_connections(port) or not server.is_alive(), server.deadline())
    return server.is_alive() and accepts_connections(port)


def run_subject(subject: Subject) -> "tuple[int, int]":
    """Runs both roles, as far as there are commands for them. Returns how many cases passed and failed."""
    autobahn.provision(is_full=subject.mode == "full")
    work = target_folder() / "conformance" / "reports" / subject.mode / subject.label
    passed = failed = 0
    with locked(work / "lock", f"the {subject.mode} run of {subject.label}"):
        for role, command in (("server", subject.server_command), ("client", subject.client_command)):
            if command:
                role_passed, role_failed = RoleRun(subject, role, fresh_folder(work / role)).run()
                passed, failed = passed + role_passed, failed + role_failed
    print(f"{passed} passed, {failed} failed", flush=True)
    return passed, failed


def parse(arguments: "tuple[str, ...]") -> Subject:
    parser = argparse.ArgumentParser(
        prog="tools/run conformance-of", formatter_class=argparse.RawDescriptionHelpFormatter, description=__doc__
    )
    parser.add_argument("mode", choices=sorted(CASES))
    parser.add_argument("--label", required=True, help="names what is tested, in the output and for its reports")
    parser.add_argument(
        "--server-cmd",
        default="",
        help="starts the echo server under test: it prints `LISTENING port`, serves 127.0.0.1, and ends with its input",
    )
    parser.add_argument(
        "--client-cmd",
        default="",
        help="called as `CMD ws://127.0.0.1:port NAME`: runs the cases /runCase?case=N&agent=NAME up to /getCaseCount, "
        "echoes, then visits /updateReports?agent=NAME and ends with status 0",
    )
    parser.add_argument("--cases", action="append", default=[], metavar="PATTERN", help="only these, such as 7.*")
    parser.add_argument("--jobs", type=int, default=4, help="cases that run at the same time (%(default)s)")
    parser.add_argument("--tls", nargs=2, default=[], metavar=("CERT", "KEY"), help="PEM files; full only")
    options = parser.parse_args(arguments)
    # It becomes part of file names and of URLs.
    if not re.fullmatch(r"[A-Za-z0-9_-]+", options.label):
        parser.error("--label accepts letters, digits, - and _")
    if not options.server_cmd and not options.client_cmd:
        parser.error("--server-cmd or --client-cmd is missing")
    if options.tls and options.mode == "quick":
        parser.error("kosoku does not support TLS: --tls is for full")
    tls = [str(pathlib.Path(path).resolve()) for path in options.tls]
    return Subject(
        options.mode, options.label, options.server_cmd, options.client_cmd, options.cases, options.jobs, tls
    )


def run_one(*arguments: str) -> int:
    passed, failed = run_subject(parse(arguments))
    return 0 if passed and not failed else 1


def own_subjects(mode: str, patterns: "list[str]", folder: pathlib.Path) -> "Iterator[Subject]":
    """Yields the library's faces: Godot and C, and both over TLS in a full run."""
    scripts = shlex.join([str(engine()), "--headless", "--path", str(GODOT_PROJECT), "-s"]) + " res://tests"
    server, client = f"{scripts}/autobahn_server.gd", f"{scripts}/autobahn_client.gd --"
    programs = shlex.quote(str(target_folder() / "c-tests"))
    c_server, c_client = f"{programs}/echo_server", f"{programs}/autobahn_client"
    yield Subject(mode, "godot", server, client, patterns, 4, [])
    yield Subject(mode, "c", c_server, c_client, patterns, 4, [])
    if mode == "full":
        key, certificate = folder / "key.pem", folder / "certificate.pem"
        options: list[Argument] = ["-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost"]
        options += ["-addext", "subjectAltName=IP:127.0.0.1", "-keyout", key, "-out", certificate]
        run([openssl(), "req", "-x509", *options])
        tls = [str(certificate), str(key)]
        files = shlex.join([str(key), str(certificate)])
        yield Subject(mode, "godot-tls", f"{server} -- {files}", client, patterns, 4, tls)
        yield Subject(mode, "c-tls", f"{c_server} 0 {files}", c_client, patterns, 4, tls)


def main(*arguments: str) -> int:
    if not arguments or arguments[0] not in CASES:
        raise Failed(__doc__ or "")
    require_library()
    passed = failed = 0
    with tempfile.TemporaryDirectory() as folder:
        # The engines that the commands start.
        os.environ.update({name: str(value) for name, value in engine_environment(folder).items()})
        for subject in own_subjects(arguments[0], list(arguments[1:2]), pathlib.Path(folder)):
            subject_passed, subject_failed = run_subject(subject)
            passed, failed = passed + subject_passed, failed + subject_failed
    print(f"{passed} passed, {failed} failed")
    return 0 if passed and not failed else 1
