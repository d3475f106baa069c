"""The worker finds a sidecar that was away as soon as it is back.

The SDK (1.18) makes a pause of two to three seconds after a connection that fails, then of four, and so on. A killed sidecar
is back within one: for the rest of the pause its workflows stood still.
"""

import socket
import threading
import time
from collections.abc import Callable
from typing import Any

import grpc

from agent.domain.limits import SIDECAR_RETURN_MAX, SIDECAR_RETURN_POLL, SIDECAR_RETURN_PROBE

_FIRST_CALL = "/Hello"  # what the SDK asks on each new connection, before it uses it
_PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + bytes((0, 0, 0, 4, 0, 0, 0, 0, 0))  # RFC 9113, 3.4: and empty settings


class SidecarReturn(grpc.UnaryUnaryClientInterceptor):
    """Holds the first call of a connection back until the sidecar answers, SIDECAR_RETURN_MAX seconds, or :meth:`stop`."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._stopping = threading.Event()

    def intercept_unary_unary(
        self, continuation: Callable[[Any, Any], Any], client_call_details: grpc.ClientCallDetails, request: Any
    ) -> Any:
        if not client_call_details.method.endswith(_FIRST_CALL):
            return continuation(client_call_details, request)
        give_up = time.monotonic() + SIDECAR_RETURN_MAX
        while True:
            while not answers(self._port) and self._keeps_waiting(give_up):
                pass
            answer = continuation(client_call_details, request)
            # A connection that failed a moment ago makes gRPC fail all new ones to the same address, for a second.
            if answer.code() != grpc.StatusCode.UNAVAILABLE or not self._keeps_waiting(give_up):
                return answer

    def _keeps_waiting(self, give_up: float) -> bool:
        """Whether to look once more, after a pause."""
        return time.monotonic() < give_up and not self._stopping.wait(SIDECAR_RETURN_POLL)

    def stop(self) -> None:
        """Holds nothing back any more."""
        self._stopping.set()


def answers(port: int) -> bool:
    """Whether somebody speaks HTTP/2 on this port of 127.0.0.1.

    That it takes connections says too little: the system takes them for a process that is being killed, until it has closed all
    that this one had open, and the connection it broke first is how the worker hears of the death.
    """
    try:
        with socket.create_connection(("127.0.0.1", port), SIDECAR_RETURN_PROBE) as probe:
            probe.sendall(_PREFACE)
            return probe.recv(1) != b""
    except OSError:
        return False
