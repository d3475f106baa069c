"""What a synced write costs: the service on one Redis, ``appendfsync`` changed between alternating rounds."""

from collections import defaultdict
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from redis import Redis

from tests.bench.chat import start_endpoint
from tests.bench.figures import p50_p99_ms, rotated
from tests.bench.load import Job, Result
from tests.bench.processes import TASK_AGENT, BenchFailed, Processes
from tests.integration.proc import environment, listening

ROUNDS = 3
POLICIES = ("always", "everysec")
TURNS, WORKFLOWS = 150, 150  # per round, 50 at once


def measure(processes: Processes) -> dict[str, Any]:
    """``{policy: figures}`` and the ratio of their rates."""
    _, settings = start_endpoint(processes)
    url, pids = processes.stack("fsync", str(TASK_AGENT), "up", "--port", "0", "--store", "redis", env=settings)
    load, results = processes.load(), defaultdict[tuple[str, str], list[Result]](list)
    load.run(Job("chat", url, 4, 20, "warm-up", "service"))
    with Redis.from_url(own_redis(pids)) as redis:
        for number in range(ROUNDS):
            for policy in rotated(POLICIES, number):
                redis.config_set("appendfsync", policy)
                label = f"{policy}{number}"
                results[policy, "turns"].append(load.run(Job("chat", url, 50, TURNS, label, "service")))
                results[policy, "one"].append(load.run(Job("chat", url, 1, 8, f"{label}one", "service")))
                results[policy, "workflows"].append(load.run(Job("tasks", url, 50, WORKFLOWS, label)))
    figures = {policy: _figures({kind: found for (p, kind), found in results.items() if p == policy}) for policy in POLICIES}
    ratio = {kind: round(figures["always"][kind] / figures["everysec"][kind], 2) for kind in ("turns_per_s", "workflows_per_s")}
    return {**figures, "always_to_everysec": ratio}


def own_redis(pids: Mapping[str, int]) -> str:
    """The address of the Redis that the app uses. Raises BenchFailed unless the stack has started it."""
    url = environment(pids["app"])["REDIS_URL"]
    where = urlsplit(url)
    own = {(at.address, at.port) for at in listening(pids["redis"])} if "redis" in pids else set[tuple[str, int]]()
    if (where.hostname, where.port) not in own:
        raise BenchFailed(f"the Redis at {where.hostname}:{where.port} is not the stack's own: it is left alone")
    return url


def _figures(results: dict[str, list[Result]]) -> dict[str, Any]:
    return {
        "turns_per_s": _rate(results["turns"]),
        "workflows_per_s": _rate(results["workflows"]),
        "admission_50_at_once": p50_p99_ms([seconds for result in results["turns"] for seconds in result.admitted]),
        "admission_1_at_once": p50_p99_ms([seconds for result in results["one"] for seconds in result.admitted]),
        "errors": [error for found in results.values() for result in found for error in result.errors][:3],
    }


def _rate(results: list[Result]) -> float:
    return round(sum(len(result.total) for result in results) / sum(result.elapsed for result in results), 1)
