"""Judges one message from its evidence. Every check is a function that says what broke, or nothing."""

import json
from collections.abc import Iterator
from typing import Any

from tests.chaos.evidence import Complaint, Kind, Message, Seen, place_of
from tests.chaos.oracle_undo import undo_faults
from tests.integration.client import TERMINAL, Frame

CLOSING_EPOCH = 2**63 - 1
FROM_RECORD = 500_000_000  # sequence numbers of frames that were made from the record, the log being lost

Broken = Iterator[tuple[Kind, str]]


def judge(message: Message, calls: int, *, calm: bool) -> None:
    """Adds what broke to ``message.complaints``. ``calls``: of the model, for it. ``calm``: nothing was hurt or tried twice."""
    if not message.turn_ids:
        return
    checks = [_ended, _streams_agree, _shown_is_stored, _scripted_is_stored, _cancels_are_true, undo_faults]
    for check in checks:
        message.complaints += [Complaint(kind, message.where, why) for kind, why in check(message)]
    for seen in message.readers:
        message.complaints += [Complaint(k, message.where, f"{seen.name}: {why}") for k, why in _stream(seen, message.record)]
    message.complaints += [Complaint(kind, message.where, why) for kind, why in billed(message.record, calls)]
    if calm:
        message.complaints += [Complaint("restless", message.where, why) for why in _restless(message, calls)]


def _ended(message: Message) -> Broken:
    record = message.record
    if record["status"] not in ("completed", "cancelled"):
        yield "lost", f"status {record['status']}: {record['failure']}"
    if record["status"] == "cancelled" and "cancelled" not in message.cancelled and not message.interruptible:
        yield "lost", "cancelled, though nobody asked"


def _stream(seen: Seen, record: dict[str, Any]) -> Broken:
    """One terminal event, at the end; ids that follow each other without gap or repeat."""
    for complaint in seen.complaints:
        yield "torn", complaint
    ends = [frame.event for frame in seen.frames if frame.event in TERMINAL]
    if ends != [frame.event for frame in seen.frames[-1:]]:
        yield "torn", f"terminal events {ends}, of {len(seen.frames)} frames"
    before: Frame | None = None
    for frame in seen.frames:
        retold = any(is_from_record(one) for one in (before, frame) if one)
        fault = _misplaced(before, frame, loose=record["log_incomplete"] or retold)
        if fault:
            yield fault, f"{frame.event} {frame.id} behind {before and before.id}"
        before = frame


def from_record(seen: Seen) -> bool:
    """Whether some of it was told from the record, as happens while the log is out of reach: whole steps, with other ids."""
    return any(map(is_from_record, seen.frames))


def is_from_record(frame: Frame) -> bool:
    return place_of(frame)[1] >= FROM_RECORD


def _misplaced(before: Frame | None, frame: Frame, *, loose: bool) -> Kind | None:
    """``loose``: the log was out of reach for a while, or just here: then there may be gaps, but no repeats."""
    epoch, seq = place_of(frame)
    if before is None:
        return None if loose or seq == 0 or epoch == CLOSING_EPOCH else "torn"
    last_epoch, last_seq = place_of(before)
    if (epoch, seq) <= (last_epoch, last_seq):
        return "doubled"
    follows = seq == last_seq + 1 if epoch == last_epoch else seq == 0
    return None if follows or loose or epoch == CLOSING_EPOCH else "torn"


def _streams_agree(message: Message) -> Broken:
    """What two readers got under one id is the same, to the byte; and all readers of a whole log got the same frames."""
    told: dict[str, Frame] = {}
    odd = sorted({f.id for seen in message.readers for f in seen.frames if told.setdefault(f.id, f) != f})
    if odd:
        yield "torn", f"readers were told different things at {odd[:5]}"
    if message.record["log_incomplete"]:
        return
    whole = [seen for seen in message.readers if not from_record(seen) and not (message.log_away and len(seen.frames) == 1)]
    for seen in whole[:-1]:
        mine, theirs = ({frame.id: place_of(frame) for frame in one.frames} for one in (seen, whole[-1]))
        for lacking, missed in ((seen, theirs.keys() - mine.keys()), (whole[-1], mine.keys() - theirs.keys())):
            if missed:
                at = sorted(missed, key=(mine | theirs).__getitem__)[:5]
                yield "torn", f"{lacking.name} of {lacking.connections} connections lacks {at} of {len(missed)}"


