"""Calling an actor's method: a model out, a model or a Problem back."""

import logging
from typing import Any

from dapr.clients.base import DaprActorClientBase
from pydantic import BaseModel

from actors.serializer import PlainJson
from actors.transport import SidecarRefused
from agent.domain.errors import Unavailable, from_data

_log = logging.getLogger(__name__)


class ActorCalls:
    """Typed calls over the actor client. Raises the Problem the actor answered with, or Unavailable."""

    def __init__(self, client: DaprActorClientBase) -> None:
        self._client, self._json = client, PlainJson()

    async def call(self, actor_type: str, actor_id: str, method: str, request: BaseModel | None = None) -> Any:
        """The JSON value the method returned."""
        body = self._json.serialize(request) if request is not None else None
        try:
            answer = self._json.deserialize(await self._client.invoke_method(actor_type, actor_id, method, body))
        except SidecarRefused as e:  # our actor raised (a bug), or its state store failed: either way nothing was saved
            _log.error("%s.%s failed: %s", actor_type, method, e)
            raise Unavailable("runtime_failed", "The service could not store or read what this needs; try again.") from e
        if "problem" in answer:
            raise from_data(answer["problem"])
        return answer["ok"]
