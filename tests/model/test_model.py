"""The protocol holds in every world, and no rule of it is idle: each one taken away breaks an invariant in some world."""

from dataclasses import replace

import pytest

from tests.model.check import INVARIANTS
from tests.model.explore import explore
from tests.model.rules import RULES
from tests.model.scenarios import MISSED, WORLDS


@pytest.mark.parametrize("world", WORLDS)
def test_every_invariant_holds(world: str) -> None:
    found = explore(WORLDS[world])
    assert found.violation is None, "\n".join((str(found.violation), *found.trace, str(found.last)))
    assert found.at_rest, "a world that never comes to rest checks nothing"


@pytest.mark.parametrize("rule", RULES)
def test_a_rule_taken_away_is_missed(rule: str) -> None:
    world, invariant = MISSED[rule]
    found = explore(replace(WORLDS[world], without=frozenset({rule})))
    assert found.violation == invariant, found.trace


def test_every_invariant_is_broken_by_taking_away_some_rule() -> None:
    assert {invariant for _, invariant in MISSED.values()} == INVARIANTS.keys()
