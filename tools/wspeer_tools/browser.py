"""Starts Chromium without a screen and without any network but this machine's."""

from __future__ import annotations

import pathlib
import shutil
import tempfile

from .deadline import Deadline, wait_until
from .process import Program

OPTIONS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--no-default-browser-check",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-default-apps",
    "--disable-extensions",
    "--disable-sync",
    "--disable-breakpad",
    "--disable-dev-shm-usage",
    "--metrics-recording-only",
    "--no-proxy-server",
]
RULES = "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost"
# Chromium sometimes ends while it starts on a machine without a desktop, which says nothing about wspeer.
STARTS = 3


class Browser(Program):
    """A browser with a profile of its own that shows one page. As a context manager it is ended with the block."""

    def __init__(self, program: pathlib.Path, page: str, log: pathlib.Path, *, trusts_everything: bool = False):
        # Not with the logs: a socket in the profile needs a short path.
        self.profile = pathlib.Path(tempfile.mkdtemp(prefix="wspeer-"))
        options = [*OPTIONS, RULES, f"--user-data-dir={self.profile / 'data'}"]
        if trusts_everything:
            options.append("--ignore-certificate-errors")
        super().__init__([program, *options, page], log, env={"HOME": self.profile, "TMPDIR": self.profile})

    def end(self) -> None:
        super().end()

        def is_removed() -> bool:
            shutil.rmtree(self.profile, ignore_errors=True)
            return not self.profile.exists()

        # A process of the browser can outlive the first one by a moment and still write.
        wait_until(is_removed, Deadline(5))
