"""Any turn, however it went: the stock client accepts its stream and ends up with what the log says, joined anywhere or not."""

from collections.abc import Iterable, Iterator
from typing import Any

import pytest
from ag_ui.core import AssistantMessage, Message, MessagesSnapshotEvent
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.api.wires.agui import routes
from agent.api.wires.agui.messages import stored_messages
from agent.api.wires.agui.projection import Run, RunEvents
from agent.api.wires.agui.tasks import TaskState
from agent.domain.events import TurnCancelled, TurnCompleted, TurnFailed
from agent.domain.replay import record_entries
from agent.domain.task import Task
from agent.domain.turn_view import history_turn
from tests.wire.agui_client import ASKED, HAD, activities, results, texts
from tests.wire.fold import Told, fold, name_of
from tests.wire.logs import SHOWN_TASKS, TURN_ID, Logged, logged_turns
from tests.wire.node import Script
from tests.wire.pieces import SIZES, Route, asked_of, sent

TRIED = settings(deadline=None)
LOST = "result_lost"
USER = "local"
LISTED = st.lists(SHOWN_TASKS.map(Task.model_validate), max_size=2, unique_by=lambda task: task.task_id).map(
    lambda tasks: [task for task in tasks if task.created_by == USER]
)


@pytest.fixture(scope="module")
def stock_client() -> Iterator[Script]:
    with Script("agui_streams.mjs") as running:
        yield running


def check(turn: Logged, listed: list[Task], seen: dict[str, Any]) -> None:
    told = fold(turn.entries)
    assert (seen["error"], seen["warnings"]) == (None, [])
    end = told.end["type"]
    if end == name_of(TurnFailed):
        assert seen["runError"] == {"message": told.end["message"], "code": told.end["code"]}
    else:
        assert seen["outcome"] == {name_of(TurnCompleted): "success", name_of(TurnCancelled): "cancelled"}[end]
    assert seen["pending"] in ([], None), "nobody has to answer a call"
    assert texts(seen) == [told.texts[step] for step in sorted(told.texts) if told.texts[step]]
    known = {call_id: result for call_id, (_, result) in told.results.items() if call_id in told.calls}
    assert {call_id: result for call_id, result in results(seen).items() if not is_lost(result)} == known
    assert activities(seen) == {f"task-{call_id}": activity(event) for call_id, event in told.progress.items()}
    assert {task_id: task["version"] for task_id, task in seen["state"]["tasks"].items()} == newest(told, listed)


def activity(progressed: dict[str, Any]) -> dict[str, Any]:
    names = {"taskId": "task_id", "toolCallId": "call_id", "status": "status", "steps": "steps"}
    return {name: progressed[field] for name, field in names.items()}


def newest(told: Told, listed: list[Task]) -> dict[str, int]:
    """The version of each of the user's tasks: the newest that the list or a result has shown."""
    versions = {task.task_id: task.version for task in listed}
    for task in told.tasks:
        if task["created_by"] == USER:
            versions[task["task_id"]] = max(task["version"], versions.get(task["task_id"], 0))
    return versions


def is_lost(result: dict[str, Any]) -> bool:
    error = result.get("error")
    return isinstance(error, dict) and error.get("code") == LOST


def route(listed: list[Task], joins: bool) -> Route:
    events = RunEvents(Run("main", "run-1", TURN_ID, (ASKED,)), TaskState(USER, listed))
    return lambda entries: routes._frames(events, TURN_ID, entries, joins)


@TRIED
@given(logged_turns(), LISTED, SIZES, st.data())
def test_a_run_seen_from_its_start(
    stock_client: Script, turn: Logged, listed: list[Task], sizes: list[int], data: st.DataObject
) -> None:
    body = sent(route(listed, joins=False), turn.entries, data)
    check(turn, listed, stock_client.ask(asked_of(body, sizes, messages=HAD)))


@TRIED
@given(logged_turns(), LISTED, SIZES, st.data())
def test_a_run_joined_anywhere(
    stock_client: Script, turn: Logged, listed: list[Task], sizes: list[int], data: st.DataObject
) -> None:
    known = data.draw(st.integers(0, len(turn.entries)))
    partial = sent(route(listed, joins=False), turn.entries[:known], data)
    left = stock_client.ask(asked_of(partial, sizes, messages=HAD))  # it ended without an end, as when a connection is lost
    rest = sent(route(listed, joins=True), turn.entries, data, first=known)
    check(turn, listed, stock_client.ask(asked_of(rest, sizes, messages=left["messages"])))


@TRIED
@given(logged_turns(("nothing",)) | logged_turns(("nothing",), cancelled=True))
def test_a_run_whose_log_is_gone_shows_what_the_thread_shows(turn: Logged) -> None:
    events = RunEvents(Run("main", "run-1", TURN_ID, ()), TaskState(USER, ())).join(record_entries(turn.view, None))
    [told] = [event.messages for event in events if isinstance(event, MessagesSnapshotEvent)]
    assert said(told) == said(stored_messages([history_turn(turn.record)]))


def said(messages: Iterable[Message]) -> dict[str, str]:
    return {message.id: message.content for message in messages if isinstance(message, AssistantMessage) and message.content}
