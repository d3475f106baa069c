"""``task-agent up`` on the real Dapr runtime: it ends completely, in every way to end; it comes back; it shares a machine."""

import json
import os
import re
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import httpx
import psutil
import pytest

from tests.integration.stack import CHILDREN, TASK_AGENT, Stack

TASK_AGENT_CLI = TASK_AGENT[0]


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """For tests that leave it running."""
    with Stack(tmp_path_factory.mktemp("up") / "data") as running:
        yield running


@pytest.fixture
def mortal(tmp_path: Path) -> Stack:
    """For tests that end it."""
    return Stack(tmp_path / "data").start()


def test_it_says_where_it_is_and_who_runs(stack: Stack) -> None:
    assert set(re.findall(r"https?://[\w.:]+", stack.printed())) == {stack.url}
    assert "offline demo model" in stack.printed()

    listing = subprocess.run(
        [TASK_AGENT_CLI, "ps", "--json", "--data-dir", str(stack.data_dir)], capture_output=True, text=True, check=True
    )
    processes = json.loads(listing.stdout)
    assert [process["name"] for process in processes] == list(CHILDREN)
    assert [process["replica"] for process in processes] == [None, None, 0, 0]
    assert processes[-1]["url"] == stack.url
    assert {process["pid"] for process in processes} <= {pid for pid, _ in stack.survivors()}


def test_a_signal_to_the_whole_group_stops_everything(mortal: Stack) -> None:
    os.killpg(mortal.supervisor.pid, signal.SIGTERM)
    assert mortal.wait_ended() == 0
    assert mortal.ps() == []


def test_the_death_of_the_supervisor_is_the_death_of_all_and_the_next_one_carries_on(mortal: Stack) -> None:
    mortal.supervisor.kill()
    assert mortal.wait_ended() == -signal.SIGKILL
    assert mortal.ps() == []

    with mortal:
        assert "did not stop cleanly" in mortal.printed()


def test_make_run_stops_on_ctrl_c(tmp_path: Path) -> None:
    make = f'exec make -C {Path(__file__).parents[2]} run ARGS="$*"'
    stack = Stack(tmp_path / "data", command=("bash", "-c", make, "make")).start()
    os.killpg(stack.supervisor.pid, signal.SIGINT)
    stack.wait_ended()  # make itself ends with an error, as it does whenever it is interrupted
    assert "Stopped. Everything is kept" in stack.printed()


@pytest.mark.parametrize("name", CHILDREN)
def test_a_killed_child_comes_back(stack: Stack, name: str) -> None:
    others = {process["name"]: process["pid"] for process in stack.ps() if process["name"] != name}
    url = stack.url

    stack.wait_pid_changed(name, stack.kill(name))

    stack.wait_ready()
    assert stack.url == url
    assert {process["name"]: process["pid"] for process in stack.ps() if process["name"] != name} == others


def test_a_frozen_app_is_killed_and_comes_back(stack: Stack) -> None:
    stack.wait_pid_changed("app", stack.kill("app", signal.SIGSTOP), timeout=120)
    stack.wait_ready()


def test_a_second_one_on_the_same_data_is_refused(stack: Stack) -> None:
    second = subprocess.run(
        [*TASK_AGENT, "--port", "0", "--data-dir", str(stack.data_dir)], capture_output=True, text=True, check=False
    )
    assert second.returncode == 1
    assert str(stack.supervisor.pid) in second.stdout
    assert stack.url in second.stdout
    assert [process["name"] for process in stack.ps()] == list(CHILDREN)


def test_two_run_side_by_side(stack: Stack, tmp_path: Path) -> None:
    before = stack.ps()
    with Stack(tmp_path / "other") as other:
        assert other.url != stack.url
        assert not {p["pid"] for p in stack.ps()} & {p["pid"] for p in other.ps()}
    stack.wait_ready()
    assert stack.ps() == before


def test_the_sidecar_answers_only_who_knows_the_token(stack: Stack) -> None:
    daprd = next(process["url"] for process in stack.ps() if process["name"] == "daprd")
    assert httpx.get(f"{daprd}/v1.0/metadata", timeout=60, trust_env=False).status_code == 401
    tokens = [value for name, value in _environment(stack.pid("daprd")).items() if name.endswith("_API_TOKEN")]
    assert len(tokens) == 2
    everything = "".join(stack.log(name) for name in CHILDREN) + stack.printed() + str(stack.survivors())
    assert [token for token in tokens if token in everything] == []


def test_dapr_listens_on_loopback_only(stack: Stack) -> None:
    """But for two ports that answer /healthz and nothing else: 1.18.2 does not heed the flag for their address."""
    beyond = {pid: [a for a in _listening(pid) if not a.startswith("127.")] for pid, _ in stack.survivors()}
    assert [addresses for pid, addresses in beyond.items() if pid in (stack.pid("daprd"), stack.pid("app"))] == [[], []]
    assert [len(beyond[stack.pid(name) or 0]) for name in ("placement", "scheduler")] == [1, 1]


def _environment(pid: int | None) -> dict[str, str]:
    entries = Path(f"/proc/{pid}/environ").read_text().split("\0")
    return dict(entry.split("=", 1) for entry in entries if "=" in entry)


def _listening(pid: int) -> list[str]:
    connections = psutil.Process(pid).net_connections("inet")
    return [c.laddr.ip for c in connections if c.status == psutil.CONN_LISTEN or not c.raddr]
