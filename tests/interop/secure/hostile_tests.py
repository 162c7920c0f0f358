"""Names and servers that do not answer, answer slowly or send too much, and clients that do the same.

Each gives the right failure within its timeout.
"""

import contextlib
import socket
import time

from openssl_tests import s_server

from support import (
    Channel,
    Failed,
    certificate,
    check,
    contains,
    equal,
    identity,
    is_failure,
    is_good_visit,
    test,
    trusting,
)

MEBIBYTE = 1024 * 1024

# Seconds in which a busy machine may report a timeout of a connection to 127.0.0.1 too late.
SLACK = 20

SHORT = ["--connect-timeout", "0.7", "--handshake-timeout", "0.7"]


def is_timeout(end, *texts, at_least=0.7):
    is_failure(end, "timeout", *texts)
    check(at_least <= end["seconds"] <= at_least + SLACK, f"it took {end['seconds']} s")


def black_hole(stage, port=0):
    """Returns a port of 127.0.0.2 that neither accepts nor refuses connections, because its queue is full."""
    listener = stage.listener("127.0.0.2", port, backlog=0)

    def knock():
        waiting = socket.socket()
        stage.stack.callback(waiting.close)
        waiting.settimeout(0.3)
        with contextlib.suppress(TimeoutError):
            waiting.connect(listener.getsockname())
            return True
        return False

    # One unanswered connection may only be slow; three in a row have no room in the queue.
    unanswered = 0
    for _ in range(16):
        unanswered = 0 if knock() else unanswered + 1
        if unanswered == 3:
            return listener.getsockname()[1]
    raise Failed("the black hole accepts every connection")


def ports_of_both(stage):
    """Returns a good server and a black hole with the same port."""
    for _ in range(20):
        good = stage.listener()
        port = good.getsockname()[1]
        with contextlib.suppress(OSError):
            return good, black_hole(stage, port)
    raise Failed("no port is free for both addresses")


@test("hostile-name-that-never-answers")
def name(stage):
    for scheme in ("ws", "wss"):
        end = stage.visit(f"{scheme}://never.test/", *trusting(), *SHORT)
        is_timeout(end, "looking up 'never.test' took longer than 700ms")


@test("hostile-name-that-does-not-exist")
def unknown_name(stage):
    end = stage.visit("wss://unknown.test/", *trusting(), *SHORT)
    is_failure(end, "dns", "unknown.test")


@test("hostile-address-that-never-answers")
def address(stage):
    end = stage.visit(f"ws://127.0.0.2:{black_hole(stage)}/", *SHORT)
    is_timeout(end, "connecting to '127.0.0.2'", "took longer than 700ms")


@test("hostile-first-address-and-a-good-second")
def happy_eyeballs(stage):
    good, port = ports_of_both(stage)

    def serve(connection):
        channel = Channel(connection)
        channel.accept()
        channel.echo()

    stage.serve(serve, good)
    visitor = stage.client(f"ws://hole.test:{port}/")
    opened = visitor.next("open")
    equal(opened["host"], "127.0.0.1", "the address that was connected to")
    # The first address gets a quarter of a second (RFC 8305 section 8); its timeout is 30 s.
    check(0.2 <= opened["seconds"] < 10, f"it took {opened['seconds']} s")
    is_good_visit(visitor.finish())


@test("hostile-port-that-refuses")
def refused(stage):
    for host in ("127.0.0.1", "[::1]", "localhost"):
        end = stage.visit(f"ws://{host}:1/", *SHORT)
        is_failure(end, "tcp", "connecting to")
        equal(end["os_error"], error_of(host.strip("[]")), "number of the operating system's error")


def error_of(host):
    """Returns ECONNREFUSED, or the error of a machine without IPv6."""
    try:
        socket.create_connection((host, 1))
    except OSError as error:
        return error.errno
    return 0


def silent(connection):
    Channel(connection).rest()


def one_byte_a_second(data):
    def answer(connection):
        connection.settimeout(0.2)
        with contextlib.suppress(TimeoutError):
            connection.recv(65536)
        for byte in data:
            connection.sendall(bytes([byte]))
            time.sleep(1)

    return answer


@test("hostile-server-that-stays-silent")
def silent_server(stage):
    port = stage.serve(silent)
    is_timeout(
        stage.visit(f"ws://127.0.0.1:{port}/", *SHORT), "the server did not answer the upgrade request within 700ms"
    )
    is_timeout(stage.visit(f"wss://127.0.0.1:{port}/", *trusting(), *SHORT), "the TLS handshake was not over")


