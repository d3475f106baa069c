"""The supervisor with small shell programs: restarts, pauses, freezing."""

import os
import signal
import time

import pytest

from agent.local import child as child_module
from agent.local.supervisor import Died
from tests.integration.stack import until
from tests.unit.local.bench import FOREVER, Bench
from tests.unit.local.clock import Clock
from tests.unit.local.test_process import exists


def test_who_runs_is_told_in_the_order_of_the_start(bench: Bench) -> None:
    bench.start(bench.program("a", FOREVER), bench.program("b", FOREVER, replica=0, url="http://b"))
    assert [(c.name, c.replica, c.url) for c in bench.running] == [("a", None, None), ("b", 0, "http://b")]
    assert all(exists(child.pid) for child in bench.running)


def test_a_killed_child_is_started_again_and_told(bench: Bench) -> None:
    bench.start(bench.program("a", FOREVER), bench.program("b", FOREVER))
    first, other = bench.pid("a"), bench.pid("b")

    os.kill(first, signal.SIGKILL)
    died = bench.tick_until(lambda: any(c.name == "a" and c.pid != first for c in bench.running))

    assert [(d.program.name, d.status, d.gave_up) for d in died] == [("a", -signal.SIGKILL, False)]
    assert died[0].describe() == "a was killed by signal 9"
    assert bench.pid("b") == other


def test_a_child_that_gives_up_is_told_with_its_status(bench: Bench) -> None:
    bench.start(bench.program("a", "exit 3"))
    died: list[Died] = []
    until(lambda: bool(died.extend(bench.supervisor.tick()) or died), 30, lambda: "it did not die")
    assert died[0].gave_up
    assert died[0].describe() == "a exited with status 3"
    assert bench.running == ()


def test_what_a_dead_child_leaves_in_its_session_dies_before_the_restart(bench: Bench) -> None:
    bench.start(bench.program("a", "sleep 600 & echo $!; wait"))
    until(lambda: bench.said("a").endswith("\n"), 30, lambda: "it says nothing")
    grandchild = int(bench.said("a"))

    os.kill(bench.pid("a"), signal.SIGKILL)
    bench.tick_until(lambda: not exists(grandchild))


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(child_module, "time", clock)
    return clock


def test_pauses_between_restarts_grow(bench: Bench, clock: Clock) -> None:
    bench.start(bench.program("a", "exit 1"))
    pauses: list[float] = []
    while len(pauses) < 4:
        bench.tick_until(lambda: bench.running == ())
        pauses.append(bench.supervisor.until_due())
        clock.sleep(pauses[-1] + 0.01)
        bench.tick_until(lambda: bench.running != ())
    assert pauses == sorted(pauses)
    assert pauses[-1] > 4 * pauses[0]


