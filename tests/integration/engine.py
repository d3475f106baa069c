"""The service's own view of the workflow engine, from a test's process: what it starts, and what it finds when it looks."""

import asyncio

import pytest
from dapr.conf import settings

from agent.adapters.system import SystemClock
from agent.domain import ids
from agent.domain.processing import WorkflowView
from tests.integration.proc import environment
from tests.integration.stack import Stack
from workflows.client import WorkflowClient, workflow_client


def at_its_sidecar(stack: Stack, monkeypatch: pytest.MonkeyPatch) -> int:
    """The gRPC port of the first replica's sidecar, to which the SDK in this process speaks as the app does from here on."""
    told = environment(stack.pid("app", 0) or 0)
    for name in ("DAPR_API_TOKEN", "DAPR_HTTP_PORT"):
        monkeypatch.setattr(settings, name, told[name])
    return int(told["DAPR_GRPC_PORT"])


class Engine:
    """At the first replica's sidecar; made anew for every call, as each has a loop of its own."""

    def __init__(self, stack: Stack, monkeypatch: pytest.MonkeyPatch) -> None:
        self._port = at_its_sidecar(stack, monkeypatch)

    def start(self, task_id: str) -> None:
        """Starts the task's workflow; returns after its first run."""

        async def started() -> None:
            await self._client().start_task_processing("default", task_id)

        asyncio.run(started())

    def end(self, task_id: str) -> None:
        """Ends the task's workflow where it is, as who means to begin it anew does first."""

        async def ended() -> None:
            await self._client().abandon(ids.task_workflow_instance("default", task_id))

        asyncio.run(ended())

    def look(self, task_id: str) -> WorkflowView | None:
        """What the service sees of the task's workflow."""

        async def seen() -> WorkflowView | None:
            return await self._client().task_processing("default", task_id)

        return asyncio.run(seen())

    def _client(self) -> WorkflowClient:
        return WorkflowClient(workflow_client(self._port), SystemClock())
