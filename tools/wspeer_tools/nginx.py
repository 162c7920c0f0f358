"""Runs nginx on ports that the system chooses."""

from __future__ import annotations

import contextlib
import os
import pathlib
import socket

from .process import Program
from .report import Failed

CONFIGURATION = """
{user}
daemon off;
worker_processes 1;
pid {folder}/pid;
error_log {folder}/error.log info;
events {{}}
http {{
    access_log {folder}/access.log;
    client_body_temp_path {folder}/temp;
    proxy_temp_path {folder}/temp;
    fastcgi_temp_path {folder}/temp;
    uwsgi_temp_path {folder}/temp;
    scgi_temp_path {folder}/temp;
    server {{
        {listen}
        {server}
    }}
}}
"""

PROXY = """
        location / {{
            proxy_pass {scheme}://127.0.0.1:{port};
            proxy_http_version 1.1;
            proxy_set_header Upgrade $http_upgrade;
            proxy_set_header Connection "upgrade";
            proxy_set_header Host $host;
            proxy_set_header X-Forwarded-Proto $scheme;
            {more}
        }}
"""


def proxy(port: int, scheme: str = "http", more: str = "") -> str:
    """Returns the configuration of a reverse proxy in front of a WebSocket server."""
    return PROXY.format(scheme=scheme, port=port, more=more)


class Nginx(Program):
    """nginx with one port for each line of `listen`, which is put after `listen 127.0.0.1:PORT`."""

    def __init__(self, program: pathlib.Path, folder: pathlib.Path, server: str, listen: "tuple[str, ...]" = ("",)):
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        with contextlib.ExitStack() as sockets:
            # nginx cannot listen on any free port. But as in an upgrade of its program, it takes over the listening
            # sockets whose numbers are in its environment.
            listeners = [sockets.enter_context(socket.create_server(("127.0.0.1", 0))) for _ in listen]
            self.ports = [listener.getsockname()[1] for listener in listeners]
            configuration = CONFIGURATION.format(
                # Its workers have to read what root may read.
                user="user root root;" if os.geteuid() == 0 else "",
                folder=folder,
                listen="\n".join(f"listen 127.0.0.1:{port} {line};" for port, line in zip(self.ports, listen)),
                server=server,
            )
            (folder / "nginx.conf").write_text(configuration, encoding="utf-8")
            numbers = [listener.fileno() for listener in listeners]
            super().__init__(
                [program, "-p", folder, "-e", folder / "error.log", "-c", folder / "nginx.conf"],
                folder / "output.log",
                env={"NGINX": ";".join(map(str, numbers)) + ";"},
                pass_fds=numbers,
            )

    def access_log(self) -> str:
        """Ends nginx and returns the log of its requests."""
        self.terminate()
        status = self.wait()
        if status != 0:
            raise Failed(f"nginx ended with status {status} ({self.folder / 'error.log'})")
        return (self.folder / "access.log").read_text(encoding="utf-8")
