"""The supervisor's end with small shell programs: its order, its grace, and that none is left."""

import pytest

from agent.local.state_dir import RunningChild
from tests.integration.stack import until
from tests.unit.local.bench import FOREVER, Bench
from tests.unit.local.test_process import exists


def test_all_stop_in_the_reverse_order_and_none_comes_back(bench: Bench) -> None:
    order = bench.folder / "order"
    names = ("a", "b", "c")
    bench.start(*(bench.program(n, f"trap 'echo {n} >> {order}; exit' TERM; echo ready; {FOREVER}") for n in names))
    pids = [child.pid for child in bench.running]
    until(lambda: all("ready" in bench.said(name) for name in names), 30, lambda: "not started")

    bench.supervisor.stop(bench.signals)

    assert order.read_text().split() == ["c", "b", "a"]
    assert bench.running == ()
    assert not any(exists(pid) for pid in pids)


def test_those_of_one_name_stop_together(bench: Bench) -> None:
    """Each of two waits for the other's signal before it ends: one after the other, both would be killed."""
    mine, others = bench.folder / "0", bench.folder / "1"
    script = "trap 'touch {0}; while [ ! -e {1} ]; do sleep 0.01; done; echo done; exit' TERM; echo ready; " + FOREVER
    first = bench.program("a", script.format(mine, others), log=bench.folder / "a-0.log", grace=60.0)
    second = bench.program("a", script.format(others, mine), log=bench.folder / "a-1.log", grace=60.0)
    bench.start(first, second)
    until(lambda: all("ready" in bench.said(name) for name in ("a-0", "a-1")), 30, lambda: "not started")
    bench.supervisor.stop(bench.signals)
    assert all("done" in bench.said(name) for name in ("a-0", "a-1"))


def test_who_does_not_stop_in_time_is_killed(bench: Bench) -> None:
    bench.start(bench.program("a", f"trap '' TERM; echo deaf; {FOREVER}", grace=0.1))
    pid = bench.pid("a")
    until(lambda: "deaf" in bench.said("a"), 30, lambda: "it does not start")
    bench.supervisor.stop(bench.signals)
    assert not exists(pid)


def test_a_second_ctrl_c_cuts_the_grace_short(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    bench.start(bench.program("a", f"trap '' TERM; echo deaf; {FOREVER}", grace=600.0))
    pid = bench.pid("a")
    until(lambda: "deaf" in bench.said("a"), 30, lambda: "it does not start")
    bench.signals.hurry = True
    bench.supervisor.stop(bench.signals)
    assert not exists(pid)


def test_none_is_left_even_when_nobody_can_be_told(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    bench.start(bench.program("a", FOREVER), bench.program("b", FOREVER))
    pids = [child.pid for child in bench.running]

    def disk_full(children: tuple[RunningChild, ...]) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(bench.supervisor, "_on_change", disk_full)
        with pytest.raises(OSError, match="No space"):
            bench.supervisor.stop(bench.signals)
    assert not any(exists(pid) for pid in pids)
