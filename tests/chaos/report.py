"""The run as JSON: what was survived, lost and doubled, and how long it took."""

from collections import Counter, defaultdict
from collections.abc import Sequence
from typing import Any

from tests.chaos.faults import ROLLING
from tests.chaos.faults_plan import DEATHS
from tests.chaos.monkey import PATIENCE, Felt
from tests.chaos.run import Outcome, Phase

TOLD_MAX = 50  # complaints in the report


def report(outcome: Outcome) -> dict[str, Any]:
    """Seconds everywhere."""
    felt = [one for one in outcome.chaos.felt if one.hit]
    kinds = Counter(complaint.kind for complaint in outcome.complaints)
    by_kind = defaultdict[str, list[float]](list)
    for one in felt:
        if one.recovery is not None and one.turns:
            by_kind[one.kind].append(one.recovery)
    return {
        "seed": outcome.seed,
        "replicas": outcome.size.replicas,
        "users": outcome.size.users,
        "faults": {
            "inflicted": len(felt),
            "met_nobody": len(outcome.chaos.felt) - len(felt),
            "survived": sum(one.survived for one in felt),
            "of_kind": dict(Counter(one.kind for one in felt).most_common()),
        },
        "lost": kinds["lost"],
        "doubled": kinds["doubled"],
        "other_violations": {kind: n for kind, n in kinds.items() if kind not in ("lost", "doubled")},
        "recovery_after_a_death": quantiles(_recoveries_from_deaths(felt)),
        "of_those_that_fell_alone": quantiles(_recoveries_from_deaths(alone(felt))),
        "recovery_by_kind": {kind: quantiles(seconds) for kind, seconds in sorted(by_kind.items())},
        "replica_ready_again": quantiles([one.ready for one in felt if one.ready and one.kind != ROLLING]),
        "resume_gap": quantiles(outcome.chaos.times.gaps),
        "cancel": quantiles(outcome.chaos.times.cancels),
        "calm": _phase(outcome.calm) | {"restarts": outcome.restarts, "resume_gap": quantiles(outcome.calm.times.gaps)},
        "chaos": _phase(outcome.chaos),
        "complaints": [" | ".join(complaint) for complaint in outcome.complaints[:TOLD_MAX]],
        "not_survived": not_survived(outcome.chaos.felt),
    }


def not_survived(felt: Sequence[Felt]) -> list[str]:
    """Each fault behind which something did not come back."""
    return [f"{one.kind}: {one.broke}" for one in felt if one.broke]


def passed(told: dict[str, Any]) -> bool:
    """Whether the run that a report tells of kept every promise, and nothing died by itself."""
    return not (told["complaints"] or told["not_survived"] or told["calm"]["restarts"])


def alone(felt: Sequence[Felt]) -> list[Felt]:
    """Those inflicted when all that was hurt before was well again: they tell of one fault, and not of several at once."""
    found, well_at = list[Felt](), 0.0
    for one in felt:
        if one.at >= well_at:
            found.append(one)
        lasted = PATIENCE if one.recovery is None or one.ready is None else max(one.recovery, one.ready)
        well_at = max(well_at, one.at + lasted)
    return found


def _recoveries_from_deaths(felt: Sequence[Felt]) -> list[float]:
    return [one.recovery for one in felt if one.kind in DEATHS and one.recovery is not None and one.turns]


def _phase(phase: Phase) -> dict[str, Any]:
    records = [message.record for message in phase.messages if message.record]
    return {
        "seconds": round(phase.seconds, 1),
        "messages": len(phase.messages),
        "acknowledged": sum(bool(message.turn_ids) for message in phase.messages),
        "refused": sum(bool(message.refused) for message in phase.messages),
        "ends": dict(Counter(record["status"] for record in records)),
        "committed_steps": sum(record["steps"] for record in records),
        "model_calls": phase.model_calls,
        "epochs_for_the_model": sum(record["generations"] for record in records),
        "logs_incomplete": sum(record["log_incomplete"] for record in records),
        "readers_told_from_the_record": phase.from_record,
        "readers_connections": phase.connections,
        "frames_read": phase.frames,
    }


def quantiles(seconds: Sequence[float]) -> dict[str, float]:
    """p50, p95, p99 and the largest; empty without a measurement."""
    ordered = sorted(seconds)
    if not ordered:
        return {}
    at = {name: ordered[min(len(ordered) - 1, int(part * len(ordered)))] for name, part in _PARTS.items()}
    return {"n": len(ordered), **{name: round(value, 3) for name, value in at.items()}, "max": round(ordered[-1], 3)}


_PARTS = {"p50": 0.5, "p95": 0.95, "p99": 0.99}
