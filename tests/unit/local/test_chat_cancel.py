"""``/cancel`` against a scripted service: which turns, in which order, what is taken back, and what is not."""

from typing import Any

import pytest

from agent.local import chat_cancel
from tests.unit.local.cancelling import Typed, conversation, ended, told, undo
from tests.unit.local.fake_service import Script

TO_BE_TAKEN_BACK = "what it did was to be taken back"


@pytest.fixture(autouse=True)
def impatience(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(chat_cancel, "_PAUSE", 0.001)


@pytest.mark.parametrize(
    ("turns", "running", "order"),
    [
        (("a:completed", "b:running"), "b", "b"),
        (("a:completed", "b:running", "c:queued", "d:cancelled", "e:queued"), "b", "ecb"),
        (("b:queued", "c:running"), "c", "bc"),  # it took the place of one that runs no more, ahead of what waits
        (("c:cancelled", "d:queued"), "b", "db"),  # so many came after it that the page does not show it
        (("b:queued",), None, "b"),
    ],
)
def test_what_waits_is_cancelled_before_what_runs(
    typed: Typed, turns: tuple[str, ...], running: str | None, order: str
) -> None:
    script = Script(first=[ended(turn) for turn in order], pages=conversation(*turns, running=running))
    assert typed("/cancel", script) == [f"· cancelled: {len(order)}"]
    assert told(script) == [(f"/turns/{turn}/cancel", "keep") for turn in order]


def test_undo_says_what_is_taken_back_and_then_what_became_of_it(typed: Typed) -> None:
    ordered = undo("ordered", ("t-1", "ordered"), ("t-2", "ordered"), ("t-3", "ordered"), ("t-4", "ordered"))
    became = undo(
        "failed",
        ("t-1", "undone"),
        ("t-2", "left_alone", "changed meanwhile by user:carol"),
        ("t-3", "nothing_to_undo"),
        ("t-4", "failed", "It could not be undone."),
    )
    looks: list[tuple[int, Any]] = [(200, {"undo": ordered}), (200, {"undo": ordered}), (200, {"undo": became})]
    pages = conversation("a:running", "b:queued", running="a") | {"/turns/a": looks}
    script = Script(first=[ended("b", undo=undo("done")), ended("a", undo=ordered)], pages=pages)
    assert typed("/cancel undo", script) == [
        "· cancelled: 2",
        "· what was done to t-1, t-2, t-3, t-4 is taken back",
        "· undone: t-1",
        "· left alone: t-2 (changed meanwhile by user:carol)",
        "· nothing to undo: t-3",
        "· could not be undone: t-4 (It could not be undone.)",
    ]
    assert told(script) == [("/turns/b/cancel", "undo"), ("/turns/a/cancel", "undo")]


def test_an_undo_that_takes_its_time_is_not_waited_for_without_end(typed: Typed, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(chat_cancel, "_LOOKS_MAX", 3)
    ordered = undo("ordered", ("t-1", "ordered"))
    pages = conversation("a:running", running="a") | {"/turns/a": [(200, {"undo": ordered})]}
    shown = typed("/cancel undo", Script(first=[ended("a", undo=ordered)], pages=pages))
    assert shown[1:] == ["· what was done to t-1 is taken back", "· still being taken back: t-1"]


@pytest.mark.parametrize(
    ("answer", "shown"),
    [
        (ended("a", undo=undo("done")), ["· cancelled: 1", "· there was nothing to take back"]),
        (ended("a", "completed"), ["· cancelled: 0", "· had ended before: 1; what was done there stands"]),
        (ended("a"), ["· cancelled: 1", "· somebody else had cancelled 1 of these; what was done there stands"]),
    ],
)
def test_the_last_word_is_the_services(typed: Typed, answer: tuple[int, Any], shown: list[str]) -> None:
    assert typed("/cancel undo", Script(first=[answer], pages=conversation("a:running", running="a"))) == shown


@pytest.mark.parametrize(
    ("status", "done", "undone", "shown"),
    [
        ("completed", ["t-1", "t-2"], None, ["(completed); what it did to t-1, t-2 stands"]),
        ("cancelled", ["t-1"], None, ["(cancelled); what it did to t-1 stands"]),
        ("failed", [], None, ["(failed); it did nothing to tasks"]),
        ("cancelled", [], undo("done"), ["(cancelled); it did nothing to tasks"]),
        ("cancelled", ["t-1"], undo("done", ("t-1", "undone")), [f"(cancelled); {TO_BE_TAKEN_BACK}", "· undone: t-1"]),
    ],
)
def test_undo_where_nothing_is_at_work_says_how_the_last_turn_ended(
    typed: Typed, status: str, done: list[str], undone: Any, shown: list[str]
) -> None:
    turn = {"status": status, "effects": [{"task_id": task, "what": ["create"]} for task in done], "undo": undone}
    script = Script(pages=conversation("a:completed", f"b:{status}") | {"/turns/b": [(200, turn)]})
    first, *rest = shown
    assert typed("/cancel undo", script) == [f"· nothing runs; the last turn has ended {first}", *rest]
    assert told(script) == []


def test_where_nothing_was_said_there_is_nothing_to_tell(typed: Typed) -> None:
    assert typed("/cancel undo", Script(pages=conversation())) == ["· nothing runs"]


@pytest.mark.parametrize("word", ["keep", "all", "undo please", "\x1b[2J"])
def test_another_word_cancels_nothing(typed: Typed, word: str) -> None:
    script = Script(pages=conversation("a:running", running="a"))
    assert typed(f"/cancel {word}", script) == [f"· nothing is cancelled: behind /cancel may stand undo, and not {word!r}"]
    assert script.asked == []


def test_help_tells_of_both_and_of_ctrl_c(typed: Typed) -> None:
    shown = typed("/help", Script())
    assert any(line.startswith("/cancel undo  ") for line in shown)
    assert any(line.startswith("Ctrl-C while your own answer comes cancels it") for line in shown)
