"""Rolling restarts under load: ``task-agent restart``, round after round, while users talk to all replicas.

``python -m tests.chaos.rolling``: ten rounds; progress to stderr, one JSON object to stdout. Exits with 1 when anything broke.
"""

import argparse
import asyncio
import json
import secrets
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import AsyncExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path
from random import Random
from typing import Any

import aiohttp

from agent.local.restart import restart
from agent.local.state_dir import StateDir
from tests.chaos.caller import Caller
from tests.chaos.evidence import Complaint, Message, Times
from tests.chaos.ledger import Ledger
from tests.chaos.oracle_rest import judge_rest
from tests.chaos.oracle_saga import Away
from tests.chaos.oracle_turn import judge
from tests.chaos.plan import Round, rounds
from tests.chaos.report import quantiles
from tests.chaos.run import LOOK_EVERY, forget
from tests.chaos.service import Service
from tests.chaos.user import User
from tests.integration.endpoint import EndpointThread
from tests.integration.stack import Stack

LONG_PACE = 0.12  # seconds between two words: what takes longer than the grace that a stop gives is handed over
REPLICAS = 3


@dataclass(frozen=True)
class Restart:
    """One app that was replaced: seconds from the call, or from when the one before it had taken over, until it had."""

    replica: int
    seconds: float


@dataclass
class Rolled:
    """What came of it. ``handed_over``: turns that had to begin a step anew."""

    seconds: float = 0.0
    restarts: list[Restart] = field(default_factory=list[Restart])
    acknowledged: int = 0
    ends: Counter[str] = field(default_factory=Counter[str])
    handed_over: int = 0
    connections: int = 0
    readers: int = 0
    complaints: list[Complaint] = field(default_factory=list[Complaint])
    times: Times = field(default_factory=Times)

    def report(self) -> dict[str, Any]:
        """Seconds everywhere. ``lost`` and ``torn`` are what must not be."""
        kinds = Counter(complaint.kind for complaint in self.complaints)
        return {
            "rounds": len(self.restarts) // REPLICAS,
            "seconds": round(self.seconds, 1),
            "restart": quantiles([one.seconds for one in self.restarts]),
            "messages_acknowledged": self.acknowledged,
            "ends": dict(self.ends),
            "turns_handed_over": self.handed_over,
            "readers": self.readers,
            "readers_connections": self.connections,
            "resume_gap": quantiles(self.times.gaps),
            "lost": kinds["lost"],
            "doubled": kinds["doubled"],
            "torn": kinds["torn"],
            "complaints": [" | ".join(complaint) for complaint in self.complaints[:20]],
        }


async def roll(stack: Stack, endpoint: EndpointThread, times: int, users: int, seed: int) -> Rolled:
    """Restarts every app of ``stack`` so many times, one after the other, while users talk, and judges all they saw."""
    rolled, enough, ready = Rolled(), asyncio.Event(), list[int]()
    loop = asyncio.get_running_loop()
    async with AsyncExitStack() as opened:
        connector = aiohttp.TCPConnector(limit=0, force_close=True)
        session = await opened.enter_async_context(aiohttp.ClientSession(connector=connector))
        service, ledger = Service(stack, session), Ledger(endpoint)
        watching = asyncio.create_task(_watch(service, ledger, ready))
        opened.callback(watching.cancel)
        talking = [_user(service, session, ready, ledger, rolled, seed, number) for number in range(users)]
        living = asyncio.gather(*(user.live(enough) for user in talking))
        begun = loop.time()
        for _ in range(times):
            rolled.restarts += await asyncio.to_thread(_restart, stack)
        rolled.seconds = loop.time() - begun
        enough.set()
        await living
        for found in await asyncio.gather(*(judge_rest(user, service.notified, Away()) for user in talking)):
            rolled.complaints += found
        rolled.complaints += [Complaint("untrue", "a model's context", why) for why in ledger.complaints]
    return rolled


def _user(
    service: Service, session: aiohttp.ClientSession, ready: list[int], ledger: Ledger, rolled: Rolled, seed: int, number: int
) -> User:
    name = f"rolling-{seed}-{number}"
    caller = Caller(name, service.urls, service.urls, ready, session, Random(f"{name}/calls"))

    def judged(message: Message) -> None:
        ledger.collect()
        judge(message, len(ledger.calls.get(message.said.mark, [])), calm=False)
        rolled.acknowledged += bool(message.turn_ids)
        rolled.ends[message.record["status"] if message.record else message.refused or "unknown"] += 1
        rolled.handed_over += bool(message.record) and _restarted(message.record)
        rolled.readers += len(message.readers)
        rolled.connections += sum(seen.connections for seen in message.readers)
        rolled.complaints += message.complaints
        forget(message)

    return User(caller, _talk(seed, number), ledger, rolled.times, [], judged)


def _restarted(record: dict[str, Any]) -> bool:
    """Whether a step of the turn was begun twice: the endpoint is well and nobody cancels, so its process had to go."""
    begun = [(attempt["step"], attempt["work"]) for attempt in record["attempt_history"]]
    return len(set(begun)) < len(begun)


def _talk(seed: int, number: int) -> Iterator[Round]:
    """As users of a chaos run talk while it is calm, but every third one slowly."""
    for plan in rounds(seed, "rolling", number, calm=True, undo=False):
        slow = tuple(replace(said, pace=LONG_PACE) for said in plan.messages)
        yield replace(plan, messages=slow) if number % 3 == 0 else plan


async def _watch(service: Service, ledger: Ledger, ready: list[int]) -> None:
    """Looks at /readyz as a load balancer does, and into the endpoint's ledger."""
    while True:
        ledger.collect()
        ready[:] = await service.ready()
        await asyncio.sleep(LOOK_EVERY)


def _restart(stack: Stack) -> list[Restart]:
    """What the command does, without the time its own process takes to start."""
    found, begun = list[Restart](), time.monotonic()
    for new in restart(StateDir(stack.data_dir)):
        begun, before = time.monotonic(), begun
        found.append(Restart(new.replica or 0, round(begun - before, 2)))
        sys.stderr.write(f"{found[-1]}\n")
    return found


def main() -> int:
    """Runs, tells, judges."""
    parser = argparse.ArgumentParser(prog="python -m tests.chaos.rolling", description=__doc__)
    parser.add_argument("--rounds", type=int, default=10)
    parser.add_argument("--users", type=int, default=6)
    parser.add_argument("--grace", type=float, default=1.0, help="seconds that a stop gives to what is under way")
    parser.add_argument("--seed", type=int, default=secrets.randbelow(2**31))
    parser.add_argument("--folder", type=Path, help="keep data and logs here instead of a folder that is removed")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="task-agent-rolling-") as temporary, EndpointThread() as endpoint:
        data = (asked.folder or Path(temporary)) / "data"
        env = {**endpoint.env, "TASK_AGENT_SHUTDOWN_GRACE": str(asked.grace)}
        with Stack(data, env=env, store="redis", replicas=REPLICAS) as stack:
            rolled = asyncio.run(roll(stack, endpoint, asked.rounds, asked.users, asked.seed))
    plan = {"seed": asked.seed, "users": asked.users, "grace": asked.grace}
    json.dump({**plan, **rolled.report()}, sys.stdout, indent=1, ensure_ascii=False)
    sys.stdout.write("\n")
    return 1 if rolled.complaints else 0


if __name__ == "__main__":
    sys.exit(main())
