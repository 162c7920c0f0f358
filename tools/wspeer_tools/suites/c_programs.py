"""Tests the C interface from outside: the header, the exported symbols, and the programs of tests/c.

    tools/run test-c [--valgrind] [--without-tls] [LIBRARY_DIR [INCLUDE_DIR]]

    --valgrind   also runs test_capi under valgrind (minutes)
    --without-tls  for a library that was built without TLS
    LIBRARY_DIR  has libwspeer.so and libwspeer.a; $WSPEER_LIBRARY_DIR or target/debug
    INCLUDE_DIR  has wspeer.h; $WSPEER_INCLUDE_DIR or include

$CC and $CXX choose the compilers. Programs and logs go to target/c-tests.
"""

from __future__ import annotations

import contextlib
import functools
import os
import pathlib
import re
import signal
import socket
from typing import Callable, Iterator, Optional

from ..deadline import Deadline
from ..process import Argument, Program, find, locked, output_of, run, run_to_end, succeeds
from ..project import ROOT, target_folder
from ..report import Failed, Report, note
from .c_build import make_certificates
from .c_target import CTarget, this_machine

HERE = ROOT / "tests" / "c"
WARNINGS = ["-Wall", "-Wextra", "-Wpedantic", "-Wconversion", "-Wshadow", "-Werror"]
C_STANDARDS = ("c99", "c11", "c17", "gnu2x", "c23")
CXX_STANDARDS = ("c++11", "c++17", "c++20")
# The poll loop in the header's first comment.
EXAMPLE = re.compile(r"^ \*     wsp_client \*client.*?wsp_client_free[^\n]*$", re.MULTILINE | re.DOTALL)
PROGRAMS = [
    "echo_server",
    "echo_client",
    "autobahn_client",
    "room_server",
    "chat_server",
    "chat_client",
    "many_connections",
]
# What the clients of tests/c print after the close handshake: the code, and a reason that is one word.
CLOSED = re.compile(r"^closed: 1000 \w+$", re.MULTILINE)


def declared_functions(header: pathlib.Path) -> "list[str]":
    """Returns the functions of a header. The preprocessor removes the comments, which mention functions too."""
    compiler = os.environ.get("CC", "cc")
    text = output_of([compiler, "-E", "-P", "-x", "c", header])
    return sorted(set(re.findall(r"\b(wsp_[a-z0-9_]+) *\(", text)))


