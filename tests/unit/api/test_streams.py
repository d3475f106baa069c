"""Frames of the streams: ids from the log, exactly one end, and an end also where the log is lost or late."""

import asyncio
import json
from typing import Any

import httpx
import pytest

from agent.adapters import memory_feed, memory_log
from agent.adapters.memory_log import MemoryTurnLog
from agent.api.following import turn_entries
from agent.api.sse import turn_frame, turn_stream
from agent.domain.errors import Unavailable
from agent.domain.events import (
    CLOSING_EPOCH,
    CLOSING_ID,
    EntryId,
    LogEntry,
    StepStarted,
    TextDelta,
    log_entry,
)
from agent.domain.ids import TurnKey
from agent.domain.messages import Message
from agent.domain.turn_calls import CommitStep
from agent.domain.turn_view import TurnView
from agent.ports import TurnLog
from tests.fakes.ports import FragileLog
from tests.unit.api.service import Service, is_problem
from tests.unit.turns.host import KEY, USAGE, ChatHost, turn_key

PATIENCE = 10.0
FROM_THE_RECORD = ["step.restarted", "text.delta", "turn.completed"]
HEARTBEAT = 0.05


@pytest.fixture(autouse=True)
def quick_heartbeat(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory_log, "HEARTBEAT", HEARTBEAT)
    monkeypatch.setattr(memory_feed, "HEARTBEAT", HEARTBEAT)


def frames(body: bytes) -> list[dict[str, Any]]:
    """What an SSE client makes of ``body``; comments are dropped."""
    found: list[dict[str, Any]] = []
    for block in body.decode().replace("\r\n", "\n").split("\n\n"):
        fields = dict(line.split(": ", 1) for line in block.split("\n") if line and not line.startswith(":"))
        if fields:
            found.append({**fields, "data": json.loads(fields["data"])})
    return found


async def read(log: TurnLog, chats: Any, turn: TurnKey) -> list[dict[str, Any]]:
    """The turn's stream to its end."""
    async with asyncio.timeout(PATIENCE):
        parts = [part async for part in turn_stream(turn.turn_id, turn_entries(log, chats, turn, None)).body_iterator]
    return frames(b"".join(p if isinstance(p, bytes) else str(p).encode() for p in parts))


def delta(turn: str, text: str) -> TextDelta:
    return TextDelta(turn_id=turn, step=0, delta=text)


@pytest.mark.parametrize(
    "text", ["a\nb", "a\r\nb", "a\rb", "\n\n", "data: x", "\u2028\u2029\x85", "\0", "é🤝", "id: 1\n\nevent: turn.failed"]
)
def test_no_text_breaks_a_frame(text: str) -> None:
    entry = log_entry(EntryId(2, 7), delta("main.1.x", text))
    frame = turn_frame("main.1.x", entry)
    assert frame.count(b"\n") == 4, "three lines and the empty one"
    assert b"\r" not in frame
    [seen] = frames(frame)
    assert (seen["id"], seen["event"], seen["data"]["delta"]) == ("main.1.x/2-7", "text.delta", text)
    assert seen["data"]["type"] == seen["event"]


async def say(service: Service, text: str = "hi there", **headers: str) -> tuple[httpx.Response, list[dict[str, Any]]]:
    async with service.client(**headers) as client:
        answer = await asyncio.wait_for(client.post("/chat", json={"message": text}), PATIENCE)
    return answer, frames(answer.content)


async def run_next_turn(service: Service, *words: str) -> str:
    async with asyncio.timeout(PATIENCE):
        while not service.host.workflows.started:  # noqa: ASYNC110 -- the fake engine tells nobody
            await asyncio.sleep(0.005)
    turn_id = service.host.workflows.started[-1][0]
    await service.answer(turn_id, *words)
    return turn_id


