"""A turn's log as the events of a response: what is said once, what is taken back, and what the last event holds."""

import json
from collections.abc import Iterable

import pytest

from agent.api.wires.responses.projection import ResponseEvents
from agent.api.wires.responses.response import Head
from agent.domain.events import EntryId, LogEntry, TurnCancelled, TurnFailed, TurnStarted, log_entry
from agent.domain.replay import RECORD_SEQ
from tests.wire.responses_client import Accumulated
from tests.wire.turn_events import TURN, again, called, committed, completed, log, queued, returned, said, started

HEAD = Head(TURN, "main", "2026-01-02T03:04:05.678+00:00", "main.1." + "b" * 26)


def accumulated(entries: Iterable[LogEntry]) -> Accumulated:
    events = ResponseEvents(TURN, HEAD)
    return Accumulated([*events.begin(), *(event for entry in entries for event in events.feed(entry))])


def test_a_plain_answer() -> None:
    seen = accumulated(
        log([TurnStarted(turn_id=TURN), started(), said("Hel"), said("lo"), committed()], end=completed("Hello"))
    )
    assert seen.types == [
        "created",
        "in_progress",
        "output_item.added",
        "content_part.added",
        "output_text.delta",
        "output_text.delta",
        "output_text.done",
        "content_part.done",
        "output_item.done",
        "completed",
    ]
    assert seen.numbers == list(range(10))
    response = seen.response
    assert (response.id, response.status, response.output_text, seen.answer) == (f"resp_{TURN}", "completed", "Hello", "Hello")
    assert response.usage is not None
    assert (response.usage.input_tokens, response.usage.output_tokens, response.usage.total_tokens) == (7, 3, 10)
    assert (response.created_at, response.completed_at) == (1767323045, 1767323049)
    assert response.conversation is not None
    assert (response.conversation.id, response.previous_response_id) == ("main", f"resp_{HEAD.previous}")


def test_the_response_has_its_id_before_the_log_says_anything_and_waiting_is_told() -> None:
    events = ResponseEvents(TURN, HEAD)
    [first] = events.begin()
    assert (first["type"], first["sequence_number"], first["response"]["id"]) == ("response.created", 0, f"resp_{TURN}")
    seen = accumulated(log([queued()], [started(), said("a"), committed()], end=completed("a")))
    assert seen.types[:3] == ["created", "queued", "in_progress"]
    assert [e["response"]["status"] for e in seen.events[:3]] == ["in_progress", "queued", "in_progress"]


def test_a_tool_call_carries_its_output_and_what_is_said_beside_it_is_commentary() -> None:
    step = [started(), said("One moment."), called(arguments={"title": "é"}), committed()]
    entries = log(step, [returned({"task_id": "t-1"})], [started(1), said("Done.", 1), committed(1)], end=completed("Done."))
    seen = accumulated(entries)
    assert seen.results == [("completed", '{"task_id":"t-1"}')]
    assert [item.type for item in seen.response.output] == ["message", "mcp_call", "message"]
    assert seen.answer == "Done."
    call = seen.response.output[1]
    assert call.type == "mcp_call"
    assert (call.name, json.loads(call.arguments), call.error) == ("create_task", {"title": "é"}, None)
    assert "mcp_call.in_progress" in seen.types
    assert "mcp_call.completed" in seen.types


def test_a_call_that_fails_says_so_and_arguments_that_are_no_json_are_told_as_written() -> None:
    step = [started(), called(arguments="{oops"), committed()]
    refused = {"error": {"code": "bad_arguments", "detail": "no"}}
    seen = accumulated(
        log(step, [returned(refused, ok=False)], [started(1), said("No.", 1), committed(1)], end=completed("No."))
    )
    call = seen.response.output[0]
    assert call.type == "mcp_call"
    assert (call.status, call.arguments, json.loads(call.output or "")) == ("failed", "{oops", refused)
    assert call.error is not None
    assert (call.error.type, getattr(call.error, "content", None)) == ("mcp_tool_execution_error", refused)


def test_of_two_results_of_one_call_the_last_is_kept() -> None:
    step = [started(), called(), committed()]
    end = [started(1), said("x", 1), committed(1)]
    seen = accumulated(log(step, [returned({"n": 1})], [returned({"n": 2}), returned({"n": 2})], end, end=completed("x")))
    assert seen.results == [("completed", '{"n":2}')]
    assert seen.types.count("mcp_call.completed") == 2


def test_a_step_that_restarts_ends_its_items_as_incomplete_and_begins_others() -> None:
    first = [started(), said("Hel"), called()]
    second = [again(), said("Hello"), called(arguments={"n": 2}), committed()]
    end = [started(1), said("Bye", 1), committed(1)]
    seen = accumulated(log(first, second, [returned({"n": 1})], end, end=completed("Bye")))
    assert [(item["type"], item["status"]) for item in seen.items.values()] == [
        ("message", "incomplete"),
        ("mcp_call", "incomplete"),
        ("message", "completed"),
        ("mcp_call", "completed"),
        ("message", "completed"),
    ]
    assert seen.response.output_text == "HelloBye"
    assert len({item["id"] for item in seen.items.values()}) == 5


@pytest.mark.parametrize("told", [True, False], ids=["told", "untold"])
def test_a_commit_that_no_entry_tells_of_is_known_from_what_follows(told: bool) -> None:
    step = [started(), said("a"), called(), *([committed()] if told else [])]
    seen = accumulated(log(step, [returned({})], [started(1), said("b", 1)], end=completed("b")))
    assert [item["status"] for item in seen.items.values()] == ["completed"] * 3
    assert seen.response.output_text == "ab"


