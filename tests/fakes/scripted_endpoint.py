"""An OpenAI-compatible endpoint that does what the script says, over real sockets.

In a test:      async with ScriptedEndpoint() as endpoint:
                    endpoint.queue(Step(tokens=3), Step(fault="cut", after=2))
                ... and leaving fails the test when a step was not used or a request came that nobody had scripted.
On its own:     python -m tests.fakes.scripted_endpoint --port N     (GET /ledger, POST /reset)
                ... driven by directives inside the user's message; see ``endpoint_script``.

Bare asyncio, because benches measure through it: one write per token and nothing else.
"""

import argparse
import asyncio
import contextlib
import email.utils
import json
import socket
import struct
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import asdict
from typing import Any, Self, cast

import uvloop

from tests.fakes.endpoint_gate import Gate
from tests.fakes.endpoint_ledger import Record
from tests.fakes.endpoint_script import BREAKING, Step, step_for
from tests.fakes.endpoint_wire import NOTHING, STREAM_HEAD, error, framed, last, token, too_long, tool

LEDGER_MAX = 20_000


class ScriptedEndpoint:
    """``strict``: requests that nobody scripted are answered 500 and complained about at exit; else they get an echo."""

    def __init__(self, port: int = 0, *, strict: bool = True) -> None:
        self._port, self._strict = port, strict
        self._server: asyncio.Server | None = None
        self._steps: list[Step] = []
        self._unexpected: list[str] = []
        self.gate = Gate()
        self._changed = asyncio.Event()
        self._numbers = 0
        self.attempts: dict[str, int] = {}
        self.ledger: list[Record] = []
        self.connections: set[Connection] = set()
        self.connections_made = 0

    @property
    def base_url(self) -> str:
        return f"http://127.0.0.1:{self._port}/v1"

    async def __aenter__(self) -> Self:
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(lambda: Connection(self), "127.0.0.1", self._port, backlog=1024)
        self._port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, kind: type[BaseException] | None, *_: object) -> None:
        assert self._server is not None
        self._server.close()
        for connection in list(self.connections):
            connection.abort()
        await self._server.wait_closed()
        await self.until(lambda: not self.connections)
        if kind is None:
            assert not self._unexpected, f"requests nobody had scripted: {self._unexpected}"
            assert not self._steps, f"steps nobody asked for: {self._steps}"

    def queue(self, *steps: Step) -> None:
        """The next requests get these steps, in this order."""
        self._steps += steps

    async def until(self, condition: Callable[[], bool], patience: float = 5.0) -> None:
        """Returns when the condition holds; it is looked at whenever the ledger or a connection changes."""
        async with asyncio.timeout(patience):
            while not condition():
                self._changed.clear()
                await self._changed.wait()

    async def serve_forever(self) -> None:
        assert self._server is not None
        await self._server.serve_forever()

    def changed(self) -> None:
        self._changed.set()

    def reset(self) -> None:
        self.ledger.clear()
        self.attempts.clear()

    def admit(self, body: dict[str, Any], authorization: str, peer: int) -> tuple[Record, Step]:
        """Records a request and decides what it gets."""
        self._numbers += 1
        record = Record(self._numbers, body, authorization, peer)
        if len(self.ledger) < LEDGER_MAX:
            self.ledger.append(record)
        step, record.attempt = step_for(body, self.attempts)
        if self._steps:
            step = self._steps.pop(0)
        elif step is None and self._strict:
            self._unexpected.append(json.dumps(body)[:300])
            step = Step(fault="500")
        elif step is None:
            said = [message.get("content") for message in body.get("messages", []) if message.get("role") == "user"]
            step = Step(text=f"You said: {str(said[-1] if said else '')[:500]}")
        record.step = {key: value for key, value in asdict(step).items() if value and key not in ("raw", "wire")}
        self.changed()
        return record, step


