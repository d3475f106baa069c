"""``kill -9`` at the worst moments: what was acknowledged is answered, and nothing happens twice.

One stack for all; every test has a user of its own and leaves the stack running. Of replicas, the one at work dies.
"""

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest

from agent.domain.ids import ConversationKey
from tests.integration.client import Answer, Client, Stream
from tests.integration.endpoint import EndpointThread, held, mark
from tests.integration.proc import environment
from tests.integration.profiles import Profile
from tests.integration.replicas import instance_of, kill, producer
from tests.integration.stack import Stack, until
from tests.integration.test_chat import NEW_TASK, script, tool

WORDS = 40
WHOLE = " ".join(f"w{n}" for n in range(WORDS))


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory, profile: Profile, endpoint: EndpointThread) -> Iterator[Stack]:
    with profile.stack(tmp_path_factory.mktemp("survival") / "data", endpoint.env) as running:
        yield running


def slow() -> str:
    """A directive: the answer ``WHOLE``, which cannot end before the test has killed whom it wants to, and lets it."""
    return f"{held(WORDS)} delay=50ms"


def check_answered_once(user: Client, turn_id: str, text: str = WHOLE) -> dict[str, Any]:
    """The turn completed with ``text``, and the conversation holds nothing else."""
    turn = user.ended(turn_id, 60)
    assert (turn["status"], turn["message"]["content"]) == ("completed", text)
    history = user.get("/history")
    assert [(t["turn_id"], t["status"]) for t in history["turns"]] == [(turn_id, "completed")]
    assert [m["role"] for m in history["turns"][0]["messages"]].count("user") == 1
    assert history["total_turns"] == 1
    return turn


def check_one_task(user: Client) -> dict[str, Any]:
    """Exactly one task, created, assigned and given its deadline exactly once."""
    [task] = user.get("/tasks")["tasks"]
    entries = user.get(f"/tasks/{task['task_id']}/history")["entries"]
    assert [e["what"] for e in entries if e["what"] != "task.overdue"] == ["task.created", "task.assigned", "task.deadline_set"]
    return task


def notifications(stack: Stack, task_id: str) -> int:
    told = [json.loads(path.read_text()) for path in (stack.data_dir / "notifications").glob("*.json")]
    return sum(notification["task_id"] == task_id for notification in told)


def set_notifications(stack: Stack, mode: str) -> None:
    """By the file that every replica reads at each notification: while none of them lives, too."""
    (stack.data_dir / "notifications.mode").write_text(mode)


def broken(stream: Stream) -> list[str]:
    """The events of a stream that must break: one that ends cleanly without a terminal event would be a lie."""
    with pytest.raises(httpx.TransportError):
        stream.rest()
    return [frame.event for frame in stream.seen]


def test_the_app_dies_while_tokens_flow(stack: Stack, user: Client, endpoint: EndpointThread) -> None:
    said = script(slow())
    turn_id = user.drop(said)
    replica = producer(stack, endpoint, said)
    with user.at(replica).follow(turn_id) as stream:
        stream.until("text.delta")
        back = kill(stack, "app", replica)
        endpoint.release(said)
        assert "turn.completed" not in broken(stream)
    back()

    turn = check_answered_once(user, turn_id)
    first, second = endpoint.requests(said)
    assert first.disconnected is not None
    assert first.body["messages"] == second.body["messages"], "asked the same, also by the clock"
    assert turn["epoch"] == 3


def test_the_app_dies_twice_in_one_turn(stack: Stack, user: Client, endpoint: EndpointThread) -> None:
    said = script(slow())
    turn = user.drop(said)
    back = [kill(stack, "app", producer(stack, endpoint, said, attempt=death)) for death in range(1, 3)]
    endpoint.release(said)
    for each in back:
        each()

    check_answered_once(user, turn)
    assert len(endpoint.requests(said)) == 3


def test_the_sidecar_dies_while_tokens_flow(stack: Stack, user: Client, endpoint: EndpointThread) -> None:
    said = script(slow())
    with user.say(said) as stream:
        stream.until("text.delta")
        back = kill(stack, "daprd", producer(stack, endpoint, said))
        endpoint.release(said)
        answer = stream.rest()
    back()

    assert answer.text() == answer.end.data["message"]["content"] == WHOLE, "the app lives, and so does the stream"
    check_answered_once(user, answer.turn_id)
    assert len(endpoint.requests(said)) <= 2, "once more for the crash; the attempt that outlived it stands by for the new one"


