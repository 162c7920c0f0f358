"""Runs wspeer, through its C interface and in Godot, against everything that takes part in opening a connection.

    tools/run test-secure [NAME...]
    tools/run test-secure --list

    NAME  a test, or the beginning of the names of several; all if none is given

That is OpenSSL, nginx, tinyproxy, Chromium, the engine's own TLS, and hostile servers and clients. The tests are the
modules of tests/interop/secure. $WSPEER_LIBRARY_DIR has libwspeer.so; without it, the library is built. The Godot part
is the sample project's, as `make build` leaves it. Programs, certificates and logs are in the build folder's interop/.
"""

from __future__ import annotations

import concurrent.futures
import importlib
import os
import pathlib
import sys
import time
import traceback
from types import ModuleType
from typing import Callable, NamedTuple, Optional

from ..process import fresh_folder, locked, output_of
from ..project import GODOT_PROJECT, ROOT, say, target_folder
from ..provision import programs
from ..provision.engines import engine
from ..report import Failed, Report, tail
from ..sample_project import require_library
from .c_build import compile_with_wspeer
from .certificates import make_certificates

HERE = ROOT / "tests" / "interop" / "secure"
MODULES = ("browser_tests", "godot_tests", "hostile_tests", "nginx_tests", "openssl_tests", "proxy_tests")
# More than the cores: most of a test is waiting.
WORKERS = 4


class Paths(NamedTuple):
    """The programs and folders that the tests use."""

    end: pathlib.Path
    openssl: pathlib.Path
    nginx: pathlib.Path
    tinyproxy: pathlib.Path
    chromium: pathlib.Path
    godot: pathlib.Path
    project: pathlib.Path
    certificates: pathlib.Path
    logs: pathlib.Path


class Outcome(NamedTuple):
    """How a test ended; `failure` is None if it passed."""

    name: str
    started: float
    failure: Optional[str]


def provide() -> Paths:
    base = target_folder() / "interop"
    work = base / "secure"
    work.mkdir(parents=True, exist_ok=True)
    openssl = programs.openssl()
    say(output_of([openssl, "version"]).strip())
    require_library()
    paths = Paths(
        end=compile_with_wspeer(base / "end", HERE / "end.c", HERE / "names.c"),
        openssl=openssl,
        nginx=programs.nginx(base),
        tinyproxy=programs.tinyproxy(base),
        chromium=programs.chromium(base),
        godot=engine(),
        project=GODOT_PROJECT,
        certificates=fresh_folder(work / "certificates"),
        logs=fresh_folder(work / "logs"),
    )
    try:
        make_certificates(openssl, paths.certificates)
    except Failed as error:
        raise Failed(f"{error}\n{tail(paths.certificates / 'log')}") from error
    return paths


def load_tests() -> ModuleType:
    """Imports the modules, which register their tests. Returns the module that has the list."""
    sys.path.insert(0, str(HERE))
    for name in MODULES:
        importlib.import_module(name)
    return importlib.import_module("support")


def run_test(support: ModuleType, name: str, function: "Callable[[object], None]") -> Outcome:
    started = time.monotonic()
    failure = None
    try:
        stage = support.Stage(name)
        with stage.stack:
            function(stage)
    except Failed as error:
        failure = str(error)
    except Exception:  # pylint: disable=broad-except
        failure = traceback.format_exc()
    return Outcome(name, started, failure)


def print_longest_calls(calls: "list[tuple[float, float, str]]") -> None:
    """Prints how long a call took at most, which depends on the machine more than on the library if that is busy."""
    print("longest wsp_peer_poll() or wsp_peer_connect_to_url() in ms, on the clock and of the thread's own time:")
    for kind in sorted({name.split("-")[0] for _, _, name in calls}):
        mine = [call for call in calls if call[2].split("-")[0] == kind]
        slowest = max(mine)
        own = max(call[1] for call in mine)
        print(f"    {kind:<10} {slowest[0]:7.3f} {own:7.3f}   of {len(mine)} connections, in {slowest[2]}")


def chosen_tests(support: ModuleType, names: "tuple[str, ...]") -> "list[tuple[str, Callable[[object], None]]]":
    known = support.TESTS
    for name in names:
        if not any(test.startswith(name) for test, _ in known):
            raise Failed(f"no test's name begins with {name}; --list prints the names")
    return [(test, run) for test, run in known if not names or any(test.startswith(name) for name in names)]


def clear_environment() -> None:
    """Removes the machine's settings: all programs are on this machine, whatever proxies and authorities it has."""
    for name in list(os.environ):
        if name.lower().endswith("_proxy") or name.startswith("SSL_CERT"):
            del os.environ[name]
    os.environ["OPENSSL_CONF"] = os.devnull


def main(*names: str) -> int:
    support = load_tests()
    if names == ("--list",):
        print("\n".join(name for name, _ in support.TESTS))
        return 0
    chosen = chosen_tests(support, names)
    with locked(target_folder() / "interop" / "secure.lock", "the secure tests"):
        paths = provide()
        clear_environment()
        vars(support.paths).update(paths._asdict())
        report = Report(paths.logs)
        with concurrent.futures.ThreadPoolExecutor(WORKERS) as executor:
            tasks = [executor.submit(run_test, support, name, function) for name, function in chosen]
            for task in concurrent.futures.as_completed(tasks):
                name, started, failure = task.result()
                if failure is None:
                    report.succeed(name, started)
                else:
                    details = "".join(f"    {line}\n" for line in failure.splitlines())
                    report.fail(name, str(paths.logs / name), details)
        print_longest_calls(support.calls)
        return report.close()
