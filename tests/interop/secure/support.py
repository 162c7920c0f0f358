"""What the tests beside this file share: programs, connections, and how a test fails.

tools/wspeer_tools/suites/secure.py runs the tests and fills `paths`.
"""

from __future__ import annotations

import base64
import contextlib
import hashlib
import json
import os
import pathlib
import queue
import re
import select
import socket
import struct
import subprocess
import threading
import types
from typing import Any, Callable, Optional

from wspeer_tools.deadline import Deadline, optional_size, wait_until
from wspeer_tools.engine_output import problems
from wspeer_tools.report import Failed

# Seconds without progress after which a program counts as hung.
PATIENCE = 90

TESTS: list[tuple[str, Callable[[Any], None]]] = []
# (milliseconds, milliseconds of its own time, test) of the longest call for every connection.
calls: list[tuple[float, float, str]] = []
calls_lock = threading.Lock()
# The programs and folders of suites.secure.Paths, which are known when the tests run.
paths = types.SimpleNamespace()


def test(name):
    """Registers a function that takes a Stage."""

    def register(function):
        TESTS.append((name, function))
        return function

    return register


def check(condition, what):
    if not condition:
        raise Failed(what)


def equal(actual, wanted, what):
    check(actual == wanted, f"{what}: {actual!r} instead of {wanted!r}")


def contains(text, part, what):
    check(part in text, f"{what}: {part!r} is not in {text!r}")


def certificate(name):
    return str(paths.certificates / f"{name}.pem")


def key(name):
    return str(paths.certificates / f"{name}.key")


def identity(name: str, key_name: Optional[str] = None) -> list[str]:
    """Returns options of end.c."""
    return ["--certificate", certificate(name), "--key", key(key_name or name)]


AUTHORITY = "authority"


def trusting(name=AUTHORITY):
    """Returns options of end.c."""
    return ["--ca", certificate(name)]


class Process(subprocess.Popen):
    """A program whose stderr, and stdout unless that is a pipe, goes to a log."""

    log: str
    # Set by the functions that start servers, exchange data with a program or read its events.
    port: int
    channel: Channel
    events: Events

    def finish(self):
        """Waits for the end and returns the status; a program that prints nothing for long fails."""
        deadline = Deadline(PATIENCE, lambda: optional_size(self.log))
        check(wait_until(lambda: self.poll() is not None, deadline), f"a program does not end ({self.log})")
        return self.returncode

    def printed(self):
        """Ends the program if it runs and returns what it has printed."""
        self.kill()
        self.wait()
        with open(self.log, errors="replace") as log:
            return log.read()


class Events:
    """The output of `end`: `LISTENING port`, then an object for each event."""

    def __init__(self, stage, stream):
        self.test = stage.name
        self.stage = stage
        self.lines: queue.Queue[Optional[str]] = queue.Queue()
        self.log = stage.log("events")
        threading.Thread(target=self._read, args=(stream,), daemon=True).start()

    def _read(self, stream):
        # The stream is closed when the test ends.
        with open(self.log, "ab", buffering=0) as log, contextlib.suppress(ValueError):
            for line in stream:
                log.write(line)
                self.lines.put(line.decode(errors="replace"))
        self.lines.put(None)

    def next_line(self):
        deadline = Deadline(PATIENCE, self.stage.printed)
        line = None
        while True:
            try:
                line = self.lines.get(timeout=0.1)
            except queue.Empty:
                if not deadline.has_passed():
                    continue
            break
        if line is None:
            raise Failed(f"a program printed nothing more ({self.log})")
        return line

    def next(self, event):
        """Returns the next event of that kind and skips others."""
        while True:
            line = self.next_line()
            if not line.startswith("{"):
                continue
            value = json.loads(line)
            if value["event"] == "end" and "longest_call_ms" in value:
                with calls_lock:
                    calls.append((value["longest_call_ms"], value["longest_call_cpu_ms"], self.test))
            if value["event"] == event:
                return value

    def port(self):
        while True:
            found = re.match(r"LISTENING (\d+)", self.next_line())
            if found:
                return int(found[1])


