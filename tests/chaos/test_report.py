"""Which faults count: as survived, as inflicted at all, as felt alone; and which runs count as passed."""

from dataclasses import replace

from tests.chaos.evidence import Complaint
from tests.chaos.monkey import PATIENCE, Felt
from tests.chaos.report import alone, not_survived, passed, report
from tests.chaos.run import Outcome, Phase, Size


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


def test_survived_is_what_came_back_whole_and_had_met_somebody() -> None:
    whole, stuck, gone = felt(100.0, 2.0, 7.0), felt(100.0, None, 7.0), felt(100.0, 2.0, None)
    nobody = replace(whole, hit=False)
    assert [one.survived for one in (whole, stuck, gone, nobody)] == [True, False, False, False]
    assert not_survived([whole, nobody]) == []
    assert len(not_survived([stuck, gone])) == 2


def test_what_met_nobody_is_not_counted_as_inflicted() -> None:
    told = report(outcome(felt(100.0, 2.0, 7.0), replace(felt(110.0, 0.1), hit=False), felt(120.0, 1.0, None)))
    assert {name: told["faults"][name] for name in ("inflicted", "met_nobody", "survived")} == {
        "inflicted": 2, "met_nobody": 1, "survived": 1,
    }  # fmt: skip
    assert told["recovery_after_a_death"]["n"] == 2
    assert not passed(told)


def test_a_run_in_which_something_died_by_itself_or_broke_has_not_passed() -> None:
    sound, died, broke = outcome(felt(100.0, 2.0, 7.0)), outcome(), outcome()
    died.restarts.append("app")
    broke.chaos.complaints.append(Complaint("lost", "here", "why"))
    assert [passed(report(one)) for one in (sound, died, broke)] == [True, False, False]


def outcome(*felt: Felt) -> Outcome:
    return Outcome(1, Size(len(felt)), Phase("calm"), Phase("chaos", felt=list(felt)), [])
