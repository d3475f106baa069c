"""``/cancel``: what runs or waits is cancelled, wherever it was said, and with ``undo`` what it did to tasks is taken back.

The service has the last word on each turn: it may have ended meanwhile, or been cancelled by somebody else, otherwise.
To cancel twice is to cancel once, so all of it is asked again through a restart of the service. Ctrl-C ends the command alone.
"""

import time
from collections.abc import Callable
from functools import partial
from typing import Any, TypeVar

from agent.local.chat_at_work import at_work
from agent.local.chat_client import ChatClient
from agent.local.chat_outage import patiently
from agent.local.chat_view import View
from agent.local.undo_words import ordered_words, still_ordered_words, undo_words

_LOOKS_MAX, _PAUSE = 100, 0.1  # an undo takes a fraction of a second

T = TypeVar("T")


def cancel(client: ChatClient, view: View, word: str) -> None:
    """``word`` is what was typed behind the command.

    Raises:
        Lost: the service did not come back.
        Refused, httpx.TransportError: that does not pass by itself.
    """
    if word not in ("", "undo"):
        view.note(f"nothing is cancelled: behind /cancel may stand undo, and not {word!r}")
        return
    command = _Command(client, view)
    try:
        command.run("undo" if word else "keep")
    except KeyboardInterrupt:
        view.note(f"stopped; {command.known}")


class _Command:
    """``known`` is what is true if it ends here."""

    def __init__(self, client: ChatClient, view: View) -> None:
        self._client, self._view = client, view
        self.known = "nothing was cancelled"

    def run(self, effects: str) -> None:
        page = self._ask(self._client.history)
        if turn_ids := at_work(page, lambda before: self._ask(partial(self._client.history, before))):
            self._cancel(turn_ids, effects)
        elif effects == "undo" and page["turns"]:
            self._tell_last(page["turns"][-1]["turn_id"])
        else:
            self._view.note("nothing runs")

    def _ask(self, ask: Callable[[], T]) -> T:
        return patiently(ask, self._view.note, self._client.url, self.known)

    def _cancel(self, turn_ids: list[str], effects: str) -> None:
        answers: list[dict[str, Any]] = []
        try:
            for place, turn_id in enumerate(turn_ids):
                self.known = _open_words(len(turn_ids) - place)
                answers.append(self._ask(partial(self._client.cancel, turn_id, effects)))
        finally:  # what was done is told, also of a command that ends in the middle
            if answers:
                self._tell_cancelled(answers, effects)
        self._tell_outcomes({answer["turn_id"]: answer["undo"] for answer in answers if _has_undo(answer)})

    def _tell_cancelled(self, answers: list[dict[str, Any]], effects: str) -> None:
        cancelled = [answer for answer in answers if answer["status"] == "cancelled"]
        undos = [answer["undo"] for answer in answers if _has_undo(answer)]
        self._view.note(f"cancelled: {len(cancelled)}")
        if late := len(answers) - len(cancelled):
            self._view.note(f"had ended before: {late}; what was done there stands")
        if effects == "undo" and (kept := len(cancelled) - len(undos)):
            self._view.note(f"somebody else had cancelled {kept} of these; what was done there stands")
        if task_ids := _task_ids(undos):
            self._view.note(ordered_words(task_ids))
        elif undos:
            self._view.note("there was nothing to take back")

    def _tell_last(self, turn_id: str) -> None:
        """Nothing is at work; what has ended is never taken back, and the first word on a cancelled turn stands."""
        turn = self._ask(partial(self._client.turn, turn_id))
        ended = f"nothing runs; the last turn has ended ({turn['status']})"
        if turn["undo"] and turn["undo"]["tasks"]:
            self._view.note(f"{ended}; what it did was to be taken back")
            self._tell_outcomes({turn_id: turn["undo"]})
        elif turn["effects"]:
            self._view.note(f"{ended}; what it did to {', '.join(effect['task_id'] for effect in turn['effects'])} stands")
        else:
            self._view.note(f"{ended}; it did nothing to tasks")

    def _tell_outcomes(self, undos: dict[str, dict[str, Any]]) -> None:
        """Of each turn in ``undos``, by its id."""
        for place, (turn_id, undo) in enumerate(undos.items()):
            self.known = still_ordered_words(_task_ids(list(undos.values())[place:]))
            for task in self._outcome(turn_id, undo)["tasks"]:
                self._view.note(undo_words(task), "red" if task["state"] == "failed" else "dim")

    def _outcome(self, turn_id: str, undo: dict[str, Any]) -> dict[str, Any]:
        """Looks are counted and not seconds: a service that is away for a while can take nothing back meanwhile."""
        for _ in range(_LOOKS_MAX):
            if undo["status"] != "ordered":
                break
            time.sleep(_PAUSE)
            undo = self._ask(partial(self._client.turn, turn_id))["undo"]
        return undo


def _has_undo(answer: dict[str, Any]) -> bool:
    return answer["status"] == "cancelled" and bool(answer.get("undo"))


def _task_ids(undos: list[dict[str, Any]]) -> list[str]:
    return [task["task_id"] for undo in undos for task in undo["tasks"]]


def _open_words(turns: int) -> str:
    return f"{turns} {'turn' if turns == 1 else 'turns'} may still run or wait: the same command finds out"
