"""The terminal chat's look for what runs or waits, over the pages of a real conversation, however it came about."""

import asyncio
from collections.abc import AsyncIterator
from unittest import mock

from hypothesis import example, given
from hypothesis import strategies as st

from agent.domain import conversation
from agent.domain.conversation import OnBusy, Submission
from agent.domain.errors import Busy, Problem
from agent.domain.messages import Message
from agent.domain.turn_view import HistoryPage
from agent.local import chat_at_work
from tests.unit.turns.host import KEY, ChatHost, turn_key

QUEUE, PAGE = 2, 1  # so small that it matters where a page ends
ACTS = ["queue", "interrupt", "interrupt", "answer", "die answering", "cancel", "cancel waiting"]
FARTHEST = ["queue", "queue", "queue", "interrupt", "answer", "interrupt", "die answering"]
"""Of the two that waited one has run, and the other one waits behind as many own ends as can be."""


@given(st.lists(st.sampled_from(ACTS), max_size=25))
@example(FARTHEST)
def test_everything_at_work_is_found_and_what_runs_comes_last(acts: list[str]) -> None:
    asyncio.run(converse(acts))


async def converse(acts: list[str]) -> None:
    host = ChatHost()
    with mock.patch.object(conversation, "QUEUE_MAX", QUEUE), mock.patch.object(chat_at_work, "QUEUE_MAX", QUEUE):
        for secret, act in enumerate(acts, 1):
            await do(host, act, secret)
            await compare(host)


async def compare(host: ChatHost) -> None:
    pages = {page.turns[-1].number + 1: page.model_dump() async for page in paged(host) if page.turns}
    if not pages:
        return
    newest = next(iter(pages.values()))
    turns = [turn for page in pages.values() for turn in reversed(page["turns"])]
    waiting = [turn["turn_id"] for turn in turns if turn["status"] == "queued"]
    last = [newest["running"]] if newest["running"] else []
    assert chat_at_work.at_work(newest, pages.__getitem__) == waiting + last


async def paged(host: ChatHost) -> AsyncIterator[HistoryPage]:
    page = await host.chats.get_history(KEY, PAGE, None)
    yield page
    while page.next is not None:
        page = await host.chats.get_history(KEY, PAGE, page.next)
        yield page


async def do(host: ChatHost, act: str, secret: int) -> None:
    page = await host.chats.get_history(KEY, 100, None)
    waiting = [turn.turn_id for turn in page.turns if turn.status == "queued"]
    match act:
        case "queue" | "interrupt":
            await say(host, act, secret)
        case "answer" | "die answering" if page.running:
            await answer(host, page.running, dying=act == "die answering")
        case "cancel" if page.running:
            await host.chats.cancel(turn_key(page.running), "keep")
        case "cancel waiting" if waiting:
            await host.chats.cancel(turn_key(waiting[0]), "keep")
        case _:
            pass


async def say(host: ChatHost, on_busy: OnBusy, secret: int) -> None:
    message = Message(role="user", content="hi", tokens=1, created_at=host.clock.now().isoformat())
    submission = Submission(secret=f"{secret:032x}", message=message, time_zone="UTC", on_busy=on_busy)
    try:
        await host.chats.process_message(KEY, submission)
    except Busy as busy:
        assert busy.code == "queue_full"


async def answer(host: ChatHost, turn_id: str, *, dying: bool) -> None:
    """``dying``: with the turn's end all that is saved, so that the next in the queue does not begin."""
    begun = await host.begin(turn_id)
    if begun.kind != "go":
        return
    host.effects_left = 1 if dying else None
    try:
        await host.commit(turn_id, begun.epoch)
    except Problem:
        host.crash()
    host.effects_left = None
