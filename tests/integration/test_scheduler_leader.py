"""A scheduler that does not lead fires no reminder and begins no workflow, and calls itself healthy. Ours does not stay so."""

import re
import time
from collections.abc import Iterator

import psutil
import pytest

from agent.local.host import LOOPBACK
from agent.local.scheduler_leader import forget_dead_leader, has_leader
from tests.integration.client import OUT_OF_REACH, Client
from tests.integration.proc import command_line
from tests.integration.stack import PATIENCE, Stack, until
from tests.integration.test_tasks import OVERDUE, ended, process


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    with Stack(tmp_path_factory.mktemp("leader") / "data") as running:
        yield running


def scheduler(stack: Stack) -> int:
    return stack.pid("scheduler") or 0


def etcd_port(stack: Stack) -> int:
    [port] = re.findall(r"--etcd-client-port[ =](\d+)", command_line(scheduler(stack)))
    return int(port)


def test_a_leader_that_lives_is_never_forgotten(stack: Stack) -> None:
    port, pid = etcd_port(stack), scheduler(stack)
    started = psutil.Process(pid).create_time()
    until(lambda: forget_dead_leader(LOOPBACK, port, started), PATIENCE, lambda: "etcd does not answer")
    until(lambda: has_leader(LOOPBACK, port), PATIENCE, lambda: "nobody leads")
    assert scheduler(stack) == pid, "one that does not lead is replaced"


def test_one_that_lost_its_leadership_is_replaced(stack: Stack, user: Client) -> None:
    task_id = process(user, deadline_seconds=5)
    ended(user, task_id)
    old = scheduler(stack)
    port, never = etcd_port(stack), time.time() + 1
    # It takes it for the dead one.
    until(lambda: forget_dead_leader(LOOPBACK, port, never), PATIENCE, lambda: "etcd does not answer")
    stack.wait_pid_changed("scheduler", old)

    user.eventually(f"/tasks/{task_id}/history", lambda history: history["entries"][-1]["what"] == OVERDUE)
    ended(user, process(user))


def test_after_a_kill_the_next_one_leads_before_the_lease_of_the_first_runs_out(stack: Stack, user: Client) -> None:
    user.http.timeout = 15.0  # the lease: 22 s
    assert any(leads_in_time(stack, user) for _ in range(3))


def leads_in_time(stack: Stack, user: Client) -> bool:
    """Whether a workflow begins soon after the death of a scheduler. The next one's own start takes some of the time."""
    stack.wait_pid_changed("scheduler", stack.kill("scheduler"))
    try:
        task_id = process(user)
    except OUT_OF_REACH:
        return False
    return ended(user, task_id)["status"] == "completed"


def test_who_does_not_answer_is_asked_again() -> None:
    nobody = 1
    assert not has_leader(LOOPBACK, nobody)
    assert not forget_dead_leader(LOOPBACK, nobody, time.time())
