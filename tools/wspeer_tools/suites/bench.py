"""Compares the release library with the engine's own classes, with other servers, and with memcpy; writes docs/bench/.

    tools/run bench LIBRARY_DIR [engine|servers|connections|core]...

LIBRARY_DIR has the release C library. Both sides of a comparison are measured in turns within one run. The status does
not depend on the numbers: they belong to the machine.
"""

from __future__ import annotations

import contextlib
import pathlib
import resource
import shutil
import tempfile
import zlib
from typing import Callable, Iterator

from ..process import Argument, Program, output_of, run, run_to_end
from ..project import GODOT_PROJECT, ROOT, target_folder
from ..provision.engines import engine
from ..provision.programs import libwebsockets_program
from ..report import Failed
from ..sample_project import engine_environment, library_path, replace_file
from . import bench_report

HERE = ROOT / "tests" / "bench"
C_FLAGS = ("-std=c11", "-O2", "-Wall", "-Wextra", "-Werror", "-D_DEFAULT_SOURCE")
# A benchmark prints a row when it has measured it.
SILENCE = 600.0
SECONDS = "0.7"
ROUNDS = 5


class Bench:
    """The rows of one run and the programs that make them."""

    def __init__(self, library: pathlib.Path):
        self.library = library
        self.work = target_folder() / "bench"
        self.work.mkdir(parents=True, exist_ok=True)
        self.rows: list[bench_report.Row] = []

    def keep(self, section: str, text: str) -> None:
        """Shows and keeps the rows that a program has printed."""
        for line in text.splitlines():
            if line.startswith("ROW\t"):
                self.add(bench_report.Row.parse(section, line))

    def add(self, row: bench_report.Row) -> None:
        self.rows.append(row)
        print(row, flush=True)

    # The engine.

    def run_in_engine(self, script: str, *arguments: str) -> str:
        options = ["-s", f"res://tests/bench/{script}", "--", *arguments]
        command: list[Argument] = [engine(), "--headless", "--path", GODOT_PROJECT, *options]
        log, home = self.work / "engine.log", self.work / "home"
        home.mkdir(exist_ok=True)
        status, text = run_to_end(command, log, env=engine_environment(home), silence=SILENCE)
        if status != 0:
            raise Failed(f"{script} ended with status {status} ({log})")
        return text

    def run_engine(self) -> None:
        with release_library_in_editor(self.work):
            self.keep("engine", self.run_in_engine("rooms.gd"))
            self.keep("engine", self.run_in_engine("bench.gd"))
            for limit in ("65535", "4194304"):
                memory: dict[str, list[float]] = {"ours": [], "engine": []}
                for _ in range(3):
                    for side, values in memory.items():
                        text = self.run_in_engine("bench.gd", "--memory", side, limit)
                        values += [
                            float(line.split("\t")[1]) for line in text.splitlines() if line.startswith("MEMORY\t")
                        ]
                name = f"memory of an idle peer, limits of {limit} B"
                self.add(bench_report.median_row("engine", name, "B", memory["ours"], memory["engine"]))

    # Servers.

    def compile(self, source: pathlib.Path, name: str, *, uses_wspeer: bool = False) -> None:
        flags: list[Argument] = [f"-I{ROOT / 'include'}", f"-L{self.library}", "-lwspeer", f"-Wl,-rpath,{self.library}"]
        run(["cc", *C_FLAGS, source, "-o", self.work / name, *(flags if uses_wspeer else [])])

    def build_servers(self) -> None:
        servers = HERE / "servers"
        base = target_folder() / "interop"
        base.mkdir(parents=True, exist_ok=True)
        launcher = libwebsockets_program(base, servers / "lws.c", "lws", *C_FLAGS)
        link = self.work / "lws"
        link.unlink(missing_ok=True)
        link.symlink_to(launcher)
        self.compile(servers / "bare.c", "bare")
        for name in ("wsp_server", "wsp_peers"):
            self.compile(servers / f"{name}.c", name, uses_wspeer=True)
        manifest = servers / "tungstenite" / "Cargo.toml"
        options: list[Argument] = ["--release", "--quiet", "--locked", "--manifest-path", manifest]
        run(["cargo", "build", *options], env={"CARGO_TARGET_DIR": self.work / "cargo"})
        shutil.copy(self.work / "cargo/release/tungstenite-echo", self.work / "tungstenite")
        self.compile(HERE / "load.c", "load")
        for size in (1024, 16384):
            text = (b'{"x": 12, "y": 7, "name": "player"}, ' * (size // 38 + 1))[:size]
            deflater = zlib.compressobj(6, zlib.DEFLATED, -15)
            data = deflater.compress(text) + deflater.flush(zlib.Z_SYNC_FLUSH)
            (self.work / f"{size}.deflated").write_bytes(data[:-4])

    def measure(self, server: str, connections: int, size: int, idle: int, is_deflated: bool) -> "tuple[float, float]":
        """Returns messages per second and nanoseconds of processor time per message."""
        options = ["deflate"] if is_deflated else []
        with Program([self.work / server, *options], self.work / "server.log", has_input=True) as program:
            numbers = [str(program.port()), str(program.process.pid), str(connections), str(size), SECONDS, str(idle)]
            data = [str(self.work / f"{size}.deflated")] if is_deflated else []
            rate, nanoseconds = output_of([self.work / "load", *numbers, *data]).split()
        return float(rate), float(nanoseconds)

    def compare_servers(self, connections: int, size: int, idle: int = 0, *, is_deflated: bool = False) -> None:
        title = f"{connections} connections, {size} B"
        title += (f", {idle} idle" if idle else "") + (", deflate" if is_deflated else "")
        names = ["wsp_server", "wsp_peers", "lws", *([] if is_deflated else ["tungstenite", "bare"])]
        samples: dict[str, list[tuple[float, float]]] = {name: [] for name in names}
        for _ in range(ROUNDS):
            for name in names:
                samples[name].append(self.measure(name, connections, size, idle, is_deflated))
        for row in bench_report.server_rows(title, samples):
            self.add(row)

    def run_servers(self) -> None:
        self.build_servers()
        for connections in (1, 100, 1000):
            for size in (20, 1024, 16384, 262144):
                self.compare_servers(connections, size)
        for size in (1024, 16384):
            self.compare_servers(100, size, is_deflated=True)
        self.compare_servers(100, 20, 10000)

    def run_connections(self) -> None:
        """One server object with 100, 1,000 and 10,000 connections."""
        self.compile(ROOT / "tests/c/many_connections.c", "many_connections", uses_wspeer=True)
        print(output_of([self.work / "many_connections"]), end="", flush=True)

    def run_core(self) -> None:
        command = ["cargo", "bench", "--quiet", "--no-default-features", "--bench", "core"]
        self.keep("core", output_of(command, cwd=ROOT))


@contextlib.contextmanager
def release_library_in_editor(work: pathlib.Path) -> "Iterator[None]":
    """Puts the release library in the place of the debug one, which an editor build such as Debian's engine loads."""
    debug = library_path("libwspeer.debug.so")
    kept = pathlib.Path(tempfile.mkdtemp(dir=work)) / debug.name
    shutil.copy(debug, kept)
    try:
        replace_file(library_path("libwspeer.so"), debug)
        yield
    finally:
        replace_file(kept, debug)
        shutil.rmtree(kept.parent)


def main(library: str = "", *parts: str) -> int:
    if not library:
        raise Failed(__doc__ or "")
    # The servers keep thousands of connections.
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    bench = Bench(pathlib.Path(library).resolve())
    known: dict[str, Callable[[], None]] = {
        "engine": bench.run_engine,
        "servers": bench.run_servers,
        "connections": bench.run_connections,
        "core": bench.run_core,
    }
    for part in parts or known:
        if part not in known:
            raise Failed(f"no part is called {part}: {', '.join(known)}")
        print(f"== benchmark: {part}", flush=True)
        known[part]()
    bench_report.write(bench.rows, ROOT / "docs" / "bench")
    return 0
