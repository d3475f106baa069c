"""Which turns ``/cancel`` finds, however far back one waits: what it asks for, and where it looks no further."""

from typing import Any

import pytest

from agent.domain.limits import HISTORY_PAGE_MAX, QUEUE_MAX
from agent.local.chat_at_work import at_work
from tests.unit.local.cancelling import HISTORY, Typed, ended, page, told
from tests.unit.local.fake_service import Script

RUNS = QUEUE_MAX + 1  # own ends behind one that waits, at most


def cancelled(count: int, name: str = "x") -> list[str]:
    return [f"{name}{n}:cancelled" for n in range(count)]


def found(*pages: tuple[int, dict[str, Any]]) -> tuple[list[str], int]:
    """What is found in the pages, newest first, and how many of them were looked at."""
    asked: list[int] = []

    def older(before: int) -> dict[str, Any]:
        asked.append(before)
        return pages[len(asked)][1]

    ids = at_work(pages[0][1], older)
    assert asked == [content["next"] for _, content in pages[: len(asked)]]
    return ids, 1 + len(asked)


def test_one_that_waits_behind_any_number_of_cancelled_ones_is_cancelled_too(typed: Typed) -> None:
    pages = {
        HISTORY: [page(*cancelled(19), "r:running", running="r", older=102)],
        f"{HISTORY}&before=102&limit={HISTORY_PAGE_MAX}": [page(*cancelled(99, "y"), "b:queued", running="r", older=2)],
        f"{HISTORY}&before=2&limit={HISTORY_PAGE_MAX}": [page("a:queued", running="r")],
    }
    script = Script(first=[ended(turn) for turn in "bar"], pages=pages)
    assert typed("/cancel", script) == ["· cancelled: 3"]
    assert told(script) == [(f"/turns/{turn}/cancel", "keep") for turn in "bar"]


@pytest.mark.parametrize("end", ["completed", "failed"])
def test_the_look_ends_where_so_many_have_run_that_none_can_wait(end: str) -> None:
    ran = [f"a{n}:{end}" for n in range(RUNS)]
    beyond = page("w:queued")
    assert found(page(*ran, "r:running", running="r", older=1), beyond) == (["r"], 1)
    assert found(page(*ran[1:], *cancelled(50), running="r", older=1), beyond) == (["w", "r"], 2)


def test_the_look_ends_where_the_queue_is_whole() -> None:
    waiting = [f"w{n}:queued" for n in range(QUEUE_MAX)]
    newest_first = [turn.removesuffix(":queued") for turn in waiting[::-1]]
    assert found(page(*waiting, running="r", older=7), page("r:running", running="r")) == ([*newest_first, "r"], 1)
    assert found(page(*waiting[1:], older=7), page(*waiting[:1])) == (newest_first, 2)


def test_what_begins_during_the_look_is_cancelled_last_and_once() -> None:
    newest = page("v:queued", "w:queued", "r:running", running="r", older=2)
    assert found(newest, page("u:queued", running="v")) == (["w", "u", "r", "v"], 2)
    assert found(page(*cancelled(20), "r:running", running="r", older=2), page("u:running", running="u")) == (["r", "u"], 2)
