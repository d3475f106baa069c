"""How one turn moves. Every function here returns a new record and does nothing else.

A turn is the unit of "never lost, never twice". It is committed step by step; each attempt at a step writes under an epoch,
and only the newest epoch may commit (see ``begin_step`` and ``commit_step``).

    queued -> running -> completed | failed | cancelled        (the last three are final)
"""

from datetime import datetime

from agent.domain.limits import (
    ATTEMPTS_APART,
    ATTEMPTS_KEPT_MAX,
    HANDED_OVER_EPOCHS_MAX,
    TURN_ATTEMPTS_MAX,
    TURN_FORGOTTEN_AFTER,
    TURN_UNBEGUN_AFTER,
)
from agent.domain.messages import Message
from agent.domain.turn_calls import CommitStep, CommitTool, HandedOver, StepRef
from agent.domain.turn_record import ADMISSION_EPOCH, Attempt, Failure, StepRecord, TurnRecord, Work
from agent.domain.undo import Undo

_PROGRESS = {"silent_epochs": 0, "silent_starts": 0}


def follow(turn: TurnRecord, newest: int) -> TurnRecord:
    """``turn``, which is to run behind those up to the number ``newest``."""
    return turn.model_copy(update={"overtaken_by": newest}) if newest > turn.number else turn


def start(turn: TurnRecord, instance: str, now: str) -> TurnRecord:
    """Running under a fresh workflow instance."""
    update = {"starts": turn.starts + 1, "silent_starts": turn.silent_starts + 1}
    return turn.model_copy(update={"status": "running", "instance": instance, "progress_at": now, **update})


def patience(turn: TurnRecord) -> float:
    """Seconds for which a running turn may do nothing, nobody being at it, before it counts as forgotten by the engine.

    A first attempt has no pause before it but the engine's own, so it is missed sooner; not again so soon, since an engine with
    too much to do only looks like one that has forgotten.
    """
    if turn.epoch > ADMISSION_EPOCH:
        return TURN_FORGOTTEN_AFTER
    return min(TURN_UNBEGUN_AFTER * 2 ** (turn.silent_starts - 1), TURN_FORGOTTEN_AFTER)


def begin_step(turn: TurnRecord, ref: StepRef, now: str) -> TurnRecord:
    """Hands out the next epoch to ask the model for ``ref.step``."""
    update = {"attempted_step": ref.step, "attempted_retry": ref.retry}
    if _heard_of_the_last(turn, ref):
        update |= {"silent_epochs": 1, "silent_starts": 1}
    return _hand_out(turn, ref.step, "generate", now).model_copy(update=update)


def begin_tools(turn: TurnRecord, ref: StepRef, now: str) -> TurnRecord:
    """Hands out the next epoch to run the open tool calls of ``ref.step``."""
    return _hand_out(turn, ref.step, "tools", now)


def _hand_out(turn: TurnRecord, step: int, work: Work, now: str) -> TurnRecord:
    """An attempt close behind another one took its place while that lived, as happens while actors move: they count as one."""
    epoch, apart = turn.epoch + 1, datetime.fromisoformat(now) - datetime.fromisoformat(turn.progress_at)
    attempts = (*turn.attempts, Attempt(epoch=epoch, step=step, work=work, at=now))[-ATTEMPTS_KEPT_MAX:]
    silent = turn.silent_epochs + (turn.silent_epochs == 0 or apart.total_seconds() >= ATTEMPTS_APART)
    return turn.model_copy(update={"epoch": epoch, "attempts": attempts, "progress_at": now, "silent_epochs": silent})


def is_exhausted(turn: TurnRecord, ref: StepRef) -> bool:
    """Whether the turn may have no further attempt: so many were heard of no more, such as those that kill their process."""
    return turn.silent_epochs >= TURN_ATTEMPTS_MAX and not _heard_of_the_last(turn, ref)


def _heard_of_the_last(turn: TurnRecord, ref: StepRef) -> bool:
    """Whether the attempt before came back and told that the model had failed."""
    return ref.step == turn.attempted_step and ref.retry > turn.attempted_retry


def hand_over(turn: TurnRecord, handed: HandedOver) -> TurnRecord:
    """The attempt's process was told to stop: neither it nor those before it died of the turn.

    Not beyond HANDED_OVER_EPOCHS_MAX: some turns are what their process is stopped for, over and over.
    """
    if turn.status != "running" or not turn.is_run_by(handed.ref.instance) or turn.epoch >= HANDED_OVER_EPOCHS_MAX:
        return turn
    silent = {
        "silent_epochs": min(turn.silent_epochs, max(0, turn.epoch - handed.epoch)),
        "silent_starts": min(turn.silent_starts, 1),
    }
    return turn.model_copy(update=silent)


def commit_step(turn: TurnRecord, commit: CommitStep, now: str) -> TurnRecord:
    """Appends the step; without tool calls it was the last one and the turn is completed."""
    record = StepRecord(epoch=commit.epoch, message=commit.message, usage=commit.usage)
    update = {
        "steps": (*turn.steps, record),
        "log_incomplete": turn.log_incomplete or commit.log_incomplete,
        "progress_at": now,
        **_PROGRESS,
    }
    if not commit.message.tool_calls:
        update |= {"status": "completed", "ended_at": now}
    return turn.model_copy(update=update)


def commit_tool(turn: TurnRecord, commit: CommitTool, now: str) -> TurnRecord:
    """Adds one tool result to its step, in the order of the calls."""
    step = commit.ref.step
    record = turn.steps[step]
    order = {c.call_id: i for i, c in enumerate(record.message.tool_calls)}
    results = tuple(sorted((*record.results, commit.result), key=lambda m: order[m.call_id or ""]))
    changed = record.model_copy(update={"results": results})
    return turn.model_copy(
        update={
            "steps": (*turn.steps[:step], changed, *turn.steps[step + 1 :]),
            "log_incomplete": turn.log_incomplete or commit.log_incomplete,
            "progress_at": now,
            **_PROGRESS,
        }
    )


def fail(turn: TurnRecord, failure: Failure, now: str) -> TurnRecord:
    """Failed, with what was committed so far kept."""
    return turn.model_copy(update={"status": "failed", "failure": failure, "ended_at": now, "progress_at": now})


def cancel(turn: TurnRecord, now: str, undo: Undo | None = None) -> TurnRecord:
    """Cancelled, with what was committed so far kept; ``undo`` when what its tools changed is to be undone."""
    return turn.model_copy(update={"status": "cancelled", "ended_at": now, "progress_at": now, "undo": undo})


def keep_shown(turn: TurnRecord, shown: Message, epoch: int) -> TurnRecord:
    """A cancelled turn with the text that an attempt had told of the step that was cut off. The first telling stays."""
    is_first = turn.status == "cancelled" and turn.interrupted is None
    return turn.model_copy(update={"interrupted": shown, "interrupted_epoch": epoch}) if is_first else turn
