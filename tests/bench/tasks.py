"""``POST /tasks/process`` to the workflow's end at 1, 20 and 200 in flight: this service beside the bare SDK sample."""

import time
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from tests.bench.figures import ms, p50_p95_ms, rotated
from tests.bench.load import Job
from tests.bench.processes import Load, cpu

ROUNDS = 2
COUNTS = {1: 25, 20: 100, 200: 400}  # per round
BUDGET = 65.0  # seconds after which no round is begun
_WARM_UP = 20


@dataclass
class _Samples:
    total: list[float] = field(default_factory=list[float])
    elapsed: float = 0.0
    rates: list[float] = field(default_factory=list[float])
    looks: int = 0
    refused: int = 0
    cpu: dict[str, float] = field(default_factory=lambda: defaultdict[str, float](float))
    errors: list[str] = field(default_factory=list[str])

    def figures(self) -> dict[str, Any]:
        ended = len(self.total)
        return {
            "workflows": ended,
            "workflows_per_s": round(ended / self.elapsed, 1),
            "per_round": self.rates,
            "to_end": p50_p95_ms(self.total),
            "looks_per_workflow": round(self.looks / max(ended, 1), 1),
            "looks_answered_5xx": self.refused,
            "cpu_ms_per_workflow": {name: ms(seconds / max(ended, 1)) for name, seconds in self.cpu.items()},
            "errors": self.errors[:3] + ([f"{len(self.errors)} in all"] if self.errors else []),
        }


def measure(load: Load, stacks: Mapping[str, tuple[str, Mapping[str, int]]]) -> dict[str, Any]:
    """``{in flight: {stack: figures}}``; ``stacks`` are name -> (origin, pids)."""
    samples: dict[tuple[int, str], _Samples] = defaultdict(_Samples)
    for name, (url, _) in stacks.items():
        load.run(Job("tasks", url, 4, _WARM_UP, "warm-up", name))
    until = time.monotonic() + BUDGET
    for number in range(ROUNDS):
        if time.monotonic() > until:
            break
        for in_flight, count in COUNTS.items():
            for name, (url, pids) in rotated(list(stacks.items()), number):
                job = Job("tasks", url, in_flight, count, f"r{number}x{in_flight}", name)
                _round(load, job, {"load": load.pid, **pids}, samples[in_flight, name])
    return {str(n): {name: samples[n, name].figures() for name in stacks} for n in COUNTS}


def _round(load: Load, job: Job, pids: Mapping[str, int], into: _Samples) -> None:
    before = cpu(pids)
    result = load.run(job)
    for name, seconds in cpu(pids).items():
        into.cpu[name] += seconds - before[name]
    into.elapsed += result.elapsed
    into.rates.append(round(len(result.total) / result.elapsed, 1))
    into.total += result.total
    into.looks += result.looks
    into.refused += result.refused
    into.errors += result.errors
