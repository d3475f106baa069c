"""Any turn, however it went: the stock client accepts its stream and ends up with what the log says, joined anywhere or not."""

from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.api.wires.agui.projection import Run, RunEvents
from agent.api.wires.agui.tasks import TaskState
from agent.domain.events import TurnCancelled, TurnCompleted, TurnFailed
from tests.wire.agui_client import ASKED, asked_of, results, texts
from tests.wire.logs import TURN_ID, Logged, fold, logged_turns, name_of
from tests.wire.node import Script

TRIED = settings(deadline=None)
LOST = "result_lost"


@pytest.fixture(scope="module")
def stock_client() -> Iterator[Script]:
    with Script("agui_streams.mjs") as running:
        yield running


def check(turn: Logged, seen: dict[str, Any]) -> None:
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


def is_lost(result: dict[str, Any]) -> bool:
    error = result.get("error")
    return isinstance(error, dict) and error.get("code") == LOST


def projection() -> RunEvents:
    return RunEvents(Run("main", "run-1", TURN_ID, (ASKED,)), TaskState("local", ()))


@TRIED
@given(logged_turns())
def test_a_run_seen_from_its_start(stock_client: Script, turn: Logged) -> None:
    events = projection()
    stream = [*events.begin(), *(event for entry in turn.entries for event in events.feed(entry))]
    check(turn, stock_client.ask(asked_of(stream)))


@TRIED
@given(logged_turns(), st.data())
def test_a_run_joined_anywhere(stock_client: Script, turn: Logged, data: st.DataObject) -> None:
    known = data.draw(st.integers(0, len(turn.entries)))
    before, events = projection(), projection()
    partial = [*before.begin(), *(event for entry in turn.entries[:known] for event in before.feed(entry))]
    left = stock_client.ask(asked_of(partial))  # it ended without an end, as when a connection is lost
    rest = [*events.join(turn.entries[:known]), *(event for entry in turn.entries[known:] for event in events.feed(entry))]
    check(turn, stock_client.ask(asked_of(rest, left["messages"])))
