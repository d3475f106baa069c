"""The load generator, a process of its own: takes jobs as JSON lines on stdin, answers each with a JSON line.

A job keeps a number of requests in flight, each worker on a connection of its own and starting its next when the last has
ended. Every answer is checked, so that nothing is fast because it is wrong.
"""

import asyncio
import json
import re
import sys
import time
from collections.abc import Awaitable, Callable
from dataclasses import asdict, dataclass, field
from typing import Any

import uvloop

from tests.bench.http import Answer, Connection

TOKENS, DELAY = 40, 0.005
WIDE_TOKENS, WIDE = 2_500, 100  # more than the buffers of a connection hold
_POLL_MIN = 0.004
_GIVE_UP = 60.0


@dataclass
class Job:
    """``kind``: chat (``target`` endpoint, proxy or service), watch or tasks. ``count`` requests, ``workers`` at once.

    ``watch`` is one long turn with ``followers`` from its start on, of whom the first ``stalled`` read nothing of it.

    After ``seconds`` no more are begun, so that a busy machine makes the bench less exact, not endless. ``followers``: readers
    of each turn besides who said it, spread over ``urls``, as the turns are; without those, all at ``url``.
    """

    kind: str
    url: str
    workers: int
    count: int
    label: str
    target: str = ""
    seconds: float = 12.0
    tokens: int = TOKENS
    delay: float = DELAY
    followers: int = 0
    stalled: int = 0
    urls: list[str] = field(default_factory=list[str])

    @property
    def places(self) -> list[str]:
        return self.urls or [self.url]


@dataclass
class Result:
    """Seconds. ``first`` and ``spread`` (first token to last) for chat, ``total`` for both. ``admitted``: to the status line.

    ``followed``: from the message to the first token at each follower; ``frames``: read by all.
    """

    elapsed: float = 0.0
    frames: int = 0
    admitted: list[float] = field(default_factory=list[float])
    followed: list[float] = field(default_factory=list[float])
    first: list[float] = field(default_factory=list[float])
    spread: list[float] = field(default_factory=list[float])
    total: list[float] = field(default_factory=list[float])
    looks: int = 0
    refused: int = 0
    errors: list[str] = field(default_factory=list[str])


Work = Callable[[Job, Connection, int, int, Result], Awaitable[None]]


async def run(job: Job) -> Result:
    """Does the job."""
    result = Result()
    numbers = iter(range(job.count))
    kinds: dict[str, Work] = {"chat": _turn, "watch": _watch, "tasks": _task}
    work = kinds[job.kind]

    begun = time.perf_counter()

    async def worker(index: int) -> None:
        connection = Connection(job.places[index % len(job.places)])
        for number in numbers:
            if time.perf_counter() > begun + job.seconds:
                break
            try:
                async with asyncio.timeout(_GIVE_UP):
                    await work(job, connection, index, number, result)
            except (OSError, ValueError, TimeoutError, KeyError) as error:
                result.errors.append(f"{type(error).__name__}: {error}"[:300])
        connection.close()

    await asyncio.gather(*[worker(index) for index in range(job.workers)])
    result.elapsed = time.perf_counter() - begun
    return result


async def _turn(job: Job, connection: Connection, worker: int, number: int, result: Result) -> None:
    message = f"[[script: tokens={job.tokens} delay={job.delay * 1000:g}ms]] {job.label}-{number}"
    if job.target == "endpoint":
        body: dict[str, Any] = {"model": "m", "stream": True, "messages": [{"role": "user", "content": message}]}
        answer = await connection.request("POST", "/v1/chat/completions", body, marker=b'"content":"')
        _check(job, answer, b"[DONE]")
    else:
        who = {"x-user-id": f"{job.label}-{worker}", "accept": "text/event-stream"}
        following: list[asyncio.Future[Answer]] = []

        def follow(answer: Answer) -> None:
            path = f"/turns/{answer.header(b'x-turn-id')}/events"
            for index in range(job.followers):
                url = job.places[(worker + index) % len(job.places)]
                following.append(asyncio.ensure_future(_follow(url, path, who)))

        answer = await connection.request("POST", "/chat", {"message": message}, who, b"event: text.delta", follow)
        for seen in [answer, *await asyncio.gather(*following)]:
            _check(job, seen, b"event: turn.completed")
            if frames(seen) != frames(answer):
                raise ValueError("a follower got other frames")
            result.frames += seen.data.count(b"\nevent: ")
            if seen is not answer:
                result.followed.append(seen.first - answer.begun)
    result.admitted.append(answer.headed - answer.begun)
    result.first.append(answer.first - answer.begun)
    result.spread.append(answer.last - answer.first)
    result.total.append(answer.ended - answer.begun)


