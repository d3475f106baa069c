"""A service for the chat client: answers as scripted, on a thread, and remembers what it was asked."""

import json
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from types import TracebackType
from typing import Any

TURN = "main.1.abc"


def frame(event: str, seq: int = 0, **data: Any) -> bytes:
    body = json.dumps({"type": event, "turn_id": TURN} | data, ensure_ascii=False)
    return f"id: {TURN}/1-{seq}\nevent: {event}\ndata: {body}\n\n".encode()


def completed(text: str) -> bytes:
    return frame("turn.completed", message={"role": "assistant", "content": text}, usage={})


@dataclass
class Script:
    """``stream`` answers a POST of a turn and then cuts the connection; ``pages`` answer GET, the last one again and again.

    ``first`` answers the first POSTs, each once; None is no answer, the connection is cut.

    ``heard`` is told each path before it is answered, on a thread of the service.

    A page that is a list of frames is a stream of the turn, cut off as well; bytes are sent as they are, all else as JSON.
    """

    stream: list[bytes] = field(default_factory=list[bytes])
    refusal: tuple[int, Any] | None = None
    first: list[tuple[int, Any] | None] = field(default_factory=list[tuple[int, Any] | None])
    retry_after: str = ""
    heard: Callable[[str], object] = str
    turn: str = TURN
    pages: dict[str, list[tuple[int, Any]]] = field(default_factory=dict[str, list[tuple[int, Any]]])
    asked: list[tuple[str, dict[str, str], Any]] = field(default_factory=list[tuple[str, dict[str, str], Any]])


class _Server(ThreadingHTTPServer):
    def handle_error(self, request: Any, client_address: Any) -> None:
        """A chat that is left leaves its answers behind."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)


class FakeService:
    """Context manager; ``url`` is where it listens."""

    def __init__(self, script: Script) -> None:
        self._server = _Server(("127.0.0.1", 0), _handler(script))
        self._thread = Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01})
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def __enter__(self) -> "FakeService":
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


def _handler(script: Script) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers.get("content-length") or 0)) or "null")
            script.asked.append((self.path, {k.lower(): v for k, v in self.headers.items()}, body))
            script.heard(self.path)
            answer = script.first.pop(0) if script.first else script.refusal or (200, script.stream)
            if answer is None:
                self.close_connection = True
            else:
                self._answer(*answer)

        def _stream(self, pieces: list[bytes]) -> None:
            self.send_response(200)
            self.send_header("X-Turn-Id", script.turn)
            self.send_header("Transfer-Encoding", "chunked")
            self.end_headers()
            for piece in pieces:
                self.wfile.write(f"{len(piece):x}\r\n".encode() + piece + b"\r\n")
            self.close_connection = True  # with no last chunk: to the reader the stream breaks

        def do_GET(self) -> None:
            script.asked.append((self.path, {k.lower(): v for k, v in self.headers.items()}, None))
            script.heard(self.path)
            answers = script.pages[self.path]
            self._answer(*(answers.pop(0) if len(answers) > 1 else answers[0]))

        def log_message(self, format: str, *args: object) -> None:
            pass

        def _answer(self, status: int, body: Any) -> None:
            if isinstance(body, list):
                self._stream(body)
                return
            data = body if isinstance(body, bytes) else json.dumps(body).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(data)))
            if script.retry_after:
                self.send_header("Retry-After", script.retry_after)
            self.end_headers()
            self.wfile.write(data)

    return Handler
