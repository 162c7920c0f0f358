"""Runs programs: bounded by progress, with their output in logs, and ended with the block that started them."""

from __future__ import annotations

import contextlib
import fcntl
import os
import pathlib
import re
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from typing import Iterator, Mapping, Optional, Sequence, TypeVar, Union

from .deadline import Deadline, optional_size, require, wait_until
from .project import say
from .report import Failed, step_log

Self = TypeVar("Self", bound="Program")
Argument = Union[str, "os.PathLike[str]"]
Command = Sequence[Argument]

# Seconds without a word after which a program counts as hung. Compilers and package managers can be silent for long.
SILENCE = 60.0
LONG_SILENCE = 900.0
# A program that prints this much does so in a loop.
LONGEST_OUTPUT = 256 * 1024 * 1024


def environment(changes: Optional[Mapping[str, Optional[Argument]]] = None) -> dict[str, str]:
    """Returns this process's environment with changes; None removes a variable."""
    result = dict(os.environ)
    for name, value in (changes or {}).items():
        if value is None:
            result.pop(name, None)
        else:
            result[name] = os.fspath(value)
    return result


def without_proxies() -> dict[str, Optional[Argument]]:
    """Returns the changes that keep programs from using the machine's proxies and a user's Python or Node settings."""
    names = [name for name in os.environ if name.lower().endswith("_proxy") or name.startswith("SSL_CERT")]
    names += ["PYTHONHOME", "PYTHONPATH", "PYTHONSTARTUP", "NODE_OPTIONS"]
    changes: dict[str, Optional[Argument]] = dict.fromkeys(names)
    return {**changes, "PYTHONNOUSERSITE": "1", "PYTHONUNBUFFERED": "1", "PYTHONDONTWRITEBYTECODE": "1"}


def find(program: str) -> Optional[pathlib.Path]:
    """Returns the absolute path of a program on PATH."""
    path = shutil.which(program)
    return pathlib.Path(os.path.abspath(path)) if path else None


class Program:
    """A program that runs in a process group of its own.

    Its output is in `log`; stderr too, unless `errors` names a file.
    As a context manager it is ended with the block.
    """

    def __init__(
        self,
        command: Command,
        log: pathlib.Path,
        *,
        cwd: Optional[Argument] = None,
        env: Optional[Mapping[str, Optional[Argument]]] = None,
        has_input: bool = False,
        errors: Optional[pathlib.Path] = None,
        pass_fds: Sequence[int] = (),
    ):
        self.command = [os.fspath(part) for part in command]
        self.log = log
        self.errors = errors
        self._position = 0
        self._partial = b""
        with contextlib.ExitStack() as files:
            output = files.enter_context(log.open("wb"))
            error_output = files.enter_context(errors.open("wb")) if errors else output
            try:
                self.process = subprocess.Popen(  # pylint: disable=consider-using-with
                    self.command,
                    cwd=cwd,
                    env=environment(env),
                    stdin=subprocess.PIPE if has_input else subprocess.DEVNULL,
                    stdout=output,
                    stderr=error_output,
                    start_new_session=True,
                    pass_fds=pass_fds,
                )
            except OSError as error:
                raise Failed(f"{self.name} cannot be started: {error}") from error

    @property
    def name(self) -> str:
        return pathlib.Path(self.command[0]).name

    def __enter__(self: "Self") -> "Self":
        return self

    def __exit__(self, *_: object) -> None:
        self.end()

    def is_alive(self) -> bool:
        return self.process.poll() is None

    def printed(self) -> int:
        """Returns how many bytes it has printed: the measure of its progress."""
        return optional_size(self.log) + optional_size(self.errors)

    def text(self) -> str:
        """Returns all that it has printed to its log."""
        return self.log.read_text(encoding="utf-8", errors="replace")

    def deadline(self, silence: float = SILENCE) -> Deadline:
        return Deadline(silence, self.printed)

    def next_line(self, silence: float = SILENCE) -> Optional[str]:
        """Returns the next line of its output, or None if it ended or hangs."""
        deadline = self.deadline(silence)
        while True:
            # Asked before the read, so that nothing is lost that the program prints just before its end.
            was_alive = self.is_alive()
            with self.log.open("rb") as log:
                log.seek(self._position)
                data = log.read()
            line, newline, _ = data.partition(b"\n")
            if newline:
                self._position += len(line) + 1
                return line.decode(errors="replace")
            if not was_alive or deadline.has_passed():
                return None
            time.sleep(0.01)

    def wait_for(self, pattern: str, silence: float = SILENCE) -> "re.Match[str]":
        """Returns the first match in the lines that were not read yet; fails if the program ends or hangs before."""
        while True:
            line = self.next_line(silence)
            if line is None:
                state = "hangs" if self.is_alive() else f"ended with status {self.process.returncode}"
                raise Failed(f"{self.name} {state} before it printed {pattern!r} ({self.log})")
            found = re.search(pattern, line)
            if found:
                return found

    def port(self) -> int:
        """Returns the port of a server that prints `LISTENING port`."""
        return int(self.wait_for(r"^LISTENING (\d+)")[1])

    def write(self, text: str) -> None:
        assert self.process.stdin is not None
        with contextlib.suppress(BrokenPipeError):
            self.process.stdin.write(text.encode())
            self.process.stdin.flush()

    def close_input(self) -> None:
        if self.process.stdin is not None:
            with contextlib.suppress(BrokenPipeError):
                self.process.stdin.close()

    def signal(self, number: int) -> None:
        if self.is_alive():
            self.process.send_signal(number)

    def wait(self, silence: float = SILENCE) -> int:
        """Waits for the end and returns the status. A program that hangs is ended and fails."""
        deadline = self.deadline(silence)
        while self.is_alive():
            if deadline.has_passed():
                self.end()
                raise Failed(f"{self.name} printed nothing for {silence:g} s and was ended ({self.log})")
            if self.printed() > LONGEST_OUTPUT:
                self.end()
                raise Failed(f"{self.name} printed more than {LONGEST_OUTPUT} bytes and was ended ({self.log})")
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.process.wait(0.05)
        return self.process.returncode

    def terminate(self) -> None:
        """Asks the program, and what it has started, to end."""
        if self.is_alive():
            self._signal_group(signal.SIGTERM)

    def end(self) -> None:
        """Ends the program and everything that it has started."""
        self.close_input()
        if self.is_alive():
            self.terminate()
            wait_until(lambda: not self.is_alive(), Deadline(10))
        # What a program has started can outlive it.
        self._signal_group(signal.SIGKILL)
        self.process.wait()

    def _signal_group(self, number: int) -> None:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self.process.pid, number)


