"""Chromium, headless, and wspeer's servers in C and in Godot, without and with TLS.

Pages are served by this module, or by wspeer, which answers plain HTTP requests on the WebSocket port with a page.
Servers with a list of origins check the origin of the page.
"""

from __future__ import annotations

import http.server
import json
import pathlib
import queue
import threading
import urllib.parse
from typing import Any

from godot_tests import end as godot_end
from godot_tests import own

from support import (
    PATIENCE,
    Deadline,
    Failed,
    contains,
    ended_well,
    equal,
    identity,
    is_failure,
    paths,
    test,
    wait_until,
)
from wspeer_tools.browser import STARTS, Browser

PAGE = pathlib.Path(__file__).with_name("page.html")


class Pages:
    """Serves the page and receives its reports."""

    def __init__(self, stage):
        reports: queue.Queue[Any] = queue.Queue()
        self.reports = reports

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                is_page = self.path == "/"
                body = PAGE.read_bytes() if is_page else b""
                self.send_response(200 if is_page else 404)
                self.send_header("Content-Type", "text/html; charset=utf-8")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def do_POST(self):
                reports.put(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
                self.send_response(204)
                self.end_headers()

            def log_message(self, *arguments):
                pass

        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        stage.stack.callback(server.server_close)
        stage.stack.callback(server.shutdown)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        self.origin = f"http://127.0.0.1:{server.server_port}"


def browse(stage, pages, page, visits, distrusts=False):
    """Returns what the page reports, by the names of the visits, and its origin."""
    order = {"report": f"{pages.origin}/report", "visits": visits}
    url = f"{page}/#{urllib.parse.quote(json.dumps(order))}"
    for _ in range(STARTS):
        log = stage.log("chromium")
        with Browser(paths.chromium, url, log, trusts_everything=not distrusts) as browser:
            deadline = Deadline(PATIENCE, stage.printed)
            wait_until(lambda: not pages.reports.empty() or not browser.is_alive(), deadline)
            if not pages.reports.empty():
                report = pages.reports.get()
                return {one["name"]: one for one in report["seen"]}, report["origin"]
    raise Failed(f"the page has not reported ({log})")


def is_good(seen, code):
    what = f"what the page saw of {seen['name']}"
    equal((seen["opened"], seen["error"], seen["protocol"]), (True, False, "game"), what)
    equal(seen["returned"], [["text", True], ["binary", True]], what)
    reason = {1000: "finished", 4001: "as you wish"}[code]
    equal((seen["code"], seen["reason"], seen["wasClean"]), (code, reason, True), what)


def is_refused(seen):
    what = f"what the page saw of {seen['name']}"
    equal((seen["opened"], seen["error"]), (False, True), what)
    equal((seen["code"], seen["wasClean"]), (1006, False), what)


def visits_of(servers):
    """Returns two visits of each server: one that the page closes, and one that the server closes."""
    return [
        {"name": f"{name}-{end}", "url": url, "end": end} for name, url in servers.items() for end in ("here", "there")
    ]


def judge(seen, servers):
    for name in servers:
        is_good(seen[f"{name}-here"], 1000)
        is_good(seen[f"{name}-there"], 4001)


@test("chromium-and-the-c-server")
def c_server(stage):
    pages = Pages(stage)
    game = ["--protocol", "game", "--origin", pages.origin]
    elsewhere = ["--protocol", "game", "--origin", "https://game.test"]
    servers = {"ws": stage.server(*game), "wss": stage.server(*game, *identity("self-signed"))}
    closed = {"ws": stage.server(*elsewhere), "wss": stage.server(*elsewhere, *identity("self-signed"))}
    urls = {scheme: f"{scheme}://127.0.0.1:{server.port}/" for scheme, server in servers.items()}
    visits = visits_of(urls)
    for scheme, server in closed.items():
        visits.append({"name": f"closed-{scheme}", "url": f"{scheme}://127.0.0.1:{server.port}/", "end": "here"})
    seen, origin = browse(stage, pages, pages.origin, visits)
    equal(origin, pages.origin, "origin of the page")
    judge(seen, urls)
    for scheme, server in servers.items():
        for code in (1000, 4001):
            opened = server.next("open")
            contains(opened["headers"], ["Origin", origin], "the browser's request")
            equal((opened["protocol"], opened.get("version")), ("game", {"wss": "TLSv1.3"}.get(scheme)), "protocols")
            ended = server.next("end")
            equal((ended["stage"], ended["close_code"]), ("none", code), "end of the connection")
        server.stop()
    for scheme, server in closed.items():
        is_refused(seen[f"closed-{scheme}"])
        is_failure(server.next("end"), "http", "403 Forbidden: pages of this origin may not connect here")
        server.stop()


@test("chromium-and-the-page-on-the-same-port")
def same_port(stage):
    for options in ([], identity("self-signed")):
        pages = Pages(stage)
        server = stage.server("--protocol", "game", "--page", str(PAGE), *options)
        http_scheme, scheme = ("https", "wss") if options else ("http", "ws")
        urls = {scheme: f"{scheme}://127.0.0.1:{server.port}/"}
        seen, origin = browse(stage, pages, f"{http_scheme}://127.0.0.1:{server.port}", visits_of(urls))
        equal(origin, f"{http_scheme}://127.0.0.1:{server.port}", "origin of the page")
        judge(seen, urls)
        server.stop()


@test("chromium-and-the-godot-server")
def godot_server(stage):
    pages = Pages(stage)
    # The last one has the engine's TLS below our peer.
    servers = {
        "ws": {},
        "wss": {"tls": "ours", **own("self-signed")},
        "wss-of-the-engine": {"tls": "engine", **own("self-signed")},
    }
    programs = {
        name: godot_end(stage, "server", protocol="game", origin=pages.origin, **options)
        for name, options in servers.items()
    }
    closed = godot_end(stage, "server", protocol="game", origin="https://game.test")
    urls = {name: f"{name.split('-')[0]}://127.0.0.1:{program.events.port()}/" for name, program in programs.items()}
    closed_url = f"ws://127.0.0.1:{closed.events.port()}/"
    visits = [*visits_of(urls), {"name": "closed", "url": closed_url, "end": "here"}]
    seen, origin = browse(stage, pages, pages.origin, visits)
    judge(seen, urls)
    is_refused(seen["closed"])
    for name, program in programs.items():
        for code in (1000, 4001):
            opened = program.events.next("open")
            contains(opened["request"]["headers"], f"Origin: {origin}", "the browser's request")
            equal(program.events.next("end")["close_code"], code, "close code")
        stage.visit(urls[name] + "quit", "--unsafe", "--protocol", "game")
        ended_well(program)
    refused = closed.events.next("end")
    equal(refused["stage"], "http", "stage of the failure")
    contains(refused["message"], "403 Forbidden: pages of this origin may not connect here", "message")
    stage.visit(closed_url + "quit", "--protocol", "game")
    ended_well(closed)


@test("chromium-does-not-trust-a-certificate")
def distrust(stage):
    pages = Pages(stage)
    server = stage.server("--protocol", "game", *identity("self-signed"))
    visits = [{"name": "distrusted", "url": f"wss://127.0.0.1:{server.port}/", "end": "here"}]
    seen, _ = browse(stage, pages, pages.origin, visits, distrusts=True)
    is_refused(seen["distrusted"])
    is_failure(server.next("end"), "tls", "the remote peer sent the TLS alert CertificateUnknown")
    server.stop()
