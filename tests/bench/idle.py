"""Ten thousand open feeds in which nothing happens: memory of the app per connection, and what it does meanwhile."""

import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any
from urllib.parse import urlsplit

import psutil

from tests.bench.chat import start_endpoint
from tests.bench.processes import TASK_AGENT, Processes, cpu

CONNECTIONS, AT_ONCE = 10_000, 200
WATCHED = 30.0  # seconds: three pings of each


def measure(processes: Processes) -> dict[str, Any]:
    """On the embedded profile and on Redis."""
    _, settings = start_endpoint(processes)
    return {store: _measure(processes, store, settings) for store in ("sqlite", "redis")}


def _measure(processes: Processes, store: str, settings: dict[str, str]) -> dict[str, Any]:
    command = (str(TASK_AGENT), "up", "--port", "0", "--store", store)
    with processes.stack_for_a_while(store, *command, env=settings) as pids, ExitStack() as opened:
        where = urlsplit(processes.urls(store)[0])
        app = psutil.Process(pids["app"])
        for connection in _open(where.hostname or "", where.port or 0, AT_ONCE):
            opened.enter_context(connection)  # what every process needs once is there when the count begins
        begun, before = time.monotonic(), app.memory_info().rss
        for connection in _open(where.hostname or "", where.port or 0, CONNECTIONS):
            opened.enter_context(connection)
        opening, after = time.monotonic() - begun, app.memory_info().rss
        used = cpu(pids)
        time.sleep(WATCHED)
        share = {part: round((seconds - used[part]) / WATCHED, 3) for part, seconds in cpu(pids).items()}
        settled = app.memory_info().rss
    return {
        "connections": CONNECTIONS,
        "opened_per_s": round(CONNECTIONS / opening),
        "kb_per_connection": round((settled - before) / CONNECTIONS / 1024, 1),
        "kb_per_connection_at_once": round((after - before) / CONNECTIONS / 1024, 1),
        "app_mb_before": round(before / 2**20),
        "cpus_used": share,
    }


def _open(host: str, port: int, count: int) -> Iterator[socket.socket]:
    """So many open feeds, each one answered."""
    for first in range(0, count, AT_ONCE):
        opening = [socket.create_connection((host, port), timeout=30) for _ in range(min(AT_ONCE, count - first))]
        for number, connection in enumerate(opening, first):
            head = f"GET /events HTTP/1.1\r\nHost: {host}:{port}\r\nX-User-Id: idle-{number}\r\n\r\n"
            connection.sendall(head.encode())
        for connection in opening:
            if not (answer := connection.recv(4_096)).startswith(b"HTTP/1.1 200"):
                raise ConnectionError(f"feed {first} or later was refused: {answer[:200]!r}")
            yield connection