def run_to_end(
    command: Command,
    log: pathlib.Path,
    *,
    silence: float = SILENCE,
    cwd: Optional[Argument] = None,
    env: Optional[Mapping[str, Optional[Argument]]] = None,
) -> tuple[int, str]:
    """Runs a program and returns its status and what it printed."""
    with Program(command, log, cwd=cwd, env=env) as program:
        status = program.wait(silence)
        return status, program.text()


def run(
    command: Command,
    *,
    cwd: Optional[Argument] = None,
    env: Optional[Mapping[str, Optional[Argument]]] = None,
    silence: float = LONG_SILENCE,
    output: Optional[pathlib.Path] = None,
) -> None:
    """Runs a command that must succeed. It prints to the log of the step, else to the terminal's stderr.

    `output` names a file that gets the standard output instead.
    """
    arguments = [os.fspath(part) for part in command]
    log = step_log()
    with contextlib.ExitStack() as files:
        errors = log or sys.stderr
        standard = files.enter_context(output.open("wb")) if output else errors
        errors.flush()
        try:
            process = subprocess.Popen(  # pylint: disable=consider-using-with
                arguments, cwd=cwd, env=environment(env), stdin=subprocess.DEVNULL, stdout=standard, stderr=errors
            )
        except OSError as error:
            raise Failed(f"{arguments[0]} cannot be started: {error}") from error
        try:
            if log is None:
                process.wait()
            else:
                path = pathlib.Path(log.name)
                deadline = Deadline(silence, lambda: optional_size(path) + optional_size(output))
                require(lambda: process.poll() is not None, deadline, f"{arguments[0]} hangs")
        finally:
            if process.poll() is None:
                process.kill()
                process.wait()
    if process.returncode != 0:
        raise Failed(f"{shlex.join(arguments)} ended with status {process.returncode}")


def output_of(
    command: Command,
    *,
    cwd: Optional[Argument] = None,
    env: Optional[Mapping[str, Optional[Argument]]] = None,
) -> str:
    """Returns the standard output of a command that must succeed."""
    with tempfile.TemporaryDirectory() as folder:
        output = pathlib.Path(folder) / "output"
        run(command, cwd=cwd, env=env, output=output)
        return output.read_text(encoding="utf-8", errors="replace")


def succeeds(command: Command, *, env: Optional[Mapping[str, Optional[Argument]]] = None) -> bool:
    """Returns whether a quick probe of a program works here."""
    try:
        probe = subprocess.run(
            [os.fspath(part) for part in command],
            env=environment(env),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            check=False,
        )
    except OSError:
        return False
    return probe.returncode == 0


@contextlib.contextmanager
def locked(path: pathlib.Path, purpose: str) -> Iterator[None]:
    """Holds a lock file, so that two runs do not overwrite each other's files. Waits for the other one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a", encoding="utf-8") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say(f"waiting for another run to finish {purpose}")
            fcntl.flock(file, fcntl.LOCK_EX)
        yield


def free_port() -> int:
    """Returns a port that no program uses now."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


def accepts_connections(port: int) -> bool:
    """Returns whether a program on this machine accepts connections on the port."""
    try:
        socket.create_connection(("127.0.0.1", port)).close()
    except OSError:
        return False
    return True


def fresh_folder(path: pathlib.Path) -> pathlib.Path:
    """Makes an empty folder in place of what was there."""
    shutil.rmtree(path, ignore_errors=True)
    path.mkdir(parents=True)
    return path
