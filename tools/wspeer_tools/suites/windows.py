"""Tests the C library for Windows with wine, and between Windows and this machine.

    tools/run test-windows [c|exchange|trust]...

    c         the C tests with the DLL and with the static library, and the programs of tests/c
    exchange  clients and servers: Windows with this machine, and with itself; chat, messages, TLS
    trust     which certificates a client of Windows trusts without options

The library is that of a release; $WSPEER_LIBRARY_DIR has the one of this machine. Tests of what only POSIX has are left
out: POSIX_TESTS in tests/c/tests.h names them.
"""

from __future__ import annotations

import contextlib
import functools
import http.server
import json
import pathlib
import shutil
import threading
from dataclasses import dataclass
from typing import Any, Iterator

from ..packages.exports import exported_names
from ..packages.platform_build import build
from ..process import Argument, Program, fresh_folder, locked, run
from ..project import HEADER, ROOT
from ..provision.programs import openssl
from ..provision.wine import Wine, wine
from ..report import Failed, note
from ..runner import Runner
from ..targets import platform_of
from .c_build import compile_with_wspeer, make_certificates
from .c_programs import CXX_STANDARDS, HERE, Suite, declared_functions, finish_echo
from .foreign import c_target, folder_of

PARTS = ("c", "exchange", "trust")
INTEROP = ROOT / "tests" / "interop"
# The programs of tests/c that are not for POSIX alone.
PROGRAMS = ("echo_server", "echo_client", "room_server", "chat_server", "chat_client")
# The programs of an exchange, and their sources.
EXCHANGED = {
    **{name: HERE / f"{name}.c" for name in ("echo_server", "echo_client", "chat_server", "chat_client")},
    "peer": INTEROP / "peer.c",
    "end": INTEROP / "secure" / "end.c",
}
OPTIONS_OF_PEERS = {
    "messages": "",
    "compressed messages": "--compress --no-context-takeover --window-bits 9 --threshold 0 --max-frame-size 65000",
}
TRUST_PROGRAM = "trust_wine"
NEW_CERTIFICATE: "tuple[Argument, ...]" = tuple(
    "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2".split()
)
AUTHORITY = """
[ca]
default_ca = authority
[authority]
database = index
default_md = sha256
default_crl_days = 2
"""
# The factor of all deadlines, for this machine's programs too, whose remote peers are slow.
PATIENCE = Wine.patience
# Longer than the programs allow themselves.
SILENCE = 170.0 * PATIENCE


@dataclass(frozen=True)
class Machine:
    """A system on which programs of an exchange run, and the folder that has them."""

    name: str
    runner: Runner
    folder: pathlib.Path
    suffix: str = ""

    def command(self, program: str, *arguments: str) -> "list[Argument]":
        return self.runner.command(self.folder / f"{program}{self.suffix}", *arguments)


