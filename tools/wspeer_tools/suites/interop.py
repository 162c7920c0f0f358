"""Runs wspeer, through its C interface, against other implementations of WebSocket.

    tools/run test-interop [NAME...]
    tools/run test-interop --list

    NAME  a combination, or the beginning of the names of several: ws, ws-client, chromium; all if none is given

$WSPEER_LIBRARY_DIR has libwspeer.so; without it, the library is built (optimised, without Godot). $WSPEER_INCLUDE_DIR
has wspeer.h (include). Missing programs are fetched on first use; one that cannot be fetched is a failure. Programs and
logs are in the build folder's interop/.
"""

from __future__ import annotations

import contextlib
import difflib
import pathlib
import re
import time
from typing import Callable, NamedTuple

from ..browser import STARTS, Browser
from ..deadline import Deadline, wait_until
from ..nginx import Nginx, proxy
from ..process import Argument, Program, fresh_folder, locked, output_of, without_proxies
from ..project import ROOT, say, target_folder
from ..provision import programs
from ..provision.packages import npm_package, python_environment
from ..report import Failed, Report, tail
from .c_build import FLAGS, STRICT, compile_with_wspeer

HERE = ROOT / "tests" / "interop"
WS = "ws@8.23.0"
WEBSOCKETS = "websockets==17.4"
# Longer than the programs allow themselves, so that one that hangs can still report where.
SILENCE = 170.0

# ws and websockets accept no more than some ten thousand frames a message. libwebsockets has three defects to avoid: it
# aborts when it sends two empty messages in a row and compresses them, and when a message ends in the middle of a
# repetition; and as a server it ignores a client's request for a smaller window, which wspeer does not accept.
OUR_TERMS = "--compress --no-context-takeover --window-bits 9 --threshold 0"
THEIR_TERMS = "--compress --no-context-takeover --window-bits 9"
IN_FRAMES = "--compress --threshold 0 --max-frame-size 65000"


class Combination(NamedTuple):
    """A server and a client. The first word of a side is its program; the rest are its options.

    `browser` gets what it has to expect, `chat` and `chat-page` are a program of tests/c and a page for it, and `nginx`
    is peer through nginx.
    """

    name: str
    server: str
    client: str


# deflate: both sides offer compression, with their defaults. plain: only the other side does. our-terms: wspeer asks
# for small windows without context takeover; it compresses every message. their-terms: the other side asks for that;
# both send longer messages in several frames.
COMBINATIONS = (
    Combination("ws-client-deflate", "peer --compress", "ws --compress"),
    Combination("ws-client-plain", "peer", "ws --compress --expect-plain"),
    Combination("ws-client-our-terms", f"peer {OUR_TERMS}", "ws --compress"),
    Combination("ws-client-their-terms", f"peer {IN_FRAMES}", f"ws {THEIR_TERMS} --fragments"),
    Combination("ws-server-deflate", "ws --compress", "peer --compress"),
    Combination("ws-server-plain", "ws --compress --expect-plain", "peer"),
    Combination("ws-server-our-terms", "ws --compress", f"peer {OUR_TERMS}"),
    Combination("ws-server-their-terms", f"ws {THEIR_TERMS} --fragments", f"peer {IN_FRAMES}"),
    Combination("websockets-client-deflate", "peer --compress", "websockets --compress"),
    Combination("websockets-client-plain", "peer", "websockets --compress --expect-plain"),
    Combination("websockets-client-our-terms", f"peer {OUR_TERMS}", "websockets --compress"),
    Combination("websockets-client-their-terms", f"peer {IN_FRAMES}", f"websockets {THEIR_TERMS} --fragments"),
    Combination("websockets-server-deflate", "websockets --compress", "peer --compress"),
    Combination("websockets-server-plain", "websockets --compress --expect-plain", "peer"),
    Combination("websockets-server-our-terms", "websockets --compress", f"peer {OUR_TERMS}"),
    Combination("websockets-server-their-terms", f"websockets {THEIR_TERMS} --fragments", f"peer {IN_FRAMES}"),
    Combination("libwebsockets-client-deflate", "peer --compress --gentle", "libwebsockets --compress --gentle"),
    Combination("libwebsockets-client-plain", "peer", "libwebsockets --compress --expect-plain"),
    Combination("libwebsockets-client-our-terms", f"peer {OUR_TERMS} --gentle", "libwebsockets --compress --gentle"),
    Combination(
        "libwebsockets-client-their-terms", f"peer {IN_FRAMES} --gentle", f"libwebsockets {THEIR_TERMS} --gentle"
    ),
    Combination("libwebsockets-server-deflate", "libwebsockets --compress --gentle", "peer --compress --gentle"),
    Combination("libwebsockets-server-plain", "libwebsockets --compress --expect-plain", "peer"),
    Combination(
        "libwebsockets-server-our-terms",
        "libwebsockets --compress --gentle",
        f"peer {IN_FRAMES} --no-context-takeover --gentle",
    ),
    Combination("chromium-deflate", "peer --compress", "browser yes"),
    Combination("chromium-plain", "peer", "browser no"),
    Combination("chromium-our-terms", f"peer {OUR_TERMS} --max-frame-size 65000", "browser yes"),
    Combination("chromium-chat", "chat", "chat-page"),
    Combination("nginx-deflate", "peer --compress", "nginx --compress"),
    Combination("nginx-plain", "peer", "nginx"),
)