async def test_the_post_streams_the_turn_to_its_one_end(service: Service) -> None:
    (answer, seen), turn = await asyncio.gather(say(service), run_next_turn(service, "Hel", "lo"))
    assert answer.headers["content-type"].startswith("text/event-stream")
    assert answer.headers["X-Turn-Id"] == turn
    assert answer.headers["Cache-Control"] == "no-store"
    names = [f["event"] for f in seen]
    assert names == ["turn.started", "step.started", "text.delta", "text.delta", "step.committed", "turn.completed"]
    assert [f["id"] for f in seen] == [*(f"{turn}/2-{n}" for n in range(5)), f"{turn}/{CLOSING_EPOCH}-0"]
    assert all(f["data"]["turn_id"] == turn and f["data"]["type"] == f["event"] for f in seen)
    assert "".join(f["data"]["delta"] for f in seen if f["event"] == "text.delta") == seen[-1]["data"]["message"]["content"]
    assert seen[-1]["data"]["usage"]["total_tokens"] == 5


async def test_who_has_seen_the_end_is_told_that_there_is_no_more(service: Service) -> None:
    """A browser's EventSource comes back behind the last frame of each answer, and a 204 is all that stops it."""
    turn = (await service.host.submit()).turn_id
    last = {"Last-Event-ID": f"{turn}/{CLOSING_ID}"}
    async with service.client() as client, asyncio.timeout(PATIENCE):
        early = await client.get(f"/turns/{turn}/events", headers=last)
        await service.answer(turn, "Hello")
        behind = await client.get(f"/turns/{turn}/events", headers=last)
        asked = await client.get(f"/turns/{turn}/events", params={"after": last["Last-Event-ID"]})
        stranger = await client.get(f"/turns/{turn}/events", headers={**last, "X-User-Id": "somebody"})
        whole = await client.get(f"/turns/{turn}/events")
    assert (behind.status_code, behind.content, behind.headers["X-Turn-Id"]) == (204, b"", turn)
    assert asked.status_code == 204
    assert is_problem(early, 400, "cursor_from_the_future")
    assert is_problem(stranger, 404, "turn_not_found")
    assert frames(whole.content)[-1]["event"] == "turn.completed"


async def test_a_message_that_waits_says_so_first(service: Service) -> None:
    first = (await service.host.submit(secret=99)).turn_id
    waiting = asyncio.create_task(say(service))
    async with asyncio.timeout(PATIENCE):
        while (await service.host.chats.get_history(KEY, 5, None)).total_turns < 2:  # noqa: ASYNC110 -- the store tells nobody
            await asyncio.sleep(0.005)
    await service.answer(first, "one")
    await run_next_turn(service, "two")
    _, seen = await waiting
    assert (seen[0]["event"], seen[0]["data"]["position"]) == ("turn.queued", 1)
    assert seen[0]["id"].endswith("/1-0")
    assert [f["event"] for f in seen[1:3]] == ["turn.started", "step.started"]
    assert [f["event"] for f in seen].count("turn.completed") == 1


async def test_a_lost_log_ends_from_the_record(host: ChatHost) -> None:
    turn = (await host.submit()).turn_id
    await host.answer(turn, "what was stored")
    seen = await read(MemoryTurnLog(), host.chats, turn_key(turn))
    assert [f["event"] for f in seen] == FROM_THE_RECORD
    assert seen[1]["data"]["delta"] == seen[2]["data"]["message"]["content"] == "what was stored"
    assert seen[2]["id"] == f"{turn}/{CLOSING_ID}"


async def test_a_log_that_cannot_be_closed_ends_from_the_record_too(host: ChatHost) -> None:
    turn = (await host.submit()).turn_id
    await host.answer(turn, "stored")
    log = FragileLog(MemoryTurnLog())
    log.broken = True
    seen = await read(log, host.chats, turn_key(turn))
    assert [f["event"] for f in seen] == FROM_THE_RECORD


class LateChats:
    """Answers ``heal`` after the turn went on to its end: what its log got meanwhile is not with the reader yet."""

    def __init__(self, host: ChatHost, log: TurnLog, turn: str) -> None:
        self._host, self._log, self._turn = host, log, turn

    async def heal(self, turn: TurnKey) -> TurnView:
        if (await self._host.chats.get_turn(turn)).status == "running":
            await self._log.append(turn, EntryId(2, 1), [delta(self._turn, "wor"), delta(self._turn, "ld")])
            await self._host.commit(self._turn, 2, "Hello world")
        return await self._host.chats.heal(turn)


