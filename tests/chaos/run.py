"""One run: a stack of replicas, a calm phase, a phase with the monkey, and the judgement of both."""

import asyncio
import signal
import sys
from collections.abc import Generator
from contextlib import AsyncExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

import aiohttp

from tests.chaos.caller import Caller
from tests.chaos.evidence import Complaint, Message, Times
from tests.chaos.faults import Faults
from tests.chaos.faults_plan import KINDS, faults
from tests.chaos.ledger import Ledger
from tests.chaos.monkey import PATIENCE, Felt, Monkey
from tests.chaos.oracle_effects import calls_of
from tests.chaos.oracle_rest import judge_rest
from tests.chaos.oracle_turn import from_record, generations, judge
from tests.chaos.oracle_undo import states
from tests.chaos.plan import rounds
from tests.chaos.relay import Relay
from tests.chaos.service import Service
from tests.chaos.user import User
from tests.integration.endpoint import EndpointThread
from tests.integration.stack import Stack

REDIS_BACK = 10.0  # seconds by which a Redis that was killed or frozen serves again
LOOK_EVERY = 0.5  # at the replicas' /readyz, as a load balancer does, and into the endpoint's ledger


@dataclass(frozen=True)
class Size:
    """Seconds: ``calm`` before the faults; ``unwatched``: a zombie's sleep; ``breath`` and ``haste``: see Monkey."""

    faults: int
    users: int = 20
    replicas: int = 3
    calm: float = 15.0
    unwatched: float = 30.0
    breath: float = 30.0
    haste: float = 5.0
    kinds: tuple[str, ...] = tuple(KINDS)


@dataclass
class Phase:
    """What one phase came to."""

    name: str
    seconds: float = 0.0
    messages: list[Message] = field(default_factory=list[Message])
    complaints: list[Complaint] = field(default_factory=list[Complaint])
    times: Times = field(default_factory=Times)
    felt: list[Felt] = field(default_factory=list[Felt])
    model_calls: int = 0
    frames: int = 0
    connections: int = 0
    from_record: int = 0


@dataclass
class Outcome:
    """``restarts``: processes that were not the same after the calm phase."""

    seed: int
    size: Size
    calm: Phase
    chaos: Phase
    restarts: list[str]

    @property
    def complaints(self) -> list[Complaint]:
        return [*self.calm.complaints, *self.chaos.complaints]


@contextmanager
def stack_of(size: Size, folder: Path, endpoint: EndpointThread) -> Generator[Stack]:
    """A running stack whose model is ``endpoint``. Starts processes: main thread only."""
    with Stack(folder / "data", env=endpoint.env, store="redis", replicas=size.replicas) as running:
        yield running


def run(seed: int, size: Size, folder: Path) -> Outcome:
    """Everything, from start to judgement."""
    with EndpointThread() as endpoint, stack_of(size, folder, endpoint) as stack:
        return asyncio.run(_phases(seed, size, stack, endpoint))


async def _phases(seed: int, size: Size, stack: Stack, endpoint: EndpointThread) -> Outcome:
    async with AsyncExitStack() as opened:
        connector = aiohttp.TCPConnector(limit=0, force_close=True)
        session = await opened.enter_async_context(aiohttp.ClientSession(connector=connector))
        service = Service(stack, session)
        ports = [int(url.rsplit(":", 1)[1]) for url in service.urls]
        relays = [await opened.enter_async_context(Relay(port)) for port in ports]
        run = _Run(seed, size, service, relays, session, Ledger(endpoint))
        before = service.processes()
        calm = await run.phase("calm", Monkey(Faults(service, relays), [], 0.0, 0.0), None)
        restarts = [process.name for process in set(before) ^ set(service.processes())]
        chaos = await run.phase(
            "chaos", Monkey(Faults(service, relays, size.unwatched), [], size.breath, size.haste), size.faults
        )
        return Outcome(seed, size, calm, chaos, restarts)


