"""What the tests beside this file have in common: programs, connections, and how a test fails."""

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
import time

# Nothing here takes longer unless it hangs.
PATIENCE = 90

TESTS = []
# (milliseconds, milliseconds of its own time, test) of the longest call for every connection.
calls = []
calls_lock = threading.Lock()
paths = None


class Failed(Exception):
    """A test has failed; the text says how."""


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


def identity(name, key_name=None):
    """Options of end.c."""
    return ["--certificate", certificate(name), "--key", key(key_name or name)]


AUTHORITY = "authority"


def trusting(name=AUTHORITY):
    """Options of end.c."""
    return ["--ca", certificate(name)]


class Events:
    """What `end` prints: `LISTENING port`, then an object for each event."""

    def __init__(self, stage, stream):
        self.test = stage.name
        self.lines = queue.Queue()
        self.log = stage.log("events")
        self.all = []
        threading.Thread(target=self._read, args=(stream,), daemon=True).start()

    def _read(self, stream):
        # It is closed when the test ends.
        with open(self.log, "ab", buffering=0) as log, contextlib.suppress(ValueError):
            for line in stream:
                log.write(line)
                self.lines.put(line.decode(errors="replace"))
        self.lines.put(None)

    def next_line(self):
        try:
            line = self.lines.get(timeout=PATIENCE)
        except queue.Empty:
            line = None
        check(line is not None, f"a program said nothing more ({self.log})")
        return line

    def next(self, event):
        """The next one of that kind; others are passed over."""
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
    """A test's programs, sockets and logs, all of which end with it."""

    def __init__(self, name):
        self.name = name
        self.directory = paths.logs / name
        self.directory.mkdir(parents=True)
        self.stack = contextlib.ExitStack()
        self.count = 0

    def log(self, name):
        self.count += 1
        return self.directory / f"{self.count}-{name}.log"

    def start(self, arguments, *, environment=None, **options):
        """Starts a program whose words go to a log unless stdout is asked for."""
        log = open(self.log(pathlib.Path(arguments[0]).name), "wb")
        log.write((" ".join(map(str, arguments)) + "\n").encode())
        log.flush()
        options.setdefault("stdin", subprocess.DEVNULL)
        options.setdefault("stdout", log)
        program = subprocess.Popen(
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
        """wspeer as a client, up to its end."""
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
        """Has `handle` speak with each connection in turn, in a thread. Returns the port."""
        listener = listener or self.listener()

        def accept():
            with contextlib.suppress(OSError):
                while True:
                    connection, _ = listener.accept()
                    with connection:
                        connection.settimeout(PATIENCE)
                        # What is wrong there shows at the other end.
                        with contextlib.suppress(OSError, Failed):
                            handle(connection)

        # Closing a socket does not wake who waits for it; shutting it down does.
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
        """The event that ended it."""
        end = self.next("end")
        equal(self.program.wait(PATIENCE), 0, f"status of the client ({self.program.log})")
        return end


class Server:
    def __init__(self, stage, options):
        self.program = stage.start(
            [paths.end, "server", *options], stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
        self.events = Events(stage, self.program.stdout)
        self.port = self.events.port()

    def next(self, event):
        return self.events.next(event)

    def stop(self):
        self.program.stdin.close()
        equal(self.program.wait(PATIENCE), 0, f"status of the server ({self.program.log})")


def is_good_visit(end, code=1000):
    """Checks that messages went both ways and that the close was clean."""
    check(end["was_open"], f"the connection was not opened: {end['stage']}: {end.get('message')}")
    check(end["text_returned"] and end["binary_returned"], "not all messages came back")
    equal(end["close_code"], code, "close code")
    equal(end["stage"], "none", "failure")


def is_failure(end, stage, *texts, was_open=False):
    """Checks where and why it failed."""
    equal(end["was_open"], was_open, "whether it was open")
    check(end["is_closed"], "not closed")
    equal(end["stage"], stage, f"stage of the failure ({end.get('message')})")
    for text in texts:
        contains(end["message"], text, "message of the failure")
    if stage == "tls":
        check(end["tls"] != "", "the failure has no word on TLS")
        for text in texts:
            contains(end["tls"], text, "what the failure says on TLS")


def listening_port(program):
    """The port that a program listens on, which does not tell."""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        check(program.poll() is None, f"a program ended at once ({program.log})")
        inodes = set()
        with contextlib.suppress(OSError):
            for number in os.listdir(f"/proc/{program.pid}/fd"):
                with contextlib.suppress(OSError):
                    found = re.fullmatch(r"socket:\[(\d+)\]", os.readlink(f"/proc/{program.pid}/fd/{number}"))
                    if found:
                        inodes.add(found[1])
        for table in ("tcp", "tcp6"):
            with open(f"/proc/{program.pid}/net/{table}") as lines:
                for line in list(lines)[1:]:
                    fields = line.split()
                    if fields[3] == "0A" and fields[9] in inodes:
                        return int(fields[1].rsplit(":", 1)[1], 16)
        time.sleep(0.01)
    raise Failed(f"a program does not listen ({program.log})")


class Channel:
    """Bytes to and from a pair of descriptors, with a limit of time."""

    def __init__(self, reader, writer=None):
        self.reader = reader
        self.writer = reader if writer is None else writer
        self.buffer = b""

    def more(self):
        """Whether more has come; False at the end."""
        ready, _, _ = select.select([self.reader], [], [], PATIENCE)
        check(ready, "the other end says nothing")
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

    # WebSocket, as far as it is needed.

    def frame(self):
        """(opcode, payload) of the next frame."""
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
            # A mask of zeros changes nothing.
            head += bytes(4)
        self.write(head + payload)

    def accept(self, *headers):
        """Answers a client's upgrade request, which is returned."""
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
    sent = re.search(r"(?i)^sec-websocket-key: *(\S+)", head, re.M)[1]
    digest = hashlib.sha1((sent + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11").encode()).digest()
    return base64.b64encode(digest).decode()


def godot(stage, script, *options):
    """A Godot engine that runs a script of the sample project's tests; its `events` are what it prints."""
    program = stage.start(
        [paths.godot, "--headless", "--path", paths.project, "-s", f"res://tests/{script}", "--", *options],
        environment={name: str(stage.directory) for name in ("XDG_DATA_HOME", "XDG_CONFIG_HOME", "XDG_CACHE_HOME")},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    program.events = Events(stage, program.stdout)
    return program


def ended_well(program, *expected):
    """Checks that an engine ends by itself and had nothing to complain of but what is expected."""
    equal(program.wait(PATIENCE), 0, f"status of the engine ({program.log})")
    with open(program.log, errors="replace") as log:
        said = log.read()
    for text in expected:
        said = said.replace(text, "")
    for complaint in ("ERROR: ", "panicked at", "Leaked instance", "leaked at exit"):
        check(complaint not in said, f"the engine said {complaint!r} ({program.log})")
