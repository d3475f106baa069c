"""What the figures should be, on an idle machine, and whether they are."""

from typing import Any

FIRST_TOKEN_OVER_PROXY_MS = 16.0  # one turn at a time
FIRST_TOKEN_TIMES_PROXY = 3.5  # 50 turns at once
TURNS_PER_S = 60.0  # 50 turns at once
ADDED_PER_TOKEN_MS = 20.0  # 50 turns at once: the slowest turn in a hundred, to the endpoint read directly


def aims(report: dict[str, Any]) -> list[dict[str, Any]]:
    """Each aim with its figure; empty for what was not measured."""
    found: list[dict[str, Any]] = []
    if chat := report.get("chat"):
        one, fifty = ({name: figures["first_token"]["p50_ms"] for name, figures in chat[n].items()} for n in ("1", "50"))
        over, times = one["service"] - one["proxy"], fifty["service"] / max(fifty["proxy"], 0.01)
        turns = chat["50"]["service"]["turns_per_s"]
        added = chat["50"]["service"]["per_token"]["p99_ms"] - chat["50"]["endpoint"]["per_token"]["p50_ms"]
        found += [
            _aim("first token over the proxy, 1 turn (ms)", over, FIRST_TOKEN_OVER_PROXY_MS, over <= FIRST_TOKEN_OVER_PROXY_MS),
            _aim("first token, times the proxy's, 50 turns", times, FIRST_TOKEN_TIMES_PROXY, times <= FIRST_TOKEN_TIMES_PROXY),
            _aim("turns per second, 50 turns", turns, TURNS_PER_S, turns >= TURNS_PER_S),
            _aim("added time per token, 50 turns, p99 (ms)", added, ADDED_PER_TOKEN_MS, added <= ADDED_PER_TOKEN_MS),
        ]
    for in_flight, stacks in report.get("tasks", {}).items():
        ours, bare = stacks["service"]["workflows_per_s"], stacks["bare sample"]["workflows_per_s"]
        found.append(_aim(f"workflows per second, {in_flight} in flight", ours, bare, ours >= bare))
    return found


def _aim(name: str, figure: float, aim: float, met: bool) -> dict[str, Any]:
    return {"name": name, "figure": round(figure, 1), "aim": aim, "met": met}
