"""A short chaos run: about 25 faults, every kind that is over quickly, and nothing is lost, doubled, torn or untrue.

Says nothing about times: they are the machine's. ``SEED=n`` repeats the plan; a failure prints the seed. ``make chaos`` and
``make chaos-long`` tell the figures.
"""

import os
import secrets
import sys
from pathlib import Path

from tests.chaos.faults_plan import KINDS
from tests.chaos.report import not_survived
from tests.chaos.run import Size, run

LONG = ("rolling restart", "freeze app until killed")  # as long as all the others together
SIZE = Size(
    faults=25,
    users=8,
    calm=5.0,
    unwatched=12.0,
    breath=3.0,
    kinds=tuple(kind for kind in KINDS if kind not in LONG),
)


def test_nothing_is_lost_and_nothing_doubled(tmp_path: Path) -> None:
    seed = int(os.environ.get("SEED") or secrets.randbelow(2**31))
    sys.stderr.write(f"chaos: SEED={seed}\n")
    outcome = run(seed, SIZE, tmp_path)
    # A message nobody took for too long is no promise broken; nor is a step that a busy machine tries twice while it is calm.
    broken = [complaint for complaint in outcome.complaints if complaint.kind not in ("unavailable", "restless")]
    assert broken == [], f"SEED={seed}"
    assert outcome.restarts == [], f"SEED={seed}: processes that died with nobody's help"
    assert not_survived(outcome.chaos.felt) == [], f"SEED={seed}"
    assert len(outcome.chaos.felt) == SIZE.faults
    assert all(any(message.turn_ids for message in phase.messages) for phase in (outcome.calm, outcome.chaos))
