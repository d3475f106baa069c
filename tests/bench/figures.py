"""Numbers for people: percentiles and rounding; and the order of rounds."""

from collections.abc import Sequence
from typing import TypeVar

T = TypeVar("T")


def ms(seconds: float) -> float:
    return round(seconds * 1000, 2)


def percentile(values: Sequence[float], share: float) -> float:
    """The nearest-rank percentile; 0 of nothing."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))] if ordered else 0.0


def p50_p95_ms(values: Sequence[float]) -> dict[str, float]:
    return {"p50_ms": ms(percentile(values, 0.5)), "p95_ms": ms(percentile(values, 0.95))}


def p50_p99_ms(values: Sequence[float]) -> dict[str, float]:
    return {"n": len(values), "p50_ms": ms(percentile(values, 0.5)), "p99_ms": ms(percentile(values, 0.99))}


def rotated(things: Sequence[T], by: int) -> list[T]:
    """Another one first in each round: whoever goes first meets a rested machine."""
    by %= len(things)
    return [*things[by:], *things[:by]]
