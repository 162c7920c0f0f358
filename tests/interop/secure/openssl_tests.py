"""OpenSSL's s_server and s_client, in both roles.

s_server and s_client encrypt what they read from their input and write what they decrypt; this module is the WebSocket
peer in the stream.
"""

from __future__ import annotations

import fcntl
import pathlib
import socket
import ssl
import subprocess
import termios
from typing import Optional

from support import (
    AUTHORITY,
    PATIENCE,
    Channel,
    Deadline,
    accept_key,
    certificate,
    check,
    contains,
    equal,
    identity,
    is_failure,
    is_good_visit,
    key,
    listening_port,
    paths,
    test,
    trusting,
    wait_until,
)

MANIFEST = pathlib.Path(__file__).resolve().parents[3] / "Cargo.toml"
KINDS = {"rsa": "RSA", "p256": "ECDSA", "p384": "ECDSA", "ed25519": "ed25519"}
VERSIONS = {"tls1_2": "TLSv1.2", "tls1_3": "TLSv1.3"}


def s_server(stage, *options, name="p256", key_name=None, count=1, address="127.0.0.1"):
    """Starts OpenSSL as a server; `channel` is the decrypted stream."""
    program = stage.start(
        [paths.openssl, "s_server", "-quiet", "-accept", f"{address}:0", "-naccept", str(count)]
        + ["-cert", certificate(name), "-cert_chain", certificate(name), "-key", key(key_name or name), *options],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    program.port = listening_port(program)
    program.channel = Channel(program.stdout, program.stdin)
    return program


def serve(stage, *options, host="game.test", client=(), **server):
    """Runs an exchange of wspeer's client with s_server. Returns the client's event `open`."""
    program = s_server(stage, *options, **server)
    visitor = stage.client(f"wss://{host}:{program.port}/", *client)
    head = program.channel.accept()
    contains(head, f"Host: {host}:{program.port}\r\n", "the request")
    program.channel.echo()
    opened = visitor.next("open")
    end = visitor.finish()
    is_good_visit(end)
    return opened


def refuse(stage, *options, host="game.test", client=(), **server):
    """Runs a handshake that either peer refuses. Returns the client's last event and s_server."""
    program = s_server(stage, *options, **server)
    return stage.visit(f"wss://{host}:{program.port}/", *client), program


def register_client_matrix():
    for option, version in VERSIONS.items():
        for kind in KINDS:

            @test(f"openssl-server-{option}-{kind}")
            def exchange(stage, option=option, version=version, kind=kind):
                opened = serve(stage, f"-{option}", "-alpn", "http/1.1", name=kind, client=trusting())
                equal(opened["version"], version, "version")
                equal(opened["alpn"], "http/1.1", "protocol of ALPN")
                equal(opened["peer_subject"], f"CN={kind}, O=wspeer tests", "the server's subject")
                equal(opened["is_resumed"], False, "resumed")

        @test(f"openssl-server-{option}-resumption")
        def resumption(stage, option=option):
            program = s_server(stage, f"-{option}", count=3)
            visitor = stage.client(f"wss://game.test:{program.port}/", *trusting(), "--times", "3")
            resumed = []
            for _ in range(3):
                program.channel.accept()
                program.channel.echo()
                resumed.append(visitor.next("open")["is_resumed"])
                is_good_visit(visitor.next("end"))
            equal(resumed, [False, True, True], "which sessions were resumed")

        @test(f"openssl-server-{option}-client-certificate")
        def client_certificate(stage, option=option):
            verify = ["-Verify", "2", "-verify_return_error", "-CAfile", certificate("client-authority")]
            for name in ("client", "client-rsa"):
                serve(stage, f"-{option}", *verify, client=[*trusting(), *identity(name)])

        for name, text in {
            None: "certificate",
            "client-unknown": "UnknownCA: it does not trust the issuer of the certificate",
            "client-expired": "CertificateExpired: the certificate has expired",
        }.items():

            @test(f"openssl-server-{option}-refuses-{name or 'client-without-certificate'}")
            def refused_client(stage, option=option, name=name, text=text):
                verify = ["-Verify", "2", "-verify_return_error", "-CAfile", certificate("client-authority")]
                own = identity(name) if name else []
                end, program = refuse(stage, f"-{option}", *verify, client=[*trusting(), *own])
                is_failure(end, "tls", "the remote peer sent the TLS alert", text)

        @test(f"openssl-server-{option}-truncation")
        def truncation(stage, option=option):
            program = s_server(stage, f"-{option}")
            visitor = stage.client(f"wss://game.test:{program.port}/", *trusting())
            program.channel.accept()
            visitor.next("open")
            while program.channel.frame()[0] != 2:
                pass
            # A killed process sends no close_notify.
            program.kill()
            end = visitor.finish()
            is_failure(end, "tls", "closed without close_notify", was_open=True)
            equal(end["close_code"], -1, "close code")


register_client_matrix()


@test("openssl-server-close-notify-is-no-truncation")
def close_notify(stage):
    # OpenSSL through Python: s_server cannot send close_notify without a close frame.
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate("p256"), key("p256"))

    def serve(connection):
        with context.wrap_socket(connection, server_side=True) as stream:
            head = b""
            while not head.endswith(b"\r\n\r\n"):
                head += stream.recv(1)
            answer = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            answer += f"Sec-WebSocket-Accept: {accept_key(head.decode())}\r\n\r\n"
            stream.sendall(answer.encode())
            # A text of 17 bytes and a binary message of 1000, in masked frames. The kernel resets a connection that is
            # closed with unread input.
            unread = 6 + 17 + 8 + 1000
            while unread > 0:
                unread -= len(stream.recv(unread))
            stream.unwrap()

    end = stage.visit(f"wss://game.test:{stage.serve(serve)}/", *trusting())
    is_failure(end, "tcp", "closed the connection without a close frame", was_open=True)
    equal(end["close_code"], -1, "close code")


