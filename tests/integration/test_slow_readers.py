"""Readers that are there and take nothing, and readers that vanish without a word: cut off or left, and they lose nothing."""

import asyncio
import socket
import time
from collections.abc import Generator
from contextlib import closing
from urllib.parse import urlsplit

import httpx
import psutil
import pytest

from agent.domain.limits import FOLLOWER_STALL_TIMEOUT
from tests.chaos.relay import Relay
from tests.integration.client import Client, Frame, Stream, frames
from tests.integration.endpoint import EndpointThread, held
from tests.integration.raw_http import request
from tests.integration.stack import PATIENCE, Stack, until
from tests.integration.test_chat import script

pytestmark = pytest.mark.skipif(not hasattr(socket, "TCP_USER_TIMEOUT"), reason="the system cuts off nobody here")


def test_a_reader_that_takes_nothing_is_cut_off_and_resumes_exactly(service: Stack, client: Client) -> None:
    said = script("tokens=2500 width=100")  # more than all buffers between two sockets hold
    turn = client.ask(said).turn_id
    with closing(connected(service)) as stalled:
        stalled.sendall(request("GET", f"/turns/{turn}/events", x_user_id=client.user))
        begun, me = time.monotonic(), stalled.getsockname()[1]
        until(lambda: is_open(service, me), PATIENCE, lambda: "it is not taken")
        until(lambda: not is_open(service, me), FOLLOWER_STALL_TIMEOUT * 2, lambda: "it is not cut off")
        assert time.monotonic() - begun > FOLLOWER_STALL_TIMEOUT / 2
        got, reset = taken(stalled)
    assert reset, "a clean end before the turn's would be a lie"
    with client.follow(turn, got[-1].id) as stream:
        rest = events(stream)
    with client.follow(turn) as stream:
        assert got + rest == events(stream)


def connected(service: Stack) -> socket.socket:
    """A connection whose system takes little for a reader that reads nothing."""
    connection = socket.socket()
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
    connection.connect(("127.0.0.1", urlsplit(service.url).port))
    return connection


def is_open(service: Stack, port: int) -> bool:
    """Whether the app has a connection with the client's ``port``."""
    app = psutil.Process(service.pid("app"))
    return any(connection.raddr and connection.raddr.port == port for connection in app.net_connections("tcp"))


def taken(stalled: socket.socket) -> tuple[list[Frame], bool]:
    """The whole frames that have got through, and whether they end with a reset."""
    received, reset = bytearray(), False
    try:
        while data := stalled.recv(65_536):
            received += data
    except ConnectionResetError:
        reset = True
    return [frame for frame in frames(unchunked(bytes(received))) if frame.event], reset


def unchunked(received: bytes) -> Generator[bytes]:
    """The body as far as it came."""
    rest = received.partition(b"\r\n\r\n")[2]
    while rest:
        size, _, rest = rest.partition(b"\r\n")
        yield rest[: int(size, 16)]
        rest = rest[int(size, 16) + 2 :]


def events(stream: Stream) -> list[Frame]:
    return [frame for frame in stream.rest().frames if frame.event]


async def test_a_reader_whose_line_goes_dead_resumes_exactly_and_the_turn_never_hears_of_it(
    service: Stack, client: Client, endpoint: EndpointThread
) -> None:
    said = script(f"{held(80)} delay=50ms")
    async with Relay(urlsplit(service.url).port or 0) as relay:
        turn, seen = await read_until_dead(relay, client, said)
    endpoint.release(said)
    with client.follow(turn, seen[-1].id) as stream:
        rest = stream.rest()
    with client.follow(turn) as stream:
        assert seen + [frame for frame in rest.frames if frame.event] == events(stream)
    assert rest.end.event == "turn.completed"
    assert len(endpoint.requests(said)) == 1


async def read_until_dead(relay: Relay, client: Client, said: str) -> tuple[str, list[Frame]]:
    """The turn, and what came of its stream before the line went dead: no end, no reset, only silence."""
    received, who = bytearray(), {"X-User-Id": client.user}
    async with httpx.AsyncClient(base_url=relay.url, headers=who, timeout=PATIENCE, trust_env=False) as http:
        async with http.stream("POST", "/chat", json={"message": said}) as response:
            chunks = response.aiter_raw()
            while b"event: text.delta" not in received:
                received += await anext(chunks)
            assert relay.silence() == 1
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(5):
                    async for chunk in chunks:  # what was under way
                        received += chunk
    return response.headers["X-Turn-Id"], [frame for frame in frames([bytes(received)]) if frame.event]