class Connection(asyncio.Protocol):
    """One client connection: HTTP/1.1 with keep-alive, one request at a time."""

    def __init__(self, endpoint: ScriptedEndpoint) -> None:
        self._endpoint = endpoint
        self._received = bytearray()
        self._task: asyncio.Task[None] | None = None
        self._record: Record | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)  # uvloop's are of no such class
        self._endpoint.connections.add(self)
        self._endpoint.connections_made += 1
        transport.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def connection_lost(self, exc: Exception | None) -> None:
        if self._record and self._record.finished is None:
            self._record.disconnected = time.time()
        if self._task:
            self._task.cancel()
        self._endpoint.connections.discard(self)
        self._endpoint.changed()

    def data_received(self, data: bytes) -> None:
        self._received += data
        if self._task is None or self._task.done():
            self._next_request()

    def abort(self) -> None:
        """Resets the connection."""
        linger_zero = struct.pack("ii", 1, 0)
        self._transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger_zero)
        self._transport.abort()

    def _next_request(self) -> None:
        head, found, rest = bytes(self._received).partition(b"\r\n\r\n")
        if not found:
            return
        request_line, *lines = head.decode("latin-1").split("\r\n")
        headers = {name.strip().lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
        length = int(headers.get("content-length", "0"))
        if len(rest) < length:
            return
        self._received = bytearray(rest[length:])
        method, path, _ = request_line.split(" ", 2)
        self._task = asyncio.get_running_loop().create_task(self._respond(method, path, headers, rest[:length]))

    async def _respond(self, method: str, path: str, headers: dict[str, str], body: bytes) -> None:
        if (method, path) == ("POST", "/v1/chat/completions"):
            peer = self._transport.get_extra_info("peername")[1]
            self._record, step = self._endpoint.admit(json.loads(body), headers.get("authorization", ""), peer)
            await self._answer(step)
        elif (method, path) == ("GET", "/ledger"):
            self._plain(200, json.dumps([asdict(record) for record in self._endpoint.ledger]).encode())
        elif (method, path) == ("POST", "/reset"):
            self._endpoint.reset()
            self._plain(200, b"{}")
        elif (method, path) == ("GET", "/v1/models"):
            self._plain(200, b'{"object":"list","data":[{"id":"scripted","object":"model"}]}')
        else:
            self._plain(404, error("not_found", "no such route"))
        self._task = None
        if self._received:
            self._next_request()

    async def _answer(self, step: Step) -> None:
        if await self._refuse(step):
            return
        if step.fault == "html" or step.fault == "nonsense":
            kind = "text/html" if step.fault == "html" else "text/event-stream"
            self._plain(200, b"<!doctype html><html><body>It works!</body></html>", (("content-type", kind),))
            return
        self._transport.write(STREAM_HEAD)
        if step.raw:
            for data in step.raw:
                self._write(framed(data))
                await asyncio.sleep(step.delay)
            self._end()
            return
        async for data in self._pieces(step):
            self._write(data)
        if not self._transport.is_closing() and step.fault not in ("cut", "reset"):
            self._end()

    async def _pieces(self, step: Step) -> AsyncIterator[bytes]:
        """The framed writes of a stream, each at its time."""
        loop = asyncio.get_running_loop()
        begun, words = loop.time(), step.words()
        if step.fault in BREAKING and not step.tools:
            words = words[: step.after]
        for n, word in enumerate(words):
            if step.delay and (wait := begun + n * step.delay - loop.time()) > 0:
                await asyncio.sleep(wait)
            await self._endpoint.gate.passed(step.held if n == len(words) - 1 else "", lambda: self._transport.write(NOTHING))
            yield token(word)
        for index, (name, arguments) in enumerate(step.tools):
            half = len(arguments) // 2
            yield tool(index, name, arguments[:half])
            if step.fault in BREAKING:
                break
            yield tool(index, None, arguments[half:])
        while step.fault == "huge":
            yield token("x" * 8192)
            await asyncio.sleep(0.001)
        if ending := await self._ending(step, len(words)):
            yield ending

    async def _ending(self, step: Step, words: int) -> bytes:
        """The last write, if the fault leaves one."""
        match step.fault:
            case "stall":
                await asyncio.get_running_loop().create_future()
            case "cut" | "reset":
                self._close(reset=step.fault == "reset")
            case "end":
                pass
            case "badjson":
                return framed(b'data: {"choices":[{"delta":{"content":"bro\n\n')
            case "error":
                return framed(b"data: " + error("server_error", "the model fell over") + b"\n\n")
            case _:
                return last(step, words)
        return b""

    async def _refuse(self, step: Step) -> bool:
        """Answers without a stream, when the step says so."""
        if step.wire:
            self._transport.write(step.wire)
            if step.fault == "stall":
                await asyncio.get_running_loop().create_future()
            self._close(reset=step.fault == "reset")
        elif step.fault == "hang":
            await asyncio.get_running_loop().create_future()
        elif step.fault == "refuse":
            self._close(reset=True)
        elif step.fault == "context":
            self._plain(400, too_long(step.window))
        elif step.fault == "quota":
            self._plain(429, error("insufficient_quota", "You exceeded your current quota."))
        elif step.fault.isdigit():
            wait = (("retry-after", f"{step.retry_after:g}"),) if step.retry_after is not None else ()
            self._plain(int(step.fault), error("scripted", f"scripted {step.fault}"), wait)
        elif step.status != 200 or step.headers:
            self._plain(step.status, b"".join(step.raw), step.headers)
        else:
            return False
        return True

    def _write(self, data: bytes) -> None:
        if not self._transport.is_closing():
            self._transport.write(data)
            if self._record:
                self._record.sent += 1

    def _plain(self, status: int, body: bytes, headers: tuple[tuple[str, str], ...] = ()) -> None:
        named = {"content-type": "application/json", "date": email.utils.formatdate(usegmt=True)} | dict(headers)
        lines = "".join(f"{name}: {value}\r\n" for name, value in named.items())
        self._transport.write(f"HTTP/1.1 {status} Scripted\r\n{lines}content-length: {len(body)}\r\n\r\n".encode() + body)
        self._finish()

    def _end(self) -> None:
        self._transport.write(b"0\r\n\r\n")
        self._finish()

    def _close(self, *, reset: bool) -> None:
        self._finish()
        if reset:
            self.abort()
        else:
            self._transport.close()

    def _finish(self) -> None:
        if self._record:
            self._record.finished, self._record = time.time(), None
            self._endpoint.changed()


async def _main(port: int) -> None:
    async with ScriptedEndpoint(port, strict=False) as endpoint:
        print(endpoint.base_url, flush=True)  # noqa: T201 - how whoever started it learns the port
        await endpoint.serve_forever()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--port", type=int, default=0)
    with contextlib.suppress(KeyboardInterrupt):
        uvloop.run(_main(parser.parse_args().port))