# Certificate, host, the trusted certificate, options.
GOOD: dict[str, tuple[str, str, Optional[str], list[str]]] = {
    "chain-with-intermediate": ("chain", "game.test", AUTHORITY, []),
    "wildcard": ("wildcard", "any.game.test", AUTHORITY, []),
    "address": ("ip", "127.0.0.1", AUTHORITY, []),
    "localhost": ("p256", "localhost", AUTHORITY, []),
    "self-signed-and-trusted": ("self-signed", "game.test", "self-signed", []),
    "common-name-alone": ("common-name", "game.test", "common-name", []),
    "other-name-by-override": ("other-name", "game.test", AUTHORITY, ["--name", "other.test"]),
    "unsafe": ("self-signed", "game.test", None, ["--unsafe"]),
    "unsafe-expired": ("expired", "any.test", None, ["--unsafe"]),
    "unsafe-with-authority": ("other-name", "game.test", AUTHORITY, ["--unsafe"]),
}

# Certificate, host, options; the client's message, the alert that the server gets.
BAD = {
    "expired": ("expired", "game.test", [], "the certificate has expired", "certificate expired"),
    "not-yet-valid": ("future", "game.test", [], "the certificate is not valid yet", "alert"),
    "other-name": (
        "other-name",
        "game.test",
        [],
        "the certificate is for 'other.test', not for game.test",
        "bad certificate",
    ),
    "other-address": ("other-ip", "127.0.0.1", [], "for '192.0.2.1', not for 127.0.0.1", "bad certificate"),
    "name-for-an-address": ("p256", "127.0.0.1", [], "not for 127.0.0.1", "bad certificate"),
    "wrong-override": ("p256", "game.test", ["--name", "else.test"], "not for else.test", "bad certificate"),
    "wildcard-two-levels": ("wildcard", "a.b.game.test", [], "not for a.b.game.test", "bad certificate"),
    "self-signed": ("self-signed", "game.test", [], "not signed by a trusted authority", "unknown ca"),
    "unknown-authority": ("unknown", "game.test", [], "not signed by a trusted authority", "unknown ca"),
    "missing-intermediate": (
        "without-intermediate",
        "game.test",
        [],
        "not signed by a trusted authority",
        "unknown ca",
    ),
    "by-no-authority": ("by-no-authority", "game.test", [], "the certificate was refused", "alert"),
    "of-a-client": ("client", "game.test", ["client-authority"], "not intended for this side", "alert"),
    "unsafe-with-other-authority": ("unknown", "game.test", ["--unsafe"], "not signed by a trusted", "unknown ca"),
}