def test_a_cancelled_turn_keeps_what_was_shown_and_ends_as_incomplete_with_its_status() -> None:
    step = [started(), said("So "), called(), committed()]
    seen = accumulated(log(step, [started(1), said("far", 1), called("c-2", 1)], end=TurnCancelled(turn_id=TURN)))
    assert (seen.types[-1], seen.response.status) == ("incomplete", "cancelled")
    assert seen.response.output_text == "So far"
    assert [(item["type"], item["status"]) for item in seen.events[-1]["response"]["output"]] == [
        ("message", "completed"),
        ("mcp_call", "incomplete"),
        ("message", "incomplete"),
    ]
    assert all(item["status"] != "in_progress" for item in seen.items.values())


def test_a_turn_that_is_cancelled_while_it_waits_never_was_in_progress() -> None:
    seen = accumulated(log([queued()], end=TurnCancelled(turn_id=TURN)))
    assert seen.types == ["created", "queued", "incomplete"]


@pytest.mark.parametrize(
    ("code", "told"), [("model_unavailable", "server_error"), ("model_rate_limited", "rate_limit_exceeded")]
)
def test_a_failed_turn_tells_its_code_and_keeps_what_is_stored(code: str, told: str) -> None:
    step = [started(), said("kept"), called(), committed()]
    failed = TurnFailed(turn_id=TURN, code=code, message="Down.", retryable=True)
    seen = accumulated(log(step, [returned({})], [started(1), said("lost", 1)], end=failed))
    assert (seen.types[-1], seen.response.status, seen.response.output_text) == ("failed", "failed", "kept")
    assert seen.response.error is not None
    assert (seen.response.error.code, seen.response.error.type, seen.response.error.message) == (told, code, "Down.")


def test_text_that_the_log_has_lost_is_told_at_the_end() -> None:
    whole = completed("All of it")
    assert accumulated(log([started(), said("All")], end=whole)).response.output_text == "All of it"
    assert accumulated(log(end=whole)).response.output_text == "All of it"
    step = [started(), said("x"), called(), committed()]
    assert accumulated(log(step, [returned({})], end=whole)).response.output_text == "xAll of it"


def test_a_step_that_is_told_again_from_the_record_has_ids_of_its_own() -> None:
    entries = log([started(), said("Hel")], end=completed("Hello"))
    told = [log_entry(EntryId(2, RECORD_SEQ + n), event) for n, event in enumerate([again(), said("Hello")])]
    seen = accumulated([*entries[:-1], *told, entries[-1]])
    assert [(item["status"], item["seen"]) for item in seen.items.values()] == [("incomplete", "Hel"), ("completed", "Hello")]
    assert seen.response.output_text == "Hello"


def test_events_and_fields_of_a_newer_release_are_passed_over() -> None:
    entries = log([started(), said("a"), committed()], end=completed("a"))
    newer = LogEntry(EntryId(2, 3), "turn.dreamt", b'{"type":"turn.dreamt"}')
    strange = entries[1]._replace(data=entries[1].data[:-1] + b',"mood":"blue"}')
    assert accumulated([entries[0], strange, newer, *entries[2:]]).events == accumulated(entries).events


def behind(entries: Iterable[LogEntry], after: int) -> list[tuple[str, str | None]]:
    """What of these is told to who has had the event ``after``: each event's type, and its delta if it has one."""
    told = [event for event in accumulated(entries).events if event["sequence_number"] > after]
    return [(event["type"].removeprefix("response."), event.get("delta")) for event in told]


ADDED = [("output_item.added", None), ("content_part.added", None)]
DONE = [("output_text.done", None), ("content_part.done", None), ("output_item.done", None)]


def test_who_had_more_of_a_log_that_was_lost_is_told_all_of_the_one_begun_again() -> None:
    end = completed("Go north.")
    lost = accumulated(log([started(), *map(said, ["Ber", "lin ", "is ", "nice."])], end=end)).numbers[-2]
    begun_again = log([started()], [again(), said("Go "), said("north."), committed()], end=end)[1:]
    deltas = [("output_text.delta", "Go "), ("output_text.delta", "north.")]
    assert behind(begun_again, lost) == [("in_progress", None), *ADDED, *deltas, *DONE, ("completed", None)]
    numbers = accumulated(begun_again).numbers
    assert behind(begun_again, numbers[4]) == [deltas[1], *DONE, ("completed", None)], "from there on it is exact again"


def test_a_log_that_is_lost_twice_has_new_numbers_each_time_and_what_was_told_of_the_record_keeps_its_own() -> None:
    def recorded(epoch: int, step: int) -> list[LogEntry]:
        events = [again(step), said(f"step {step}", step), called(f"c-{step}", step), returned({}, f"c-{step}", step)]
        return [log_entry(EntryId(epoch, RECORD_SEQ + seq), event) for seq, event in enumerate(events)]

    def begun_at(epoch: int, step: int) -> list[LogEntry]:
        return [
            log_entry(EntryId(epoch, seq), event) for seq, event in enumerate([again(step), said("a", step), said("b", step)])
        ]

    end = log(end=completed("ab"))
    first = [*recorded(2, 0), *begun_at(5, 1), *end]
    second = [*recorded(2, 0), *recorded(6, 1), *begun_at(8, 2), *end]
    within = next(e["sequence_number"] for e in accumulated(first).events if e.get("delta") == "a")
    deltas = [delta for kind, delta in behind(second, within) if kind == "output_text.delta"]
    assert deltas == ["step 1", "a", "b"], "the step it was in is told whole, the one before not again"
