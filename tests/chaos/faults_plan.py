"""Which faults come in which order, from the seed alone."""

from collections.abc import Sequence
from dataclasses import dataclass
from random import Random

# Weights: deaths of one process most, then freezes, then what all depend on.
KINDS = {
    "kill app": 20,
    "kill daprd": 14,
    "kill replica": 12,
    "terminate app": 12,
    "freeze app": 10,
    "freeze daprd": 4,
    "half-open": 8,
    "kill placement": 4,
    "kill scheduler": 3,
    "kill redis": 4,
    "freeze redis": 4,
    "notifications fail": 3,
    "freeze app until killed": 1,
    "freeze app unwatched": 1,
    "rolling restart": 1,
}
DEATHS = frozenset(
    {"kill app", "kill daprd", "kill replica", "terminate app", "kill placement", "kill scheduler", "kill redis"}
)


@dataclass(frozen=True)
class Fault:
    """``pick`` chooses among the replicas that can be hurt; ``seconds`` is how long it lasts, where it lasts."""

    kind: str
    pick: int
    seconds: float
    pause: float


def faults(seed: int, count: int, kinds_wanted: Sequence[str] = tuple(KINDS)) -> list[Fault]:
    """Every kind once, as far as ``count`` goes, then by weight; shuffled."""
    random = Random(f"{seed}/faults")
    kinds = list(kinds_wanted)[:count]
    kinds += random.choices(kinds_wanted, [KINDS[kind] for kind in kinds_wanted], k=count - len(kinds))
    random.shuffle(kinds)
    return [Fault(kind, random.randrange(2**16), random.uniform(1.0, 5.0), random.uniform(0.2, 1.2)) for kind in kinds]
