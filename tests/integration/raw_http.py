"""HTTP as no well-behaved client writes it: bytes down a socket, and whatever comes back."""

import json
import socket
from typing import Any, NamedTuple
from urllib.parse import urlsplit


class RawAnswer(NamedTuple):
    status: int
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


def send(url: str, *parts: bytes, half_close: bool = False) -> RawAnswer:
    """Sends ``parts`` and reads until the server closes, or until the answer is whole."""
    where = urlsplit(url)
    with socket.create_connection((where.hostname or "", where.port or 0), timeout=20) as connection:
        try:
            for part in parts:
                connection.sendall(part)
            if half_close:
                connection.shutdown(socket.SHUT_WR)
        except (BrokenPipeError, ConnectionResetError):
            pass  # it has answered and gone: that answer is what we want
        received = b""
        try:
            while data := connection.recv(65536):
                received += data
                if _is_whole(received):
                    break
        except ConnectionResetError:
            pass
    head, _, body = received.partition(b"\r\n\r\n")
    return RawAnswer(int(head.split(b" ", 2)[1]) if head else 0, body)


def request(method: str, path: str, body: bytes = b"", **headers: str) -> bytes:
    """A request with exactly these headers (underscores become dashes) and, with a body, its length."""
    named = {"host": "127.0.0.1", "connection": "close"} | {name.replace("_", "-"): value for name, value in headers.items()}
    if body and "transfer-encoding" not in named:
        named.setdefault("content-length", str(len(body)))
    lines = "".join(f"{name}: {value}\r\n" for name, value in named.items())
    return f"{method} {path} HTTP/1.1\r\n{lines}\r\n".encode("latin-1") + body


def chunk(data: bytes) -> bytes:
    return b"%x\r\n%s\r\n" % (len(data), data)


def _is_whole(received: bytes) -> bool:
    head, found, body = received.partition(b"\r\n\r\n")
    for line in head.lower().split(b"\r\n"):
        if found and line.startswith(b"content-length:"):
            return len(body) >= int(line.split(b":")[1])
    return False
