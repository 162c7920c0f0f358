"""Unpacks Debian packages of any release, with their dependencies, and makes launchers for their programs.

Nothing is installed and root is not needed: a test gets a program this way that the machine's own release has too old,
too new or not at all.
"""

from __future__ import annotations

import os
import pathlib
import re
import shutil
import subprocess
from typing import NamedTuple, Optional, Union

from ..process import find, locked, output_of, run
from ..project import say
from ..report import Failed, Unavailable

KEYRING = pathlib.Path("/usr/share/keyrings/debian-archive-keyring.gpg")

APT_CONFIGURATION = """
Dir::State "{apt}/state";
Dir::State::status "{apt}/status";
Dir::Cache "{apt}/cache";
Dir::Cache::archives "archives";
Dir::Etc::sourcelist "{apt}/sources.list";
Dir::Etc::sourceparts "/dev/null";
Dir::Etc::preferences "/dev/null";
Dir::Etc::preferencesparts "/dev/null";
Acquire::Languages "none";
Acquire::Retries "3";
APT::Get::Assume-Yes "true";
APT::Install-Recommends "false";
// The user that a root's apt downloads as may have no access to this folder.
APT::Sandbox::User "root";
// These would change the machine's own package lists and caches.
#clear APT::Update;
#clear APT::Default-Release;
APT::Update::Error-Mode "any";
"""

LAUNCHER = """#!/bin/sh
# Made by tools/wspeer_tools/provision/debian.py: runs {program} of this tree.
tree=$(dirname -- "$(readlink -f -- "$0")")
exec "$tree/{loader}" --library-path "{libraries}" "$tree/{program}" "$@"
"""


class Release(NamedTuple):
    """A release of Debian, and the architecture of its packages if it is not this machine's."""

    suite: str
    architecture: str = ""

    def __str__(self) -> str:
        return f"{self.suite}:{self.architecture}" if self.architecture else self.suite


# Parts of the C library, which has to be the one of the machine's dynamic loader.
C_LIBRARY = (
    "libc.so",
    "libm.so",
    "libmvec.so",
    "libpthread.so",
    "libdl.so",
    "librt.so",
    "libutil.so",
    "libanl.so",
    "libresolv.so",
    "libnss_",
    "libthread_db.so",
    "libBrokenLocale.so",
)


class Tree:
    """An unpacked set of packages."""

    def __init__(self, path: pathlib.Path):
        self.path = path

    def loader(self) -> str:
        """Returns the tree's dynamic loader, relative to the tree: by any name, it is beside the C library."""
        found = sorted(self.path.glob("usr/lib/*/ld*.so.[0-9]"))
        if not found:
            raise Unavailable(f"no dynamic loader in {self.path}")
        return found[0].relative_to(self.path).as_posix()

    def library_folders(self) -> list[str]:
        """Returns the folders with libraries, relative to the tree.

        Some packages keep libraries one folder down and find them there by an absolute path (libpulse0, libblas3).
        """
        top = os.path.dirname(self.loader())
        below = {path.parent.relative_to(self.path).as_posix() for path in (self.path / top).glob("*/lib*.so*")}
        return [top, *sorted(below)]

    def libraries_for_this_machine(self) -> pathlib.Path:
        """Returns a folder with the tree's libraries except the C library, for programs that start their own parts by
        the paths of programs: those run with the machine's loader and C library."""
        folder = self.path / "libraries"
        folder.mkdir(exist_ok=True)
        for pattern in ("usr/lib/*-linux-gnu*/lib*.so*", "usr/lib/*-linux-gnu*/pulseaudio/lib*.so*"):
            for library in self.path.glob(pattern):
                link = folder / library.name
                if not library.name.startswith(C_LIBRARY) and not link.is_symlink():
                    link.symlink_to(library)
        return folder

    def launcher(self, program: str) -> pathlib.Path:
        """Makes and returns a script that runs the program with the tree's own loader and libraries."""
        launcher = self.path / pathlib.Path(program).name
        if not os.access(self.path / program, os.X_OK):
            raise Unavailable(f"no program {program} in {self.path}")
        text = LAUNCHER.format(
            program=program,
            loader=self.loader(),
            libraries=":".join(f"$tree/{folder}" for folder in self.library_folders()),
        )
        write_executable(launcher, text)
        return launcher


def write_executable(path: pathlib.Path, text: str) -> None:
    """Writes a program by a rename, so that no other process ever runs half of it."""
    if path.exists() and path.read_text(encoding="utf-8") == text:
        return
    new = path.with_name(f".{path.name}.{os.getpid()}")
    new.write_text(text, encoding="utf-8")
    new.chmod(0o755)
    new.replace(path)


def archive_of_this_machine() -> str:
    """Returns the address of the Debian archive in apt's sources. apt contacts no host for this."""
    listing = subprocess.run(["apt-get", "update", "--print-uris"], capture_output=True, text=True, check=False)
    best, best_rank = "", 0
    for quoted in re.findall(r"'([^']*)'", listing.stdout):
        address, found, _ = re.sub(r"/+dists/[^/]+/main/binary.*", "\0", quoted).partition("\0")
        if not found or "security" in address:
            continue
        rank = 1 if "debian" in address else 0
        if re.search(r"/debian(\.list)?$", address):
            rank = 2
        if re.match(r"[^/]*//[^/]+/debian$", address):
            rank = 3
        if rank > best_rank:
            best, best_rank = address, rank
    return best


