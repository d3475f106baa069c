"""What a terminal is left with after a turn: markdown, a card for each call, nothing twice, nothing of a restart."""

import io

from rich.console import Console

from agent.local.chat_live import LiveView
from agent.local.chat_view import Ending
from agent.local.sse import Frame

STEP = {"state": "done", "undo": False, "detail": ""}


def view() -> tuple[LiveView, io.StringIO]:
    written = io.StringIO()
    return LiveView(Console(file=written, force_terminal=False, width=80, highlight=False)), written


def frame(event: str, **data: object) -> Frame:
    return Frame("", event, data)


def test_an_answer_is_left_as_markdown_once() -> None:
    live, written = view()
    for delta in ("# Pl", "an\n\n- **one**\n", "- two"):
        live.show(frame("text.delta", step=0, delta=delta))
    live.finish(Ending("completed", "# Plan\n\n- **one**\n- two"))
    lines = [line.strip() for line in written.getvalue().splitlines() if line.strip(" ┏┓┗┛━┃")]
    assert [line.strip("┃ ") for line in lines] == ["Plan", "• one", "• two"]


def test_a_card_fills_in_and_undos_are_told_in_order() -> None:
    live, written = view()
    live.show(frame("tool.called", step=0, call_id="c", name="create_task", arguments={"title": "Review"}))
    steps = [STEP | {"name": "validate"}, STEP | {"name": "notify", "state": "failed", "detail": "no answer"}]
    live.show(frame("tool.progressed", step=0, call_id="c", steps=steps[:1]))
    live.show(frame("tool.progressed", step=0, call_id="c", steps=[*steps, STEP | {"name": "assign", "undo": True}]))
    live.show(frame("tool.returned", step=0, call_id="c", ok=True, result={"message": "The notification failed."}))
    live.show(frame("text.delta", step=1, delta="Sorry"))
    live.finish(Ending("completed", "Sorry"))
    assert [line.rstrip() for line in written.getvalue().splitlines() if line.strip()] == [
        "┌ create_task(title=Review)",
        "│ • validated",
        "│ • notification failed (no answer)",
        "│ ↩ assignment undone",
        "└ ✓ The notification failed.",
        "Sorry",
    ]


def test_what_starts_over_leaves_nothing_and_what_is_told_again_is_not_shown_again() -> None:
    live, written = view()
    live.show(frame("text.delta", step=0, delta="first"))
    live.show(frame("tool.called", step=0, call_id="a", name="get_task", arguments={}))
    live.show(frame("tool.returned", step=0, call_id="a", ok=True, result={"n": 1}))
    live.show(frame("text.delta", step=1, delta="wrong"))
    live.show(frame("step.restarted", step=0, reason="from_record"))
    live.show(frame("text.delta", step=0, delta="first"))
    live.show(frame("tool.called", step=0, call_id="a", name="get_task", arguments={}))
    live.show(frame("step.restarted", step=1, reason="from_record"))
    live.show(frame("text.delta", step=1, delta="right"))
    live.finish(Ending("completed", "right"))
    printed = written.getvalue()
    assert [printed.count(word) for word in ("first", "get_task", "wrong", "right")] == [1, 1, 0, 1]


def test_a_cancelled_turn_keeps_what_was_seen_and_the_next_one_begins_anew() -> None:
    live, written = view()
    live.show(frame("text.delta", step=3, delta="half of"))
    live.finish(Ending("cancelled", ""))
    live.show(frame("turn.queued", position=1))
    live.show(frame("text.delta", step=0, delta="next"))
    live.leave()
    assert [line.rstrip() for line in written.getvalue().splitlines() if line.strip()] == [
        "half of",
        "· cancelled",
        "· waiting: 1 in the queue",
        "next",
    ]
