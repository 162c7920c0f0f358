"""The commands of tools/run, and how each is called."""

from __future__ import annotations

import importlib
import signal
import sys
from typing import Callable, NamedTuple, NoReturn, Optional

from .process import run
from .project import LIBRARY_FOLDER, ROOT, say
from .report import Failed


class Command(NamedTuple):
    """The place of a command's function, and one line of help. The function returns None or an exit status."""

    module: str
    function: str
    help: str


COMMANDS = {
    "install-library": Command("sample_project", "install_library", "debug|release|optimized: for the sample project"),
    "demo": Command("sample_project", "run_demo", "run the tutorial's server and client in an engine"),
    "engine": Command("commands", "print_engine", "print the path of the Godot engine that is used"),
    "windows-engine": Command(
        "provision.windows_engine", "main", "[JOBS]: build a Godot engine for Windows once, about half an hour"
    ),
    "generated": Command("checks.generated", "write_generated", "write the files that the build script generates"),
    "check-generated": Command("checks.generated", "check_generated", "compare them with the committed ones"),
    "check-dependencies": Command("commands", "check_dependencies", "licences, bans and sources, by cargo-deny"),
    "check-scripts": Command("checks.scripts", "check_scripts", "shellcheck, ruff, mypy and the tests of this tool"),
    "check-words": Command("checks.words", "check_words", "terms of comments and texts, length of comment lines"),
    "check-double": Command("checks.double_precision", "check_double", "compile for engines with precision=double"),
    "check-workflows": Command(
        "checks.workflows", "check_workflows", "actionlint, pinned actions, rights and time limits"
    ),
    "docs": Command(
        "book.build", "build_docs", "[OUTPUT]: build the documentation as a site; the default is dist/docs"
    ),
    "check-docs": Command("book.check", "check_docs", "[SITE]: look for missing names and broken links in that site"),
    "fuzz": Command("fuzz", "fuzz", "SECONDS [TARGET...]: run fuzz targets"),
    "install": Command("commands", "install", "install the C library (PREFIX, DESTDIR, LIBDIR, INCLUDEDIR, DATADIR)"),
    "uninstall": Command("commands", "uninstall", "remove what install has installed"),
    "install-list": Command("commands", "list_installed", "print the paths that install writes, without DESTDIR"),
    "addon": Command("commands", "addon", "[PLATFORM...]: write the addon's archive into dist/; for this machine"),
    "dist": Command("packages.dist", "write_release", "[PLATFORM...]: write the release into dist/; for all platforms"),
    "sign": Command(
        "packages.sign", "sign", "macos|windows COMMAND...: sign the libraries in dist/; {} is the library"
    ),
    "ios": Command("packages.ios", "build_ios", "write dist/wspeer-ios-VERSION.zip, on a Mac"),
    "platforms": Command("packages.platforms", "write_platforms", "write the table of docs/platforms.md from dist/"),
    "version": Command("commands", "print_version", "print the version"),
    "abi": Command("packages.abi", "compare_abi", "compare the C interface with the baseline"),
    "abi-baseline": Command("packages.abi", "write_baseline", "write that baseline"),
    "test-c": Command("suites.c_programs", "main", "[--valgrind] [--without-tls] [LIBRARY_DIR [INCLUDE_DIR]]"),
    "sanitize": Command("suites.sanitize", "main", "[address|thread] [SEED]: C tests and random calls, sanitized"),
    "test-godot": Command("suites.godot", "main", "[--suite NAME] [--only SUBSTRING] [--implementation ours|engine]"),
    "test-arm64": Command("suites.foreign", "test_arm64", "[c|godot [OPTION...]]: Linux arm64, with qemu"),
    "test-musl": Command("suites.foreign", "test_musl", "the C tests with musl, linked statically"),
    "test-windows": Command("suites.windows", "main", "[c|exchange|trust]...: the C library for Windows, with wine"),
    "test-windows-engine": Command(
        "suites.foreign", "test_windows_engine", "[OPTION of test-godot...]: a Windows engine, with wine"
    ),
    "test-addon": Command("suites.addon_everywhere", "main", "the archive in dist/ in three engines, with a table"),
    "test-reduced-engines": Command("suites.reduced_engines", "main", "the extension in engines that lack classes"),
    "test-demos": Command("suites.demos", "main", "run each demo and compare what it prints"),
    "test-editor": Command("suites.editor", "main", "[PICTURE.png]: the editor on a hidden screen"),
    "test-docs": Command("suites.docs", "main", "[LIBRARY_DIR]: the programs of README.md"),
    "test-conformance": Command("suites.conformance", "main", "quick|full [CASES]: Autobahn in both roles"),
    "conformance-of": Command(
        "suites.conformance", "run_one", "the Autobahn cases for any program; see tests/conformance"
    ),
    "test-interop": Command("suites.interop", "main", "[--list] [NAME...]: other implementations"),
    "test-secure": Command("suites.secure", "main", "[--list] [NAME...]: TLS, proxies, browsers, hostile servers"),
    "test-packaging": Command("suites.packaging", "main", "[GROUP...]: the packages as their users use them"),
    "bench": Command("suites.bench", "main", "LIBRARY_DIR [PART...]: the benchmark; writes docs/bench"),
}


def print_engine() -> None:
    from .provision.engines import engine

    print(engine())


def print_version() -> None:
    from .project import version

    print(version())


def check_dependencies() -> None:
    from .provision.packages import cargo_program

    run([cargo_program("cargo-deny"), "--all-features", "check", "bans", "licenses", "sources"], cwd=ROOT)


def install() -> None:
    from .packages.install import Installation

    Installation().install()


def uninstall() -> None:
    from .packages.install import Installation

    Installation().uninstall()


def list_installed() -> None:
    from .packages.install import Installation

    print("\n".join(Installation().files()))


def addon(*names: str) -> None:
    from .packages.addon import build_addon
    from .targets import platform_of

    print(build_addon(tuple(platform_of(name) for name in names or [LIBRARY_FOLDER])))


def usage() -> str:
    lines = [f"  {name:<20} {command.help}" for name, command in COMMANDS.items()]
    return "\n".join(["usage: tools/run COMMAND [ARGUMENT...]", *lines])


def _end_on_signal(number: int, _frame: object) -> NoReturn:
    # An exception runs the blocks that end programs and remove folders.
    sys.exit(128 + number)


def main(arguments: "list[str]") -> int:
    signal.signal(signal.SIGTERM, _end_on_signal)
    command = COMMANDS.get(arguments[0]) if arguments else None
    if command is None:
        print(usage(), file=sys.stderr)
        return 2
    module = importlib.import_module(f".{command.module}", __package__)
    function: Callable[..., Optional[int]] = getattr(module, command.function)
    try:
        return function(*arguments[1:]) or 0
    except Failed as error:
        say(f"{arguments[0]}: {error}")
        return 1
    except KeyboardInterrupt:
        return 130