def register_certificates():
    for name, (own, host, trusted, given) in GOOD.items():

        @test(f"openssl-server-accepts-{name}")
        def accepts(stage, own=own, host=host, trusted=trusted, given=given):
            trust = trusting(trusted) if trusted else []
            serve(stage, name=own, host=host, client=[*given, *trust])

    for name, (own, host, options, text, alert) in BAD.items():
        for option in VERSIONS:

            @test(f"openssl-server-{option}-refused-{name}")
            def refuses(stage, own=own, host=host, options=options, text=text, alert=alert, option=option):
                authority = options[0] if options and not options[0].startswith("-") else "authority"
                rest = [] if authority != "authority" else options
                end, program = refuse(stage, f"-{option}", name=own, host=host, client=[*trusting(authority), *rest])
                is_failure(end, "tls", text)
                equal(end["is_name_mismatch"], "not for" in text, "whether it is the name")
                # The server gets an alert too; it ends after its one connection.
                program.finish()
                contains(program.printed(), alert, "what s_server printed")


register_certificates()


def register_ipv6():
    try:
        socket.create_server(("::1", 0), family=socket.AF_INET6).close()
    except OSError as error:
        print(f"left out: what needs IPv6, which this machine does not have ({error})")
        return

    @test("openssl-server-accepts-ipv6-address")
    def address(stage):
        opened = serve(stage, name="ip", host="[::1]", address="[::1]", client=trusting())
        equal(opened["host"], "::1", "the server's address")
        end, _ = refuse(stage, name="p256", host="[::1]", address="[::1]", client=trusting())
        is_failure(end, "tls", "for 'game.test', 'localhost', not for ::1")

    @test("openssl-server-accepts-localhost-of-ipv6-alone")
    def localhost(stage):
        opened = serve(stage, host="localhost", address="[::1]", client=trusting())
        equal(opened["host"], "::1", "the server's address")


register_ipv6()


@test("openssl-verdicts")
def verdicts(stage):
    """Compares the table of tests/it with what this OpenSSL decides on every combination of certificates."""
    # With these features `make test-rust` has built it.
    features = ["--features", "godot,capi"]
    command = ["cargo", "test", *features, "--test", "it", "tls_matrix::", "--manifest-path", MANIFEST]
    program = stage.start(command, environment={"WSPEER_OPENSSL": str(paths.openssl)})
    status = program.finish()
    text = program.printed()
    equal(status, 0, f"status of the test ({program.log}): {text[-2000:]}")
    contains(text, "the_table_has_the_verdicts_of_the_installed_openssl ... ok", "what the test printed")


@test("openssl-server-trusted-by-the-system")
def system_trust(stage):
    program = s_server(stage)
    environment = {"SSL_CERT_FILE": certificate("authority")}
    visitor = stage.client(f"wss://game.test:{program.port}/", environment=environment)
    program.channel.accept()
    program.channel.echo()
    is_good_visit(visitor.finish())


@test("openssl-server-not-trusted-by-the-system")
def no_system_trust(stage):
    end, _ = refuse(stage)
    is_failure(end, "tls", "not signed by a trusted authority")


@test("openssl-server-name-in-the-hello")
def server_name(stage):
    options = ["-servername", "game.test", "-servername_fatal", "-cert2", certificate("rsa"), "-key2", key("rsa")]
    opened = serve(stage, *options, client=trusting())
    equal(opened["peer_subject"], "CN=rsa, O=wspeer tests", "the certificate that was asked for")
    end, _ = refuse(stage, *options, host="other.test", client=trusting())
    is_failure(end, "tls", "UnrecognisedName: no certificate for that name")