class Stage:
    """A test's programs, sockets and logs. All of them are ended and closed with the test."""

    def __init__(self, name):
        self.name = name
        self.directory = paths.logs / name
        self.directory.mkdir(parents=True)
        self.stack = contextlib.ExitStack()
        self.count = 0

    def log(self, name):
        self.count += 1
        return self.directory / f"{self.count}-{name}.log"

    def printed(self):
        """Returns how much all programs of the test have printed: the measure of its progress."""
        return sum(optional_size(path) for path in self.directory.rglob("*.log"))

    def start(self, arguments, *, environment=None, **options):
        """Starts a program. Its output goes to a log, except for a stdout that is asked for."""
        log = open(self.log(pathlib.Path(arguments[0]).name), "wb")
        log.write((" ".join(map(str, arguments)) + "\n").encode())
        log.flush()
        options.setdefault("stdin", subprocess.DEVNULL)
        options.setdefault("stdout", log)
        program = Process(
            [str(argument) for argument in arguments],
            stderr=log,
            cwd=self.directory,
            env={**os.environ, **(environment or {})},
            **options,
        )
        program.log = log.name
        log.close()
        self.stack.callback(self._end, program)
        return program

    def _end(self, program):
        if program.poll() is None:
            program.kill()
        program.wait()
        for stream in (program.stdin, program.stdout):
            if stream is not None:
                with contextlib.suppress(OSError):
                    stream.close()

    def client(self, url, *options, environment=None):
        """wspeer as a client."""
        return Client(self, url, options, environment)

    def visit(self, url, *options, environment=None):
        """Runs wspeer as a client up to its last event, which is returned."""
        return self.client(url, *options, environment=environment).finish()

    def server(self, *options):
        """wspeer as a server."""
        return Server(self, options)

    def listener(self, address="127.0.0.1", port=0, backlog=16):
        """A socket that listens."""
        listener = socket.create_server((address, port), backlog=backlog)
        self.stack.callback(listener.close)
        return listener

    def serve(self, handle, listener=None):
        """Calls `handle` with one connection after the other, in a thread. Returns the port."""
        listener = listener or self.listener()

        def accept():
            with contextlib.suppress(OSError):
                while True:
                    connection, _ = listener.accept()
                    with connection:
                        connection.settimeout(PATIENCE)
                        # A failure shows in what wspeer reports.
                        with contextlib.suppress(OSError, Failed):
                            handle(connection)

        # Shutting a socket down wakes the thread that waits for it; closing it does not.
        def stop():
            with contextlib.suppress(OSError):
                listener.shutdown(socket.SHUT_RDWR)

        self.stack.callback(stop)
        threading.Thread(target=accept, daemon=True).start()
        return listener.getsockname()[1]


class Client:
    def __init__(self, stage, url, options, environment):
        self.program = stage.start(
            [paths.end, "client", url, *options], environment=environment, stdout=subprocess.PIPE
        )
        self.events = Events(stage, self.program.stdout)

    def next(self, event):
        return self.events.next(event)

    def finish(self):
        """Waits for the end of the client and returns its last event."""
        end = self.next("end")
        equal(self.program.finish(), 0, f"status of the client ({self.program.log})")
        return end


