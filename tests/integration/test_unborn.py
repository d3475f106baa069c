"""A workflow that is stored and never run: the scheduler lost the job for its first run. 1,000 faults met that once."""

import asyncio
import shutil
import signal
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

import pytest
from dapr.conf import settings
from grpc.aio import AioRpcError

from agent.adapters.system import SystemClock
from agent.domain import ids
from agent.domain.errors import Unavailable
from agent.domain.processing import WorkflowView
from tests.integration.endpoint import EndpointThread, mark
from tests.integration.proc import environment
from tests.integration.profiles import Profile
from tests.integration.replicas import is_stored
from tests.integration.stack import Stack, until
from workflows.client import WorkflowClient, workflow_client


@pytest.fixture
def stack(tmp_path_factory: pytest.TempPathFactory, profile: Profile, endpoint: EndpointThread) -> Iterator[Stack]:
    with profile.stack(tmp_path_factory.mktemp("unborn") / "data", endpoint.env) as running:
        yield running


class Engine:
    """The service's own client, in this process, at the first replica's sidecar."""

    def __init__(self, stack: Stack, monkeypatch: pytest.MonkeyPatch) -> None:
        app = next(child for child in stack.ps() if child["name"] == "app")
        told = environment(app["pid"])
        monkeypatch.setattr(settings, "DAPR_API_TOKEN", told["DAPR_API_TOKEN"])
        self._port = int(told["DAPR_GRPC_PORT"])

    def _client(self) -> WorkflowClient:
        return WorkflowClient(workflow_client(self._port), SystemClock())

    def start(self, task_id: str) -> None:
        with suppress(Unavailable, AioRpcError):  # it waits for the first run, and dies waiting
            asyncio.run(self._start(task_id))

    async def _start(self, task_id: str) -> None:
        await self._client().start_task_processing("default", task_id)

    def look(self, task_id: str) -> WorkflowView | None:
        return asyncio.run(self._look(task_id))

    async def _look(self, task_id: str) -> WorkflowView | None:
        return await self._client().task_processing("default", task_id)


def test_who_looks_at_it_calls_for_its_run(stack: Stack, monkeypatch: pytest.MonkeyPatch) -> None:
    task_id = f"unborn-{mark()}"
    instance = ids.task_workflow_instance("default", task_id)
    for replica in range(stack.replicas):
        stack.kill("app", signal.SIGSTOP, replica)  # nobody runs it
    with ThreadPoolExecutor(1) as beside:
        starting = beside.submit(Engine(stack, monkeypatch).start, task_id)
        until(lambda: is_stored(stack, f"{instance}||inbox-000000"), 30, lambda: "it is not stored")
        stack.kill_all()
        starting.result()
    [jobs] = stack.data_dir.glob("scheduler*")
    shutil.rmtree(jobs)
    stack.start()

    engine = Engine(stack, monkeypatch)
    until(lambda: (view := engine.look(task_id)) is not None and view.status != "running", 30, lambda: "it never runs")