class WindowsSuite(Suite):
    """The C tests of Windows."""

    def compile(self, program: str, sources: "list[Argument]", *, is_static: bool = False) -> bool:
        is_cxx = str(sources[0]).endswith(".cpp")
        compiler = [*self.target.cxx, *self.cxx_flags] if is_cxx else [*self.target.cc, *self.c_flags]
        # Programs contain the compiler's run time; with `-static`, `-lwspeer` would be the static library.
        shared: "list[Argument]" = [self.libraries / "libwspeer.dll.a", "-lws2_32"]
        static: "list[Argument]" = [self.libraries / "libwspeer.a", *self.target.static_libraries]
        options: "list[Argument]" = ["-pthread", "-static", "-o", self.program(program)]
        command = [*compiler, *sources, *options, *(static if is_static else shared), "-lcrypt32"]
        return self.report.step(f"compile {program}", lambda: run(command))

    def stop_server(self, server: Program) -> None:
        # Windows has no SIGTERM.
        server.close_input()

    def compare_exports(self) -> None:
        exported = set(exported_names(platform_of("windows.x86_64"), self.libraries / "wspeer.dll"))
        declared = set(declared_functions(self.header))
        if not declared or declared != exported:
            raise Failed(f"declared only: {sorted(declared - exported)}\nexported only: {sorted(exported - declared)}")

    def test_pinned(self) -> None:
        # Not linked with the library, which then would never be unloaded.
        program = self.program("pinned")
        run([*self.target.cc, *self.c_flags, "-pthread", "-static", HERE / "pinned.c", "-o", program])
        self.run_program("pinned", "wspeer.dll")

    def run_c_tests(self) -> None:
        step = self.report.step
        for standard in ("c99", "c11"):
            step(f"header as {standard}", functools.partial(self.compile_alone, self.target.cc, "c", standard))
        for standard in CXX_STANDARDS:
            step(f"header as {standard}", functools.partial(self.compile_alone, self.target.cxx, "c++", standard))
        step("exports are the declared functions", self.compare_exports)
        step("the library stays mapped", self.test_pinned)
        for name in PROGRAMS:
            self.compile(name, [HERE / f"{name}.c"])
        if self.compile("wsp_peer", [HERE / "wsp_peer.cpp"]):
            step("wsp_peer", lambda: self.run_program("wsp_peer"))
        tests: "list[Argument]" = [HERE / "check.c", *sorted(HERE.glob("test_*.c"))]
        for name in ("test_capi", "test_capi_static"):
            if self.compile(name, tests, is_static=name.endswith("static")):
                self.run_tests(name, self.runner.command(self.program(name)))


class Exchange(WindowsSuite):
    """Servers on one machine and clients on another one."""

    server_machine: Machine
    client_machine: Machine

    def start(self, name: str, log: str, *arguments: str) -> Program:
        is_server = name.endswith("server") or arguments[:1] == ("server",)
        machine = self.server_machine if is_server else self.client_machine
        variables = {**machine.runner.variables(), "RUST_BACKTRACE": "0", "WSPEER_TEST_PATIENCE": str(PATIENCE)}
        return Program(machine.command(name, *arguments), self.work / log, has_input=True, env=variables)

    def test_peers(self, options: str) -> None:
        """Exchanges many messages of all kinds and lengths; both sides count them."""
        words = options.split()
        with self.start("peer", "peer_server.log", "server", *words) as server:
            with self.start("peer", "peer_client.log", "client", f"ws://127.0.0.1:{server.port()}", *words) as client:
                require_success(client)
            server.close_input()
            require_success(server)

    def test_tls(self, host: str = "localhost") -> None:
        """Connects by TLS to a server whose certificate the client's options name."""
        certificates = self.work / "certificates"
        with tls_server(self, self.server_machine, certificates) as server:
            url = f"wss://{host}:{server.port()}/"
            authority = self.client_machine.runner.path(certificates / "server.crt")
            with self.start("end", "tls_client.log", "client", url, "--ca", authority) as client:
                require_success(client)
                require_exchange(client)

    def test_tls_echo(self) -> None:
        """The echo server with TLS."""
        certificates = self.work / "certificates"
        key, certificate = (self.server_machine.runner.path(certificates / f"server.{end}") for end in ("key", "crt"))
        with self.start("echo_server", "echo_server.log", "0", key, certificate) as server:
            url = f"wss://127.0.0.1:{server.port()}/"
            authority = self.client_machine.runner.path(certificates / "server.crt")
            with self.start("end", "tls_echo_client.log", "client", url, "--ca", authority) as client:
                require_success(client)
                require_exchange(client)
            server.close_input()
            require_success(server)

    def test_plain_echo(self) -> None:
        with self.server("echo_server") as server:
            # wine reads arguments as ASCII; other texts are among the messages of peers.
            messages = ("hello", "", "two words", "x" * 30000)
            with self.client("hello", server.port(), *messages) as client:
                if not finish_echo(client, messages):
                    raise Failed("the messages were not echoed")

    def run_exchange(self, server: Machine, client: Machine) -> None:
        self.server_machine, self.client_machine = server, client
        names = f"{client.name} client, {server.name} server"
        step = self.report.step
        step(f"{names}: echo", self.test_plain_echo)
        step(f"{names}: chat", self.test_chat)
        for name, options in OPTIONS_OF_PEERS.items():
            step(f"{names}: {name}", functools.partial(self.test_peers, options))
        step(f"{names}: TLS", self.test_tls)
        step(f"{names}: echo by TLS", self.test_tls_echo)