def test_the_app_dies_while_a_tool_works(stack: Stack, user: Client, endpoint: EndpointThread) -> None:
    said = script(tool("create_task", NEW_TASK), 'text="Bob has it."')
    set_notifications(stack, "hang")
    turn = user.drop(said)
    user.eventually("/tasks", lambda page: page["tasks"] and page["tasks"][0]["deadline"] is not None)
    back = kill(stack, "app")
    set_notifications(stack, "ok")  # before the last attempt
    back()

    seen = check_answered_once(user, turn, "Bob has it.")
    task = check_one_task(user)
    assert task["status"] == "assigned"
    assert [result["ok"] for result in seen["steps"][0]["results"]] == [True]
    workflow = user.eventually(f"/workflows/task-workflow-{task['task_id']}", lambda view: view["result"] is not None)
    assert workflow["status"] == "completed"
    assert notifications(stack, task["task_id"]) == 1
    assert len(endpoint.requests(said)) == 2, "a committed step is not asked for again"
    with user.follow(turn) as stream:
        told = stream.rest()
    assert [told.events.count(name) for name in ("tool.called", "tool.returned")] == [1, 1], "the log may have died, too"
    assert told.all("tool.returned")[0]["result"]["task_id"] == task["task_id"]


def test_the_sidecar_dies_while_a_tool_works(stack: Stack, user: Client, endpoint: EndpointThread) -> None:
    said = script(" ".join([tool("create_task", NEW_TASK)] * 2), 'text="Both done."')
    set_notifications(stack, "hang")
    turn = user.drop(said)
    user.eventually("/tasks", lambda page: len(page["tasks"]) == 2 and all(task["deadline"] for task in page["tasks"]))
    back = kill(stack, "daprd")
    set_notifications(stack, "ok")
    back()

    check_answered_once(user, turn, "Both done.")
    assert len(user.get("/tasks")["tasks"]) == 2
    for task in user.get("/tasks")["tasks"]:
        user.eventually(f"/workflows/task-workflow-{task['task_id']}", lambda view: view["status"] == "completed")
        assert notifications(stack, task["task_id"]) == 1
    assert len(endpoint.requests(said)) == 2


def test_a_sidecar_that_is_ready_takes_messages_however_often_it_died(stack: Stack, user: Client) -> None:
    """Whoever waited for a workflow looked for its sidecar meanwhile, and gRPC makes a longer pause after each look."""
    set_notifications(stack, "hang")
    said = script(tool("create_task", NEW_TASK), 'text="Bob has it."')
    running = [(name, user.drop(said, name)) for name in ("c0", "c1", "c2", "c3")]
    user.eventually(
        "/tasks", lambda page: len(page["tasks"]) == len(running) and all(task["deadline"] for task in page["tasks"])
    )
    for _ in range(4):
        died = [(replica, stack.kill("daprd", replica=replica)) for replica in range(stack.replicas)]
        for replica, pid in died:
            stack.wait_pid_changed("daprd", pid, replica=replica)
    stack.wait_ready()

    later = [user.drop(script('text="Yes."'), f"later-{n}") for n in range(2 * stack.replicas)]
    set_notifications(stack, "ok")
    assert [user.ended(turn, 60)["message"]["content"] for turn in later] == ["Yes."] * len(later)
    for name, turn in running:
        assert user.ended(turn, 60)["message"]["content"] == "Bob has it.", name


def test_a_lost_workflow_is_healed_on_sight(stack: Stack, user: Client, endpoint: EndpointThread) -> None:
    """Nobody terminates workflows, but an engine that lost its state would look the same. A waiting turn is seen, too."""
    said = script(tool("create_task", NEW_TASK), "fault=503 retry_after=6 times=2 tokens=3")
    running, waiting = user.drop(said), user.drop(script('text="next"'))
    endpoint.wait(said, lambda seen: len(seen) >= 2)
    terminate(stack, instance_of(stack, ConversationKey("default", user.user, "main"), running))

    assert user.ended(waiting, 60)["message"]["content"] == "next", "looking at the waiting one heals the running one"
    turn = user.turn(running)
    assert (turn["status"], turn["message"]["content"], turn["attempts"]) == ("completed", "w0 w1 w2", 2)
    assert len(endpoint.requests(said)) == 4, "the step that was committed is not asked for again"
    check_one_task(user)


def terminate(stack: Stack, instance: str) -> None:
    """Through the sidecar's own API, with its token."""
    daprd = next(process for process in stack.ps() if process["name"] == "daprd")
    token = environment(daprd["pid"])["DAPR_API_TOKEN"]
    url = f"{daprd['url']}/v1.0/workflows/dapr/{instance}/terminate"
    until(lambda: httpx.post(url, headers={"dapr-api-token": token}, timeout=60).is_success, 90, lambda: f"{instance} stays")


