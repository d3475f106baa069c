"""Judges what became of a cancel with ``undo``: each task that was named is as it was, or left alone and it says why."""

from collections.abc import Iterator
from typing import Any

from agent.domain.task_changes import by_turn, by_undo, of_turn
from tests.chaos.evidence import Kind, Message

Broken = Iterator[tuple[Kind, str]]


def has_settled(record: dict[str, Any]) -> bool:
    """Whether no undo is under way any more."""
    return record["undo"] is None or record["undo"]["status"] != "ordered"


def states(record: dict[str, Any]) -> dict[str, str] | None:
    """What the turn says of each task it was to undo; None without an undo."""
    return {task["task_id"]: task["state"] for task in record["undo"]["tasks"]} if record["undo"] else None


def undo_faults(message: Message) -> Broken:
    """What the turn tells of its undo. The first cancel decides, and an interrupt is one that keeps."""
    record, undo = message.record, message.record["undo"]
    asked = message.said.effects == "undo" and message.said.cancel_after is not None
    if undo is None:
        if asked and record["status"] == "cancelled" and not message.interruptible:
            yield "lost", "cancelled without the undo it was cancelled with"
        return
    if not asked or record["status"] != "cancelled":
        yield "untrue", f"an undo that nobody asked for: {record['status']}, {undo}"
    if undo["status"] != "done":
        yield "half done", f"its undo is {undo}"
    for task in undo["tasks"]:
        if task["state"] not in ("undone", "nothing_to_undo") and not (task["state"] == "left_alone" and task["detail"]):
            yield "half done", f"undo of {task}"
    if record["terminal"].get("undo_ordered", []) != list(states(record) or ()):
        yield "untrue", f"the end names {record['terminal'].get('undo_ordered')}, the undo is {undo}"


def undone_task_faults(task_id: str, history: list[dict[str, Any]], messages: list[Message], *, whole: bool = True) -> Broken:
    """What is to be seen of undos on a task: what is said undone is undone, once and for good.

    What is left alone was changed by somebody else meanwhile. ``whole``: nothing of the history was dropped.
    """
    for message in messages:
        undone: dict[str, str] | None = message.record.get("undone")
        done = [n for n, entry in enumerate(history) if entry["by"] == by_turn(message.user, message.turn_id)]
        back = [n for n, entry in enumerate(history) if entry["by"] == by_undo(message.turn_id)]
        if undone is None:
            if back:
                yield "untrue", f"{message.where} was undone here, and nobody asked"
            continue
        state = undone.get(task_id)
        if done and back and done[-1] > back[0]:
            yield "half done", f"{message.where} went on after its undo: {[history[n] for n in sorted(done + back)]}"
        if state == "left_alone" and whole and not _by_others(history[done[0] :] if done else [], message):
            yield "half done", f"{message.where} says left alone, and nobody else has changed it: {history}"
        if state == "undone" and not back:
            yield "half done", f"{message.where} says undone: {history}"
        if state in (None, "nothing_to_undo") and done:
            yield "half done", f"{message.where} did something, and its undo says {state}: {history}"


def _by_others(history: list[dict[str, Any]], message: Message) -> bool:
    """Whether somebody else than the turn, its undo, its task's saga and the clock has changed the task."""
    by = [entry["by"] for entry in history if entry["by"] != "system" and not entry["by"].startswith("workflow:")]
    return any(not of_turn(who, message.turn_id) for who in by)
