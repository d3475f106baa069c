"""The newcomer's path, in words, with the built-in demo model: said once, done, asked for, and still there after a crash."""

import json
import os
import subprocess
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.integration.client import Client
from tests.integration.stack import TASK_AGENT, Stack


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    with Stack(tmp_path_factory.mktemp("newcomer") / "data") as running:
        yield running


def chat(stack: Stack, text: str) -> str:
    """``task-agent chat --once``: the answer on stdout, notes on stderr."""
    command = [TASK_AGENT[0], "chat", "--url", stack.url, "--once", text]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False, env={**os.environ, "TZ": "UTC"})
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def given(client: Client, name: str) -> dict[str, Any]:
    """The one task that this person has, once it is all there: an answer waits for that some seconds only."""

    def theirs(page: dict[str, Any]) -> list[dict[str, Any]]:
        return [task for task in page["tasks"] if task["assignee"] == name and task["deadline"]]

    [task] = theirs(client.eventually("/tasks", theirs))
    return task


def test_say_it_and_it_gets_done(stack: Stack) -> None:
    client = Client(stack.urls, user="local")
    assert "offline demo model" in stack.printed()
    assert client.get("/about")["demo"] is True

    said = chat(stack, "Ask Bob to review the payment PR by tomorrow noon")
    task = given(client, "Bob")
    assert (task["assignee"], task["status"]) == ("Bob", "assigned")
    assert "payment PR" in task["title"]
    noon = (datetime.now(UTC) + timedelta(days=1)).replace(hour=12, minute=0, second=0, microsecond=0)
    assert datetime.fromisoformat(task["deadline"]) in (noon, noon - timedelta(days=1)), "the clock may pass midnight meanwhile"
    assert "Bob" in said
    assert "payment PR" in chat(stack, "what is on my list?")

    chat(stack, "Ask Ann to call the plumber about the leak in 30 seconds")
    due = given(client, "Ann")
    left = datetime.fromisoformat(due["deadline"]) - datetime.now(UTC)
    assert timedelta(seconds=0) < left <= timedelta(seconds=30)
    history = client.get("/history")

    stack.kill_all()
    stack.start()

    assert client.get("/history") == history
    assert {task["task_id"] for task in client.get("/tasks")["tasks"]} == {task["task_id"], due["task_id"]}
    listed = chat(stack, "what is on my list?")
    assert "payment PR" in listed and "plumber" in listed
    with client.feed(**{"Last-Event-ID": "0"}) as feed:  # also what happened since the start
        overdue = feed.until("task.overdue").data
    assert overdue["task_id"] == due["task_id"]
    assert client.get(f"/tasks/{due['task_id']}")["status"] == "overdue"
    assert "overdue" in chat(stack, "which tasks are overdue?")
    client.close()


def test_it_says_what_it_is(stack: Stack) -> None:
    assert "demo" in chat(stack, "who are you?").lower()


def test_a_script_can_tell_that_nothing_answers(tmp_path: Path) -> None:
    command = [TASK_AGENT[0], "chat", "--url", "http://127.0.0.1:9", "--once", "hello"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False, cwd=tmp_path)
    assert done.returncode == 1
    assert "task-agent up" in done.stderr and "Traceback" not in done.stderr


def test_ps_tells_what_runs(stack: Stack) -> None:
    command = [TASK_AGENT[0], "ps", "--json", "--data-dir", str(stack.data_dir)]
    listed = json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
    assert {process["url"] for process in listed} >= {stack.url}
    assert all(set(process) == {"name", "pid", "replica", "url"} for process in listed)
