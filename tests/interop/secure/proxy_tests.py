"""tinyproxy, and servers that behave like a broken proxy."""

import base64

from support import (
    PATIENCE,
    Channel,
    Deadline,
    Failed,
    check,
    contains,
    equal,
    identity,
    is_failure,
    is_good_visit,
    paths,
    ports_of,
    test,
    trusting,
    wait_until,
)
from wspeer_tools.process import free_port


def starts(program, port):
    """Waits until the program listens on the port; returns whether it does."""
    wait_until(lambda: port in ports_of(program.pid) or program.poll() is not None, Deadline(PATIENCE))
    return port in ports_of(program.pid)


class Tinyproxy:
    def __init__(self, stage, *lines):
        configuration = stage.directory / "tinyproxy.conf"
        self.log = stage.directory / "tinyproxy.log"
        for _ in range(10):
            # tinyproxy cannot listen on any free port, and another program may take this one first.
            port = free_port()
            settings = [f"Port {port}", "Listen 127.0.0.1", "MaxClients 20", f'LogFile "{self.log}"', *lines]
            configuration.write_text("\n".join(settings) + "\n")
            program = stage.start([paths.tinyproxy, "-d", "-c", configuration])
            if starts(program, port):
                self.address = f"127.0.0.1:{port}"
                return
        raise Failed(f"tinyproxy does not start ({configuration})")

    def has_connected(self, target):
        """Returns whether a client has requested this tunnel."""
        return f"CONNECT {target} " in self.log.read_text()


