"""Chat turns at 1, 10 and 50 at once: the scripted endpoint itself, a bare proxy, this service.

Their rounds alternate, so that whatever the machine does in between hits all alike. ``python -m tests.bench.chat`` alone.
"""

import time
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from tests.bench.figures import ms, p50_p95_ms, p50_p99_ms, rotated
from tests.bench.load import TOKENS, Job
from tests.bench.processes import TASK_AGENT, Load, Processes, cpu, post

ROUNDS = 3
TURNS = {1: 10, 10: 80, 50: 300}  # per round
BUDGET = 70.0  # seconds after which no round is begun
_WARM_UP = 20


@dataclass(frozen=True)
class Target:
    """Something that streams answers, and the processes it takes."""

    name: str
    url: str
    pids: Mapping[str, int]


@dataclass
class _Samples:
    first: list[float] = field(default_factory=list[float])
    spread: list[float] = field(default_factory=list[float])
    elapsed: float = 0.0
    rates: list[float] = field(default_factory=list[float])
    cpu: dict[str, float] = field(default_factory=lambda: defaultdict[str, float](float))
    errors: list[str] = field(default_factory=list[str])

    def figures(self) -> dict[str, Any]:
        turns = len(self.first)
        return {
            "turns": turns,
            "turns_per_s": round(turns / self.elapsed, 1),
            "per_round": self.rates,
            "first_token": p50_p95_ms(self.first),
            "per_token": p50_p99_ms([spread / (TOKENS - 1) for spread in self.spread]),
            "cpu_ms_per_turn": {name: ms(seconds / max(turns, 1)) for name, seconds in self.cpu.items()},
            "errors": self.errors[:3] + ([f"{len(self.errors)} in all"] if self.errors else []),
        }


def start_endpoint(processes: Processes) -> tuple[Target, dict[str, str]]:
    """The scripted endpoint, and the settings that make a service use it."""
    port = processes.free_port()
    url = f"http://127.0.0.1:{port}"
    pid = processes.module("endpoint", "tests.fakes.scripted_endpoint", "--port", str(port), ready=f"{url}/v1/models")
    settings = {"OPENAI_BASE_URL": f"{url}/v1", "OPENAI_API_KEY": "none", "OPENAI_MODEL": "scripted"}
    return Target("endpoint", url, {"endpoint": pid}), settings


def targets(processes: Processes) -> list[Target]:
    """Starts all three."""
    endpoint, settings = start_endpoint(processes)
    port = processes.free_port()
    proxy = f"http://127.0.0.1:{port}"
    proxy_pid = processes.module("proxy", "tests.bench.proxy", str(port), f"{endpoint.url}/v1", ready=f"{proxy}/readyz")
    service, parts = processes.stack("service", str(TASK_AGENT), "up", "--port", "0", env=settings)
    return [
        endpoint,
        Target("proxy", proxy, {**endpoint.pids, "proxy": proxy_pid}),
        Target("service", service, {**endpoint.pids, **parts}),
    ]


def measure(load: Load, measured: list[Target]) -> dict[str, Any]:
    """``{at once: {target: figures}}``."""
    samples: dict[tuple[int, str], _Samples] = defaultdict(_Samples)
    for target in measured:
        load.run(Job("chat", target.url, 4, _WARM_UP, "warm-up", target.name))
    until = time.monotonic() + BUDGET
    for number in range(ROUNDS):
        if time.monotonic() > until:
            break
        for at_once, turns in TURNS.items():
            for target in rotated(measured, number):
                _round(load, target, at_once, turns, f"r{number}x{at_once}", samples[at_once, target.name])
        post(measured[0].url + "/reset")
    return {str(n): {target.name: samples[n, target.name].figures() for target in measured} for n in TURNS}


def _round(load: Load, target: Target, at_once: int, turns: int, label: str, into: _Samples) -> None:
    pids = {"load": load.pid, **target.pids}
    before = cpu(pids)
    result = load.run(Job("chat", target.url, at_once, turns, label, target.name))
    for name, seconds in cpu(pids).items():
        into.cpu[name] += seconds - before[name]
    into.elapsed += result.elapsed
    into.rates.append(round(len(result.first) / result.elapsed, 1))
    into.first += result.first
    into.spread += result.spread
    into.errors += result.errors
