"""nginx in front of wspeer's servers, and as a server that answers with an HTTP status."""

import pathlib
import re
import tempfile

from support import (
    certificate,
    check,
    contains,
    ended_well,
    equal,
    godot,
    identity,
    is_failure,
    is_good_visit,
    key,
    paths,
    test,
    trusting,
)
from wspeer_tools.nginx import Nginx, proxy
from wspeer_tools.process import free_port


def nginx_with(stage, server, versions="TLSv1.2 TLSv1.3"):
    """Starts nginx on two ports, without and with TLS; `url` and `tls_url` are its addresses."""
    folder = pathlib.Path(tempfile.mkdtemp(prefix="nginx-", dir=stage.directory))
    tls = f"ssl_certificate {certificate('chain')}; ssl_certificate_key {key('chain')}; ssl_protocols {versions};"
    nginx = stage.stack.enter_context(Nginx(paths.nginx, folder, tls + server, ("", "ssl")))
    return nginx, f"ws://localhost:{nginx.ports[0]}/", f"wss://game.test:{nginx.ports[1]}/"


def register_proxies():
    for version in ("TLSv1.2", "TLSv1.3"):

        @test(f"nginx-{version}-before-the-c-server")
        def before_c(stage, version=version):
            server = stage.server("--protocol", "game")
            nginx, url, tls_url = nginx_with(stage, proxy(server.port), version)
            visitor = stage.client(tls_url, *trusting(), "--protocol", "game")
            opened = visitor.next("open")
            equal((opened["version"], opened["protocol"]), (version, "game"), "version and sub-protocol")
            is_good_visit(visitor.finish())
            headers = dict(server.next("open")["headers"])
            equal(headers["X-Forwarded-Proto"], "https", "the header that nginx adds")
            is_good_visit(stage.visit(tls_url, *trusting(), "--protocol", "game", "--end", "there"), 4001)
            contains(nginx.access_log(), '"GET / HTTP/1.1" 101 ', "the access log of nginx")
            server.stop()


register_proxies()


@test("nginx-64-mebibytes-both-ways")
def large(stage):
    server = stage.server()
    nginx, url, tls_url = nginx_with(stage, proxy(server.port), "TLSv1.2")
    length = 64 * 1024 * 1024
    is_good_visit(stage.visit(tls_url, *trusting(), "--bytes", str(length)))
    contains(nginx.access_log(), '"GET / HTTP/1.1" 101 ', "the access log of nginx")
    server.stop()


@test("nginx-before-a-server-with-tls")
def tls_on_both_sides(stage):
    server = stage.server(*identity("chain"), "--ca", certificate("client-authority"), "--require")
    more = f"""
            proxy_ssl_verify on;
            proxy_ssl_verify_depth 3;
            proxy_ssl_trusted_certificate {certificate("authority")};
            proxy_ssl_name game.test;
            proxy_ssl_server_name on;
            proxy_ssl_certificate {certificate("client")};
            proxy_ssl_certificate_key {key("client")};
    """
    nginx, url, tls_url = nginx_with(stage, proxy(server.port, "https", more))
    for address in (url, tls_url):
        is_good_visit(stage.visit(address, *trusting()))
        equal(server.next("open")["peer_subject"], "CN=player, O=wspeer tests", "the subject of nginx")
    server.stop()


@test("nginx-before-the-godot-scene")
def before_godot(stage):
    for is_tls in (False, True):
        program = godot(stage, "serve_demo.gd")
        nginx, url, tls_url = nginx_with(stage, proxy(program.events.port()))
        is_good_visit(stage.visit(tls_url if is_tls else url, *trusting()))
        contains(nginx.access_log(), '"GET / HTTP/1.1" 101 ', "the access log of nginx")
        ended_well(program)


@test("nginx-cannot-reach-the-server")
def bad_gateway(stage):
    _, _, tls_url = nginx_with(stage, proxy(free_port()))
    end = stage.visit(tls_url, *trusting())
    is_failure(end, "http", "502")
    equal((end["http_status"], end["http_reason"]), (502, "Bad Gateway"), "answer")
    contains(end["http_body"], "<h1>502 Bad Gateway</h1>", "body")


@test("nginx-answers-something-else")
def statuses(stage):
    long = stage.directory / "html"
    long.mkdir()
    (long / "long.txt").write_text("long. " * 2000)
    (long / "secrets").write_text("")
    nginx, url, tls_url = nginx_with(
        stage,
        f"""
        root {long};
        default_type text/plain;
        location /301 {{ return 301 https://example.test/elsewhere; }}
        location /401 {{ auth_basic "the game"; auth_basic_user_file {long}/secrets; }}
        location /403 {{ deny all; }}
        location /429 {{ add_header Retry-After 7 always; return 429 "slow down"; }}
        location /500 {{ return 500 "broken"; }}
        location /200 {{ return 200 "just a page"; }}
        location /long {{ error_page 404 /long.txt; }}
        location / {{ }}
        """,
    )
    wanted = {
        "301": (
            301,
            "Moved Permanently",
            "<h1>301 Moved Permanently</h1>",
            ("Location", "https://example.test/elsewhere"),
        ),
        "401": (
            401,
            "Unauthorized",
            "<h1>401 Authorization Required</h1>",
            ("WWW-Authenticate", 'Basic realm="the game"'),
        ),
        "403": (403, "Forbidden", "<h1>403 Forbidden</h1>", ("Connection", "close")),
        "404": (404, "Not Found", "<h1>404 Not Found</h1>", ("Content-Type", "text/html")),
        "429": (429, "", "slow down", ("Retry-After", "7")),
        "500": (500, "Internal Server Error", "broken", ("Content-Length", "6")),
        "200": (200, "OK", "just a page", ("Content-Length", "11")),
    }
    for address in (url, tls_url):
        for path, (status, reason, body, header) in wanted.items():
            end = stage.visit(address + path, *trusting())
            is_failure(end, "http", str(status))
            equal(end["http_status"], status, "status")
            if reason:
                equal(end["http_reason"], reason, "reason phrase")
            contains(end["http_body"], body, "body")
            if header[1] != "close":
                contains(end["headers"], list(header), "header fields")
            equal(end["os_error"], 0, "number of the operating system's error")
        end = stage.visit(address + "long/x", *trusting())
        equal((end["http_status"], end["http_body_len"]), (404, 4096), "status and length of a body that is too long")
        check(re.fullmatch(r"(long\. )+lo?n?g?\.?", end["http_body"]), "the body has changed")
    # Credentials of the URL.
    credentials = "Basic dXNlcjpwYTpzcw=="
    server = stage.server()
    is_good_visit(stage.visit(f"ws://user:pa%3Ass@127.0.0.1:{server.port}/"))
    contains(server.next("open")["headers"], ["Authorization", credentials], "the request")
    server.stop()
