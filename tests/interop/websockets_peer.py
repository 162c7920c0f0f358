"""Python's websockets as a peer of the interoperation tests.

Commands, options and output are those of peer.c; --fragments sends messages of more than 3000 bytes or characters in
several frames.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import sys

from websockets.asyncio.client import connect
from websockets.asyncio.server import serve
from websockets.exceptions import ConnectionClosedOK
from websockets.extensions.permessage_deflate import (
    ClientPerMessageDeflateFactory,
    ServerPerMessageDeflateFactory,
)

LONGEST_MESSAGE = 16 * 1024 * 1024
# websockets applies this limit to frames too, and compression makes incompressible messages longer.
MAX_SIZE = LONGEST_MESSAGE + 65536
PROTOCOL = "interop"
REASON = "finished"

SENTENCES = [
    "Größe übertrifft Maß. ",
    "Ξεσκεπάζω την ψυχοφθόρα βδελυγμία. ",
    "いろはにほへと ちりぬるを。",
    "🦀🎮 𝄞 players: 4, score: 1000 €. ",
    "The quick brown fox jumps over the lazy dog. ",
]


def text(source, length):
    """Returns sentences of unequal length in an irregular order, with code points of up to four bytes."""
    sizes = {sentence: len(sentence.encode()) for sentence in SENTENCES}
    parts = []
    while length > 0:
        sentence = source.choice(SENTENCES)
        if sizes[sentence] > length:
            parts.append("." * length)
            break
        parts.append(sentence)
        length -= sizes[sentence]
    return "".join(parts)


def payloads():
    """Returns messages to send one by one, and messages to send without waiting for the echo."""
    # The same in every run, so that a failure can be reproduced.
    source = random.Random(1)
    sentence = b"The position of the player has not changed since. "
    first, second = [], []
    for length in [0, 1, 125, 126, 127, 65535, 65536, LONGEST_MESSAGE]:
        incompressible = source.randbytes(length)
        others = [text(source, length)]
        if length > 1:
            others.append((sentence * (length // len(sentence) + 1))[:length])
        first += [incompressible, *others]
        second += others
        # Once is enough for the message that takes seconds to compress.
        if length < LONGEST_MESSAGE:
            second.append(incompressible)
    return first, second


class Failure(Exception):
    pass


def check_opened(connection):
    if connection.subprotocol != PROTOCOL:
        raise Failure(f"the sub-protocol is {connection.subprotocol!r}")
    if bool(connection.protocol.extensions) != expects_compression:
        raise Failure(f"the extensions are {connection.protocol.extensions}")


def result(count, connection):
    return f"OK {count} messages, extensions {connection.protocol.extensions}, at {connection.request.path}"


async def send(connection, message):
    if not arguments.fragments or len(message) <= 3000:
        await connection.send(message)
        return
    size = max(3000, len(message) // 1000)
    await connection.send([message[i : i + size] for i in range(0, len(message), size)])


async def compare(connection, index, message):
    returned = await connection.recv()
    if type(returned) is not type(message) or returned != message:
        raise Failure(
            f"message {index}, {type(message).__name__} of {len(message)}, "
            f"came back as {type(returned).__name__} of {len(returned)}"
        )


async def run_list(connection):
    first, second = payloads()
    pong = await connection.ping()
    for index, message in enumerate(first):
        await send(connection, message)
        await compare(connection, index, message)

    async def send_all():
        for message in second:
            await send(connection, message)

    sending = asyncio.create_task(send_all())
    try:
        for index, message in enumerate(second):
            await compare(connection, len(first) + index, message)
    finally:
        sending.cancel()
    await pong
    await connection.close(1000, REASON)
    if connection.close_code != 1000:
        raise Failure(f"closed with {connection.close_code} {connection.close_reason!r}")
    return result(len(first) + len(second), connection)


async def echo(connection):
    count = 0
    async for message in connection:
        count += 1
        try:
            await send(connection, message)
        except ConnectionClosedOK:
            break
    if (connection.close_code, connection.close_reason) != (1000, REASON) or count == 0:
        raise Failure(f"closed with {connection.close_code} {connection.close_reason!r} after {count} messages")
    return result(count, connection)


outcomes = []


async def report(part, connection):
    try:
        check_opened(connection)
        print(await part(connection), flush=True)
        outcomes.append(True)
    except Exception as error:
        print(f"FAILED {type(error).__name__}: {error}, at {connection.request.path}", flush=True)
        outcomes.append(False)


def settings(factory):
    """Returns the settings for the options; the rest are the library's defaults."""
    common = {
        "max_size": MAX_SIZE,
        "subprotocols": ["other", PROTOCOL] if arguments.role == "client" else [PROTOCOL],
    }
    if not arguments.compress:
        return {**common, "compression": None}
    if not arguments.no_context_takeover and not arguments.window_bits:
        return {**common, "compression": "deflate"}
    extension = factory(
        server_no_context_takeover=arguments.no_context_takeover,
        client_no_context_takeover=arguments.no_context_takeover,
        server_max_window_bits=arguments.window_bits,
        client_max_window_bits=arguments.window_bits,
    )
    return {**common, "compression": None, "extensions": [extension]}


async def run_client():
    for path, part in [("/", run_list), ("/list", echo)]:
        options = settings(ClientPerMessageDeflateFactory)
        async with connect(arguments.url + path, proxy=None, **options) as connection:
            await report(part, connection)


async def run_server():
    async def handle(connection):
        await report(run_list if connection.request.path == "/list" else echo, connection)

    async with serve(handle, "127.0.0.1", 0, **settings(ServerPerMessageDeflateFactory)) as server:
        print(f"LISTENING {server.sockets[0].getsockname()[1]}", flush=True)
        await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)


parser = argparse.ArgumentParser()
roles = parser.add_subparsers(dest="role", required=True)
for role in ("server", "client"):
    subparser = roles.add_parser(role)
    if role == "client":
        subparser.add_argument("url")
    subparser.add_argument("--compress", action="store_true")
    subparser.add_argument("--expect-plain", action="store_true")
    subparser.add_argument("--no-context-takeover", action="store_true")
    subparser.add_argument("--window-bits", type=int)
    subparser.add_argument("--fragments", action="store_true")
arguments = parser.parse_args()
expects_compression = arguments.compress and not arguments.expect_plain

asyncio.run(run_client() if arguments.role == "client" else run_server())
sys.exit(0 if outcomes and all(outcomes) else 1)
