"""Any turn, however it went: the AI SDK's own parser accepts its stream and ends up with what the log says."""

from collections.abc import Iterator
from itertools import chain
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from agent.api.wires.aisdk.frames import Framer, framed
from agent.api.wires.aisdk.messages import ui_messages
from agent.api.wires.aisdk.parts import LOST, NO_RESULT, UNKNOWN_TOOL, refusal, safe
from agent.domain.events import LogEntry, TurnCompleted
from agent.domain.replay import record_entries
from agent.domain.turn_view import HistoryPage, history_turn
from tests.wire.fold import Told, fold, name_of
from tests.wire.logs import NOW, TURN_ID, Logged, logged_turns
from tests.wire.node import Script
from tests.wire.pieces import SIZES, asked_of, sent

TRIED = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])


@pytest.fixture(scope="module")
def parser() -> Iterator[Script]:
    with Script("aisdk/parse.mjs") as running:
        yield running


def stream(entries: tuple[LogEntry, ...]) -> str:
    framer = Framer(TURN_ID)
    return b"".join(map(framer.feed, entries)).decode()


def steps(message: dict[str, Any]) -> list[list[dict[str, Any]]]:
    """The parts between the starts of steps."""
    found: list[list[dict[str, Any]]] = []
    for part in message["parts"]:
        if part["type"] == "step-start":
            found.append([])
        else:
            found[-1].append(part)
    return found


def texts(message: dict[str, Any]) -> list[str]:
    return ["".join(p["text"] for p in step if p["type"] == "text") for step in steps(message)]


def tools(message: dict[str, Any]) -> dict[str, dict[str, Any]]:
    shown = [p for p in chain(*steps(message)) if p["type"] == "dynamic-tool"]
    return {p["toolCallId"]: {k: p.get(k) for k in ("toolName", "input", "state", "output", "errorText")} for p in shown}


def expected_tools(told: Told) -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = {}
    missing = LOST if told.end["type"] == name_of(TurnCompleted) else NO_RESULT
    for call_id in {**told.calls, **told.results}:
        _, name, arguments = told.calls.get(call_id, (0, UNKNOWN_TOOL, {}))
        ok, result = told.results.get(call_id, (None, {}))
        found[call_id] = {
            "toolName": name,
            "input": safe(arguments),
            "state": "output-available" if ok else "output-error",
            "output": safe(result) if ok else None,
            "errorText": None if ok else missing if ok is None else refusal(result),
        }
    return found


def tasks(message: dict[str, Any]) -> dict[str, Any]:
    """How far each call's task is."""
    return {part["id"]: part["data"] for part in chain(*steps(message)) if part["type"] == "data-task"}


@TRIED
@given(turn=logged_turns(), sizes=SIZES, data=st.data())
def test_the_client_ends_up_with_what_the_log_says(parser: Script, turn: Logged, sizes: list[int], data: st.DataObject) -> None:
    told = fold(turn.entries)
    got = parser.ask(asked_of(sent(lambda entries: framed(TURN_ID, entries), turn.entries, data), sizes))
    message = got["message"]

    assert message["id"] == TURN_ID
    assert texts(message) == [told.texts[step] for step in sorted(told.texts)]
    assert tools(message) == expected_tools(told)
    assert tasks(message) == {call_id: shown for call_id, (_, shown) in told.shown.items()}
    assert message["metadata"]["status"] == turn.record.status
    failed = turn.record.status == "failed"
    assert got["status"] == ("error" if failed else "ready")
    assert got["error"] == (f"{told.end['message']} (model_error)" if failed else None)
    assert got["read"]["message"] == message
    assert got["read"]["errors"] == ([got["error"]] if failed else [])


@TRIED
@given(turn=logged_turns())
def test_the_id_of_a_frame_is_the_place_up_to_which_all_is_told(turn: Logged) -> None:
    framer, told = Framer(TURN_ID), f"{TURN_ID}/0-0"
    for entry in turn.entries:
        lines = framer.feed(entry).decode().split("\n")
        ids = [line.removeprefix("id: ") for line in lines if line.startswith("id: ")]
        here = f"{TURN_ID}/{entry.id}"
        assert ids == [told] * (len(ids) - 1) + [here] * bool(ids)
        told = here


@TRIED
@given(turn=logged_turns(("nothing",)) | logged_turns(("nothing",), cancelled=True), log_gone=st.booleans())
def test_history_shows_what_the_stream_showed(parser: Script, turn: Logged, log_gone: bool) -> None:
    entries = tuple(record_entries(turn.view, None)) if log_gone else turn.entries
    message = parser.ask(asked_of(stream(entries), [10_000]))["message"]
    page = HistoryPage(turns=(history_turn(turn.record),), total_turns=1, total_tokens=1, next=None)
    user, stored = ui_messages(page).model_dump()["messages"]

    assert (stored["id"], user["id"]) == (message["id"], f"{TURN_ID}.user")
    assert stored["metadata"] == {**message["metadata"], "created_at": NOW}
    committed = len(turn.record.steps)
    assert texts(stored)[:committed] == texts(message)[:committed]
    results = {m.call_id for s in turn.record.steps for m in s.results}
    shown = tools(message)
    assert {c: t for c, t in tools(stored).items() if c in results} == {c: t for c, t in shown.items() if c in results}
    if turn.record.status == "cancelled":
        assert "".join(texts(stored)) == "".join(texts(message))
