"""Memory of the app over ten thousand turns of fifty users: flat, or growing by how much."""

from typing import Any

import psutil

from tests.bench.chat import start_endpoint
from tests.bench.load import Job
from tests.bench.processes import TASK_AGENT, Processes, post

TURNS, SAMPLES, USERS = 10_000, 10, 50
TOKENS = 5


def measure(processes: Processes) -> dict[str, Any]:
    """Megabytes after each tenth of the turns; the slope by least squares over the second half, in bytes per turn."""
    endpoint, settings = start_endpoint(processes)
    url, pids = processes.stack("memory", str(TASK_AGENT), "up", "--port", "0", env=settings)
    load, app = processes.load(), psutil.Process(pids["app"])
    seen, turns, errors = [(0, app.memory_info().rss)], 0, list[str]()
    for _ in range(SAMPLES):
        job = Job("chat", url, USERS, TURNS // SAMPLES, "memory", "service", 300.0, TOKENS, 0.0)
        result = load.run(job)
        post(endpoint.url + "/reset")
        turns += len(result.total)
        errors += result.errors
        seen.append((turns, app.memory_info().rss))
    return {
        "turns": turns,
        "users": USERS,
        "rss_mb": [round(rss / 2**20, 1) for _, rss in seen],
        "bytes_per_turn_in_the_second_half": round(_slope(seen[len(seen) // 2 :])),
        "errors": errors[:3],
    }


def _slope(points: list[tuple[int, int]]) -> float:
    middle_x, middle_y = (sum(values) / len(points) for values in zip(*points, strict=True))
    return sum((x - middle_x) * (y - middle_y) for x, y in points) / sum((x - middle_x) ** 2 for x, _ in points)
