"""One reader among a hundred takes nothing: do the others get the turn later for it? Rounds with and without alternate."""

from collections import defaultdict
from typing import Any

from tests.bench.chat import start_endpoint
from tests.bench.figures import p50_p99_ms, rotated
from tests.bench.load import Job
from tests.bench.processes import TASK_AGENT, Processes

ROUNDS = 4
READERS = 100


def measure(processes: Processes) -> dict[str, Any]:
    """From the message to the end of the stream at each reader that reads."""
    _, settings = start_endpoint(processes)
    url, _ = processes.stack("stalled", str(TASK_AGENT), "up", "--port", "0", "--store", "redis", env=settings)
    load, times, errors = processes.load(), defaultdict[int, list[float]](list), list[str]()
    load.run(Job("chat", url, 4, 20, "warm-up", "service"))
    for number in range(ROUNDS):
        for stalled in rotated((0, 1), number):
            job = Job("watch", url, 1, 1, f"watch{number}x{stalled}", "service", followers=READERS, stalled=stalled)
            result = load.run(job)
            times[stalled] += result.followed
            errors += result.errors
    with_one, without = (p50_p99_ms(times[stalled]) for stalled in (1, 0))
    return {"one_stalled": with_one, "none_stalled": without, "errors": errors[:3]}
