"""How fast a cancelled turn lets go: from the cancel's request until the endpoint sees the disconnect and readers are told.

One turn at a time, cancelled before its first token, between tokens, and while a tool works (then no answer is open).
"""

import json
import time
import urllib.request
from typing import Any

import httpx

from tests.bench.figures import ms, percentile
from tests.bench.processes import post

TURNS = 120  # of each kind; the first WARM_UP do not count
WARM_UP = 20
_TASK = {"title": "A good title", "description": "A good description.", "assignee": "Bob"}
KINDS = {
    "before the first token": ("[[script: fault=hang]]", ""),
    "between tokens": ("[[script: tokens=2000 delay=5ms]]", "text.delta"),
    "while a tool works": (f"[[script: tool=create_task args={json.dumps(_TASK)}]]", "tool.called"),
}


def measure(endpoint: str, service: str) -> dict[str, Any]:
    """``{kind: {"disconnect": figures, "told": figures}}`` for the origins of the scripted endpoint and the service."""
    headers = {"X-User-Id": "bench-cancel"}
    with httpx.Client(base_url=service, headers=headers, timeout=30.0, trust_env=False) as client:
        found = dict[str, Any]()
        for kind, (script, until) in KINDS.items():
            client.put("/dev/notifications", json={"mode": "hang" if "tool" in kind else "ok"}).raise_for_status()
            post(f"{endpoint}/reset")
            cancelled = [_cancelled(endpoint, client, f"{kind} {n} {script}", until) for n in range(TURNS)][WARM_UP:]
            found[kind] = {"told": _figures([told - asked for asked, told, _ in cancelled])}
            if "tool" not in kind:
                found[kind]["disconnect"] = _figures([left - asked for asked, _, left in cancelled])
        client.put("/dev/notifications", json={"mode": "ok"}).raise_for_status()
    return found


def _cancelled(endpoint: str, client: httpx.Client, message: str, until: str) -> tuple[float, float, float]:
    """When the cancel was asked for, when the reader was told, and when the endpoint saw the disconnect (0: none)."""
    body = {"message": message, "conversation": f"c{time.monotonic_ns()}"}  # a context of its own: the ledger stays small
    with client.stream("POST", "/chat", json=body) as stream:
        lines = stream.iter_lines()
        if until:
            next(line for line in lines if line == f"event: {until}")
        else:
            _asked(endpoint, message, lambda record: True)
        asked = time.time()
        client.post(f"/turns/{stream.headers['x-turn-id']}/cancel", json={}).raise_for_status()
        next(line for line in lines if line == "event: turn.cancelled")
        told = time.time()
    if until == "tool.called":
        return asked, told, 0.0
    return asked, told, _asked(endpoint, message, lambda record: record["disconnected"])["disconnected"]


def _asked(endpoint: str, message: str, holds: Any) -> dict[str, Any]:
    """The endpoint's record of the request with ``message``, once it is there and ``holds``."""
    deadline = time.monotonic() + 10.0
    while time.monotonic() < deadline:
        with urllib.request.urlopen(f"{endpoint}/ledger", timeout=10) as answer:
            records: list[dict[str, Any]] = json.load(answer)
        for record in reversed(records):
            if record["body"]["messages"][-1]["content"] == message and holds(record):
                return record
        time.sleep(0.02)
    raise TimeoutError(message)


def _figures(seconds: list[float]) -> dict[str, float]:
    return {"n": len(seconds), "p50_ms": ms(percentile(seconds, 0.5)), "p99_ms": ms(percentile(seconds, 0.99))}
