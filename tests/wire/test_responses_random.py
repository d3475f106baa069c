"""Any turn, however it went: both openai packages accept its stream and end up with what the log says and the record keeps."""

from collections.abc import Iterable, Iterator
from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.api.wires.responses.projection import ResponseEvents, response_of
from agent.api.wires.responses.response import head_of
from agent.api.wires.responses.stream import frames
from agent.domain.events import LogEntry, StepCommitted, TurnCancelled, TurnCompleted, TurnFailed
from agent.domain.replay import record_entries
from agent.domain.turn_record import ADMISSION_EPOCH
from tests.wire.fold import Told, fold, name_of
from tests.wire.logs import TURN_ID, Logged, logged_turns
from tests.wire.node import Script
from tests.wire.pieces import SIZES, Route, asked_of, pieces, sent
from tests.wire.responses_client import Accumulated, read_by_openai
from tests.wire.told import told_of

TRIED = settings(deadline=None)
ENDS = {
    name_of(TurnCompleted): ("response.completed", "completed"),
    name_of(TurnFailed): ("response.failed", "failed"),
    name_of(TurnCancelled): ("response.incomplete", "cancelled"),
}


@pytest.fixture(scope="module")
def node_client() -> Iterator[Script]:
    with Script("responses_streams.mjs") as running:
        yield running


def events_of(turn: Logged, entries: Iterable[LogEntry]) -> list[dict[str, Any]]:
    events = ResponseEvents(TURN_ID, head_of(turn.view, None))
    return [*events.begin(), *(event for entry in entries for event in events.feed(entry))]


def accumulated(turn: Logged, entries: Iterable[LogEntry]) -> Accumulated:
    return Accumulated(events_of(turn, entries))


def route(turn: Logged, after: int = -1) -> Route:
    """What the route sends to who asks for the events behind ``after``."""
    return lambda entries: frames(TURN_ID, head_of(turn.view, None), entries, after)


def texts(output: Iterable[Any]) -> list[str]:
    return [part.text for item in output if item.type == "message" for part in item.content if part.text]


def shown(told: Told) -> list[str]:
    return [told.texts[step] for step in sorted(told.texts) if told.texts[step]]


def results(told: Told) -> dict[str, Any]:
    """Of the calls that were asked for: a result alone, of a log that has lost its start, is no item."""
    return {call_id: result for call_id, (_, result) in told.results.items() if call_id in told.calls}


def check_alike(seen: Accumulated, on_node: dict[str, Any]) -> None:
    """The package for Node, which gets the bytes, ends up with what the one for Python has."""
    assert on_node["events"] == seen.events
    said = {str(index): item["seen"] for index, item in seen.items.items() if item["type"] == "message"}
    assert on_node["texts"] == said
    ended = seen.response
    assert (on_node["id"], on_node["status"], on_node["output_text"]) == (ended.id, ended.status, ended.output_text)


@TRIED
@given(logged_turns(), SIZES, st.data())
def test_the_packages_end_up_with_what_the_log_says(
    node_client: Script, turn: Logged, sizes: list[int], data: st.DataObject
) -> None:
    body = sent(route(turn), turn.entries, data)
    told, seen = fold(turn.entries), Accumulated(read_by_openai(pieces(body, sizes)))
    check_alike(seen, node_client.ask(asked_of(body, sizes)))
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
@given(logged_turns(("nothing",)) | logged_turns(("nothing",), cancelled=True))
def test_a_stored_response_says_what_its_stream_said(turn: Logged) -> None:
    seen, stored = accumulated(turn, turn.entries), response_of(turn.view, None)
    assert accumulated(turn, record_entries(turn.view, None)).events[-1]["response"] == stored, "also when the log is gone"
    end = seen.events[-1]["response"]
    for field in ("id", "status", "error", "usage", "created_at", "completed_at", "conversation"):
        assert stored[field] == end[field]

    def said(response: dict[str, Any]) -> list[Any]:
        return [item for item in response["output"] if item["type"] == "message"]

    def words(response: dict[str, Any]) -> list[str]:
        return [part["text"] for item in said(response) for part in item["content"]]

    untold = len(turn.record.steps) > sum(entry.name == name_of(StepCommitted) for entry in turn.entries)
    if end["status"] == "cancelled" and untold:  # to the stream the step whose commit no entry told of was cut off
        assert words(stored) == words(end)
    elif end["status"] != "failed":  # there the stream takes such a step's text for lost
        assert said(stored) == said(end)


@TRIED
@given(logged_turns(), st.data())
def test_numbers_are_the_same_for_every_reader_and_behind_every_place(turn: Logged, data: st.DataObject) -> None:
    whole = accumulated(turn, turn.entries).events
    after = data.draw(st.sampled_from([-1, *(e["sequence_number"] for e in whole)])) + data.draw(st.integers(0, 2))
    cut = data.draw(st.integers(0, len(turn.entries)))
    body = sent(route(turn, after), turn.entries, data, first=cut)
    told = read_by_openai(pieces(body, [10_000]))
    rest = [event for event in whole if event["sequence_number"] > after]
    assert told == (rest or [{**whole[-1], "sequence_number": after + 1}]), "everybody waits for the end"


@TRIED
@given(logged_turns(("nothing",)))
def test_numbers_have_no_gaps_where_the_log_has_none(turn: Logged) -> None:
    numbers = accumulated(turn, turn.entries).numbers
    first = numbers[1]  # who looks on sees 0 before there is a log; it may begin late, when the first attempt died unheard
    assert numbers == [0, *range(first, first + len(numbers) - 1)]


@TRIED
@given(logged_turns(("nothing",)), st.data())
def test_who_had_more_of_a_lost_log_is_told_all_of_what_is_told_instead(turn: Logged, data: st.DataObject) -> None:
    """The log is lost behind ``had`` entries; the next one begins with a later attempt, if there is any."""
    *entries, closing = turn.entries
    had = data.draw(st.integers(0, len(entries)))
    begun = max((entry.id.epoch for entry in entries[:had]), default=0)
    later = [n for n, e in enumerate(entries) if e.id.seq == 0 and e.id.epoch > max(begun, ADMISSION_EPOCH + 1)]
    rest = entries[data.draw(st.sampled_from([*later, len(entries)])) :]
    before = events_of(turn, entries[:had])
    instead = events_of(turn, told_of((*rest, closing), turn.view))
    number = before[-1]["sequence_number"]
    told = read_by_openai([sent(route(turn, number), told_of((*rest, closing), turn.view), data).encode()])
    assert told[:-1] == instead[1:-1], "all but its creation"
    assert told[-1]["response"] == instead[-1]["response"]
    assert [event["sequence_number"] for event in (*before, *told)] == sorted({e["sequence_number"] for e in (*before, *told)})
