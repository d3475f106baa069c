"""Events onto pub/sub, over one aio Dapr client. Create and close the client on the main loop."""

import asyncio

from dapr.aio.clients import DaprClient
from dapr.clients.exceptions import DaprGrpcError
from grpc.aio import AioRpcError

from agent.domain.errors import Unavailable
from agent.domain.events import CONVERSATION_TOPIC, TASK_TOPIC, AnyFeedEvent, TaskChanged
from agent.domain.limits import PUBLISH_TIMEOUT

PUBSUB = "pubsub"


class DaprPublisher:
    """Implements ``ports.EventPublisher``."""

    def __init__(self, client: DaprClient) -> None:
        self._client = client

    async def publish(self, event: AnyFeedEvent) -> None:
        """See ``ports.EventPublisher``."""
        topic = TASK_TOPIC if isinstance(event, TaskChanged) else CONVERSATION_TOPIC
        try:
            async with asyncio.timeout(PUBLISH_TIMEOUT):
                await self._client.publish_event(PUBSUB, topic, event.model_dump_json(), data_content_type="application/json")
        except (AioRpcError, DaprGrpcError, TimeoutError) as e:
            raise Unavailable("broker_unavailable", f"The event broker did not take the event ({type(e).__name__}).") from e