def test_a_child_that_lived_long_enough_starts_again_at_once(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(child_module, "_STEADY_AFTER", 0.0)
    bench.start(bench.program("a", "sleep 600"))
    old, died = bench.pid("a"), list[Died]()
    os.kill(old, signal.SIGKILL)
    until(lambda: bool(died.extend(bench.supervisor.tick()) or died), 30, lambda: "it did not die")
    assert bench.pid("a") != old


def test_the_loop_may_sleep_until_something_is_due(bench: Bench, clock: Clock) -> None:
    bench.start(bench.program("a", FOREVER))
    bench.supervisor.tick()
    assert 0 < bench.supervisor.until_due() <= 0.2  # it has not answered yet


def test_a_frozen_child_is_killed_and_started_again(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    answers = [True] * 3
    monkeypatch.setattr(child_module, "_PROBE_INTERVAL", 0.01)
    monkeypatch.setattr(child_module, "_FROZEN_AFTER", 0.05)
    bench.start(bench.program("a", FOREVER, answers=lambda: bool(answers) and answers.pop()))
    first = bench.pid("a")

    died = bench.tick_until(lambda: bool(bench.running) and bench.pid("a") != first)

    assert died[0].describe() == "a did not answer any more and was killed"
    assert answers == []
    assert not exists(first)


def test_a_child_that_is_late_because_it_is_busy_is_left_more_time(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    answers = [True]
    monkeypatch.setattr(child_module, "_PROBE_INTERVAL", 0.2)
    monkeypatch.setattr(child_module, "_FROZEN_AFTER", 0.3)
    monkeypatch.setattr(child_module, "_BUSY_SHARE", 0.001)  # a busy machine leaves it little
    asked: list[None] = []

    def late() -> bool:
        asked.append(None)
        return bool(answers) and answers.pop()

    bench.start(bench.program("a", "while :; do :; done", answers=late))
    first = bench.pid("a")
    assert bench.tick_until(lambda: len(asked) > 8) == []
    monkeypatch.setattr(child_module, "_BUSY_AFTER", 0.3)
    died = bench.tick_until(lambda: bool(bench.running) and bench.pid("a") != first)
    assert [one.status for one in died] == [None], "not for ever: it may go round in circles"


def test_who_was_frozen_itself_gives_the_silent_a_chance(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """It was away for so long that the last answer is too old by now, and the child needs a moment to wake up as well."""
    answers = [True, False, False, True]
    monkeypatch.setattr(child_module, "_PROBE_INTERVAL", 0.0)
    monkeypatch.setattr(child_module, "_FROZEN_AFTER", 0.0)
    bench.start(bench.program("a", FOREVER, answers=lambda: answers.pop(0)))
    assert bench.tick_until(lambda: not answers) == []


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_who_is_useless_without_another_ends_and_starts_with_it(bench: Bench, number: signal.Signals) -> None:
    bench.start(bench.program("side", FOREVER, useless_without="main"), bench.program("main", FOREVER))
    side, main = bench.pid("side"), bench.pid("main")

    os.kill(main, number)
    died = bench.tick_until(lambda: len(bench.running) == 2 and main != bench.pid("main"))

    assert [one.program.name for one in died] == ["main"], "the other death is no news"
    assert not exists(side)
    side, main = bench.pid("side"), bench.pid("main")
    os.kill(side, signal.SIGKILL)
    bench.tick_until(lambda: len(bench.running) == 2 and side != bench.pid("side"))
    assert bench.pid("main") == main


def test_a_child_that_starts_slowly_is_left_alone(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[None] = []
    monkeypatch.setattr(child_module, "_PROBE_INTERVAL_AT_START", 0.0)
    monkeypatch.setattr(child_module, "_FROZEN_AFTER", 0.0)
    bench.start(bench.program("a", FOREVER, answers=lambda: bool(asked.append(None))))
    assert bench.tick_until(lambda: len(asked) > 5) == []


def test_a_frozen_child_may_be_left_to_those_who_study_it(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[None] = []
    for name in ("_PROBE_INTERVAL", "_PROBE_INTERVAL_AT_START", "_FROZEN_AFTER", "_FROZEN_AT_START_AFTER"):
        monkeypatch.setattr(child_module, name, 0.0)
    quiet = bench.program("a", FOREVER, answers=lambda: bool(asked.append(None)))
    bench.start(quiet, kill_frozen=False)
    assert bench.tick_until(lambda: len(asked) > 5) == []


def test_nothing_starts_before_what_all_need_answers(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(child_module, "_PROBE_INTERVAL_AT_START", 0.0)
    monkeypatch.setattr(child_module, "_PROBE_INTERVAL", 0.0)
    up: list[bool] = []
    base = bench.program("base", FOREVER, answers=lambda: True, ready=lambda: bool(up))
    bench.start(base, bench.program("a", FOREVER))
    bench.supervisor.tick()
    assert [child.name for child in bench.running] == ["base"]

    up.append(True)
    bench.tick_until(lambda: len(bench.running) == 2)
    up.clear()
    killed = {child.pid for child in bench.running}
    for pid in killed:
        os.kill(pid, signal.SIGKILL)
    bench.tick_until(lambda: [child.name for child in bench.running] == ["base"] and bench.pid("base") not in killed)
    for _ in range(3):
        bench.supervisor.tick()
    assert [child.name for child in bench.running] == ["base"]
    assert bench.supervisor.until_due() < 1
    up.append(True)
    bench.tick_until(lambda: len(bench.running) == 2)


@pytest.mark.parametrize("crash", ["before", "while"])
def test_recovery_follows_a_crash_until_it_is_done(bench: Bench, crash: str) -> None:
    outcomes = [True, False, False]
    recovered: list[bool] = []
    before = time.time()

    def recover(started: float) -> bool:
        assert before <= started <= time.time()
        recovered.append(outcomes.pop())
        return recovered[-1]

    bench.start(bench.program("a", FOREVER, recover=recover), after_crash=crash == "before")
    if crash == "while":
        bench.supervisor.tick()
        assert recovered == []
        os.kill(bench.pid("a"), signal.SIGKILL)
    bench.tick_until(lambda: not outcomes)
    assert recovered == [False, False, True]