class Trust(Exchange):
    """The system's trust store on Windows."""

    @property
    def authority(self) -> pathlib.Path:
        return self.work / "authority"

    def make_authority(self) -> None:
        """Makes an authority with an empty list of revoked certificates."""
        fresh_folder(self.authority)
        (self.authority / "ca.cnf").write_text(AUTHORITY, encoding="utf-8")
        (self.authority / "index").touch()
        files: "list[Argument]" = ["-keyout", "ca.key", "-out", "ca.crt", "-subj", "/CN=wspeer test authority"]
        usage: "list[Argument]" = ["-addext", "keyUsage=critical,keyCertSign,cRLSign"]
        signing: "list[Argument]" = ["-keyfile", "ca.key", "-cert", "ca.crt"]
        for command in (
            [*NEW_CERTIFICATE, *files, *usage],
            ["ca", "-gencrl", "-config", "ca.cnf", *signing, "-out", "crl.pem"],
            ["crl", "-in", "crl.pem", "-outform", "DER", "-out", "ca.crl"],
            ["x509", "-in", "ca.crt", "-outform", "DER", "-out", "ca.der"],
        ):
            run([openssl(), *command], cwd=self.authority)

    def issue(self, port: int) -> None:
        """Makes a server's certificate, which names the place of the authority's list."""
        extensions = (
            "extendedKeyUsage=serverAuth",
            "subjectAltName=DNS:localhost",
            "basicConstraints=critical,CA:FALSE",
            f"crlDistributionPoints=URI:http://127.0.0.1:{port}/ca.crl",
        )
        options = [word for extension in extensions for word in ("-addext", extension)]
        files: "list[Argument]" = ["-keyout", "server.key", "-out", "server.crt", "-subj", "/CN=localhost"]
        signing: "list[Argument]" = ["-CA", "ca.crt", "-CAkey", "ca.key"]
        run([openssl(), *NEW_CERTIFICATE, *files, *signing, *options], cwd=self.authority)

    def connect(self) -> "dict[str, object]":
        """Returns how a client without options ends that connects to a server of the authority."""
        with tls_server(self, self.server_machine, self.authority) as server:
            with self.start("end", "trust_client.log", "client", f"wss://localhost:{server.port()}/") as client:
                client.wait(SILENCE)
                return last_event(client)

    def test_refused(self) -> None:
        event = self.connect()
        if event["was_open"] or event.get("stage") != "tls":
            raise Failed(f"an unknown authority was accepted, or the reason is another one: {event}")

    def test_accepted(self) -> None:
        self.run_program(TRUST_PROGRAM, self.runner.path(self.authority / "ca.der"))
        event = self.connect()
        if not event["was_open"] or event["close_code"] != 1000:
            raise Failed(f"a certificate of a trusted authority was refused: {event}")

    def run_trust(self, windows: Machine, linux: Machine) -> None:
        self.server_machine, self.client_machine = linux, windows
        step = self.report.step
        source: "list[Argument]" = [INTEROP / "secure" / f"{TRUST_PROGRAM}.c"]
        if not (step("make an authority", self.make_authority) and self.compile(TRUST_PROGRAM, source)):
            return
        # wine accepts no certificate of which it cannot find out whether it was revoked.
        with files_by_http(self.authority) as port:
            if step("issue a certificate", lambda: self.issue(port)):
                step("an authority that Windows does not know is refused", self.test_refused)
                step("an authority in the trust store of Windows is accepted", self.test_accepted)


