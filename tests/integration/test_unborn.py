"""A workflow that is stored and never run: the scheduler lost the job for its first run. 1,000 faults met that once."""

import shutil
import signal
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

import pytest
from grpc.aio import AioRpcError

from agent.domain import ids
from agent.domain.errors import Unavailable
from tests.integration.endpoint import EndpointThread, mark
from tests.integration.engine import Engine
from tests.integration.profiles import Profile
from tests.integration.replicas import is_stored
from tests.integration.stack import Stack, until


@pytest.fixture
def stack(tmp_path_factory: pytest.TempPathFactory, profile: Profile, endpoint: EndpointThread) -> Iterator[Stack]:
    with profile.stack(tmp_path_factory.mktemp("unborn") / "data", endpoint.env) as running:
        yield running


def start(engine: Engine, task_id: str) -> None:
    with suppress(Unavailable, AioRpcError):  # it waits for the first run, and dies waiting
        engine.start(task_id)


def test_who_looks_at_it_calls_for_its_run(stack: Stack, monkeypatch: pytest.MonkeyPatch) -> None:
    task_id = f"unborn-{mark()}"
    instance = ids.task_workflow_instance("default", task_id)
    for replica in range(stack.replicas):
        stack.kill("app", signal.SIGSTOP, replica)  # nobody runs it
    with ThreadPoolExecutor(1) as beside:
        starting = beside.submit(start, Engine(stack, monkeypatch), task_id)
        until(lambda: is_stored(stack, f"{instance}||inbox-000000"), 30, lambda: "it is not stored")
        stack.kill_all()
        starting.result()
    [jobs] = stack.data_dir.glob("scheduler*")
    shutil.rmtree(jobs)
    stack.start()

    engine = Engine(stack, monkeypatch)
    until(lambda: (view := engine.look(task_id)) is not None and view.status != "running", 30, lambda: "it never runs")
