"""An address where nobody answers."""

import contextlib
import socket
from collections.abc import Generator


@contextlib.contextmanager
def closed_port() -> Generator[str, None, None]:
    """The base URL of a port where nobody listens, kept so while in use."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        yield f"http://127.0.0.1:{taken.getsockname()[1]}/v1"