class Suite:
    """The compilers, folders and steps of one run."""

    def __init__(self, target: CTarget, libraries: pathlib.Path, include: pathlib.Path):
        self.target = target
        self.runner = target.runner
        self.libraries = libraries
        self.header = include / "wspeer.h"
        self.work = target_folder() / target.work
        self.report = Report(self.work)
        common = ["-O1", "-g", *WARNINGS, f"-I{include}"]
        self.c_flags = ["-std=c11", *common, "-Wstrict-prototypes", "-Wmissing-prototypes"]
        self.cxx_flags = ["-std=c++11", *common]
        self.include = include

    # Steps about the header and the symbols.

    def compile_alone(self, compiler: "tuple[Argument, ...]", language: str, standard: str) -> None:
        source = self.work / f"header.{language}"
        # The macro is used too, because a compiler does not check a macro before that.
        source.write_text(
            "#include <wspeer.h>\n#include <wspeer.h>\n"
            "extern const wsp_peer_options options;\n"
            "const wsp_peer_options options = WSP_PEER_OPTIONS_INIT;\n",
            encoding="utf-8",
        )
        flags = ["-Wall", "-Wextra", "-Wpedantic", "-Wconversion", "-Wundef", "-Werror", f"-I{self.include}"]
        run([*compiler, f"-std={standard}", *flags, "-c", "-x", language, source, "-o", self.work / "header.o"])

    def compile_example(self) -> None:
        """Compiles the example of the header's first comment, in a function of a program that it calls."""
        found = EXAMPLE.search(self.header.read_text(encoding="utf-8"))
        if not found:
            raise Failed("the header has no example")
        source = self.work / "example.c"
        body = re.sub(r"^ \*", "", found[0], flags=re.MULTILINE)
        declarations = "void on_message(const uint8_t *data, size_t len);\nvoid draw_frame(void);\nvoid run(void);\n"
        source.write_text(f"#include <wspeer.h>\n{declarations}void run(void)\n{{\n{body}\n}}\n", encoding="utf-8")
        run([*self.target.cc, *self.c_flags, "-c", source, "-o", self.work / "example.o"])

    def compare_exports(self) -> None:
        listing = output_of(["nm", "-D", "--defined-only", "--", self.libraries / "libwspeer.so"])
        exported = {line.split()[2] for line in listing.splitlines()}
        # The entry point of the Godot extension is exported if that is built in.
        exported.discard("wspeer_gdextension_init")
        declared = set(declared_functions(self.header))
        if not declared or declared != exported:
            raise Failed(f"declared only: {sorted(declared - exported)}\nexported only: {sorted(exported - declared)}")

    def require_tests_of_functions(self) -> None:
        sources = "".join(path.read_text(encoding="utf-8") for path in [HERE / "check.c", *HERE.glob("test_*.c")])
        called = set(re.findall(r"\b(wsp_\w+)\(", sources))
        untested = [name for name in declared_functions(self.header) if name not in called]
        if untested:
            raise Failed(f"no test calls {', '.join(untested)}")

    def require_nodelete(self) -> None:
        """Fails unless the library stays mapped after dlclose(), see build/link.rs."""
        if "NODELETE" not in output_of(["readelf", "-d", self.libraries / "libwspeer.so"]):
            raise Failed("libwspeer.so has no flag NODELETE")

    # Steps with programs.

    def program(self, name: str) -> pathlib.Path:
        return self.work / f"{name}{self.target.suffix}"

    def compile(self, program: str, sources: "list[Argument]", *, is_static: bool = False) -> bool:
        is_cxx = str(sources[0]).endswith(".cpp")
        compiler = [*self.target.cxx, *self.cxx_flags] if is_cxx else [*self.target.cc, *self.c_flags, "-pthread"]
        libraries: list[Argument] = [f"-L{self.libraries}", "-lwspeer", f"-Wl,-rpath,{self.libraries}"]
        if is_static:
            libraries = [self.libraries / "libwspeer.a", *self.target.static_libraries]
        command = [*compiler, *sources, "-o", self.program(program), *libraries]
        return self.report.step(f"compile {program}", lambda: run(command))

    def start(self, name: str, log: str, *arguments: str) -> Program:
        command = self.runner.command(self.program(name), *arguments)
        return Program(command, self.work / log, has_input=True, env=self.runner.variables())

    @contextlib.contextmanager
    def server(self, name: str) -> Iterator[Program]:
        """Runs a server; it has to end with status 0 when its input is closed, unless the block has ended it."""
        with self.start(name, f"{name}.out") as server:
            yield server
            server.close_input()
            status = server.wait()
            note(server.text())
            if status != 0:
                raise Failed(f"{name} ended with status {status}")

    def stop_server(self, server: Program) -> None:
        """Asks a server to end, whose clients are connected."""
        server.signal(signal.SIGTERM)

    def client(self, log: str, port: int, *arguments: str, program: str = "echo_client", path: str = "") -> Program:
        url = f"ws://127.0.0.1:{port}/{path}"
        return self.start(program, f"client.{log}", url, *arguments)

    def echo(self, log: str, port: int, *messages: str) -> bool:
        """Returns whether a client gets its messages back and closes cleanly."""
        with self.client(log, port, *messages) as client:
            return finish_echo(client, messages)

    def test_echo(self) -> None:
        with self.server("echo_server") as server:
            port = server.port()
            long = "x" * 60000
            for log, texts in (("hello", ("hello", "grüße", "", "two words")), ("long", ("long", long, long, long))):
                if not self.echo(log, port, *texts):
                    raise Failed(f"the messages of client.{log} were not echoed")
            with contextlib.ExitStack() as clients:
                running = []
                for number in range(1, 9):
                    messages = (str(number), f"again from {number}")
                    running.append((clients.enter_context(self.client(str(number), port, *messages)), messages))
                results = [finish_echo(client, messages) for client, messages in running]
                if not all(results):
                    raise Failed("a client of eight at the same time did not get its messages back")

    def test_echo_failures(self) -> None:
        """The server continues when a client fails, and a client fails if there is no server."""
        with self.server("echo_server") as server:
            port = server.port()
            if self.echo("invalid", port, "\udcff") or not self.echo("hello", port, "hello"):
                raise Failed("a message that is not UTF-8 was echoed, or the server did not continue")
            server.signal(signal.SIGTERM)
            if server.wait() != 0 or self.echo("late", port, "hello"):
                raise Failed("the server did not end cleanly on SIGTERM")

    def test_unloading(self) -> None:
        # Not linked with the library, which then would never be closed.
        program = self.work / "unload"
        run([*self.target.cc, *self.c_flags, "-pthread", HERE / "unload.c", "-o", program, "-ldl"])
        self.run_program("unload", str(self.libraries / "libwspeer.so"))

    def test_shutdown(self, number: int) -> None:
        """A client that does not answer the close frame gets one, and delays the server by close_timeout at most."""
        with self.server("echo_server") as server:
            with socket.create_connection(("127.0.0.1", server.port())) as connection:
                request = ["GET / HTTP/1.1", "Host: h", "Upgrade: websocket", "Connection: Upgrade"]
                request += ["Sec-WebSocket-Version: 13", "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==", "", ""]
                connection.sendall("\r\n".join(request).encode())
                receive(connection, lambda data: b"\r\n\r\n" in data)
                server.signal(number)
                if b"the server is shutting down" not in receive(connection, lambda _: False):
                    raise Failed("the close frame has no reason")

    def test_chat(self) -> None:
        """Two clients exchange messages; each waits for the other's, which fixes the order of all events."""
        with self.server("chat_server") as server:
            port = server.port()
            with self.client("alice", port, program="chat_client", path="alice") as alice:
                alice.write(":wait bob has come\nhello\n:wait bob: hi\n")
                alice.close_input()
                alice.wait_for("^alice has come$")
                with self.client("bob", port, program="chat_client", path="bob") as bob:
                    bob.write(":wait alice: hello\nhi\n:wait alice has gone\n")
                    bob.close_input()
                    statuses = alice.wait(), bob.wait()
                    conversation = ["alice: hello", "bob: hi"]
                    expect(alice, ["connected", "alice has come", "bob has come", *conversation])
                    expect(bob, ["connected", "bob has come", *conversation, "alice has gone"])
                    if statuses != (0, 0):
                        raise Failed(f"the clients ended with {statuses}")
            # A server that ends sends close frames. Carol's input stays open and empty.
            with self.client("carol", port, program="chat_client", path="carol") as carol:
                carol.wait_for("^carol has come$")
                self.stop_server(server)
                line = (carol.next_line() or "").rstrip()
                if not re.match(r"the server .*: 1001$", line):
                    raise Failed(f"carol printed '{line}'")

    def run_tests(self, name: str, command: "list[Argument]", **variables: str) -> None:
        """Runs a program that prints `N passed, N failed` and adds its counts."""
        # Backtraces of panics that the library catches add nothing to the test's own text.
        environment: dict[str, Optional[Argument]] = {
            **self.runner.variables(),
            "RUST_BACKTRACE": "0",
            "WSPEER_TEST_CERTIFICATES": self.runner.path(self.work / "certificates"),
            "WSPEER_TEST_PATIENCE": str(self.runner.patience),
            **variables,
        }
        log = self.work / f"{name}.log"
        silence = 300 * self.runner.patience
        try:
            status, text = run_to_end(command, log, env=environment, cwd=self.work, silence=silence)
        except Failed as error:
            self.report.fail(name, str(error))
            return
        self.report.add(name, status, text)

    def run_program(self, name: str, *arguments: str) -> None:
        log = self.work / f"{name}.out"
        status, text = self.runner.run(self.program(name), *arguments, log=log, cwd=self.work, silence=300)
        note(text)
        if status != 0:
            raise Failed(f"{name} ended with status {status}")

    def run_header_steps(self) -> None:
        step = self.report.step
        for standard in C_STANDARDS:
            if succeeds([*self.target.cc, f"-std={standard}", "-fsyntax-only", "-x", "c", "/dev/null"]):
                step(f"header as {standard}", functools.partial(self.compile_alone, self.target.cc, "c", standard))
        for standard in CXX_STANDARDS:
            step(f"header as {standard}", functools.partial(self.compile_alone, self.target.cxx, "c++", standard))
        if EXAMPLE.search(self.header.read_text(encoding="utf-8")):
            step("the loop at the top of the header compiles", self.compile_example)
        step("exports are the declared functions", self.compare_exports)
        step("every function is tested", self.require_tests_of_functions)
        step("the library stays mapped", self.require_nodelete)

    def compile_programs(self) -> "set[str]":
        """Compiles the programs and returns the names of those that compile."""
        is_static = not self.target.has_shared_library
        sources: dict[str, list[Argument]] = {name: [HERE / f"{name}.c"] for name in PROGRAMS}
        sources["wsp_peer"] = [HERE / "wsp_peer.cpp"]
        tests: list[Argument] = [HERE / "check.c", *sorted(HERE.glob("test_*.c"))]
        if self.target.has_shared_library:
            sources["test_capi"] = tests
        compiled = {name for name, files in sources.items() if self.compile(name, files, is_static=is_static)}
        if self.compile("test_capi_static", tests, is_static=True):
            compiled.add("test_capi_static")
        return compiled

    def run_all(self, has_valgrind: bool = False) -> int:
        step = self.report.step
        step("certificates", lambda: make_certificates(self.work / "certificates"))
        if self.target.is_this_machine:
            self.run_header_steps()
        compiled = self.compile_programs()
        if "wsp_peer" in compiled:
            step("wsp_peer", lambda: self.run_program("wsp_peer"))
        if {"echo_server", "echo_client"} <= compiled:
            step("echo exchange", self.test_echo)
            step("echo failures", self.test_echo_failures)
            step("close frames on SIGTERM", lambda: self.test_shutdown(signal.SIGTERM))
            step("close frames on SIGINT", lambda: self.test_shutdown(signal.SIGINT))
        if {"chat_server", "chat_client"} <= compiled:
            step("chat exchange", self.test_chat)
        if self.target.has_shared_library:
            step("unloading leaks nothing", self.test_unloading)
        if "many_connections" in compiled:
            step("many connections", lambda: self.run_program("many_connections", "10", "1000"))
        for name in ("test_capi", "test_capi_static"):
            if name in compiled:
                self.run_tests(name, self.runner.command(self.program(name)))
        if has_valgrind and "test_capi" in compiled:
            self.run_under_valgrind()
        return self.report.close()

    def run_under_valgrind(self) -> None:
        if not find("valgrind"):
            self.report.fail("valgrind", "is not installed")
            return
        # Status 99 is for findings of valgrind; the program itself returns 0 or 1.
        options: list[Argument] = [
            "-q",
            "--error-exitcode=99",
            "--leak-check=full",
            "--show-leak-kinds=definite,possible",
        ]
        options += ["--fair-sched=yes", f"--suppressions={HERE / 'valgrind.supp'}"]
        command: list[Argument] = ["valgrind", *options, self.work / "test_capi"]
        self.run_tests("test_capi under valgrind", command, WSPEER_TEST_PATIENCE="10")


