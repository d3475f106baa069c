"""The worker finds a sidecar that was away as soon as it is back.

The SDK (1.18) makes a pause of two to three seconds after a connection that fails, then of four, and so on. A killed sidecar
is back within one: for the rest of the pause its workflows stood still.
"""

import socket
import threading
import time
from collections.abc import Callable
from contextlib import closing
from typing import Any

import grpc

from agent.domain.limits import SIDECAR_RETURN_MAX, SIDECAR_RETURN_POLL

_FIRST_CALL = "/Hello"  # what the SDK asks on each new connection, before it uses it


class SidecarReturn(grpc.UnaryUnaryClientInterceptor):
    """Holds the first call of a connection back until the sidecar listens, SIDECAR_RETURN_MAX seconds, or :meth:`stop`."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._stopping = threading.Event()

    def intercept_unary_unary(
        self, continuation: Callable[[Any, Any], Any], client_call_details: grpc.ClientCallDetails, request: Any
    ) -> Any:
        if client_call_details.method.endswith(_FIRST_CALL):
            give_up = time.monotonic() + SIDECAR_RETURN_MAX
            while not listens(self._port) and time.monotonic() < give_up and not self._stopping.wait(SIDECAR_RETURN_POLL):
                pass
        return continuation(client_call_details, request)

    def stop(self) -> None:
        """Holds nothing back any more."""
        self._stopping.set()


def listens(port: int) -> bool:
    """Whether anybody takes connections on this port of 127.0.0.1."""
    with closing(socket.socket()) as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0