class Programs:
    """The programs of all sides. A group that cannot be provided fails its combinations only."""

    def __init__(self, base: pathlib.Path):
        self.base = base
        self.commands: dict[str, list[Argument]] = {}
        self.variables = without_proxies()
        self.chromium = self.nginx = pathlib.Path()

    def provide(self, group: str) -> None:
        function: Callable[[], None] = getattr(self, f"_provide_{group}")
        function()

    def _provide_peer(self) -> None:
        chat = ROOT / "tests" / "c" / "chat_server.c"
        self.commands["peer"] = [compile_with_wspeer(self.base / "peer", HERE / "peer.c")]
        self.commands["chat"] = [compile_with_wspeer(self.base / "chat_server", chat, flags=("-pthread",))]

    def _provide_ws(self) -> None:
        self.variables["NODE_PATH"] = npm_package(self.base / "npm", WS)
        self.commands["ws"] = ["node", HERE / "ws_peer.cjs"]

    def _provide_websockets(self) -> None:
        python = python_environment(self.base / "venv", WEBSOCKETS, with_dependencies=False) / "python"
        say(f"{output_of([python, '--version']).strip()}, {WEBSOCKETS}")
        self.commands["websockets"] = [python, HERE / "websockets_peer.py"]

    def _provide_libwebsockets(self) -> None:
        flags = (*FLAGS, *STRICT[:2])
        self.commands["libwebsockets"] = [
            programs.libwebsockets_program(self.base, HERE / "lws_peer.c", "lws_peer", *flags)
        ]

    def _provide_chromium(self) -> None:
        self.chromium = programs.chromium(self.base)

    def _provide_nginx(self) -> None:
        self.nginx = programs.nginx(self.base)