def register_schemes():
    for scheme, option in (("ws", "--http-proxy"), ("wss", "--https-proxy")):

        def server_of(stage, scheme=scheme):
            server = stage.server(*(identity("p256") if scheme == "wss" else []))
            return server, f"localhost:{server.port}", f"{scheme}://localhost:{server.port}/"

        @test(f"proxy-{scheme}")
        def plain(stage, option=option, server_of=server_of):
            server, target, url = server_of(stage)
            tinyproxy = Tinyproxy(stage)
            visitor = stage.client(url, *trusting(), option, f"http://{tinyproxy.address}/")
            opened = visitor.next("open")
            is_good_visit(visitor.finish())
            check(tinyproxy.has_connected(target), "the proxy was not asked")
            # The WebSocket peer is the server, but the address is the proxy's.
            equal(opened["host"], "127.0.0.1", "host")
            headers = [name.lower() for name, _ in server.next("open")["headers"]]
            check("proxy-authorization" not in headers, "the proxy's header came to the server")
            is_good_visit(stage.visit(url, *trusting(), option, tinyproxy.address, "--end", "there"), 4001)
            server.stop()

        @test(f"proxy-{scheme}-with-credentials")
        def credentials(stage, option=option, server_of=server_of):
            server, target, url = server_of(stage)
            tinyproxy = Tinyproxy(stage, "BasicAuth user secret")
            is_good_visit(stage.visit(url, *trusting(), option, f"http://user:secret@{tinyproxy.address}"))
            check(tinyproxy.has_connected(target), "the proxy was not asked")
            headers = [name.lower() for name, _ in server.next("open")["headers"]]
            check(not {"proxy-authorization", "authorization"} & set(headers), "the server got credentials")
            # tinyproxy answers wrong credentials with another status than missing ones.
            missing = (407, "Proxy Authentication Required", "proxy-authenticate")
            wrong = (401, "Unauthorized", "www-authenticate")
            for given, (status, reason, header) in {"": missing, "user:wrong@": wrong, "x:secret@": wrong}.items():
                end = stage.visit(url, *trusting(), option, f"http://{given}{tinyproxy.address}")
                is_failure(end, "proxy", f"the proxy {tinyproxy.address}", f"{status} {reason}")
                equal((end["http_status"], end["http_reason"]), (status, reason), "answer")
                names = {name.lower(): value for name, value in end["headers"]}
                contains(names.get(header, ""), "Basic realm=", "header fields")
                contains(end["http_body"], f"{status} {reason}", "body")
            server.stop()

        @test(f"proxy-{scheme}-not-for-these-hosts")
        def no_proxy(stage, option=option, server_of=server_of):
            server, target, url = server_of(stage)
            tinyproxy = Tinyproxy(stage)
            for hosts in ("localhost", "example.test, localhost", "*"):
                is_good_visit(stage.visit(url, *trusting(), option, tinyproxy.address, "--no-proxy", hosts))
            check(not tinyproxy.has_connected(target), "the proxy was asked")
            is_good_visit(stage.visit(url, *trusting(), option, tinyproxy.address, "--no-proxy", "calhost"))
            check(tinyproxy.has_connected(target), "the proxy was not asked")
            server.stop()

        @test(f"proxy-{scheme}-of-the-environment")
        def environment(stage, scheme=scheme, server_of=server_of):
            server, target, url = server_of(stage)
            tinyproxy = Tinyproxy(stage)
            variable = {"ws": "http_proxy", "wss": "https_proxy"}[scheme]
            proxies = {variable: f"http://{tinyproxy.address}"}
            is_good_visit(stage.visit(url, *trusting(), environment=proxies))
            without = {**proxies, "no_proxy": "localhost"}
            is_good_visit(stage.visit(url, *trusting(), "--environment-proxies", environment=without))
            check(not tinyproxy.has_connected(target), "the proxy was asked")
            is_good_visit(stage.visit(url, *trusting(), "--environment-proxies", environment=proxies))
            check(tinyproxy.has_connected(target), "the proxy was not asked")
            server.stop()

        @test(f"proxy-{scheme}-that-refuses")
        def refuses(stage, option=option, server_of=server_of):
            server, _, url = server_of(stage)
            tinyproxy = Tinyproxy(stage, "ConnectPort 1")
            end = stage.visit(url, *trusting(), option, tinyproxy.address)
            is_failure(end, "proxy", "403")
            equal(end["http_status"], 403, "status")
            contains(end["http_body"], "Access violation", "body")
            server.stop()

        @test(f"proxy-{scheme}-that-cannot-reach-the-server")
        def unreachable(stage, scheme=scheme, option=option):
            tinyproxy = Tinyproxy(stage)
            end = stage.visit(f"{scheme}://127.0.0.1:1/", *trusting(), option, tinyproxy.address)
            is_failure(end, "proxy", "500")
            equal(end["http_status"], 500, "status")

        @test(f"proxy-{scheme}-that-is-not-there")
        def missing(stage, scheme=scheme, option=option):
            end = stage.visit(f"{scheme}://game.test/", *trusting(), option, "127.0.0.1:1")
            is_failure(end, "proxy", "the proxy 127.0.0.1:1", "refused")
            equal(end["os_error"], 111, "number of the operating system's error")

        @test(f"proxy-{scheme}-of-an-unknown-name")
        def unknown(stage, scheme=scheme, option=option):
            end = stage.visit(f"{scheme}://game.test/", *trusting(), option, "unknown.test:3128")
            is_failure(end, "proxy", "unknown.test")

        @test(f"proxy-{scheme}-that-stays-silent")
        def silent(stage, scheme=scheme, option=option):
            port = stage.serve(lambda connection: Channel(connection).rest())
            proxy = f"127.0.0.1:{port}"
            end = stage.visit(f"{scheme}://game.test/", *trusting(), option, proxy, "--handshake-timeout", "0.5")
            is_failure(end, "timeout", f"the proxy {proxy} did not answer within 500ms")

        @test(f"proxy-{scheme}-asked-as-it-should-be")
        def request(stage, scheme=scheme, option=option):
            requests = []

            def answer(connection):
                requests.append(Channel(connection).until(b"\r\n\r\n").decode())
                connection.sendall(b"HTTP/1.1 503 Busy\r\nContent-Length: 5\r\n\r\nlater")

            port = stage.serve(answer)
            for host, target in (("game.test", "game.test"), ("[::1]", "[::1]")):
                end = stage.visit(
                    f"{scheme}://{host}:81/path?query", *trusting(), option, f"us%40er:p:w@127.0.0.1:{port}"
                )
                is_failure(end, "proxy", "503")
                equal((end["http_reason"], end["http_body"]), ("Busy", "later"), "answer")
                lines = requests.pop().split("\r\n")
                equal(lines[0], f"CONNECT {target}:81 HTTP/1.1", "request line")
                contains(lines, f"Host: {target}:81", "request")
                basic = base64.b64encode(b"us@er:p:w").decode()
                contains(lines, f"Proxy-Authorization: Basic {basic}", "request")


register_schemes()
