"""A service that goes away and comes back, on a clock that the test sets: what is tried again, for how long, what is told."""

import io
from collections.abc import Callable, Generator, Iterator
from contextlib import closing, contextmanager

import httpx
import pytest
from rich.console import Console

from agent.local import chat, chat_outage
from agent.local.chat_client import ChatClient, Opened, Refused
from agent.local.chat_live import LiveView
from agent.local.chat_outage import Lost
from agent.local.chat_turn import take_turn
from agent.local.sse import PING, Frame
from tests.unit.local.clock import Clock
from tests.unit.local.fake_service import TURN, FakeService, Script, completed

NOBODY = "http://127.0.0.1:1"
QUEUED = Frame("1-0", "turn.queued", {"position": 1})
DONE = Frame("9-0", "turn.completed", {"message": {"content": "done"}})
STOPPING = (503, {"detail": "This process is stopping.", "code": "stopping"})
WAITS = "trying again for up to 60 seconds"


@pytest.fixture(autouse=True)
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(chat_outage, "time", clock)
    return clock


Part = Frame | float | Exception
"""What a connection brings: a frame, seconds in which nothing comes, its end."""


class Line(ChatClient):
    """A client whose connections bring what the test says, the last one again and again."""

    def __init__(self, clock: Clock, *connections: list[Part]) -> None:
        super().__init__(NOBODY, "ann", "main", "UTC")
        self._clock, self._connections = clock, list(connections)

    @contextmanager
    def follow(self, turn_id: str, after: str) -> Generator[Opened]:
        parts = self._connections.pop(0) if len(self._connections) > 1 else self._connections[0]
        if isinstance(parts[0], httpx.ConnectError | Refused):
            raise parts[0]
        yield TURN, self._brought(parts)

    def _brought(self, parts: list[Part]) -> Iterator[Frame]:
        for part in parts:
            match part:
                case Frame():
                    yield part
                case Exception():
                    raise part
                case _:
                    self._clock.now += part


def taken(line: Line) -> str:
    with closing(line):
        return take_turn(line, LiveView(Console(quiet=True)), lambda: line.follow("", "")).text


BREAK, AWAY = httpx.ReadError("reset"), httpx.ConnectError("refused")


def test_a_long_wait_before_the_break_is_no_outage(clock: Clock) -> None:
    assert taken(Line(clock, [QUEUED, 70.0, BREAK], [AWAY], [DONE])) == "done"


@pytest.mark.parametrize("status", [429, 502, 503, 504])
def test_a_turn_that_is_there_is_not_left_for_a_refusal_that_passes(clock: Clock, status: int) -> None:
    assert taken(Line(clock, [QUEUED, BREAK], [Refused("later", status, 3)], [DONE])) == "done"
    assert clock.slept == [0.2, 3]


def test_a_ping_ends_an_outage(clock: Clock) -> None:
    assert taken(Line(clock, [QUEUED, BREAK], [50.0, PING, 50.0, BREAK], [AWAY], [DONE])) == "done"


@pytest.mark.parametrize("after", [[AWAY], [BREAK], [0.5]])
def test_an_outage_is_bounded_from_the_break(clock: Clock, after: list[Part]) -> None:
    with pytest.raises(Lost, match=f"turn {TURN} goes on"):
        taken(Line(clock, [QUEUED, 500.0, BREAK], after))
    assert clock.now - 1500.0 == pytest.approx(60.0, abs=0.5)


Once = Callable[[Script], tuple[int, str, str]]


@pytest.fixture
def once(capsys: pytest.CaptureFixture[str]) -> Once:
    def ask(script: Script) -> tuple[int, str, str]:
        with FakeService(script) as fake, closing(ChatClient(fake.url, "ann", "main", "UTC")) as client:
            status = chat.once(client, "hi")
        printed = capsys.readouterr()
        return status, printed.out, printed.err

    return ask


@pytest.mark.parametrize("passing", [STOPPING, (502, b"bad gateway"), (504, b""), None])
def test_a_message_that_meets_a_restart_is_sent_again_with_its_key(
    once: Once, passing: tuple[int, object] | None, clock: Clock
) -> None:
    script = Script(first=[passing, None, STOPPING], stream=[completed("Done.")])
    status, out, err = once(script)
    assert (status, out) == (0, "Done.\n")
    assert err.count(WAITS) == 1
    assert [body["message"] for _, _, body in script.asked] == ["hi"] * 4
    assert len({headers["idempotency-key"] for _, headers, _ in script.asked}) == 1
    assert clock.slept == [0.2, 0.4, 0.8]


def test_the_words_of_the_service_say_why_it_waits(once: Once) -> None:
    _, _, err = once(Script(first=[STOPPING], stream=[completed("Done.")]))
    assert err == f"· not yet: This process is stopping. (HTTP 503); {WAITS}\n"


@pytest.mark.parametrize(("asked", "slept"), [("2", 2), ("3600", 60.0), ("0", 0.2), ("Wed, 21 Oct 2026 07:28:00 GMT", 0.2)])
def test_it_waits_as_long_as_the_service_asks_within_the_bound(once: Once, clock: Clock, asked: str, slept: float) -> None:
    assert once(Script(first=[STOPPING], retry_after=asked, stream=[completed("Done.")]))[0] == 0
    assert clock.slept == [slept]


@pytest.mark.parametrize("status", [400, 409, 422, 429, 500])
@pytest.mark.parametrize("before", [[], [None]])
def test_any_other_refusal_is_told_at_once(once: Once, clock: Clock, status: int, before: list[None]) -> None:
    script = Script(first=[*before], refusal=(status, {"detail": "No."}), retry_after="5")
    code, _, err = once(script)
    assert (code, err.splitlines()[-1]) == (1, f"· refused: No. (HTTP {status})")
    assert len(script.asked) == len(clock.slept) + 1 == len(before) + 1


def test_a_message_that_may_have_arrived_is_not_called_refused(once: Once, clock: Clock) -> None:
    code, _, err = once(Script(first=[None], refusal=STOPPING))
    assert (code, sum(clock.slept)) == (1, pytest.approx(60.0))
    assert err.splitlines() == [
        f"· no answer came; {WAITS}",
        "· the service does not come back; whether it took the message in is not known: /history tells once it is back",
    ]


def test_nobody_there_is_waited_for_and_then_told(
    capsys: pytest.CaptureFixture[str], clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("hi\n"))
    with closing(ChatClient(NOBODY, "ann", "main", "UTC")) as client:
        chat.interactive(client)
    assert sum(clock.slept) == pytest.approx(60.0)
    assert capsys.readouterr().out.splitlines()[1:3] == [
        f"· nothing answers at {NOBODY}; {WAITS} (to start it: task-agent up)",
        f"· nothing answers at {NOBODY}; start it with: task-agent up",
    ]


def test_a_script_is_told_at_once_that_nobody_is_there(capsys: pytest.CaptureFixture[str], clock: Clock) -> None:
    with closing(ChatClient(NOBODY, "ann", "main", "UTC")) as client:
        assert chat.once(client, "hi") == 1
    assert clock.slept == []
    assert capsys.readouterr().err == f"· nothing answers at {NOBODY}; start it with: task-agent up\n"


def test_an_address_that_is_none_is_told_at_once(capsys: pytest.CaptureFixture[str], clock: Clock) -> None:
    with closing(ChatClient("localhost:1", "ann", "main", "UTC")) as client:
        assert chat.once(client, "hi") == 1
    assert clock.slept == []
    assert "did not answer properly" in capsys.readouterr().err