class Exchange:
    """One run of a combination. Its logs are in `folder`."""

    def __init__(self, provided: Programs, folder: pathlib.Path):
        self.provided = provided
        self.folder = folder

    def start(self, words: str, role: str, *arguments: str, has_input: bool = False) -> Program:
        name, *options = words.split()
        # The chat server has no roles and options.
        command = self.provided.commands[name] + ([role, *arguments, *options] if name != "chat" else [])
        log = self.folder / f"{role}.log"
        return Program(command, log, cwd=self.folder, env=self.provided.variables, has_input=has_input)

    def run_client(self, port: int, words: str) -> None:
        with self.start(words, "client", f"ws://127.0.0.1:{port}") as client:
            require_success(client)

    def run_through_nginx(self, port: int, options: str) -> None:
        with Nginx(self.provided.nginx, self.folder / "nginx", proxy(port)) as nginx:
            self.run_client(nginx.ports[0], f"peer {options}")
            # Otherwise the client may have been connected to another server.
            if '"GET /list HTTP/1.1" 101 ' not in nginx.access_log():
                raise Failed("nginx has not served the client")

    def browse(self, server: Program, page: str, is_over: "re.Pattern[str]") -> None:
        """Shows a page until the server has printed a line; the browser itself prints nothing of interest."""
        for start in range(1, STARTS + 1):
            log = self.folder / f"client.{start}.log"
            with Browser(self.provided.chromium, page, log) as browser:
                deadline = Deadline(SILENCE, server.printed)
                wait_until(lambda: is_over.search(server.text()) or not browser.is_alive(), deadline)
                if is_over.search(server.text()):
                    return
                has_connected = len(server.text().splitlines()) > 1
                if browser.is_alive() or has_connected:
                    break
            say(f"the browser ended before it connected (start {start})")
        raise Failed("the page has not reported")

    def run_page(self, server: Program, port: int, is_compressed: str) -> None:
        page = f"{(HERE / 'page.html').as_uri()}?url=ws://127.0.0.1:{port}&compress={is_compressed}"
        # The close handshake follows the report.
        self.browse(server, page, re.compile(r"/report$", re.MULTILINE))
        if not re.search(r"^REPORT OK ", server.text(), re.MULTILINE) or not server.is_alive():
            raise Failed("the page reports a failure, or the server has ended")

    def run_chat_page(self, server: Program, port: int) -> None:
        """A guest of the chat server, which prints all messages."""
        page = f"{(HERE / 'chat.html').as_uri()}?url=ws://127.0.0.1:{port}"
        self.browse(server, page, re.compile(r"^browser has gone$", re.MULTILINE))
        lines = server.text().splitlines()[1:]
        said = ["browser: Grüße from the page", "browser: I have heard myself"]
        expected = ["browser has come", *said, "browser has gone"]
        if lines != expected:
            raise Failed("\n".join(difflib.unified_diff(expected, lines, "expected", "printed")))

    def run(self, combination: Combination) -> str:
        """Returns the line that one side printed about its messages."""
        words, _, options = combination.client.partition(" ")
        with self.start(combination.server, "server", has_input=True) as server:
            port = server.port()
            if words == "chat-page":
                self.run_chat_page(server, port)
            elif words == "browser":
                self.run_page(server, port, options)
            elif words == "nginx":
                self.run_through_nginx(port, options)
            else:
                self.run_client(port, combination.client)
            server.close_input()
            require_success(server)
        if words == "chat-page":
            return "the page sent two messages and received them"
        # Besides the statuses: two good connections, on wspeer's side.
        logs = "".join(log.read_text(encoding="utf-8", errors="replace") for log in sorted(self.folder.glob("*.log")))
        good: list[str] = re.findall(r"^OK (\d+ messages, compression active: .*)$", logs, re.MULTILINE)
        if len(good) < 2:
            raise Failed(f"wspeer reports {len(good)} good connections instead of 2")
        return next((line for line in good if ", sent " in line), good[0])


def require_success(program: Program) -> None:
    status = program.wait(SILENCE)
    if status != 0:
        raise Failed(f"{program.name} ended with status {status}")


def chosen_combinations(names: "tuple[str, ...]") -> "list[Combination]":
    def matches(combination: Combination, name: str) -> bool:
        return combination.name == name or combination.name.startswith(f"{name}-")

    for name in names:
        if not any(matches(combination, name) for combination in COMBINATIONS):
            raise Failed(f"no combination is called {name}; --list prints the names")
    return [one for one in COMBINATIONS if not names or any(matches(one, name) for name in names)]


def run_combinations(report: Report, chosen: "list[Combination]", base: pathlib.Path) -> int:
    provided, missing = Programs(base), set()
    for group in dict.fromkeys(["peer", *(combination.name.split("-")[0] for combination in chosen)]):
        try:
            provided.provide(group)
        except Failed as error:
            say(str(error))
            missing.add(group)
    for combination in chosen:
        lacking = missing & {"peer", combination.name.split("-")[0]}
        if lacking:
            report.fail(combination.name, f"{', '.join(sorted(lacking))} is missing")
            continue
        started = time.monotonic()
        folder = fresh_folder(base / "logs" / combination.name)
        try:
            line = Exchange(provided, folder).run(combination)
        except Failed as error:
            details = "".join(f"{log.name}:\n{tail(log, 15)}" for log in sorted(folder.glob("*.log")))
            report.fail(combination.name, f"{error} ({folder})", details)
        else:
            report.succeed(combination.name, started, line)
    return report.close()


def main(*names: str) -> int:
    if names == ("--list",):
        print("\n".join(combination.name for combination in COMBINATIONS))
        return 0
    chosen = chosen_combinations(names)
    base = target_folder() / "interop"
    with contextlib.ExitStack() as cleanup:
        cleanup.enter_context(locked(base / "lock", "the interoperation tests"))
        return run_combinations(Report(base / "logs"), chosen, base)