@dataclass
class _Run:
    seed: int
    size: Size
    service: Service
    relays: list[Relay]
    session: aiohttp.ClientSession
    ledger: Ledger
    ready: list[int] = field(default_factory=list[int])

    async def phase(self, name: str, monkey: Monkey, count: int | None) -> Phase:
        """``count`` faults, or none for ``size.calm`` seconds."""
        phase, enough = Phase(name), asyncio.Event()
        begun = asyncio.get_running_loop().time()
        users = [self._user(phase, number, monkey, calm=count is None) for number in range(self.size.users)]
        collecting = asyncio.create_task(self._look())
        living = asyncio.gather(*(user.live(enough) for user in users))
        if count is None:
            await asyncio.wait({living}, timeout=self.size.calm)
        else:
            with _interruptible(enough):
                await monkey.rage(faults(self.seed, count, self.size.kinds), enough)
        enough.set()
        await living
        phase.seconds = asyncio.get_running_loop().time() - begun
        phase.complaints += await self._not_back()
        for found in await asyncio.gather(*(judge_rest(user, self.service.notified, monkey.faults.away) for user in users)):
            phase.complaints += found
        collecting.cancel()
        self._sum_up(phase, users)
        phase.felt = monkey.felt
        return phase

    def _user(self, phase: Phase, number: int, monkey: Monkey, *, calm: bool) -> User:
        name = f"{phase.name}-{number}"
        relays = [relay.url for relay in self.relays]
        caller = Caller(name, self.service.urls, relays, self.ready, self.session, Random(f"{self.seed}/{name}/calls"))

        def judged(message: Message) -> None:
            self.ledger.collect()
            message.log_away = any("redis" in one.kind and one.at >= message.said_at - REDIS_BACK for one in monkey.felt)
            judge(message, len(self.ledger.calls.get(message.said.mark, [])), calm=calm)
            sys.stderr.writelines(f"{' | '.join(complaint)}\n" for complaint in message.complaints)
            phase.frames += sum(len(seen.frames) for seen in message.readers)
            phase.connections += sum(seen.connections for seen in message.readers)
            phase.from_record += sum(map(from_record, message.readers))
            forget(message)

        script = rounds(self.seed, phase.name, number, calm=calm, undo=True)
        return User(caller, script, self.ledger, phase.times, monkey.flying, judged)

    async def _not_back(self) -> list[Complaint]:
        """Nothing is hurt any more: every replica is there, whichever of the faults it was that took it away."""
        replicas = range(len(self.service.urls))
        back = await asyncio.gather(*(self.service.until_ready(replica, PATIENCE) for replica in replicas))
        return [
            Complaint("lost", f"replica {replica}", f"not ready after {PATIENCE:g} quiet seconds")
            for replica in replicas
            if not back[replica]
        ]

    async def _look(self) -> None:
        while True:
            self.ledger.collect()
            self.ready[:] = await self.service.ready()
            await asyncio.sleep(LOOK_EVERY)

    def _sum_up(self, phase: Phase, users: list[User]) -> None:
        self.ledger.collect()
        for user in users:
            phase.messages += user.messages
            for message in user.messages:
                phase.complaints += message.complaints
                phase.model_calls += len(self.ledger.calls.get(message.said.mark, []))
        phase.complaints += [Complaint("untrue", "a model's context", why) for why in self.ledger.complaints]
        self.ledger.complaints.clear()


@contextmanager
def _interruptible(enough: asyncio.Event) -> Generator[None]:
    """Ctrl-C means: it is enough. What was done by then is seen through and judged."""
    loop = asyncio.get_running_loop()
    loop.add_signal_handler(signal.SIGINT, enough.set)
    try:
        yield
    finally:
        loop.remove_signal_handler(signal.SIGINT)


def forget(message: Message) -> None:
    """Keeps of a judged message what the last judgement needs: a long run has many."""
    message.readers = []
    if message.record:
        record = message.record
        kept = {name: record[name] for name in ("status", "log_incomplete")} | {"undone": states(record)}
        counted = {"steps": len(record["steps"]), "generations": generations(record), "calls": calls_of(message)}
        message.record = kept | counted