def shown(frames: list[Frame]) -> dict[int, str]:
    """Each step's text as a reader ends up with it."""
    texts: dict[int, str] = {}
    for frame in frames:
        if frame.event in ("step.started", "step.restarted"):
            texts[frame.data["step"]] = ""
        elif frame.event == "text.delta":
            texts[frame.data["step"]] = texts.get(frame.data["step"], "") + frame.data["delta"]
    return texts


def _shown_is_stored(message: Message) -> Broken:
    record = message.record
    stored = {number: step["message"]["content"] for number, step in enumerate(record["steps"])}
    for seen in message.readers:
        texts = shown(seen.frames)
        for number, text in stored.items():
            if texts.get(number, "") != text:
                yield "untrue", f"{seen.name} step {number}: shown {texts.get(number)!r:.200}, stored {text!r:.200}"
        if seen.frames and seen.frames[-1].data != record["terminal"]:
            yield "untrue", f"{seen.name}: ended with {seen.frames[-1].data}, stored {record['terminal']}"
        if record["log_incomplete"]:
            continue  # what a tool returned meanwhile is in the record alone; the log may have what it returned before a crash
        returned = {f.data["call_id"]: f.data["result"] for f in seen.frames if f.event == "tool.returned"}
        for result in (result for step in record["steps"] for result in step["results"]):
            if returned.get(result["call_id"]) != json.loads(result["content"]):
                yield "untrue", f"{seen.name}: {result['call_id']} returned {returned.get(result['call_id'])}, stored {result}"
    if not is_kept(record, message.readers[-1].frames):
        yield "untrue", f"of the cancelled step was shown {shown(message.readers[-1].frames)}, stored {record['message']}"


def is_kept(record: dict[str, Any], frames: list[Frame]) -> bool:
    """Whether what was shown of a cancelled turn's unfinished step is stored with it."""
    texts = shown(frames)
    unfinished = texts.get(len(record["steps"]), "")
    if record["status"] != "cancelled" or not unfinished or record["log_incomplete"]:
        return True
    kept = record["message"]
    return kept is not None and kept["interrupted"] and kept["content"] == unfinished


def _scripted_is_stored(message: Message) -> Broken:
    """The endpoint's script is the outside truth: what is stored is what it was told to say."""
    planned, record = message.said.steps, message.record
    for number, (step, plan) in enumerate(zip(record["steps"], planned, strict=False)):
        calls = [(call["name"], _parsed(call["arguments"])) for call in step["message"]["tool_calls"]]
        said = plan.text, plan.calls(message.task)
        if (step["message"]["content"], calls) != said:
            yield "untrue", f"step {number} is {step['message']['content']!r:.200} {calls}, the endpoint said {said!r:.400}"
    if record["status"] == "completed" and len(record["steps"]) != len(planned):
        yield "lost", f"{len(record['steps'])} steps of {len(planned)}"
    if record["user_message"]["content"] != message.text:
        yield "untrue", f"stored as {record['user_message']['content']!r:.200}"


def _parsed(arguments: str) -> Any:
    """As JSON; what is none is the text itself, which nobody planned."""
    try:
        return json.loads(arguments)
    except ValueError:
        return arguments


def _cancels_are_true(message: Message) -> Broken:
    for answer in message.cancelled:
        if answer != message.record["status"]:
            yield "untrue", f"cancel was answered {answer}, the turn is {message.record['status']}"


def generations(record: dict[str, Any]) -> int:
    """How many epochs were handed out for asking the model."""
    return [attempt["work"] for attempt in record["attempt_history"]].count("generate")


def billed(record: dict[str, Any], calls: int) -> Broken:
    """Committed steps <= model calls <= epochs handed out for them."""
    steps, epochs = len(record["steps"]), generations(record)
    if not steps <= calls <= epochs:
        yield "unbilled", f"{steps} steps, {calls} model calls, {epochs} epochs"


def _restless(message: Message, calls: int) -> Iterator[str]:
    """What must not be where nothing is hurt: all three of ``billed`` are equal, nothing restarts, the log is in reach."""
    steps, epochs = len(message.record["steps"]), generations(message.record)
    if not steps == calls == epochs:
        yield f"{steps} steps, {calls} model calls, {epochs} epochs"
    if any(map(from_record, message.readers)) or message.record["log_incomplete"]:
        yield "told from the record, or log incomplete, though the log was in reach"
    restarts = [frame.id for seen in message.readers for frame in seen.frames if frame.event == "step.restarted"]
    if restarts or message.record["attempts"] != 1:
        yield f"restarts without a fault: {restarts}, attempts {message.record['attempts']}"
