"""The Godot engine in both roles, with its own TLS and with wspeer's, and wspeer in C as the remote peer."""

from support import (
    certificate,
    check,
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


def end(stage, role, **options):
    """Starts interop_endpoint.gd."""
    return godot(stage, "interop_endpoint.gd", role, *(f"{name}={value}" for name, value in options.items()))


def own(name):
    """Returns options of interop_endpoint.gd."""
    return {"certificate": crt(name), "key": key(name)}


def crt(name):
    return str(paths.certificates / f"{name}.crt")


# The engine's own TLS prints this if a handshake fails.
HANDSHAKE_ERROR = "ERROR: TLS handshake error"


def quit_server(stage, program, url, *options):
    """Ends a server that has no connection left."""
    stage.visit(url + "quit", *options)
    ended_well(program, HANDSHAKE_ERROR)


def is_good_end(peer, event, code):
    """Calls is_good_visit(), except that the engine's client may have no close code after its own close.

    It does not see the answer to its close frame if close_notify follows at once, from any server.
    """
    if peer == "engine" and code == 1000 and event["close_code"] == -1:
        event = {**event, "close_code": code}
    is_good_visit(event, code)


def register_servers():
    # The class of the peer, the TLS implementation, the certificate, and whether it is given as text.
    for peer, tls, name, text in [
        ("engine", "engine", "chain", {}),
        ("engine", "engine", "rsa", {}),
        ("ours", "engine", "p384", {}),
        ("ours", "ours", "chain", {}),
        ("ours", "ours", "rsa", {}),
        ("ours", "ours", "ed25519", {"text": "yes"}),
    ]:

        @test(f"godot-server-{peer}-tls-{tls}-{name}")
        def server(stage, peer=peer, tls=tls, name=name, text=text):
            program = end(stage, "server", peer=peer, tls=tls, protocol="game", **own(name), **text)
            port = program.events.port()
            url = f"wss://game.test:{port}/"
            visitor = stage.client(url, *trusting(), "--protocol", "game")
            equal(visitor.next("open")["protocol"], "game", "sub-protocol")
            is_good_visit(visitor.finish())
            opened = program.events.next("open")
            equal((opened["url"], opened["protocol"]), (url, "game"), "URL and sub-protocol of the request")
            if peer == "ours":
                equal(opened["host"], "127.0.0.1", "the client's address")
                equal(opened["request"]["path"], "/", "path of the request")
            equal(program.events.next("end")["close_code"], 1000, "close code")
            is_good_visit(stage.visit(url, *trusting(), "--protocol", "game", "--end", "there"), 4001)
            # A message that passes the engine's streams in many pieces.
            is_good_visit(stage.visit(url, *trusting(), "--protocol", "game", "--bytes", str(4 << 20)))
            failed = stage.visit(f"wss://other.test:{port}/", *trusting())
            is_failure(failed, "tls", "not for other.test")
            quit_server(stage, program, url, *trusting(), "--protocol", "game")


register_servers()


@test("godot-server-ours-asks-for-certificates")
def mutual(stage):
    program = end(stage, "server", tls="ours", ca=certificate("client-authority"), **own("p256"))
    url = f"wss://game.test:{program.events.port()}/"
    is_good_visit(stage.visit(url, *trusting(), *identity("client")))
    equal(program.events.next("open")["peer_subject"], "CN=player, O=wspeer tests", "the client's subject")
    is_failure(stage.visit(url, *trusting()), "tls", "CertificateRequired")
    program.events.next("end")
    failed = program.events.next("end")
    equal((failed["stage"], failed["tls"]), ("tls", "the remote peer presented no certificate"), "failure")
    quit_server(stage, program, url, *trusting(), *identity("client"))


def register_clients():
    for peer in ("engine", "ours"):

        @test(f"godot-client-{peer}")
        def client(stage, peer=peer):
            for name in ("chain", "rsa"):
                server = stage.server(*identity(name), "--protocol", "game")
                url = f"wss://localhost:{server.port}/path?a=b"
                trust = {"ca": crt("authority"), "name": "game.test", "protocol": "game"}
                for options, code in (({}, 1000), ({"end": "there"}, 4001), ({"bytes": 4 << 20}, 1000)):
                    program = end(stage, "client", peer=peer, url=url, **trust, **options)
                    equal(program.events.next("open")["protocol"], "game", "sub-protocol")
                    is_good_end(peer, program.events.next("end"), code)
                    ended_well(program)
                    opened = server.next("open")
                    equal((opened["target"], opened["protocol"]), ("/path?a=b", "game"), "target and sub-protocol")
                    equal(server.next("end")["close_code"], code, "close code")
                server.stop()

        @test(f"godot-client-{peer}-refuses")
        def refuses(stage, peer=peer):
            for name, text in {
                "expired": "the certificate has expired",
                "unknown": "the certificate is not signed by a trusted authority",
                "other-name": "the certificate is for 'other.test', not for localhost",
            }.items():
                server = stage.server(*identity(name))
                url = f"wss://localhost:{server.port}/"
                program = end(stage, "client", peer=peer, url=url, ca=crt("authority"))
                ended = program.events.next("end")
                equal((ended["was_open"], ended["close_code"]), (False, -1), "open, close code")
                if peer == "ours":
                    equal((ended["stage"], ended["tls"]), ("tls", text), "failure")
                ended_well(program, HANDSHAKE_ERROR)
                is_failure(server.next("end"), "tls", "the remote peer sent the TLS alert")
                server.stop()

        # One engine in each role, in processes of their own.
        @test(f"godot-client-{peer}-and-server-{'ours' if peer == 'engine' else 'engine'}")
        def both(stage, peer=peer):
            other = "ours" if peer == "engine" else "engine"
            server = end(stage, "server", peer=other, tls=other, **own("chain"))
            port = server.events.port()
            trust = {"ca": crt("authority"), "name": "game.test"}
            for options, code in (({"bytes": 1 << 20}, 1000), ({"end": "there"}, 4001)):
                program = end(stage, "client", peer=peer, url=f"wss://127.0.0.1:{port}/", **trust, **options)
                is_good_end(peer, program.events.next("end"), code)
                ended_well(program)
            quit_server(stage, server, f"wss://game.test:{port}/", *trusting())


register_clients()


@test("godot-client-ours-with-certificate")
def client_certificate(stage):
    server = stage.server(*identity("p256"), "--ca", certificate("client-authority"), "--require")
    url = f"wss://localhost:{server.port}/"
    program = end(stage, "client", url=url, text="yes", ca=certificate("authority"), **own("client"))
    opened = program.events.next("open")
    equal((opened["version"], opened["alpn"]), ("TLSv1.3", "http/1.1"), "version and protocol of ALPN")
    is_good_visit(program.events.next("end"))
    ended_well(program)
    equal(server.next("open")["peer_subject"], "CN=player, O=wspeer tests", "the client's subject")
    server.stop()


@test("godot-server-ours-refuses-an-origin")
def origin(stage):
    program = end(stage, "server", origin="https://game.test")
    url = f"ws://127.0.0.1:{program.events.port()}/"
    is_good_visit(stage.visit(url, "--header", "Origin: https://game.test"))
    failed = stage.visit(url, "--header", "Origin: https://other.test")
    is_failure(failed, "http", "403")
    equal(failed["http_body"], "pages of this origin may not connect here", "body")
    program.events.next("end")
    equal(program.events.next("end")["stage"], "http", "stage of the failure")
    check(program.poll() is None, "the server has ended")
    quit_server(stage, program, url)


@test("godot-server-ours-with-a-chain-that-the-object-loads")
def loaded_chain(stage):
    # The object has loaded the chain itself; the engine's texts contain only its first certificate.
    program = end(stage, "server", tls="ours", certificate=certificate("chain"), key=key("chain"))
    url = f"wss://game.test:{program.events.port()}/"
    is_good_visit(stage.visit(url, *trusting()))
    quit_server(stage, program, url, *trusting())
