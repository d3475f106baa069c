"""Addresses where nobody answers."""

import contextlib
import socket
from collections.abc import Generator


@contextlib.contextmanager
def closed_port() -> Generator[str, None, None]:
    """The base URL of a port where nobody listens, kept so while in use."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        yield f"http://127.0.0.1:{taken.getsockname()[1]}/v1"


@contextlib.contextmanager
def full_port() -> Generator[str, None, None]:
    """The base URL of a port that takes no more connections: Linux answers nothing while the queue of a listener is full."""
    with socket.socket() as listening, contextlib.ExitStack() as waiting:
        listening.bind(("127.0.0.1", 0))
        listening.listen(0)
        for _ in range(2):
            client = waiting.enter_context(socket.socket())
            client.setblocking(False)
            client.connect_ex(listening.getsockname())
        yield f"http://127.0.0.1:{listening.getsockname()[1]}/v1"
