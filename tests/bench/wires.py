"""What a token costs on each wire: bytes, and CPU of one follower's projection. ``python -m tests.bench.wires`` prints JSON.

No network and no service: the same log of one answer, entry by entry, through each wire's own code. CPU is this process's,
the best of some rounds; the reading of the log, which all wires share, is not in it.
"""

import json
import sys
import time
from collections.abc import Callable, Iterable
from typing import Any

from agent.api.sse import turn_frame
from agent.api.wires.agui.projection import Run, RunEvents
from agent.api.wires.agui.routes import _framed as _agui_framed
from agent.api.wires.agui.tasks import TaskState
from agent.api.wires.aisdk.frames import Framer
from agent.api.wires.responses.projection import ResponseEvents
from agent.api.wires.responses.response import Head
from agent.api.wires.responses.stream import _framed
from agent.domain.events import (
    CLOSING_ID,
    AnyTurnEvent,
    EntryId,
    LogEntry,
    StepCommitted,
    StepStarted,
    TextDelta,
    TurnCompleted,
    TurnStarted,
    log_entry,
)
from agent.domain.messages import PublicMessage, Usage

TOKENS, ROUNDS = 2_000, 7
TURN = "main.12." + "a" * 26
WORDS = (" the", " task", " is", " assigned", " to", " Alice", ",", " due", " Friday", ".")
Follower = Callable[[LogEntry], bytes]


def answer() -> list[LogEntry]:
    """The log of one answer of TOKENS tokens, one entry each."""
    words = [WORDS[n % len(WORDS)] for n in range(TOKENS)]
    usage = Usage(prompt_tokens=10, completion_tokens=TOKENS, total_tokens=TOKENS + 10)
    message = PublicMessage(role="assistant", content="".join(words), tokens=TOKENS, estimated=False, created_at="2030-01-01")
    told: list[AnyTurnEvent] = [TurnStarted(turn_id=TURN), StepStarted(turn_id=TURN, step=0)]
    told += [TextDelta(turn_id=TURN, step=0, delta=word) for word in words]
    told.append(StepCommitted(turn_id=TURN, step=0, usage=usage))
    entries = [log_entry(EntryId(2, seq), event) for seq, event in enumerate(told)]
    return [*entries, log_entry(CLOSING_ID, TurnCompleted(turn_id=TURN, message=message, usage=usage))]


def own() -> Follower:
    return lambda entry: turn_frame(TURN, entry)


def ai_sdk() -> Follower:
    return Framer(TURN).feed


def responses() -> Follower:
    events = ResponseEvents(TURN, Head(TURN, "main", "2030-01-01T00:00:00.000+00:00", None))
    events.begin()
    return lambda entry: _framed(events.feed(entry))


def ag_ui() -> Follower:
    events = RunEvents(Run("main", "run", TURN, ()), TaskState("local", ()))
    events.begin()
    return lambda entry: _agui_framed(f"{TURN}/{entry.id}", events.feed(entry))


WIRES: dict[str, Callable[[], Follower]] = {"own": own, "AI SDK": ai_sdk, "AG-UI": ag_ui, "OpenAI Responses": responses}


def measure() -> dict[str, Any]:
    """By wire: bytes and microseconds of CPU for each token, the frames around the text included."""
    log = answer()
    return {name: _measured(make, log) for name, make in WIRES.items()}


def _measured(make: Callable[[], Follower], log: Iterable[LogEntry]) -> dict[str, float]:
    best, size = float("inf"), 0
    for _ in range(ROUNDS):
        follow, begun = make(), time.process_time()
        size = sum(len(follow(entry)) for entry in log)
        best = min(best, time.process_time() - begun)
    return {"bytes_per_token": round(size / TOKENS, 1), "cpu_us_per_token": round(best / TOKENS * 1e6, 2)}


if __name__ == "__main__":
    json.dump(measure(), sys.stdout, indent=1)
    sys.stdout.write("\n")
