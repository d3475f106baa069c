"""The oracle is not blind: from sound evidence it says nothing, and each thing broken in it is named."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from agent.domain.task_changes import by_turn, by_undo
from tests.chaos.evidence import Kind, Message, Seen
from tests.chaos.ledger import context_faults
from tests.chaos.oracle_rest import conversation_faults
from tests.chaos.oracle_turn import judge
from tests.chaos.oracle_undo import undone_task_faults
from tests.chaos.plan import TASK, Said, StepPlan, rounds
from tests.integration.client import Frame

TURN = "main.1.x"
CLOSING = f"{TURN}/{2**63 - 1}-0"
END = {"type": "turn.completed", "message": "a b"}


def frames() -> list[Frame]:
    texts = [Frame(f"{TURN}/2-{n + 1}", "text.delta", {"step": 0, "delta": text}) for n, text in enumerate(("a", " b"))]
    return [Frame(f"{TURN}/2-0", "step.started", {"step": 0}), *texts, Frame(CLOSING, "turn.completed", END)]


def sound() -> Message:
    said = Said("mark-1", "main", (StepPlan("a b"),))
    message = Message(said, "u", said.text(), turn_ids={TURN})
    message.readers = [Seen("first", frames()), Seen("whole", frames())]
    step = {"message": {"content": "a b", "tool_calls": []}, "results": []}
    message.record = {
        "status": "completed", "failure": None, "steps": [step], "attempts": 1, "log_incomplete": False, "undo": None,
        "attempt_history": [{"work": "generate"}] * 2,
        "terminal": END, "message": step["message"], "user_message": {"content": message.text},
    }  # fmt: skip
    return message


def judged(message: Message, calls: int = 1, *, calm: bool = False) -> set[Kind]:
    judge(message, calls, calm=calm)
    return {complaint.kind for complaint in message.complaints}


def cancelled_before_a_word(frames_of_first: int) -> Message:
    """One reader saw the step begin; the other ``frames_of_first`` frames, the end among them."""
    message = sound()
    end = {"type": "turn.cancelled", "turn_id": TURN}
    begun = [Frame(f"{TURN}/2-0", "step.started", {"step": 0}), Frame(CLOSING, "turn.cancelled", end)]
    message.readers = [Seen("first", begun[-frames_of_first:]), Seen("whole", begun)]
    message.record |= {"status": "cancelled", "steps": [], "terminal": end, "message": None}
    message.cancelled = ["cancelled"]
    return message


@pytest.mark.parametrize(("seen", "away", "torn"), [(2, False, False), (1, False, True), (1, True, False)])
def test_a_reader_may_be_told_nothing_but_the_end_only_while_the_log_is_away(seen: int, away: bool, torn: bool) -> None:
    message = cancelled_before_a_word(seen)
    message.log_away = away
    assert judged(message) == ({"torn"} if torn else set())


def test_sound_evidence_is_not_complained_about() -> None:
    assert judged(sound()) == judged(sound(), calls=2) == set()


def edit(place: int, **changed: Any) -> Callable[[Message], None]:
    """Both readers got that frame differently."""

    def change(message: Message) -> None:
        for seen in message.readers:
            seen.frames[place] = replace(seen.frames[place], **changed)

    return change


def drop(place: int) -> Callable[[Message], None]:
    def change(message: Message) -> None:
        for seen in message.readers:
            del seen.frames[place]

    return change


def of_record(**changed: Any) -> Callable[[Message], None]:
    return lambda message: message.record.update(changed)


BREAKS: dict[str, tuple[Callable[[Message], None], Kind]] = {
    "a frame is missing": (drop(1), "torn"),
    "the first frame is missing": (drop(0), "torn"),
    "no end": (drop(-1), "torn"),
    "a second end": (lambda m: m.readers[0].frames.append(m.readers[0].frames[-1]), "torn"),
    "a frame comes twice": (lambda m: m.readers[0].frames.insert(1, m.readers[0].frames[1]), "doubled"),
    "readers got different": (lambda m: edit(1, data={"step": 0, "delta": "x"})(replace(m, readers=m.readers[1:])), "torn"),
    "shown is not stored": (edit(1, data={"step": 0, "delta": "x"}), "untrue"),
    "another end is stored": (of_record(terminal={"type": "turn.failed"}), "untrue"),
    "stored is not what the endpoint said": (lambda m: setattr(m, "said", replace(m.said, steps=(StepPlan("c"),))), "untrue"),
    "failed": (of_record(status="failed"), "lost"),
    "cancelled by nobody": (of_record(status="cancelled"), "lost"),
    "cancel told an untruth": (lambda m: m.cancelled.append("cancelled"), "untrue"),
    "a clean end before the turn's": (lambda m: m.readers[0].complaints.append("a clean end"), "torn"),
    "undone for nobody": (of_record(undo={"status": "done", "tasks": []}), "untrue"),
    "fewer epochs than calls": (of_record(attempt_history=[{"work": "tools"}]), "unbilled"),
}  # fmt: skip


@pytest.mark.parametrize("name", BREAKS)
def test_what_is_broken_is_named(name: str) -> None:
    breaks, kind = BREAKS[name]
    message = sound()
    breaks(message)
    assert kind in judged(message)


def test_a_call_is_stored_with_the_arguments_that_the_endpoint_gave_it() -> None:
    def stored(arguments: str) -> set[Kind]:
        message, tool = sound(), ("assign_task", {"task_id": TASK, "assignee": "Ann"})
        message.said, message.task = replace(message.said, steps=(StepPlan("a b", (tool,)),)), "t-1"
        message.record["steps"][0]["message"]["tool_calls"] = [{"call_id": "c", "name": "assign_task", "arguments": arguments}]
        return judged(message)

    assert stored('{"assignee": "Ann", "task_id": "t-1"}') == set()
    for other in ('{"task_id": "t-1", "assignee": "Bea"}', '{"task_id": "t-2", "assignee": "Ann"}', '{"task_id": "t-1"}', "{"):
        assert stored(other) == {"untrue"}, other


def test_in_calm_nothing_is_tried_twice() -> None:
    assert judged(sound(), calm=True) == {"restless"}, "two epochs for one step"


def test_an_incomplete_log_excuses_gaps_and_nothing_else() -> None:
    gap, twice = sound(), sound()
    for message in (gap, twice):
        message.record["log_incomplete"] = True
    edit(2, id=f"{TURN}/2-7")(gap)
    edit(2, id=f"{TURN}/2-1")(twice)
    assert (judged(gap), judged(twice)) == (set(), {"doubled", "torn"}), "two frames under one id"


def test_a_reader_told_from_the_record_is_excused_unless_it_is_calm() -> None:
    told, calm = sound(), sound()
    for message in (told, calm):
        message.record["attempt_history"] = [{"work": "generate"}]
        told_whole = Frame(f"{TURN}/2-1000000000", "step.restarted", {"step": 0})
        text = Frame(f"{TURN}/2-1000000001", "text.delta", {"step": 0, "delta": "a b"})
        message.readers[1].frames[:3] = [told_whole, text]
    assert judged(told) == set()
    assert judged(calm, calm=True) == {"restless"}


def test_a_reader_told_from_the_record_has_no_gap_elsewhere() -> None:
    message = sound()
    frames = message.readers[1].frames
    frames[1] = replace(frames[1], id=f"{TURN}/2-3")
    frames[2] = replace(frames[2], id=f"{TURN}/2-1000000000")
    assert "torn" in judged(message)


def undone(state: str, detail: str = "", status: str = "done") -> Message:
    """A turn that was cancelled with undo in the middle of its step."""
    message = sound()
    end = {"type": "turn.cancelled", "undo_ordered": ["t-1"]}
    message.said = replace(message.said, cancel_after=2, effects="undo")
    message.cancelled = ["cancelled"] * 2
    undo = {"status": status, "tasks": [{"task_id": "t-1", "state": state, "detail": detail}]}
    kept = {"content": "a b", "interrupted": True}
    message.record |= {"status": "cancelled", "undo": undo, "terminal": end, "steps": [], "message": kept}
    edit(-1, event="turn.cancelled", data=end)(message)
    return message


def test_an_undo_is_done_or_says_why_not() -> None:
    assert judged(undone("undone")) == judged(undone("nothing_to_undo")) == judged(undone("left_alone", "by Eve")) == set()
    assert (
        judged(undone("left_alone")) == judged(undone("ordered")) == judged(undone("undone", status="failed")) == {"half done"}
    )
    forgotten, unnamed = undone("undone"), undone("undone")
    forgotten.record["undo"] = None
    unnamed.record["undo"]["tasks"] = []
    assert "lost" in judged(forgotten)
    assert judged(unnamed) == {"untrue"}


def test_what_is_said_undone_is_undone_for_good() -> None:
    did, back = entry("task.created", by_turn("u", TURN)), entry("task.cancelled", by_undo(TURN))

    def faults(state: str | None, *history: dict[str, Any]) -> set[Kind]:
        message = sound()
        message.record = {"undone": {"t-1": state} if state else None}
        return {kind for kind, _ in undone_task_faults("t-1", list(history), [message])}

    assert faults("undone", did, back) == faults("nothing_to_undo") == faults(None, did) == set()
    assert faults("undone", did) == faults("undone", did, back, did) == faults("nothing_to_undo", did) == {"half done"}
    assert faults(None, did, back) == {"untrue"}


def test_what_is_said_left_alone_was_changed_by_somebody_else_meanwhile() -> None:
    message = sound()
    message.record = {"undone": {"t-1": "left_alone"}}
    before, did, own = (
        entry("task.created", "turn:y"),
        entry("task.assigned", by_turn("u", TURN)),
        entry("task.overdue", "system"),
    )
    other, back = entry("task.started", "turn:z"), entry("task.assigned", by_undo(TURN))

    def faults(*history: dict[str, Any]) -> set[Kind]:
        return {kind for kind, _ in undone_task_faults("t-1", list(history), [message])}

    assert faults(before, did, other) == faults(before, did, back, other) == set()
    assert faults(before, did) == faults(before, did, back, own) == faults(before, other) == {"half done"}
    assert list(undone_task_faults("t-1", [did], [message], whole=False)) == [], "that entry is one of those dropped"


def test_contexts_with_orphans_and_repeats_are_named() -> None:
    user, call = {"role": "user", "content": "mark-1 hi"}, {"role": "assistant", "tool_calls": [{"id": "c"}]}
    result = {"role": "tool", "tool_call_id": "c"}
    assert list(context_faults([user, call, result])) == []
    for bad in ([user, call], [call, user], [user, result], [user, user]):
        assert len(list(context_faults(bad))) == 1


def test_conversations_lose_and_double_nothing() -> None:
    message = sound()
    turn = {"turn_id": TURN, "status": "completed", "messages": [{"role": "user", "content": message.text}]}
    assert list(conversation_faults([turn], [message])) == []
    assert {kind for kind, _ in conversation_faults([], [message])} == {"lost"}
    assert {kind for kind, _ in conversation_faults([turn, {**turn, "turn_id": "main.2.y"}], [message])} == {"doubled"}
    assert {kind for kind, _ in conversation_faults([turn | {"status": "running"}], [message])} == {"lost"}


def entry(what: str, by: str = "turn:u.x", version: int = 1, at: float = 0.0, **changes: Any) -> dict[str, Any]:
    told_at = datetime.fromtimestamp(at, UTC).isoformat(timespec="milliseconds")
    return {"what": what, "by": by, "version": version, "at": told_at, "changes": changes}


def test_a_seed_makes_the_same_plan_again() -> None:
    plans = [rounds(7, "chaos", 3, calm=False, undo=True) for _ in range(2)]
    assert [next(plans[0]) for _ in range(50)] == [next(plans[1]) for _ in range(50)]
