"""The load generator, a process of its own: takes jobs as JSON lines on stdin, answers each with a JSON line.

A job keeps a number of requests in flight, each worker on a connection of its own and starting its next when the last has
ended. Every answer is checked, so that nothing is fast because it is wrong.
"""

import asyncio
import json
import sys
import time
from collections.abc import Awaitable, Callable
from dataclasses import asdict, dataclass, field
from typing import Any

import uvloop

from tests.bench.http import Answer, Connection

TOKENS, DELAY = 40, 0.005
PROMPT = f"[[script: tokens={TOKENS} delay={DELAY * 1000:g}ms]]"
_POLL_MIN = 0.004
_GIVE_UP = 60.0


@dataclass
class Job:
    """``kind``: chat (``target`` endpoint, proxy or service) or tasks. ``count`` requests, ``workers`` at once.

    After ``seconds`` no more are begun, so that a busy machine makes the bench less exact, not endless.
    """

    kind: str
    url: str
    workers: int
    count: int
    label: str
    target: str = ""
    seconds: float = 12.0


@dataclass
class Result:
    """Seconds. ``first`` and ``spread`` (first token to last) for chat, ``total`` for both."""

    elapsed: float = 0.0
    first: list[float] = field(default_factory=list[float])
    spread: list[float] = field(default_factory=list[float])
    total: list[float] = field(default_factory=list[float])
    looks: int = 0
    refused: int = 0
    errors: list[str] = field(default_factory=list[str])


async def run(job: Job) -> Result:
    """Does the job."""
    result = Result()
    numbers = iter(range(job.count))
    work: Callable[[Job, Connection, int, int, Result], Awaitable[None]] = _turn if job.kind == "chat" else _task

    begun = time.perf_counter()

    async def worker(index: int) -> None:
        connection = Connection(job.url)
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
    message = f"{PROMPT} {job.label}-{number}"
    if job.target == "endpoint":
        body: dict[str, Any] = {"model": "m", "stream": True, "messages": [{"role": "user", "content": message}]}
        answer = await connection.request("POST", "/v1/chat/completions", body, marker=b'"content":"')
        _check(answer, b"[DONE]")
    else:
        who = {"x-user-id": f"{job.label}-{worker}", "accept": "text/event-stream"}
        answer = await connection.request("POST", "/chat", {"message": message}, who, marker=b"event: text.delta")
        _check(answer, b"event: turn.completed")
    result.first.append(answer.first - answer.begun)
    result.spread.append(answer.last - answer.first)
    result.total.append(answer.ended - answer.begun)


def _check(answer: Answer, terminal: bytes) -> None:
    body = answer.body()
    if answer.status != 200 or terminal not in body or b"w%d" % (TOKENS - 1) not in body or b"step.restarted" in body:
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
