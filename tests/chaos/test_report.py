"""Which faults count as felt alone."""

from tests.chaos.monkey import PATIENCE, Felt
from tests.chaos.report import alone


def felt(at: float, recovery: float | None, ready: float | None = 0.0) -> Felt:
    return Felt("kill app", at, turns=1, recovery=recovery, ready=ready)


def test_a_fault_that_falls_before_turns_or_replicas_are_well_again_is_not_alone() -> None:
    first, second = felt(100.0, 2.0, 7.0), felt(106.9, 1.0)
    assert alone([first, second]) == [first]
    assert alone([first, felt(107.0, 1.0)]) == [first, felt(107.0, 1.0)]
    assert alone([felt(100.0, 8.0, 7.0), second]) == [felt(100.0, 8.0, 7.0)]


def test_what_is_not_well_again_spoils_all_that_falls_while_it_was_waited_for() -> None:
    for lost in (felt(100.0, None), felt(100.0, 1.0, None)):
        later = [felt(101.0, 1.0), felt(100.0 + PATIENCE, 1.0)]
        assert alone([lost, *later]) == [lost, later[1]]


def test_a_short_one_does_not_end_a_longer_one_before_it() -> None:
    long = felt(100.0, 2.0, 20.0)
    assert alone([long, felt(103.0, 1.0), felt(110.0, 1.0)]) == [long]
