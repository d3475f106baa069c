"""The live terminal draws what has changed, once, and rests in proportion to what that cost."""

from queue import Queue

import pytest

from agent.local import chat_redraws
from agent.local.chat_redraws import Redraws, pause_after

PATIENCE = 10.0


def test_each_change_is_drawn_once_and_nothing_without_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(chat_redraws, "_PAUSE", 0.0)
    drawn: Queue[None] = Queue()
    redraws = Redraws(lambda: drawn.put(None))
    for _ in range(3):
        redraws.changed()
        drawn.get(timeout=PATIENCE)
    redraws.stop()
    assert drawn.empty(), "nothing had changed"


def test_what_changes_while_it_is_drawn_is_drawn_again() -> None:
    drawn: Queue[str] = Queue()
    news = ["one", "two"]

    def draw() -> None:
        drawn.put(news.pop(0))
        if news:
            redraws.changed()

    redraws = Redraws(draw)
    redraws.changed()
    assert [drawn.get(timeout=PATIENCE) for _ in range(2)] == ["one", "two"]
    redraws.stop()


@pytest.mark.parametrize(("cost", "pause"), [(0.0, 1 / 12), (0.125, 0.5)])
def test_it_rests_in_proportion(cost: float, pause: float) -> None:
    assert pause_after(cost) == pytest.approx(pause)