class Server:
    def __init__(self, stage, options):
        self.program = stage.start([paths.end, "server", *options], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self.events = Events(stage, self.program.stdout)
        self.port = self.events.port()

    def next(self, event):
        return self.events.next(event)

    def stop(self):
        self.program.stdin.close()
        equal(self.program.finish(), 0, f"status of the server ({self.program.log})")


def is_good_visit(end, code=1000):
    """Checks that messages were echoed and that the close was clean."""
    check(end["was_open"], f"the connection was not opened: {end['stage']}: {end.get('message')}")
    check(end["text_returned"] and end["binary_returned"], "not all messages came back")
    equal(end["close_code"], code, "close code")
    equal(end["stage"], "none", "failure")


def is_failure(end, stage, *texts, was_open=False):
    """Checks the stage and the message of a failure."""
    equal(end["was_open"], was_open, "whether it was open")
    check(end["is_closed"], "not closed")
    equal(end["stage"], stage, f"stage of the failure ({end.get('message')})")
    for text in texts:
        contains(end["message"], text, "message of the failure")
    if stage == "tls":
        check(end["tls"] != "", "the failure has no TLS message")
        for text in texts:
            contains(end["tls"], text, "TLS message of the failure")


def ports_of(pid):
    """Returns the ports that a process listens on now."""
    inodes = set()
    with contextlib.suppress(OSError):
        for number in os.listdir(f"/proc/{pid}/fd"):
            with contextlib.suppress(OSError):
                found = re.fullmatch(r"socket:\[(\d+)\]", os.readlink(f"/proc/{pid}/fd/{number}"))
                if found:
                    inodes.add(found[1])
    ports = []
    for table in ("tcp", "tcp6"):
        with contextlib.suppress(OSError), open(f"/proc/{pid}/net/{table}") as lines:
            for line in list(lines)[1:]:
                fields = line.split()
                # 0A is the state LISTEN.
                if fields[3] == "0A" and fields[9] in inodes:
                    ports.append(int(fields[1].rsplit(":", 1)[1], 16))
    return ports


def listening_port(program):
    """Returns the port of a program that does not print it, once it listens."""
    deadline = Deadline(PATIENCE, lambda: optional_size(program.log))
    wait_until(lambda: ports_of(program.pid) or program.poll() is not None, deadline)
    ports = ports_of(program.pid)
    check(program.poll() is None, f"a program ended at once ({program.log})")
    check(ports, f"a program does not listen ({program.log})")
    return ports[0]


class Channel:
    """Bytes to and from a pair of descriptors. A read fails if nothing arrives for long."""

    def __init__(self, reader, writer=None):
        self.reader = reader
        self.writer = reader if writer is None else writer
        self.buffer = b""

    def more(self):
        """Reads what has arrived; returns False at the end of the stream."""
        deadline = Deadline(PATIENCE)
        while not select.select([self.reader], [], [], 0.1)[0]:
            check(not deadline.has_passed(), "the remote peer sends nothing")
        try:
            data = os.read(self.reader.fileno(), 1 << 20)
        except ConnectionError:
            data = b""
        self.buffer += data
        return data != b""

    def until(self, end):
        while end not in self.buffer:
            check(self.more(), f"ended before {end!r}, after {self.buffer[-300:]!r}")
        found, self.buffer = self.buffer.split(end, 1)
        return found + end

    def exactly(self, count):
        while len(self.buffer) < count:
            check(self.more(), f"ended {count - len(self.buffer)} bytes too early")
        found, self.buffer = self.buffer[:count], self.buffer[count:]
        return found

    def rest(self):
        while self.more():
            pass
        return self.buffer

    def write(self, data):
        data = memoryview(data)
        while data:
            data = data[os.write(self.writer.fileno(), data) :]

    # The parts of WebSocket that the tests need.

    def frame(self):
        """Returns opcode and payload of the next frame."""
        first, second = self.exactly(2)
        length = second & 127
        if length == 126:
            (length,) = struct.unpack(">H", self.exactly(2))
        elif length == 127:
            (length,) = struct.unpack(">Q", self.exactly(8))
        mask = self.exactly(4) if second & 128 else None
        payload = self.exactly(length)
        if mask is not None:
            payload = bytes(byte ^ mask[i % 4] for i, byte in enumerate(payload))
        return first & 15, payload

    def send_frame(self, opcode, payload, masked=False):
        length = len(payload)
        bit = 128 if masked else 0
        head = bytes([128 | opcode])
        head += bytes([bit | length]) if length < 126 else bytes([bit | 126]) + struct.pack(">H", length)
        if masked:
            # A mask of zeros leaves the payload unchanged.
            head += bytes(4)
        self.write(head + payload)

    def accept(self, *headers):
        """Accepts a client's upgrade request and returns it."""
        head = self.until(b"\r\n\r\n").decode()
        answer = ["HTTP/1.1 101 Switching Protocols", "Upgrade: websocket", "Connection: Upgrade"]
        answer += [f"Sec-WebSocket-Accept: {accept_key(head)}", *headers]
        self.write(("\r\n".join(answer) + "\r\n\r\n").encode())
        return head

    def echo(self):
        """Sends messages back until the client closes."""
        while True:
            opcode, payload = self.frame()
            self.send_frame(opcode, payload)
            if opcode == 8:
                return

    def upgrade(self, host, path="/", *headers):
        """Asks a server for an upgrade; returns its answer."""
        request = [f"GET {path} HTTP/1.1", f"Host: {host}", "Upgrade: websocket", "Connection: Upgrade"]
        request += ["Sec-WebSocket-Version: 13", "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==", *headers]
        self.write(("\r\n".join(request) + "\r\n\r\n").encode())
        return self.until(b"\r\n\r\n").decode()


def accept_key(head):
    sent = re.search(r"(?i)^sec-websocket-key: *(\S+)", head, re.M)
    assert sent is not None
    digest = hashlib.sha1((sent[1] + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11").encode()).digest()
    return base64.b64encode(digest).decode()


def godot(stage, script, *options):
    """Starts a Godot engine that runs a script of the sample project's tests and prints events."""
    program = stage.start(
        [paths.godot, "--headless", "--path", paths.project, "-s", f"res://tests/{script}", "--", *options],
        environment={name: str(stage.directory) for name in ("XDG_DATA_HOME", "XDG_CONFIG_HOME", "XDG_CACHE_HOME")},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    program.events = Events(stage, program.stdout)
    return program


def ended_well(program, *expected):
    """Checks that an engine ends by itself and prints no error, warning or leak, except for expected texts."""
    equal(program.finish(), 0, f"status of the engine ({program.log})")
    found = problems(program.printed(), *expected)
    check(not found, f"the engine printed {found} ({program.log})")
