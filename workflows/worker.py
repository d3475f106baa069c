"""The workflow worker of this process, on a thread and a loop of its own; ``activities/hop.py`` is the way back."""

import asyncio
import logging
from collections.abc import Callable, Mapping
from typing import Any

from dapr.ext.workflow import WorkflowRuntime
from dapr.ext.workflow.logger import LoggerOptions

from agent.domain.limits import CONCURRENT_ACTIVITIES_MAX, CONCURRENT_WORKFLOWS_MAX
from workflows.reconnect import SidecarReturn


class WorkflowWorker:
    """Registers workflows and activities by name; starts and stops with the process. One per sidecar."""

    def __init__(
        self, grpc_port: int, workflows: Mapping[str, Callable[..., Any]], activities: Mapping[str, Callable[..., Any]]
    ) -> None:
        self._sidecar = SidecarReturn(grpc_port)
        self._runtime = WorkflowRuntime(
            host="127.0.0.1",
            port=str(grpc_port),
            interceptors=[self._sidecar],
            logger_options=LoggerOptions(log_handler=logging.NullHandler()),  # its own would print every line a second time
            maximum_concurrent_activity_work_items=CONCURRENT_ACTIVITIES_MAX,
            maximum_concurrent_orchestration_work_items=CONCURRENT_WORKFLOWS_MAX,
        )
        for name, workflow in workflows.items():
            self._runtime.register_workflow(workflow, name=name)
        for name, activity in activities.items():
            self._runtime.register_activity(activity, name=name)

    async def start(self) -> None:
        """Returns when the sidecar can hand out work. Needs a sidecar: wait for it first."""
        await asyncio.to_thread(self._runtime.start)

    async def stop(self) -> None:
        """Stops taking work; what is unfinished is dispatched again elsewhere."""
        self._sidecar.stop()
        await asyncio.to_thread(self._runtime.shutdown)
