"""gRPC channels that find a sidecar which was away as soon as it is back.

gRPC's own pause between attempts to connect grows from one second to two minutes, and until it is over every call fails at
once, whoever answers at the port by then (its "connection backoff" protocol). The SDK's asynchronous clients (1.19) take no
channel options, so they are given where all of those clients make their channels. The workflow worker has a way of its own:
``workflows/reconnect.py``.
"""

from collections.abc import Sequence
from typing import Any

import grpc.aio

from agent.domain.limits import CHANNEL_BACKOFF_FIRST, CHANNEL_BACKOFF_MAX

PROMPT = (
    ("grpc.initial_reconnect_backoff_ms", int(CHANNEL_BACKOFF_FIRST * 1000)),
    ("grpc.max_reconnect_backoff_ms", int(CHANNEL_BACKOFF_MAX * 1000)),
)
_insecure_channel = grpc.aio.insecure_channel


def reconnect_promptly() -> None:
    """From here on every channel made by ``grpc.aio.insecure_channel`` looks again within CHANNEL_BACKOFF_MAX seconds."""
    grpc.aio.insecure_channel = _prompt_channel


def _prompt_channel(
    target: str, options: Sequence[tuple[str, Any]] | None = None, *others: Any, **named: Any
) -> grpc.aio.Channel:
    return _insecure_channel(target, (*PROMPT, *(options or ())), *others, **named)