@test("hostile-server-of-one-byte-a-second")
def slow_server(stage):
    answer = b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n"
    port = stage.serve(one_byte_a_second(answer))
    end = stage.visit(f"ws://127.0.0.1:{port}/", "--handshake-timeout", "2.5")
    is_timeout(end, "the server did not answer the upgrade request within 2.5s", at_least=2.5)


@test("hostile-server-of-one-byte-a-second-with-tls")
def slow_tls_server(stage):
    # The beginning of a server's hello in a record of 122 bytes.
    port = stage.serve(one_byte_a_second(bytes.fromhex("160303007a020000760303") + bytes(40)))
    end = stage.visit(f"wss://127.0.0.1:{port}/", *trusting(), "--handshake-timeout", "2.5")
    is_timeout(end, "the TLS handshake was not over within 2.5s", at_least=2.5)


def register_long_answers():
    answers = {
        "one-long-header": (b"X-Long: " + b"x" * MEBIBYTE, "HTTP head is longer than"),
        "many-headers": (b"X: y\r\n" * (MEBIBYTE // 6), "HTTP head is longer than"),
        "too-many-headers": (b"X: y\r\n" * 200 + b"\r\n", "more than 100 header lines"),
        "no-http": (b"", "malformed HTTP"),
    }
    for name, (headers, text) in answers.items():

        @test(f"hostile-server-with-{name}")
        def long_answer(stage, name=name, headers=headers, text=text):
            def answer(connection):
                Channel(connection).until(b"\r\n\r\n")
                start = b"SSH-2.0-OpenSSH_9.2\r\n\r\n" if name == "no-http" else b"HTTP/1.1 101 Switching Protocols\r\n"
                connection.sendall(start + headers)
                silent(connection)

            port = stage.serve(answer)
            end = stage.visit(f"ws://127.0.0.1:{port}/", "--handshake-timeout", "30")
            is_failure(end, "http", text)
            check(end["seconds"] < 30, f"it took {end['seconds']} s")


register_long_answers()


@test("hostile-server-that-hangs-up")
def hangs_up(stage):
    def answer(connection):
        Channel(connection).until(b"\r\n\r\n")

    port = stage.serve(answer)
    end = stage.visit(f"ws://127.0.0.1:{port}/", *SHORT)
    equal((end["was_open"], end["is_closed"], end["close_code"]), (False, True, -1), "open, closed, close code")
    equal(end["stage"], "http", "stage of the failure")
    check(end["message"] != "", "no message")


@test("hostile-statuses")
def statuses(stage):
    for status, reason in {
        301: "Moved Permanently",
        401: "Unauthorized",
        403: "Forbidden",
        404: "Not Found",
        429: "Too Many Requests",
        500: "Internal Server Error",
    }.items():
        for is_complete in (True, False):
            head = f"HTTP/1.1 {status} {reason}\r\nX-Twice: a\r\nX-Twice: b\r\n"
            # The other body never ends; the part that has arrived is kept at the timeout.
            head += "Content-Length: 4\r\n\r\n" if is_complete else "\r\n"

            def answer(connection, head=head):
                Channel(connection).until(b"\r\n\r\n")
                connection.sendall(head.encode() + b"body")
                silent(connection)

            end = stage.visit(f"ws://127.0.0.1:{stage.serve(answer)}/", *SHORT)
            is_failure(end, "http", f"{status} {reason}")
            equal((end["http_status"], end["http_reason"], end["http_body"]), (status, reason, "body"), "answer")
            twice = [value for name, value in end["headers"] if name == "X-Twice"]
            equal(twice, ["a", "b"], "header fields that came twice")


def partly(stage, forward, target):
    """Returns a port that forwards a number of bytes from `target`, then stops or closes the connection."""
    limit, then_ends = forward

    def pass_on(connection):
        with socket.create_connection(("127.0.0.1", target)) as other:
            other.settimeout(30)
            connection.settimeout(30)
            other.sendall(connection.recv(65536))
            received = 0
            while received < limit:
                data = other.recv(limit - received)
                if not data:
                    break
                connection.sendall(data)
                received += len(data)
            if not then_ends:
                silent(connection)

    return stage.serve(pass_on)


def register_stops():
    for option in ("tls1_2", "tls1_3"):

        @test(f"hostile-server-that-stops-in-the-{option}-handshake")
        def stops(stage, option=option):
            for limit in (1, 5, 100, 600):
                program = s_server(stage, f"-{option}")
                port = partly(stage, (limit, False), program.port)
                end = stage.visit(f"wss://game.test:{port}/", *trusting(), *SHORT)
                is_timeout(end, "the TLS handshake was not over within 700ms")

        @test(f"hostile-server-that-ends-in-the-{option}-handshake")
        def ends(stage, option=option):
            for limit in (0, 1, 100, 600):
                program = s_server(stage, f"-{option}")
                port = partly(stage, (limit, True), program.port)
                end = stage.visit(f"wss://game.test:{port}/", *trusting(), *SHORT)
                equal((end["was_open"], end["stage"]), (False, "tls"), "open, stage of the failure")
                contains(end["message"], "closed the connection during the TLS handshake", "message")


register_stops()


# Clients of wspeer's servers.


def visitor_of(stage, server):
    connection = socket.create_connection(("127.0.0.1", server.port))
    connection.settimeout(60)
    stage.stack.callback(connection.close)
    return connection


@test("hostile-clients-that-stay-silent")
def silent_clients(stage):
    for options in ([], identity("p256")):
        server = stage.server(*options, "--handshake-timeout", "0.7")
        connection = visitor_of(stage, server)
        answer = Channel(connection).rest()
        is_timeout(server.next("end"), "the request did not arrive within 700ms")
        if not options:
            check(answer.startswith(b"HTTP/1.1 408 Request Timeout\r\n"), answer)
        server.stop()


@test("hostile-clients-of-one-byte-a-second")
def slow_clients(stage):
    server = stage.server("--handshake-timeout", "2.5")
    connection = visitor_of(stage, server)
    with contextlib.suppress(OSError):
        for byte in b"GET /":
            connection.sendall(bytes([byte]))
            time.sleep(1)
    is_timeout(server.next("end"), "the request did not arrive within 2.5s", at_least=2.5)
    server.stop()


@test("hostile-clients-with-long-headers")
def long_headers(stage):
    server = stage.server("--handshake-timeout", "30")
    for headers in (b"X-Long: " + b"x" * MEBIBYTE, b"X: y\r\n" * (MEBIBYTE // 6), b"X: y\r\n" * 200 + b"\r\n"):
        connection = visitor_of(stage, server)
        with contextlib.suppress(OSError):
            connection.sendall(b"GET / HTTP/1.1\r\nHost: h\r\n" + headers)
        is_failure(server.next("end"), "http", "431 Request Header Fields Too Large")
    server.stop()


@test("hostile-clients-with-bad-requests")
def bad_requests(stage):
    server = stage.server()
    handshake = b"Host: h\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    requests = {
        b"GET / HTTP/1.1\r\nHost: h\r\n\r\n": b"426 Upgrade Required",
        b"POST / HTTP/1.1\r\n" + handshake + b"\r\n": b"405 Method Not Allowed",
        b"GET / HTTP/1.1\r\n" + handshake + b"Sec-WebSocket-Version: 8\r\n\r\n": b"426 Upgrade Required",
        b"GET / HTTP/1.1\r\n" + handshake + b"Sec-WebSocket-Version: 13\r\n\r\n": b"400 Bad Request",
        b"nonsense\r\n\r\n": b"400 Bad Request",
    }
    for request, answer in requests.items():
        connection = visitor_of(stage, server)
        connection.sendall(request)
        got = Channel(connection).rest()
        check(got.startswith(b"HTTP/1.1 " + answer + b"\r\n"), f"{request!r} got {got!r}")
        check(len(got.split(b"\r\n\r\n", 1)[1]) > 10, f"no body that says why: {got!r}")
        is_failure(server.next("end"), "http", answer.decode())
    # The server still accepts clients.
    is_good_visit(stage.visit(f"ws://127.0.0.1:{server.port}/"))
    server.stop()


@test("hostile-clients-that-stop-in-the-tls-handshake")
def stopping_clients(stage):
    server = stage.server(*identity("p256"), "--handshake-timeout", "0.7")
    connection = visitor_of(stage, server)
    connection.sendall(bytes.fromhex("16030100c8010000c40303"))
    Channel(connection).rest()
    is_timeout(server.next("end"), "the request did not arrive within 700ms")
    # A client that closes the connection in the handshake.
    connection = visitor_of(stage, server)
    connection.sendall(bytes.fromhex("16030100c8010000c40303"))
    connection.close()
    equal(server.next("end")["was_open"], False, "open")
    server.stop()


@test("hostile-many-at-once")
def many(stage):
    """Hundreds of silent clients do not delay a good one."""
    server = stage.server(*identity("p256"), "--handshake-timeout", "60")
    for _ in range(300):
        visitor_of(stage, server)
    is_good_visit(stage.visit(f"wss://game.test:{server.port}/", "--ca", certificate("authority")))
    server.next("open")
    server.stop()