@test("openssl-server-without-http1")
def no_protocol(stage):
    end, _ = refuse(stage, "-alpn", "h2", client=trusting())
    is_failure(end, "tls", "NoApplicationProtocol")


@test("openssl-server-of-tls1_1")
def old_server(stage):
    end, _ = refuse(stage, "-tls1_1", "-cipher", "DEFAULT@SECLEVEL=0", client=trusting())
    is_failure(end, "tls", "ProtocolVersion: no TLS version in common")


# wspeer as the server.


def s_client(stage, port, *options):
    """Starts OpenSSL as a client that verifies; `channel` is the decrypted stream."""
    program = stage.start(
        [paths.openssl, "s_client", "-connect", f"127.0.0.1:{port}", "-brief", "-ign_eof"]
        + ["-servername", "game.test", "-CAfile", certificate("authority"), "-verify_return_error"]
        + ["-verify_hostname", "game.test", *options],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    program.channel = Channel(program.stdout, program.stdin)
    return program


def exchange_with(stage, server, *options):
    """Runs an exchange of s_client with wspeer's server. Returns the server's event `open`, and s_client."""
    program = s_client(stage, server.port, *options)
    answer = program.channel.upgrade(f"game.test:{server.port}", "/list?a=1", "X-Twice: 1", "X-Twice: 2")
    check(answer.startswith("HTTP/1.1 101 "), answer)
    opened = server.next("open")
    program.channel.send_frame(1, "Grüße".encode(), masked=True)
    equal(program.channel.frame(), (1, "Grüße".encode()), "what came back")
    program.channel.send_frame(8, b"\x03\xe8done", masked=True)
    equal(program.channel.frame(), (8, b"\x03\xe8done"), "the close frame")
    end = server.next("end")
    equal((end["stage"], end["close_code"], end["close_reason"]), ("none", 1000, "done"), "end of the connection")
    equal(opened["target"], "/list?a=1", "what was asked for")
    equal(opened["url"], f"wss://game.test:{server.port}/list?a=1", "the URL that was asked for")
    equal([value for name, value in opened["headers"] if name == "X-Twice"], ["1", "2"], "a header that came twice")
    # The stream ends with close_notify.
    equal(program.channel.rest(), b"", "data after the close frame")
    equal(program.finish(), 0, f"status of s_client ({program.log})")
    return opened, program


def register_server_matrix():
    for option, version in VERSIONS.items():
        for kind, key_name in [*((kind, kind) for kind in KINDS), ("rsa", "rsa-pkcs1"), ("p256", "p256-sec1")]:

            @test(f"openssl-client-{option}-{key_name}")
            def exchange(stage, option=option, version=version, kind=kind, key_name=key_name):
                server = stage.server(*identity(kind, key_name))
                opened, program = exchange_with(stage, server, f"-{option}")
                equal(opened["version"], version, "version")
                text = program.printed()
                contains(text, f"Protocol version: {version}", "what s_client printed")
                contains(text, "Verification: OK", "what s_client printed")
                # The wording depends on the version of OpenSSL.
                signature = "".join(line.lower() for line in text.splitlines() if "ignature type" in line)
                contains(signature, KINDS[kind].lower(), "the server's signature")
                server.stop()

        @test(f"openssl-client-{option}-chain-with-intermediate")
        def chain(stage, option=option):
            server = stage.server(*identity("chain"))
            exchange_with(stage, server, f"-{option}", "-alpn", "h2,http/1.1")
            server.stop()

        @test(f"openssl-client-{option}-resumption")
        def resumption(stage, option=option):
            server = stage.server(*identity("p256"))
            session = str(stage.directory / "session")
            first, _ = exchange_with(stage, server, f"-{option}", "-sess_out", session)
            second, _ = exchange_with(stage, server, f"-{option}", "-sess_in", session)
            equal([first["is_resumed"], second["is_resumed"]], [False, True], "which sessions were resumed")
            server.stop()

        @test(f"openssl-client-{option}-truncation")
        def truncation(stage, option=option):
            server = stage.server(*identity("p256"))
            program = s_client(stage, server.port, f"-{option}")
            program.channel.upgrade(f"game.test:{server.port}")
            server.next("open")
            program.kill()
            is_failure(server.next("end"), "tls", "closed without close_notify", was_open=True)
            server.stop()

        @test(f"openssl-client-{option}-certificates")
        def certificates(stage, option=option):
            authority = certificate("client-authority")
            server = stage.server(*identity("p256"), "--ca", authority)
            with_certificate = ["-cert", certificate("client"), "-key", key("client")]
            opened, _ = exchange_with(stage, server, f"-{option}", *with_certificate)
            equal(opened["peer_subject"], "CN=player, O=wspeer tests", "the client's subject")
            with_certificate = ["-cert", certificate("client-rsa"), "-key", key("client-rsa")]
            opened, _ = exchange_with(stage, server, f"-{option}", *with_certificate)
            equal(opened["peer_subject"], "CN=player with RSA, O=wspeer tests", "the client's subject")
            # The server requests a certificate but does not require one.
            opened, _ = exchange_with(stage, server, f"-{option}")
            equal(opened["peer_subject"], "", "the client's subject")
            server.stop()

        for name, text, alert in [
            (None, "the remote peer presented no certificate", "alert"),
            ("client-unknown", "the certificate is not signed by a trusted authority", "unknown ca"),
            ("client-expired", "the certificate has expired", "certificate expired"),
            ("client-as-server", "the certificate is not intended for this side of a connection", "alert"),
            ("client-self-signed", "the certificate is not signed by a trusted authority", "unknown ca"),
        ]:

            @test(f"openssl-client-{option}-refused-{name or 'without-certificate'}")
            def refused(stage, option=option, name=name, text=text, alert=alert):
                server = stage.server(*identity("p256"), "--ca", certificate("client-authority"), "--require")
                own = ["-cert", certificate(name), "-key", key(name)] if name else []
                program = s_client(stage, server.port, f"-{option}", *own)
                is_failure(server.next("end"), "tls", text)
                program.finish()
                contains(program.printed(), alert, "what s_client printed")
                server.stop()


register_server_matrix()


@test("openssl-client-tls1_3-key-update")
def client_key_update(stage):
    server = stage.server(*identity("p256"))
    program = stage.start(
        [paths.openssl, "s_client", "-connect", f"127.0.0.1:{server.port}", "-tls1_3"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    channel = Channel(program.stdout, program.stdin)
    channel.upgrade("game.test")
    server.next("open")
    channel.write(b"K\n")
    # s_client reads a command as one line, alone.
    is_read = wait_until(lambda: fcntl.ioctl(program.stdin, termios.FIONREAD, bytes(4)) == bytes(4), Deadline(PATIENCE))
    check(is_read, f"the command was not read ({program.log})")
    channel.send_frame(1, b"with the new key", masked=True)
    channel.until(b"\x81\x10with the new key")
    channel.send_frame(8, b"\x03\xe8", masked=True)
    end = server.next("end")
    equal((end["stage"], end["close_code"]), ("none", 1000), "end of the connection")
    contains(program.printed(), "KEYUPDATE", "what s_client printed")
    server.stop()


@test("openssl-client-reconnect")
def reconnect(stage):
    server = stage.server(*identity("p256"))
    program = stage.start(
        [paths.openssl, "s_client", "-connect", f"127.0.0.1:{server.port}", "-tls1_2", "-reconnect"]
        + ["-servername", "game.test", "-CAfile", certificate("authority")],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    channel = Channel(program.stdout, program.stdin)
    channel.until(b"New, TLSv1.2")
    for _ in range(5):
        channel.until(b"Reused, TLSv1.2")
    program.kill()
    for _ in range(6):
        # None of them has sent a request.
        equal(server.next("end")["was_open"], False, "open")
    server.stop()


@test("openssl-client-without-http1")
def client_without_http1(stage):
    server = stage.server(*identity("p256"))
    program = s_client(stage, server.port, "-alpn", "h2")
    is_failure(server.next("end"), "tls", "the remote peer does not support HTTP/1.1 (ALPN)")
    program.finish()
    contains(program.printed(), "no application protocol", "what s_client printed")
    server.stop()


@test("openssl-client-of-tls1_1")
def old_client(stage):
    server = stage.server(*identity("p256"))
    program = s_client(stage, server.port, "-tls1_1", "-cipher", "DEFAULT@SECLEVEL=0")
    end = server.next("end")
    is_failure(end, "tls", "incompatible")
    program.finish()
    contains(program.printed(), "alert", "what s_client printed")
    server.stop()


@test("openssl-client-page-over-tls")
def page_over_tls(stage):
    page = stage.directory / "page.html"
    page.write_text("<!DOCTYPE html><title>hello</title>")
    server = stage.server(*identity("p256"), "--page", str(page))
    program = s_client(stage, server.port)
    program.channel.write(b"GET / HTTP/1.1\r\nHost: game.test\r\n\r\n")
    answer = program.channel.rest().decode()
    check(answer.startswith("HTTP/1.1 200 OK\r\n"), answer)
    check(answer.endswith("\r\n\r\n<!DOCTYPE html><title>hello</title>"), answer)
    contains(answer, f"Content-Length: {len(page.read_text())}\r\n", "the answer")
    equal(program.finish(), 0, f"status of s_client ({program.log})")
    program = s_client(stage, server.port)
    program.channel.write(b"GET /other HTTP/1.1\r\nHost: game.test\r\n\r\n")
    check(program.channel.rest().startswith(b"HTTP/1.1 404 Not Found\r\n"), "no 404")
    # A handshake on the same port.
    exchange_with(stage, server)
    server.stop()


@test("tls-server-meets-a-client-without-tls")
def plain_client(stage):
    server = stage.server(*identity("p256"))
    end = stage.visit(f"ws://127.0.0.1:{server.port}/")
    is_failure(end, "http", "the remote peer uses TLS")
    is_failure(server.next("end"), "tls", "the remote peer does not use TLS")
    server.stop()


@test("tls-client-meets-a-server-without-tls")
def plain_server(stage):
    server = stage.server()
    is_failure(stage.visit(f"wss://127.0.0.1:{server.port}/", *trusting()), "tls", "does not use TLS")
    is_failure(server.next("end"), "http", "400 Bad Request: the remote peer uses TLS")
    server.stop()


def large(stage, *options):
    length = 64 * 1024 * 1024
    server = stage.server(*identity("p256"))
    visitor = stage.client(f"wss://game.test:{server.port}/", *trusting(), "--bytes", length, *options)
    opened = visitor.next("open")
    is_good_visit(visitor.finish())
    equal(server.next("end")["close_code"], 1000, "close code")
    server.stop()
    return opened


@test("tls-64-mebibytes-both-ways")
def large_message(stage):
    equal(large(stage)["version"], "TLSv1.3", "version")


@test("tls-closed-by-the-server")
def closed_by_server(stage):
    server = stage.server(*identity("p256"))
    end = stage.visit(f"wss://game.test:{server.port}/", *trusting(), "--end", "there")
    is_good_visit(end, 4001)
    equal(end["close_reason"], "as you wish", "reason")
    server.stop()


@test("tls-both-certificates")
def mutual(stage):
    server = stage.server(*identity("chain"), "--ca", certificate("client-authority"), "--require")
    end = stage.visit(f"wss://game.test:{server.port}/", *trusting(), *identity("client"))
    is_good_visit(end)
    equal(server.next("open")["peer_subject"], "CN=player, O=wspeer tests", "the client's subject")
    end = stage.visit(f"wss://game.test:{server.port}/", *trusting())
    is_failure(end, "tls", "CertificateRequired: it requires a client certificate")
    is_failure(server.next("end") and server.next("end"), "tls", "presented no certificate")
    server.stop()
