"""The log that fences itself, seen by a reader of all its entries."""

from typing import Literal

from tests.model.rules import Bounds
from tests.model.state import Attempt, Log, State, put

Refusal = Literal["", "closed", "fenced"]


def append_text(s: State, b: Bounds, a: Attempt) -> tuple[State, Refusal]:
    """All entries of a step's attempt. In two parts nothing new could happen: an epoch has one writer, and part of a text is
    shown until the next epoch says to forget it, or for ever when the turn ends there."""
    log = s.logs[a.number]
    refusal = _refusal(b, log, a.epoch)
    if refusal:
        return s, refusal
    shown = log.shown + ((),) * (a.step + 1 - len(log.shown))
    seen = () if a.restart and b.on("restart") else shown[a.step]
    log = _entered(log, a.epoch)._replace(shown=put(shown, a.step, (*seen, a.epoch)))
    return s._replace(logs=put(s.logs, a.number, log)), ""


def append_result(s: State, b: Bounds, a: Attempt, call: int) -> tuple[State, Refusal]:
    """``tool.returned`` of one call."""
    log = s.logs[a.number]
    refusal = _refusal(b, log, a.epoch)
    if refusal:
        return s, refusal
    results = log.results + ((0,) * b.calls,) * (a.step + 1 - len(log.results))
    of_step = results[a.step]
    if of_step[call] == 0 or b.on("last-result"):
        of_step = put(of_step, call, a.epoch)
    log = _entered(log, a.epoch)._replace(results=put(results, a.step, of_step))
    return s._replace(logs=put(s.logs, a.number, log)), ""


def close(s: State, b: Bounds, number: int) -> State | None:
    """The closing entry made from the record, whoever writes it; None when that changes nothing."""
    turn, log = s.record.turns[number], s.logs[number]
    if not turn.ended or (log.closing and b.on("closing")) or log.closing[-1:] == turn.status:
        return None
    return s._replace(logs=put(s.logs, number, log._replace(closing=log.closing + turn.status)))


def _refusal(b: Bounds, log: Log, epoch: int) -> Refusal:
    if log.closing and b.on("closing"):
        return "closed"
    return "fenced" if log.epoch > epoch and b.on("fence") else ""


def _entered(log: Log, epoch: int) -> Log:
    behind = "+" if log.closing and not log.closing.endswith("+") else ""
    return log._replace(epoch=max(log.epoch, epoch), closing=log.closing + behind)
