"""Fetches the Autobahn test suite: kosoku, which runs its cases fast, and the original with a Python 2.7."""

from __future__ import annotations

import pathlib
import shutil

from ..process import Argument, locked, run, succeeds
from ..project import say, target_folder
from ..report import Unavailable
from . import debian
from .packages import PIP_ENVIRONMENT, python_environment

KOSOKU = "kosoku==0.1.0"

# The last versions for Python 2.7, or those that the suite was written against. Each line is built with what the lines
# before it installed, because old setup scripts import what they need.
PINS = (
    "setuptools==44.1.1 wheel==0.37.1",
    "incremental==16.10.1 six==1.16.0 txaio==2.1.0 zope.interface==4.6.0 cryptography==3.3.2 pyOpenSSL==19.1.0 "
    "service_identity==18.1.0 cffi==1.15.1 pycparser==2.21 enum34==1.1.10 ipaddress==1.0.23 pyasn1==0.5.1 "
    "pyasn1-modules==0.3.0 attrs==21.4.0 constantly==15.1.0 hyperlink==21.0.0 idna==2.10 PyHamcrest==1.9.0 "
    "typing==3.10.0.0",
    "Automat==0.8.0",
    "Twisted==19.10.0",
    # wsaccel masks and checks UTF-8 in C, which makes the suite several times faster.
    "wsaccel==0.6.2",
    "MarkupSafe==1.1.1 Jinja2==2.11.3 Werkzeug==1.0.1 klein==17.10.0 unittest2==1.1.0 traceback2==1.4.0 "
    "linecache2==1.0.0 argparse==1.4.0 autobahn==0.10.9",
    "autobahntestsuite==25.10.1",
)
PIP = "pip==20.3.4"
PYTHON_PACKAGES = ("python2.7", "python2.7-minimal", "python2.7-dev", "libffi7", "libssl1.1")

RUN_PIP = """
import glob, sys
sys.executable = sys.argv.pop(1)
sys.path[:0] = glob.glob(sys.argv.pop(1))
from pip._internal.cli.main import main
sys.exit(main())"""


def _folder() -> pathlib.Path:
    return target_folder() / "conformance"


def site_folder() -> pathlib.Path:
    """Returns the folder with the original suite's modules."""
    return _folder() / "autobahn" / "site"


def kosoku() -> pathlib.Path:
    return _folder() / "venv" / "bin" / "kosoku"


def suite_command() -> "list[Argument]":
    """Returns the original suite's command. Without -u 0 it also opens a web server on a port of its own."""
    script = "from autobahntestsuite.wstest import run\nrun()"
    return [_folder() / "autobahn/root/python2.7", "-W", "ignore", "-c", script, "-u", "0"]


def _suite_starts() -> bool:
    script = "import autobahntestsuite.wstest, wsaccel.xormask, OpenSSL.SSL"
    return succeeds(
        [_folder() / "autobahn/root/python2.7", "-W", "ignore", "-c", script], env={"PYTHONPATH": str(site_folder())}
    )


def _old_pip(python: pathlib.Path, packages: "list[str]") -> None:
    """Runs the last pip for Python 2.7, from its wheel.

    Without --upgrade: autobahn has a twisted/plugins, and pip would replace all of twisted/ with it. With the tree's
    headers and libraries, because its C library, which is older than the machine's, runs what is compiled here. And
    with the launcher as sys.executable, because Python would name the program, which does not run alone.
    """
    folder = _folder() / "autobahn"
    root = folder / "root"
    variables = {
        **PIP_ENVIRONMENT,
        "CFLAGS": f"--sysroot={root} -I{root}/usr/include/python2.7 -O2 -w",
        "LDFLAGS": f"--sysroot={root}",
        "PYTHONPATH": str(site_folder()),
        "PYTHONDONTWRITEBYTECODE": None,
    }
    say(f"  {' '.join(packages)}")
    options: list[Argument] = ["-qq", "--no-python-version-warning", "install", "--no-deps", "--no-build-isolation"]
    options += ["--target", site_folder()]
    run([python, "-c", RUN_PIP, python, folder / "pip/*.whl", *options, *packages], env=variables)


def _provision_original() -> None:
    folder = _folder() / "autobahn"
    # The path counts too: a build folder that was moved contains the old one.
    content = f"{folder} {PIP} {' '.join(PINS)}"
    stamp = folder / ".provisioned"
    if debian.content(stamp) == content and _suite_starts():
        return
    python = debian.unpack("bullseye", folder / "root", *PYTHON_PACKAGES).launcher("usr/bin/python2.7")
    say(f"installing the Autobahn test suite in {site_folder()}")
    stamp.unlink(missing_ok=True)
    for path in (site_folder(), folder / "pip"):
        shutil.rmtree(path, ignore_errors=True)
    site_folder().mkdir(parents=True)
    download: list[Argument] = [
        "--quiet",
        "--no-deps",
        "--python-version",
        "27",
        "--only-binary=:all:",
        "--dest",
        folder / "pip",
    ]
    run([_folder() / "venv/bin/pip", "download", *download, PIP, PINS[0].split()[0]], env=PIP_ENVIRONMENT)
    for line in PINS:
        _old_pip(python, line.split())
        # A .pth file of zope.interface would make this module, but Python reads none on PYTHONPATH.
        if (site_folder() / "zope").is_dir():
            (site_folder() / "zope" / "__init__.py").touch()
    if not _suite_starts():
        raise Unavailable(f"the Autobahn test suite in {folder} does not start")
    stamp.write_text(content + "\n", encoding="utf-8")


def provision(*, is_full: bool) -> None:
    """Fetches kosoku and, for full runs, the original suite."""
    python_environment(_folder() / "venv", KOSOKU, with_dependencies=False)
    if not succeeds([kosoku(), "--help"]):
        raise Unavailable(f"{kosoku()} does not start")
    if is_full:
        with locked(_folder() / "provision.lock", "provisioning"):
            _provision_original()