def test_messages_sent_while_the_sidecar_dies(stack: Stack, user: Client) -> None:
    """An acknowledged message is answered once; one that was refused is answered at most once."""
    said = [script(f'text="{n}"') for n in range(24)]
    acknowledged: list[str] = []
    back: list[Callable[[], None]] = []
    for n, message in enumerate(said):
        if n == 6:
            back.append(kill(stack, "daprd", replica=0))
        with user.http.stream("POST", "/chat", json={"message": message, "conversation": f"c{n % 3}"}) as answer:
            assert answer.status_code in (200, 429, 503)
            if answer.status_code == 200:
                acknowledged.append(message)
    back[0]()

    stored: list[str] = []
    for conversation in ("c0", "c1", "c2"):
        path = f"/history?conversation={conversation}"
        history = user.eventually(path, lambda page: all(t["status"] == "completed" for t in page["turns"]), 60)
        stored += [turn["messages"][0]["content"] for turn in history["turns"]]
    assert len(acknowledged) >= 6
    assert len(stored) == len(set(stored))
    assert set(acknowledged) <= set(stored) <= set(said)


def test_everything_dies_and_starts_again(stack: Stack, user: Client, endpoint: EndpointThread) -> None:
    due, done = f"due-{mark()}", f"done-{mark()}"
    body = {"title": "A good title", "description": "A good description.", "assignee": "Bob", "deadline_seconds": 5}
    for task_id in (due, done):
        user.post("/tasks/process", task_id=task_id, **body)
        user.eventually(f"/workflows/task-workflow-{task_id}", lambda view: view["status"] == "completed")
    user.post(f"/tasks/{done}/status", status="completed")
    deadline = datetime.fromisoformat(user.get(f"/tasks/{due}")["deadline"])

    set_notifications(stack, "hang")
    working = f"working-{mark()}"
    user.post("/tasks/process", task_id=working, **body | {"deadline_seconds": 600})
    tooled, answering = script(tool("create_task", NEW_TASK), 'text="Bob has it."'), script(slow())
    tool_turn = user.drop(tooled, "tools")
    user.eventually("/tasks", lambda page: len(page["tasks"]) == 4 and all(task["deadline"] for task in page["tasks"]))
    turn, queued = user.drop(answering), user.drop(script('text="second"'))
    endpoint.wait(answering, lambda seen: seen != [] and seen[-1].sent > 2)
    stack.kill_all()
    until(lambda: datetime.now(UTC) > deadline, 10, lambda: "the deadline stays ahead")
    assert not [record for record in endpoint.requests(answering) if record.finished]
    endpoint.release(answering)
    stack.start()
    user.urls = stack.urls

    assert user.ended(turn, 90)["message"]["content"] == WHOLE
    assert user.ended(queued)["message"]["content"] == "second"
    assert [(t["turn_id"], t["status"]) for t in user.get("/history")["turns"]] == [(turn, "completed"), (queued, "completed")]
    assert len(endpoint.requests(answering)) == 2
    assert user.ended(tool_turn, 60)["message"]["content"] == "Bob has it."
    assert len(endpoint.requests(tooled)) == 2

    tasks = {task["task_id"]: task for task in user.get("/tasks")["tasks"]}
    assert len(tasks) == 4
    for task_id in set(tasks) - {done}:
        user.eventually(f"/workflows/task-workflow-{task_id}", lambda view: view["status"] == "completed", 60)
        what = [entry["what"] for entry in user.get(f"/tasks/{task_id}/history")["entries"]]
        assert [w for w in what if w != "task.overdue"] == ["task.created", "task.assigned", "task.deadline_set"]
        assert notifications(stack, task_id) == 1
    user.eventually(f"/tasks/{due}/history", lambda page: [e["what"] for e in page["entries"]].count("task.overdue") == 1)
    assert (user.get(f"/tasks/{due}")["status"], user.get(f"/tasks/{done}")["status"]) == ("overdue", "completed")
    assert user.ask(script('text="all is well"')).end.data["message"]["content"] == "all is well"


def test_a_clean_stop_keeps_a_running_turn(stack: Stack, user: Client, endpoint: EndpointThread) -> None:
    said = script(held(80))  # longer than the grace that a stop gives
    with user.say(said) as stream:
        stream.until("text.delta")
        stack.restart()
        endpoint.release(said)
        assert "turn.completed" not in broken(stream)
    user.urls = stack.urls

    turn = user.ended(stream.turn_id, 60)
    assert (turn["status"], len(turn["message"]["content"].split())) == ("completed", 80)
    assert len(endpoint.requests(said)) == 2


def test_reminders_fire_with_nobody_looking(stack: Stack, user: Client) -> None:
    """The feed tells it, so no read has done the reminder's work on sight."""
    with user.feed() as feed:
        answer: Answer = user.ask(script(tool("create_task", NEW_TASK | {"deadline_seconds": 3}), 'text="ok"'))
        task_id = answer.all("tool.returned")[0]["result"]["task_id"]
        overdue = feed.until("task.overdue").data
    assert (overdue["task_id"], overdue["task"]["status"], overdue["by"]) == (task_id, "overdue", "system")
