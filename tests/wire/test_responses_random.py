"""Any turn, however it went: the openai package accepts its stream and ends up with what the log says and the record keeps."""

from collections.abc import Iterable
from typing import Any

import orjson
from hypothesis import given, settings

from agent.api.wires.responses.projection import ResponseEvents, response_of
from agent.api.wires.responses.response import head_of
from agent.domain.events import LogEntry, StepCommitted, TurnCancelled, TurnCompleted, TurnFailed
from agent.domain.replay import record_entries
from tests.wire.logs import Logged, Told, fold, logged_turns, name_of
from tests.wire.responses_client import Accumulated

TRIED = settings(deadline=None)
ENDS = {
    name_of(TurnCompleted): ("response.completed", "completed"),
    name_of(TurnFailed): ("response.failed", "failed"),
    name_of(TurnCancelled): ("response.incomplete", "cancelled"),
}


def accumulated(turn: Logged, entries: Iterable[LogEntry]) -> Accumulated:
    events = ResponseEvents(head_of(turn.view, None))
    return Accumulated([*events.begin(), *(event for entry in entries for event in events.feed(entry))])


def texts(output: Iterable[Any]) -> list[str]:
    return [part.text for item in output if item.type == "message" for part in item.content if part.text]


def shown(told: Told) -> list[str]:
    return [told.texts[step] for step in sorted(told.texts) if told.texts[step]]


def results(told: Told) -> dict[str, Any]:
    """Of the calls that were asked for: a result alone, of a log that has lost its start, is no item."""
    return {call_id: result for call_id, (_, result) in told.results.items() if call_id in told.calls}


@TRIED
@given(logged_turns())
def test_the_package_ends_up_with_what_the_log_says(turn: Logged) -> None:
    told, seen = fold(turn.entries), accumulated(turn, turn.entries)
    assert (seen.events[-1]["type"], seen.response.status) == ENDS[told.end["type"]]
    assert all(item["status"] != "in_progress" for item in seen.items.values())
    kept = [
        (item.id.removeprefix("mcp_").rpartition("-")[0], item.output)
        for item in seen.response.output
        if item.type == "mcp_call"
    ]
    assert {call_id: orjson.loads(output) for call_id, output in kept if output is not None} == results(told)
    if told.end["type"] == name_of(TurnCompleted):
        assert texts(seen.response.output) == shown(told)
        assert seen.answer == told.end["message"]["content"]
    elif told.end["type"] == name_of(TurnCancelled):
        assert texts(seen.response.output) == shown(told)
    else:
        whole = shown(told)
        assert texts(seen.response.output) in (whole, whole[:-1]), "what a failed step had said is not kept"


@TRIED
@given(logged_turns(("nothing",)))
def test_a_stored_response_says_what_its_stream_said(turn: Logged) -> None:
    seen, stored = accumulated(turn, turn.entries), response_of(turn.view, None)
    again = accumulated(turn, record_entries(turn.view, None))
    end = seen.events[-1]["response"]
    for field in ("id", "status", "error", "usage", "created_at", "completed_at", "conversation"):
        assert stored[field] == end[field] == again.events[-1]["response"][field]

    # The record does not say which attempt said what was cut off: where a later one began in silence, it is taken for that.
    silent = turn.record.interrupted is not None and all(entry.id.epoch != turn.record.epoch for entry in turn.entries)

    def said(response: dict[str, Any]) -> list[Any]:
        return [{**item, "id": silent or item["id"]} for item in response["output"] if item["type"] == "message"]

    def words(response: dict[str, Any]) -> list[str]:
        return [part["text"] for item in said(response) for part in item["content"]]

    untold = len(turn.record.steps) > sum(entry.name == name_of(StepCommitted) for entry in turn.entries)
    if end["status"] == "cancelled" and untold:  # to the stream the step whose commit no entry told of was cut off
        assert words(stored) == words(end)
    elif end["status"] != "failed":  # there the stream takes such a step's text for lost
        assert said(stored) == said(end)


@TRIED
@given(logged_turns())
def test_numbers_are_the_same_for_every_reader_and_behind_every_place(turn: Logged) -> None:
    one, two = accumulated(turn, turn.entries), accumulated(turn, turn.entries)
    assert one.events == two.events
