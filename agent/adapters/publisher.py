"""Events to their user's feed and onto pub/sub, over one aio Dapr client. Create and close the client on the main loop.

The feed is told here and not by a subscription of our own: one broker hands out one event after the other and holds back who
publishes meanwhile (ADR 0008), and what happened within milliseconds came to the replicas in any order.
"""

import asyncio

from dapr.aio.clients import DaprClient
from dapr.clients.exceptions import DaprGrpcError
from grpc.aio import AioRpcError

from agent.domain.errors import Unavailable
from agent.domain.events import CONVERSATION_TOPIC, TASK_TOPIC, AnyFeedEvent, TaskChanged
from agent.domain.limits import PUBLISH_TIMEOUT
from agent.ports import Feed

PUBSUB = "pubsub"


class DaprPublisher:
    """Implements ``ports.EventPublisher``."""

    def __init__(self, client: DaprClient, feed: Feed) -> None:
        self._client, self._feed = client, feed

    async def publish(self, event: AnyFeedEvent) -> None:
        """See ``ports.EventPublisher``."""
        await self._feed.append(event)
        topic = TASK_TOPIC if isinstance(event, TaskChanged) else CONVERSATION_TOPIC
        try:
            async with asyncio.timeout(PUBLISH_TIMEOUT):
                await self._client.publish_event(PUBSUB, topic, event.model_dump_json(), data_content_type="application/json")
        except (AioRpcError, DaprGrpcError, TimeoutError) as e:
            raise Unavailable("broker_unavailable", f"The event broker did not take the event ({type(e).__name__}).") from e
