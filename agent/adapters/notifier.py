"""Notifications out through the Dapr output binding ``notify``: what stands behind it is configuration."""

import asyncio

from dapr.aio.clients import DaprClient
from dapr.clients.exceptions import DaprGrpcError
from grpc.aio import AioRpcError

from agent.domain.errors import Unavailable
from agent.domain.limits import NOTIFY_TIMEOUT
from agent.domain.notification import Notification

BINDING = "notify"


class DaprNotifier:
    """Implements ``ports.Notifier`` over one aio Dapr client; never tries again by itself."""

    def __init__(self, client: DaprClient) -> None:
        self._client = client

    async def notify(self, notification: Notification) -> None:
        """See ``ports.Notifier``."""
        try:
            async with asyncio.timeout(NOTIFY_TIMEOUT):
                await self._client.invoke_binding(BINDING, "post", notification.model_dump_json())
        except TimeoutError as e:
            raise Unavailable("notify_failed", f"no answer within {NOTIFY_TIMEOUT:g} s") from e
        except (AioRpcError, DaprGrpcError) as e:
            raise Unavailable("notify_failed", _reason(e)) from e


def _reason(e: AioRpcError | DaprGrpcError) -> str:
    """Short, and without the target's address or body: it is shown to users."""
    details = (e.details() or "").lower()
    if "circuit breaker is open" in details:
        return "the target failed too often and is given a pause"
    if "status code" in details or "received" in details:
        return "the target refused it"
    return f"the target is out of reach ({e.code().name.lower()})"
