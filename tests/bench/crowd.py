"""A hundred turns at once with five followers each: whether every follower gets every frame, when, and at which cost."""

from typing import Any

import psutil

from tests.bench.chat import start_endpoint
from tests.bench.figures import p50_p99_ms
from tests.bench.load import Job
from tests.bench.processes import TASK_AGENT, Processes, cpu

TURNS, FOLLOWERS = 100, 5
TOKENS, DELAY = 200, 0.02  # fifty a second
REPLICAS = (1, 3)


def measure(processes: Processes) -> dict[str, Any]:
    """``{replicas: figures}``, one stack after the other."""
    _, settings = start_endpoint(processes)
    return {str(replicas): _measure(processes, replicas, settings) for replicas in REPLICAS}


def _measure(processes: Processes, replicas: int, settings: dict[str, str]) -> dict[str, Any]:
    name = f"crowd{replicas}"
    with processes.stack_for_a_while(
        name, str(TASK_AGENT), "up", "--port", "0", "--store", "redis", "--replicas", str(replicas), env=settings
    ) as pids:
        urls, load = processes.urls(name), processes.load()
        load.run(Job("chat", urls[0], 4, 20, "warm-up", "service", urls=urls))
        crowd = Job("chat", urls[0], TURNS, TURNS, "crowd", "service", 60.0, TOKENS, DELAY, FOLLOWERS, urls=urls)
        before = cpu(pids)
        result = load.run(crowd)
        memory = {part: psutil.Process(pid).memory_info().rss for part, pid in pids.items() if part.startswith("app")}
        used = {part: seconds - before[part] for part, seconds in cpu(pids).items()}
    apps = sum(seconds for part, seconds in used.items() if part.startswith("app"))
    return {
        "turns": len(result.total),
        "seconds": round(result.elapsed, 1),
        "followers": len(result.followed),
        "frames_read": result.frames,
        "incomplete": len(result.errors),
        "errors": result.errors[:3],
        "app_cpu_us_per_frame_read": round(apps * 1e6 / max(result.frames, 1), 1),
        "app_rss_mb": {part: round(rss / 2**20, 1) for part, rss in memory.items()},
        "cpu_s": {part: round(seconds, 2) for part, seconds in used.items()},
        "first_token": p50_p99_ms(result.first),
        "first_token_at_followers": p50_p99_ms(result.followed),
    }