def _configure_apt(release: Release, apt: pathlib.Path, kind: str = "deb [target=Packages") -> pathlib.Path:
    """Writes a configuration for apt: all files in `apt`, one release, nothing counts as installed."""
    mirror = archive_of_this_machine()
    if not mirror:
        raise Unavailable("apt's sources on this machine name no Debian archive")
    signed = f"signed-by={KEYRING}" if os.access(KEYRING, os.R_OK) else ""
    for folder in ("state/lists/partial", "cache/archives/partial"):
        (apt / folder).mkdir(parents=True)
    (apt / "status").touch()
    (apt / "sources.list").write_text(f"{kind} {signed}] {mirror} {release.suite} main\n", encoding="utf-8")
    # apt reads $APT_CONFIG, then the machine's apt.conf.d (whose proxies must count), then what Dir::Etc::main names.
    first = f'Dir::Etc::main "{apt}/last.conf";\n'
    if os.environ.get("APT_CONFIG"):
        first = f'#include "{os.environ["APT_CONFIG"]}";\n' + first
    last = APT_CONFIGURATION.format(apt=apt)
    if release.architecture:
        last += f'APT::Architecture "{release.architecture}";\nAPT::Architectures {{ "{release.architecture}"; }};\n'
    if os.access("/etc/apt/apt.conf", os.R_OK):
        last = '#include "/etc/apt/apt.conf";\n' + last
    (apt / "first.conf").write_text(first, encoding="utf-8")
    (apt / "last.conf").write_text(last, encoding="utf-8")
    return apt / "first.conf"


def _extract(package: pathlib.Path, folder: pathlib.Path) -> None:
    with subprocess.Popen(["dpkg-deb", "--fsys-tarfile", str(package)], stdout=subprocess.PIPE) as archive:
        tar = ["tar", "-x", "-C", str(folder), "--keep-directory-symlink", "--no-same-owner", "--no-same-permissions"]
        status = subprocess.run(tar, stdin=archive.stdout, check=False).returncode
    if archive.returncode != 0 or status != 0:
        raise Unavailable(f"could not unpack {package}")


def _fetch_and_unpack(release: Release, tree: pathlib.Path, packages: tuple[str, ...]) -> None:
    if not find("apt-get") or not find("dpkg-deb"):
        raise Unavailable(f"cannot fetch {' '.join(packages)}: apt-get or dpkg-deb is missing")
    apt, new = tree.with_name(tree.name + "-apt"), tree.with_name(tree.name + ".new")
    for folder in (apt, new):
        shutil.rmtree(folder, ignore_errors=True)
    configuration = {"APT_CONFIG": _configure_apt(release, apt)}
    say(f"fetching {' '.join(packages)} of Debian {release} to unpack in {tree}")
    try:
        run(["apt-get", "update"], env=configuration)
        run(["apt-get", "install", "--download-only", "--", *packages], env=configuration)
    except Failed as error:
        raise Unavailable(f"apt could not fetch {' '.join(packages)} of Debian {release}: {error}") from error
    # Packages from before Debian merged /lib into /usr/lib land in one place with the rest by these links.
    for name in ("bin", "sbin", "lib", "lib32", "lib64", "libx32"):
        (new / "usr" / name).mkdir(parents=True)
        (new / name).symlink_to(f"usr/{name}")
    for package in sorted((apt / "cache" / "archives").glob("*.deb")):
        _extract(package, new)
    (new / ".unpacked").write_text(f"{release} {' '.join(packages)}\n", encoding="utf-8")
    for folder in (tree, apt):
        shutil.rmtree(folder, ignore_errors=True)
    new.rename(tree)


def unpack(suite: Union[str, Release], path: pathlib.Path, *packages: str) -> Tree:
    """Returns a tree with these packages and their dependencies. One that has them already is left alone."""
    release = suite if isinstance(suite, Release) else Release(suite)
    with locked(path.with_name(path.name + ".lock"), f"unpacking {path.name}"):
        if content(path / ".unpacked") != f"{release} {' '.join(packages)}":
            _fetch_and_unpack(release, path, packages)
    return Tree(path)


def fetch_source(suite: str, package: str, folder: pathlib.Path) -> pathlib.Path:
    """Returns the original archive of a source package, without Debian's changes. One that is there is not fetched.

    The archive alone is fetched, because the other files of old versions leave the mirrors first.
    """
    stamp = folder / f"{package}.name"
    known = content(stamp)
    if known and (folder / known).exists():
        return folder / known
    apt = folder / f"{package}-apt"
    shutil.rmtree(apt, ignore_errors=True)
    configuration = {"APT_CONFIG": _configure_apt(Release(suite), apt, "deb-src [target=Sources")}
    say(f"fetching the source of {package} of Debian {suite}")
    try:
        run(["apt-get", "update"], env=configuration)
        listing = output_of(["apt-get", "source", "--print-uris", package], env=configuration)
        found = re.search(r"^'([^']+)' (\S+\.orig\.tar\.\w+) \d+ (\S+)$", listing, re.MULTILINE)
        if not found:
            raise Unavailable(f"Debian {suite} has no source archive of {package}")
        address, name, checksum = found.groups()
        run(["/usr/lib/apt/apt-helper", "download-file", address, folder / name, checksum], env=configuration)
    except Failed as error:
        raise Unavailable(f"apt could not fetch the source of {package} of Debian {suite}: {error}") from error
    shutil.rmtree(apt)
    stamp.write_text(name + "\n", encoding="utf-8")
    return folder / name


def content(path: pathlib.Path) -> Optional[str]:
    """Returns the text of a file without its last newline, or None if there is none."""
    try:
        return path.read_text(encoding="utf-8").rstrip("\n")
    except OSError:
        return None


def install_with_apt(what: str, *packages: str) -> None:
    """Installs packages on the machine, which only root can."""
    if os.geteuid() != 0 or not find("apt-get"):
        raise Unavailable(f"needs {what} (Debian: {' '.join(packages)})")
    say(f"installing {what}")
    run(["apt-get", "update"])
    run(["apt-get", "install", "-y", "--no-install-recommends", *packages])
