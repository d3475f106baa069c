"""The Redis profile beside the embedded one, fifty turns at once, with one reader of each turn and with two."""

from collections import defaultdict
from typing import Any

from tests.bench.chat import start_endpoint
from tests.bench.figures import p50_p99_ms, rotated
from tests.bench.load import TOKENS, Job, Result
from tests.bench.processes import TASK_AGENT, Processes

ROUNDS = 3
TURNS = 200  # per round
STORES = ("sqlite", "redis")


def measure(processes: Processes) -> dict[str, Any]:
    """``{store: {readers of each turn: figures}}`` and ratios of turns per second."""
    _, settings = start_endpoint(processes)
    load, urls = processes.load(), dict[str, str]()
    for store in STORES:
        urls[store], _ = processes.stack(store, str(TASK_AGENT), "up", "--port", "0", "--store", store, env=settings)
        load.run(Job("chat", urls[store], 4, 20, "warm-up", "service"))
    results = defaultdict[tuple[str, int], list[Result]](list)
    for number in range(ROUNDS):
        for readers in (1, 2):
            for store in rotated(STORES, number):
                job = Job("chat", urls[store], 50, TURNS, f"{store}{readers}r{number}", "service", followers=readers - 1)
                results[store, readers].append(load.run(job))
    figures = {store: {str(readers): _figures(results[store, readers]) for readers in (1, 2)} for store in STORES}
    redis, sqlite = (figures[store] for store in ("redis", "sqlite"))
    return figures | {
        "redis_2_to_sqlite_2": _ratio(redis["2"], sqlite["2"]),
        "redis_2_to_sqlite_1": _ratio(redis["2"], sqlite["1"]),
        "redis_1_to_sqlite_1": _ratio(redis["1"], sqlite["1"]),
    }


def _figures(results: list[Result]) -> dict[str, Any]:
    return {
        "turns_per_s": round(sum(len(result.total) for result in results) / sum(result.elapsed for result in results), 1),
        "per_round": [round(len(result.total) / result.elapsed, 1) for result in results],
        "first_token": p50_p99_ms([seconds for result in results for seconds in result.first]),
        "per_token": p50_p99_ms([spread / (TOKENS - 1) for result in results for spread in result.spread]),
        "errors": [error for result in results for error in result.errors][:3],
    }


def _ratio(ours: dict[str, Any], other: dict[str, Any]) -> float:
    return round(ours["turns_per_s"] / other["turns_per_s"], 2)