async def test_an_end_never_overtakes_the_text_before_it(host: ChatHost) -> None:
    turn, log = (await host.submit()).turn_id, MemoryTurnLog()
    await host.begin(turn)
    await log.append(turn_key(turn), EntryId(2, 0), [delta(turn, "Hello ")])
    seen = await read(log, LateChats(host, log, turn), turn_key(turn))
    assert "".join(f["data"].get("delta", "") for f in seen) == "Hello world"
    assert [f["event"] for f in seen] == ["text.delta"] * 3 + ["turn.completed"]


class UnreachableOnce:
    def __init__(self, host: ChatHost) -> None:
        self.asked, self._host = 0, host

    async def heal(self, turn: TurnKey) -> TurnView:
        self.asked += 1
        if self.asked == 1:
            raise Unavailable("runtime_unavailable", "Not now.")
        return await self._host.chats.heal(turn)


async def test_a_runtime_out_of_reach_for_a_moment_ends_no_stream(host: ChatHost) -> None:
    turn = (await host.submit()).turn_id
    await host.answer(turn, "stored")
    chats = UnreachableOnce(host)
    assert [f["event"] for f in await read(MemoryTurnLog(), chats, turn_key(turn))] == FROM_THE_RECORD
    assert chats.asked == 3, "in vain, for the end, and for what the log may lack"


async def test_silence_heals(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    streaming = asyncio.create_task(say(service))
    async with asyncio.timeout(PATIENCE):
        while not service.host.workflows.started:  # noqa: ASYNC110 -- the fake engine tells nobody
            await asyncio.sleep(0.005)
    turn, instance = service.host.workflows.started[0]
    service.host.workflows.dead.add(instance)
    service.host.clock.advance(60)
    async with asyncio.timeout(PATIENCE):
        while len(service.host.workflows.started) < 2:  # noqa: ASYNC110
            await asyncio.sleep(0.005)
    await service.answer(turn, "at last")
    _, seen = await streaming
    assert seen[-1]["data"]["message"]["content"] == "at last"


async def test_leaving_cancels_nothing(service: Service) -> None:
    leaving = asyncio.create_task(say(service))
    async with asyncio.timeout(PATIENCE):
        while not service.host.workflows.started:  # noqa: ASYNC110 -- the fake engine tells nobody
            await asyncio.sleep(0.005)
    leaving.cancel()
    await asyncio.gather(leaving, return_exceptions=True)
    turn = service.host.workflows.started[0][0]
    await service.answer(turn, "said to nobody")
    assert (await service.host.chats.get_turn(turn_key(turn))).status == "completed"


def test_the_frame_is_made_from_the_entry_alone() -> None:
    entry = LogEntry(EntryId(3, 0), "step.restarted", b'{"type":"step.restarted"}')
    assert turn_frame("t", entry) == b'id: t/3-0\nevent: step.restarted\ndata: {"type":"step.restarted"}\n\n'


@pytest.mark.parametrize("incomplete", [True, False])
async def test_text_that_missed_the_log_is_told_from_the_record(host: ChatHost, incomplete: bool) -> None:
    log, turn = MemoryTurnLog(), (await host.submit()).turn_id
    begun = await host.begin(turn)
    opening = [StepStarted(turn_id=turn, step=0), delta(turn, "Hello "), delta(turn, "world")]
    await log.append(turn_key(turn), EntryId(begun.epoch, 0), opening[: 2 if incomplete else 3])
    message = Message(role="assistant", content="Hello world", tokens=2, created_at=host.clock.now().isoformat())
    commit = CommitStep(ref=host.ref(turn), epoch=begun.epoch, message=message, usage=USAGE, log_incomplete=incomplete)
    done = await host.chats.commit_step(commit)
    assert done.terminal is not None
    await log.close(turn_key(turn), done.terminal)

    seen = await read(log, host.chats, turn_key(turn))
    retold = ["step.restarted", "text.delta"] if incomplete else ["text.delta"]
    assert [f["event"] for f in seen] == ["step.started", "text.delta", *retold, "turn.completed"]
    if incomplete:
        assert seen[-2]["data"]["delta"] == "Hello world"
    places = [tuple(map(int, f["id"].rpartition("/")[2].split("-"))) for f in seen]
    assert places == sorted(places), "ids only grow"