def finish_echo(client: Program, messages: "tuple[str, ...]") -> bool:
    """Returns whether a started client ends with its messages echoed and a clean close."""
    client.close_input()
    status = client.wait()
    note(client.text()[:2000])
    echoed = client.text().splitlines()[:-1]
    return status == 0 and echoed == [f"< {message}" for message in messages] and has_closed(client.text())


def has_closed(text: str) -> bool:
    """Returns whether a client's output ends with a clean close."""
    return CLOSED.match(text.rstrip("\n").rpartition("\n")[2]) is not None


def expect(client: Program, lines: "list[str]") -> None:
    if client.text().splitlines() != lines:
        raise Failed(f"{client.log.name} has\n{client.text()}instead of\n" + "\n".join(lines))


def receive(connection: socket.socket, is_enough: "Callable[[bytes], bool]") -> bytes:
    """Reads until there is enough, or until the end of the stream."""
    data = b""
    connection.settimeout(0.1)
    deadline = Deadline(60, lambda: len(data))
    while not is_enough(data):
        try:
            more = connection.recv(65536)
        except socket.timeout:
            if deadline.has_passed():
                raise Failed(f"the server sent nothing more after {data!r}") from None
            continue
        if not more:
            break
        data += more
    return data


def main(*arguments: str) -> int:
    has_valgrind, without_tls = "--valgrind" in arguments, "--without-tls" in arguments
    folders = [argument for argument in arguments if argument not in ("--valgrind", "--without-tls")]
    if len(folders) > 2 or any(folder.startswith("-") for folder in folders):
        raise Failed(__doc__ or "")
    default_libraries = os.environ.get("WSPEER_LIBRARY_DIR") or target_folder() / "debug"
    default_include = os.environ.get("WSPEER_INCLUDE_DIR") or ROOT / "include"
    libraries = pathlib.Path(folders[0] if folders else default_libraries).resolve()
    include = pathlib.Path(folders[1] if len(folders) > 1 else default_include).resolve()
    work = target_folder() / "c-tests"
    with locked(work / "lock", "the C tests"):
        for log in work.glob("*.log"):
            log.unlink()
        suite = Suite(this_machine(), libraries, include)
        if without_tls:
            suite.c_flags.append("-DWITHOUT_TLS")
        return suite.run_all(has_valgrind)
