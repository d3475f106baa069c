"""``/cancel`` and a service that restarts, and Ctrl-C meanwhile, on a clock that the test sets: what is tried and told."""

import io
import signal
import threading
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import pytest

from agent.local import chat, chat_cancel, chat_outage
from agent.local.chat_client import ChatClient
from tests.unit.local.cancelling import HISTORY, Pages, Typed, conversation, ended, page, told, undo
from tests.unit.local.clock import Clock
from tests.unit.local.fake_service import TURN, Script, frame

STOPPING = (503, {"detail": "This process is stopping.", "code": "stopping"})
AGAIN = "trying again for up to 60 seconds"
NOT_YET = f"· not yet: This process is stopping. (HTTP 503); {AGAIN}"
ORDERED = undo("ordered", ("t-1", "ordered"))
DONE = undo("done", ("t-1", "undone"))
STAYS = "the undo stays ordered: /tasks shows what becomes of t-1"


def may_run(turns: str) -> str:
    return f"{turns} may still run or wait: the same command finds out"


@pytest.fixture(autouse=True)
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(chat_outage, "time", clock)
    monkeypatch.setattr(chat_cancel, "time", clock)
    return clock


@pytest.fixture(autouse=True)
def as_in_a_terminal() -> Iterator[None]:
    """Where the tests run in the background, SIGINT may be switched off."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


def ctrl_c() -> None:
    """Comes while the chat waits for an answer."""
    signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGINT)


@pytest.mark.parametrize(
    ("passing", "shown"),
    [
        (STOPPING, NOT_YET),
        ((502, b"bad gateway"), f"· not yet: bad gateway (HTTP 502); {AGAIN}"),
        (None, f"· no answer came; {AGAIN}"),
    ],
)
def test_a_cancel_that_meets_a_restart_is_sent_again(
    typed: Typed, clock: Clock, passing: tuple[int, Any] | None, shown: str
) -> None:
    script = Script(
        first=[ended("b"), passing, None, STOPPING, ended("a")], pages=conversation("a:running", "b:queued", running="a")
    )
    assert typed("/cancel", script) == [shown, "· cancelled: 2"]
    assert told(script) == [("/turns/b/cancel", "keep"), *[("/turns/a/cancel", "keep")] * 4]
    assert clock.slept == [0.2, 0.4, 0.8]


def test_it_waits_as_long_as_the_service_asks(typed: Typed, clock: Clock) -> None:
    script = Script(first=[STOPPING, ended("a")], retry_after="2", pages=conversation("a:running", running="a"))
    assert typed("/cancel", script) == [NOT_YET, "· cancelled: 1"]
    assert clock.slept == [2]


def test_every_look_is_repeated_too(typed: Typed) -> None:
    pages: Pages = {
        HISTORY: [STOPPING, page("b:cancelled", "a:running", running="a", older=2)],
        f"{HISTORY}&before=2&limit=100": [STOPPING, page("w:queued", running="a")],
        "/turns/a": [STOPPING, (200, {"undo": ORDERED}), STOPPING, (200, {"undo": DONE})],
    }
    script = Script(first=[ended("w", undo=undo("done")), ended("a", undo=ORDERED)], pages=pages)
    taken_back = "· what was done to t-1 is taken back"
    assert typed("/cancel undo", script) == [NOT_YET, NOT_YET, "· cancelled: 2", taken_back, NOT_YET, NOT_YET, "· undone: t-1"]


def test_an_undo_is_waited_for_after_an_outage_as_long_as_without(typed: Typed, clock: Clock) -> None:
    pages = conversation("a:running", running="a")
    pages["/turns/a"] = [*[STOPPING] * 20, *[(200, {"undo": ORDERED})] * 50, (200, {"undo": DONE})]
    assert typed("/cancel undo", Script(first=[ended("a", undo=ORDERED)], pages=pages))[-1] == "· undone: t-1"
    assert clock.now - 1000.0 > 30.0


def test_what_does_not_pass_is_told_at_once(typed: Typed, clock: Clock) -> None:
    script = Script(first=[(404, {"detail": "Turn not found"})], pages=conversation("a:running", running="a"))
    assert typed("/cancel", script) == ["· refused: Turn not found (HTTP 404)"]
    assert clock.slept == []


def test_giving_up_says_what_was_cancelled_and_that_the_rest_may_run(typed: Typed, clock: Clock) -> None:
    turns = conversation("a:running", "b:queued", "c:queued", running="a")
    script = Script(first=[ended("c")], refusal=STOPPING, pages=turns)
    gave_up = f"· the service does not come back; {may_run('2 turns')}"
    assert typed("/cancel", script) == [NOT_YET, "· cancelled: 1", gave_up]
    assert sum(clock.slept) == pytest.approx(60.0)


def test_giving_up_the_outcome_says_that_it_comes(typed: Typed) -> None:
    pages = conversation("a:running", running="a")
    pages["/turns/a"] = [STOPPING]
    shown = typed("/cancel undo", Script(first=[ended("a", undo=ORDERED)], pages=pages))
    assert shown[2:] == [NOT_YET, f"· the service does not come back; {STAYS}"]


def test_nobody_there_is_waited_for_and_nothing_was_cancelled(
    capsys: pytest.CaptureFixture[str], clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("/cancel\n/quit\n"))
    with closing(ChatClient("http://127.0.0.1:1", "ann", "main", "UTC")) as client:
        assert chat.interactive(client) == 0
    assert sum(clock.slept) == pytest.approx(60.0)
    assert capsys.readouterr().out.splitlines()[1:] == [
        f"· nothing answers at http://127.0.0.1:1; {AGAIN} (to start it: task-agent up)",
        "· the service does not come back; nothing was cancelled",
    ]


# -- Ctrl-C ----------------------------------------------------------------------------------------------------------------


def interrupted(path: str, **script: Any) -> Script:
    """Ctrl-C comes while an answer from ``path`` is waited for."""
    return Script(heard=lambda heard: ctrl_c() if heard == path else None, **script)


def test_ctrl_c_ends_the_wait_for_an_undo_and_the_chat_goes_on(typed: Typed) -> None:
    pages = conversation("a:running", running="a")
    pages |= {"/turns/a": [(200, {"undo": ORDERED})], "/tasks?limit=100": [(200, {"tasks": [], "next": None})]}
    script = interrupted("/turns/a", first=[ended("a", undo=ORDERED)], pages=pages)
    assert typed("/cancel undo\n/tasks", script)[1:] == [
        "· what was done to t-1 is taken back",
        f"· stopped; {STAYS}",
        "no tasks yet",
    ]


def test_ctrl_c_in_a_pause_does_the_same_and_names_what_was_not_told(
    typed: Typed, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    pauses = iter([None, ctrl_c])  # the second one is between two looks at the second undo
    monkeypatch.setattr(clock, "sleep", lambda _: (act := next(pauses)) and act())
    second = undo("ordered", ("t-2", "ordered"), ("t-3", "ordered"))
    pages = conversation("a:running", "b:queued", running="a") | {"/turns/b": [(200, {"undo": DONE})]}
    script = Script(first=[ended("b", undo=ORDERED), ended("a", undo=second)], pages=pages)
    assert typed("/cancel undo\n/help", script)[1:5] == [
        "· what was done to t-1, t-2, t-3 is taken back",
        "· undone: t-1",
        "· stopped; the undo stays ordered: /tasks shows what becomes of t-2, t-3",
        "Write a sentence, for example: Ask Bob to review the payment PR by tomorrow noon",
    ]


def test_ctrl_c_between_two_cancels_says_what_was_cancelled_and_that_the_rest_may_run(typed: Typed) -> None:
    turns = conversation("a:running", "b:queued", running="a")
    script = interrupted("/turns/a/cancel", first=[ended("b"), ended("a")], pages=turns)
    assert typed("/cancel", script) == ["· cancelled: 1", f"· stopped; {may_run('1 turn')}"]


def test_ctrl_c_during_the_look_says_that_nothing_was_cancelled(typed: Typed) -> None:
    assert typed("/cancel", interrupted(HISTORY, pages=conversation("a:running", running="a"))) == [
        "· stopped; nothing was cancelled"
    ]


def test_ctrl_c_while_the_own_answer_comes_is_heard_through_a_restart(typed: Typed) -> None:
    """The stream waits until the cancel was taken in; without that the turn would go on once the service is back."""
    cancelled, follow, cancel = threading.Event(), f"/turns/{TURN}/events", f"/turns/{TURN}/cancel"
    script = Script(first=[(200, []), STOPPING, None, STOPPING, ended(TURN)])
    script.pages = {follow: [(200, [frame("turn.cancelled")])]}

    def heard(path: str) -> None:
        if path == follow:
            ctrl_c()
            assert cancelled.wait(10)
        elif path == cancel and len(script.first) == 1:
            cancelled.set()

    script.heard = heard
    assert typed("hello", script)[-1] == "· cancelled"
    for beside in (thread for thread in threading.enumerate() if thread.name == "cancel"):
        beside.join(10)
    assert [path for path, _, _ in script.asked].count(cancel) == 4
