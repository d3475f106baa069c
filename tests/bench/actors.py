"""Actor calls through the sidecar: the SDK's default client and the service's pooled one, in a caller process of its own.

Calls the bare sample's TaskActor, so that only the callers differ. ``DAPR_HTTP_PORT`` and ``DAPR_API_TOKEN`` say where;
``python -m tests.bench.actors`` prints JSON.
"""

import asyncio
import json
import os
import sys
import time
from collections import defaultdict
from collections.abc import Awaitable, Callable
from typing import Any

from dapr.actor import ActorId, ActorProxy

from actors.transport import PooledActorClient
from tests.bench.bare_interface import TaskActorInterface
from tests.bench.figures import p50_p95_ms

ROUNDS, SECONDS = 2, 1.5
AT_ONCE = (1, 20)
_ACTORS = 20

Call = Callable[[int], Awaitable[object]]


async def measure() -> dict[str, Any]:
    """``{at once: {client: figures}}``."""
    port, token = int(os.environ["DAPR_HTTP_PORT"]), os.environ.get("DAPR_API_TOKEN", "")
    pooled = PooledActorClient(port, token, "")
    proxies = [_proxy(actor) for actor in range(_ACTORS)]
    clients: dict[str, Call] = {
        "sdk default, a proxy per call": lambda actor: _proxy(actor).GetTask(),
        "sdk default, proxy kept": lambda actor: proxies[actor].GetTask(),
        "pooled": lambda actor: pooled.invoke_method("TaskActor", f"bench-{actor}", "GetTask"),
    }
    times: dict[tuple[int, str], list[float]] = defaultdict(list)
    for _ in range(ROUNDS):
        for at_once in AT_ONCE:
            for name, call in clients.items():
                times[at_once, name] += await _calls(call, at_once)
    await pooled.aclose()
    return {str(n): {name: _figures(times[n, name]) for name in clients} for n in AT_ONCE}


def _proxy(actor: int) -> Any:
    return ActorProxy.create("TaskActor", ActorId(f"bench-{actor}"), TaskActorInterface)


async def _calls(call: Call, at_once: int) -> list[float]:
    times: list[float] = []
    until = time.perf_counter() + SECONDS

    async def worker(actor: int) -> None:
        while (begun := time.perf_counter()) < until:
            await call(actor)
            times.append(time.perf_counter() - begun)

    await asyncio.gather(*[worker(actor) for actor in range(at_once)])
    return times


def _figures(times: list[float]) -> dict[str, Any]:
    return {"calls_per_s": round(len(times) / (ROUNDS * SECONDS)), "call": p50_p95_ms(times)}


if __name__ == "__main__":
    json.dump(asyncio.run(measure()), sys.stdout)
