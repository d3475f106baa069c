"""``/cancel``: what runs or waits is cancelled, wherever it was said, and with ``undo`` what it did to tasks is taken back.

The service has the last word on each turn: it may have ended meanwhile, or been cancelled by somebody else, otherwise.
"""

import time
from typing import Any

from agent.local.chat_client import ChatClient
from agent.local.chat_view import View
from agent.local.undo_words import ordered_words, undo_words

_PATIENCE, _PAUSE = 10.0, 0.1  # an undo takes a fraction of a second


def cancel(client: ChatClient, view: View, word: str) -> None:
    """``word`` is what was typed behind the command."""
    if word not in ("", "undo"):
        view.note(f"nothing is cancelled: behind /cancel may stand undo, and not {word!r}")
        return
    page = client.history()
    if at_work := _at_work(page):
        _cancel(client, view, at_work, "undo" if word else "keep")
    elif word and page["turns"]:
        _tell_last(client, view, page["turns"][-1]["turn_id"])
    else:
        view.note("nothing runs")


def _at_work(page: dict[str, Any]) -> list[str]:
    """What runs comes last: what waits would start when it ends."""
    waiting = [turn["turn_id"] for turn in reversed(page["turns"]) if turn["status"] == "queued"]
    return [*waiting, page["running"]] if page["running"] else waiting


def _cancel(client: ChatClient, view: View, turn_ids: list[str], effects: str) -> None:
    answers = [client.cancel(turn_id, effects) for turn_id in turn_ids]
    cancelled = [answer for answer in answers if answer["status"] == "cancelled"]
    undos = {answer["turn_id"]: answer["undo"] for answer in cancelled if answer.get("undo")}
    view.note(f"cancelled: {len(cancelled)}")
    if late := len(answers) - len(cancelled):
        view.note(f"had ended before: {late}; what was done there stands")
    if effects == "undo" and (kept := len(cancelled) - len(undos)):
        view.note(f"somebody else had cancelled {kept} of these; what was done there stands")
    if task_ids := [task["task_id"] for undo in undos.values() for task in undo["tasks"]]:
        view.note(ordered_words(task_ids))
    elif undos:
        view.note("there was nothing to take back")
    for turn_id, undo in undos.items():
        _tell_outcome(client, view, turn_id, undo)


def _tell_last(client: ChatClient, view: View, turn_id: str) -> None:
    """Nothing is at work; what has ended is never taken back, and the first word on a cancelled turn stands."""
    turn = client.turn(turn_id)
    ended = f"nothing runs; the last turn has ended ({turn['status']})"
    if turn["undo"] and turn["undo"]["tasks"]:
        view.note(f"{ended}; what it did was to be taken back")
        _tell_outcome(client, view, turn_id, turn["undo"])
    elif turn["effects"]:
        view.note(f"{ended}; what it did to {', '.join(effect['task_id'] for effect in turn['effects'])} stands")
    else:
        view.note(f"{ended}; it did nothing to tasks")


def _tell_outcome(client: ChatClient, view: View, turn_id: str, undo: dict[str, Any]) -> None:
    patient_until = time.monotonic() + _PATIENCE
    while undo["status"] == "ordered" and time.monotonic() < patient_until:
        time.sleep(_PAUSE)
        undo = client.turn(turn_id)["undo"]
    for task in undo["tasks"]:
        view.note(undo_words(task), "red" if task["state"] == "failed" else "dim")
