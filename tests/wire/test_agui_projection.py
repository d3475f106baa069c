"""A turn's log as the events of an AG-UI run, judged by the stock client: it verifies each stream and reduces it."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from agent.domain.events import EntryId, LogEntry, ToolProgressed, TurnCancelled, TurnFailed, log_entry
from agent.domain.processing import WorkflowStep
from agent.domain.replay import RECORD_SEQ
from agent.domain.task import Task
from tests.wire.agui_client import client_sees, fresh, joined, results, texts
from tests.wire.turn_events import TURN, again, called, committed, completed, log, queued, returned, said, started
from workflows.toolbox import listed


def task(version: int = 1, task_id: str = "t-1", owner: str = "local") -> Task:
    at = "2026-01-02T03:04:05.000+00:00"
    return Task(
        task_id=task_id,
        title="Review it",
        description="long" * 100,
        status="assigned",
        assignee="Bob",
        deadline=None,
        created_at=at,
        updated_at=at,
        created_by=owner,
        version=version,
    )


def created(version: int = 1) -> dict[str, Any]:
    return {"task_id": "t-1", "status": "completed", "task": task(version).model_dump(mode="json")}


def progressed(*names: Any) -> ToolProgressed:
    steps = tuple(WorkflowStep(name=name, state="done") for name in names)
    return ToolProgressed(turn_id=TURN, step=0, call_id="c-1", task_id="t-1", status="running", steps=steps)


WITH_TOOL = log(
    [started(), said("One "), said("moment."), called(arguments={"title": "é"}), committed()],
    [progressed("validate"), progressed("validate", "create"), returned(created())],
    [started(1), said("Do", 1), said("ne.", 1), committed(1)],
    end=completed("Done."),
)


def test_a_plain_answer() -> None:
    [seen] = client_sees(fresh(log([started(), said("Hel"), said("lo"), committed()], end=completed("Hello"))))
    middle = ["TEXT_MESSAGE_START", "TEXT_MESSAGE_CONTENT", "TEXT_MESSAGE_CONTENT", "TEXT_MESSAGE_END"]
    assert seen["types"] == ["RUN_STARTED", "STATE_SNAPSHOT", *middle, "RUN_FINISHED"]
    assert (seen["outcome"], seen["pending"], seen["error"], seen["warnings"]) == ("success", [], None, [])
    assert texts(seen) == ["Hello"]
    assert seen["started"]["metadata"]["task-agent"]["turnId"] == TURN
    assert seen["started"]["protocolVersion"] == "1.0"


def test_a_tool_call_its_progress_its_result_and_what_it_does_to_the_state() -> None:
    [seen] = client_sees(fresh(WITH_TOOL, tasks=[task(task_id="t-0")]))
    assert (seen["error"], seen["warnings"], seen["pending"]) == (None, [], [])
    assert [message["role"] for message in seen["messages"]] == ["user", "assistant", "tool", "activity", "assistant"]
    assert texts(seen) == ["One moment.", "Done."]
    assert results(seen) == {"c-1": created()}
    [call] = seen["messages"][1]["toolCalls"]
    assert (call["function"]["name"], json.loads(call["function"]["arguments"])) == ("create_task", {"title": "é"})
    activity = seen["messages"][3]
    assert (activity["activityType"], activity["content"]["taskId"]) == ("task", "t-1")
    assert [step["name"] for step in activity["content"]["steps"]] == ["validate", "create"]
    assert set(seen["state"]["tasks"]) == {"t-0", "t-1"}
    assert seen["state"]["tasks"]["t-1"]["assignee"] == "Bob"
    assert "description" not in seen["state"]["tasks"]["t-1"]


def test_the_state_never_goes_back_and_holds_the_users_own_tasks() -> None:
    whole = [task(3).model_dump(mode="json"), task(1, "t-2", owner="eve").model_dump(mode="json")]  # as get_task tells them
    short = {"tasks": [listed(task(4)), listed(task(1, "t-3"))], "next": None}
    step = [started(), *(called(f"c-{n}") for n in range(1, 5)), committed()]
    back = [returned(created(1)), *(returned(told, f"c-{n}") for n, told in enumerate([*whole, short], start=2))]
    entries = log(step, back, [started(1), said("x", 1)], end=completed("x"))
    [newer, older] = client_sees(fresh(entries, tasks=[task(2)]), fresh(entries[: len(step) + 1], tasks=[task(2)]))
    assert {name: shown["version"] for name, shown in newer["state"]["tasks"].items()} == {"t-1": 3}
    assert {name: shown["version"] for name, shown in older["state"]["tasks"].items()} == {"t-1": 2}


def test_a_step_that_is_told_again_leaves_the_clients_messages() -> None:
    first = [started(), said("Hel"), called()]
    second = [again(), said("Hello"), committed()]
    [seen] = client_sees(fresh(log(first, second, end=completed("Hello"))))
    assert (seen["error"], seen["warnings"]) == (None, [])
    assert [message["role"] for message in seen["messages"]] == ["user", "assistant"]
    assert texts(seen) == ["Hello"]
    assert seen["pending"] == [], "a call that was asked for and never stored is nobody's to answer"


def test_of_two_results_the_last_is_kept() -> None:
    step, end = [started(), called(), committed()], [started(1), said("x", 1), committed(1)]
    entries = log(step, [returned({"n": 1})], [returned({"n": 2}), returned({"n": 2})], end, end=completed("x"))
    [seen] = client_sees(fresh(entries))
    assert results(seen) == {"c-1": {"n": 2}}
    assert seen["error"] is None


@pytest.mark.parametrize("known", range(len(WITH_TOOL) + 1))
def test_who_joins_at_any_place_ends_with_the_same_messages(known: int) -> None:
    asked = {"id": "u-1", "role": "user", "content": "hi"}
    partial = {"id": f"msg-{TURN}-0", "role": "assistant", "content": "One mo"}
    whole, rest = client_sees(
        fresh(WITH_TOOL), joined(WITH_TOOL, known), messages=[asked, partial]
    )  # the first one joins nothing, so its partial text stays in the way: only the second is judged
    assert (rest["error"], rest["warnings"]) == (None, [])
    assert rest["types"][:3] == ["RUN_STARTED", "STATE_SNAPSHOT", "MESSAGES_SNAPSHOT"]
    assert (rest["outcome"], rest["pending"]) == ("success", [])
    assert texts(rest) == ["One moment.", "Done."]
    assert results(rest) == {"c-1": created()}
    assert rest["state"] == whole["state"]


@pytest.mark.parametrize("view", [fresh, lambda entries: joined(entries, len(entries) - 1)], ids=["fresh", "joined"])
def test_how_runs_end(view: Callable[[list[LogEntry]], Any]) -> None:
    begun = [started(), said("So far")]
    failed = TurnFailed(turn_id=TURN, code="model_unavailable", message="Down.", retryable=True)
    cancelled, broken = client_sees(
        view(log(begun, end=TurnCancelled(turn_id=TURN))),
        view(log(begun, end=failed)),
    )
    assert (cancelled["outcome"], cancelled["error"], texts(cancelled)) == ("cancelled", None, ["So far"])
    assert broken["runError"] == {"message": "Down.", "code": "model_unavailable"}
    assert (broken["outcome"], broken["error"]) == (None, None)


def test_waiting_is_told() -> None:
    [seen] = client_sees(fresh(log([queued()], [started(), said("a"), committed()], end=completed("a"))))
    assert seen["customs"] == [{"name": "task-agent.queued", "value": {"position": 1}}]


def test_what_the_log_has_lost_is_told_at_the_end_and_nobody_waits_for_a_result() -> None:
    step = [started(), said("x"), called(), committed()]
    partial, nothing, resultless, from_record = client_sees(
        fresh(log([started(), said("All")], end=completed("All of it"))),
        fresh(log(end=completed("All of it"))),
        fresh(log(step, end=completed("All of it"))),
        fresh([log_entry(EntryId(2, RECORD_SEQ + n), event) for n, event in enumerate([again(), said("a"), called()])])[:-1],
    )
    assert [texts(seen) for seen in (partial, nothing, resultless)] == [["All of it"], ["All of it"], ["x", "All of it"]]
    assert (resultless["pending"], results(resultless)["c-1"]["error"]["code"]) == ([], "result_lost")
    assert from_record["types"][-1] == "TOOL_CALL_ARGS", "the record's calls are stored: they are told at once"