async def _watch(job: Job, connection: Connection, worker: int, number: int, result: Result) -> None:
    """``followed`` is here from the message to the end of the stream, at each follower that reads."""
    who = {"x-user-id": job.label}
    watching: list[asyncio.Future[Answer]] = []
    stalled = [Connection(job.url) for _ in range(job.stalled)]

    def watch(answer: Answer) -> None:
        path = f"/turns/{answer.header(b'x-turn-id')}/events"
        for reader in stalled:
            watching.append(asyncio.ensure_future(reader.request("GET", path, headers=who, on_head=reader.stall)))
        for _ in range(job.followers - job.stalled):
            watching.append(asyncio.ensure_future(_follow(job.url, path, who)))

    message = f"[[script: tokens={WIDE_TOKENS} width={WIDE} delay=2ms]] {job.label}"
    whole = await connection.request("POST", "/chat", {"message": message}, who, on_head=watch)
    for answer in await asyncio.gather(*watching[job.stalled :]):
        if b"event: turn.completed" not in whole.body() or frames(answer) != frames(whole):
            raise ValueError(f"a follower got other frames: {answer.body()[-200:]!r}")
        result.followed.append(answer.ended - whole.begun)
    for reader, request in zip(stalled, watching, strict=False):
        reader.close()
        request.cancel()


def frames(answer: Answer) -> bytes:
    """The stream without its pings."""
    return re.sub(rb": ping[^\n]*\n\n", b"", answer.body())


async def _follow(url: str, path: str, who: dict[str, str]) -> Answer:
    connection = Connection(url)
    try:
        return await connection.request("GET", path, headers=who, marker=b"event: text.delta")
    finally:
        connection.close()


def _check(job: Job, answer: Answer, terminal: bytes) -> None:
    body = answer.body()
    whole = terminal in body and b"w%d" % (job.tokens - 1) in body and b"step.restarted" not in body
    if answer.status != 200 or not whole:
        raise ValueError(f"{answer.status}: {body[-200:]!r}")


async def _task(job: Job, connection: Connection, worker: int, number: int, result: Result) -> None:
    """From the request to the first look that finds the workflow ended; few looks, so that looking costs little."""
    task = {"task_id": f"{job.label}-{number}", "title": "Review the PR", "description": "The payment one, carefully"}
    who = {"x-user-id": f"{job.label}-{worker}"}
    started = await connection.request("POST", "/tasks/process", task | {"assignee": "bob"}, who)
    if started.status != 200:
        raise ValueError(f"{started.status}: {started.body()[:200]!r}")
    path = f"/workflows/{json.loads(started.body())['workflow_id']}"
    ended = await _look_until_ended(connection, path, who, started.begun, _usual(job, result), result)
    result.total.append(ended - started.begun)


def _usual(job: Job, result: Result) -> float:
    """How long a workflow takes now, by those that ended lately; before any has, as long as nobody is faster."""
    recent = sorted(result.total[-50:])
    return recent[len(recent) // 2] if recent else max(0.04, job.workers * 0.01)


async def _look_until_ended(
    connection: Connection, path: str, who: dict[str, str], begun: float, usual: float, result: Result
) -> float:
    """Looks first when it may be about over, then ever less often: the error stays within an eighth, and looking is cheap."""
    wait = 0.8 * usual - (time.perf_counter() - begun)
    while True:
        await asyncio.sleep(max(wait, _POLL_MIN))
        result.looks += 1
        try:
            seen = await connection.request("GET", path, headers=who)
        except ConnectionError:  # an idle connection that the server closed just now
            seen = None
        if seen and seen.status < 500:
            status = json.loads(seen.body())["status"]
            if status == "completed":
                return seen.ended
            if status != "running":
                raise ValueError(f"{seen.status}: {seen.body()[:200]!r}")
        elif seen:
            result.refused += 1  # the engine's state cannot be read at every moment
        wait = 0.12 * (time.perf_counter() - begun)


def main() -> None:
    for line in sys.stdin:
        result = uvloop.run(run(Job(**json.loads(line))))
        sys.stdout.write(json.dumps(asdict(result)) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