@contextlib.contextmanager
def files_by_http(folder: pathlib.Path) -> Iterator[int]:
    """Serves the files of a folder. Returns the port."""

    class Handler(http.server.SimpleHTTPRequestHandler):
        def __init__(self, *arguments: Any):
            super().__init__(*arguments, directory=str(folder))

        def log_message(self, format: str, *arguments: object) -> None:  # pylint: disable=redefined-builtin
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield server.server_port
        finally:
            server.shutdown()
            thread.join()


def last_event(client: Program) -> "dict[str, object]":
    """Returns what tests/interop/secure/end.c prints at the end of a connection."""
    lines = client.text().splitlines()
    note(client.text()[:4000])
    event = json.loads(lines[-1]) if lines and lines[-1].startswith("{") else {}
    if not isinstance(event, dict) or event.get("event") != "end":
        raise Failed(f"{client.name} has printed no end of a connection ({client.log})")
    return event


def require_exchange(client: Program) -> None:
    """Fails unless both messages came back and the close handshake was complete."""
    event = last_event(client)
    wanted = {"was_open": True, "close_code": 1000, "text_returned": True, "binary_returned": True, "stage": "none"}
    if any(event.get(name) != value for name, value in wanted.items()):
        raise Failed(f"the exchange failed: {event}")


def require_success(program: Program) -> None:
    status = program.wait(SILENCE)
    if status != 0:
        raise Failed(f"{program.log.name} ended with status {status}:\n{program.text()[-2000:]}")


@contextlib.contextmanager
def tls_server(suite: Exchange, machine: Machine, folder: pathlib.Path) -> Iterator[Program]:
    """Runs a server with the certificate of a folder."""
    certificate, key = (machine.runner.path(folder / f"server.{end}") for end in ("crt", "key"))
    files = ["--certificate", certificate, "--key", key]
    with suite.start("end", "tls_server.log", "server", *files) as server:
        yield server
        server.close_input()
        require_success(server)


def this_machine(folder: pathlib.Path) -> Machine:
    """Compiles the programs of the exchange for this machine."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, source in EXCHANGED.items():
        compile_with_wspeer(folder / name, source, flags=("-pthread",))
    return Machine("Linux", Runner(), folder)


def run_parts(parts: "tuple[str, ...]", machine: Wine) -> int:
    platform = platform_of("windows.x86_64")
    libraries = build(platform, "c")
    target = c_target(platform, libraries, machine)
    suites = [kind(target, libraries, HEADER.parent) for kind in (WindowsSuite, Exchange, Trust)]
    c_tests, exchange, trust = suites
    assert isinstance(exchange, Exchange) and isinstance(trust, Trust)
    exchange.report = trust.report = c_tests.report
    report = c_tests.report
    shutil.copy(libraries / "wspeer.dll", c_tests.work)
    report.step("certificates", lambda: make_certificates(c_tests.work / "certificates"))
    if "c" in parts:
        c_tests.run_c_tests()
    if "exchange" in parts or "trust" in parts:
        windows = Machine("Windows", machine, c_tests.work, target.suffix)
        linux = this_machine(c_tests.work / "linux")
        for name, source in EXCHANGED.items():
            c_tests.compile(name, [source])
        if "exchange" in parts:
            for server, client in ((linux, windows), (windows, linux), (windows, windows)):
                exchange.run_exchange(server, client)
        if "trust" in parts:
            trust.run_trust(windows, linux)
    return report.close()


def main(*arguments: str) -> int:
    if any(part not in PARTS for part in arguments):
        raise Failed(__doc__ or "")
    folder = folder_of(platform_of("windows.x86_64"))
    with locked(folder / "lock", "the tests of Windows"), wine(folder / "wine-c") as machine:
        return run_parts(arguments or PARTS, machine)
