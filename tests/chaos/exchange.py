"""One message from its first POST to its judgement: said, followed, dropped, cancelled, asked for again."""

import asyncio
import time
from dataclasses import dataclass, field
from typing import Any

from tests.chaos.caller import GIVE_UP, OUT_OF_REACH, PAUSE, Caller, looking
from tests.chaos.evidence import Message, Seen, Times
from tests.chaos.ledger import Ledger, now
from tests.chaos.oracle_turn import is_kept
from tests.chaos.oracle_undo import has_settled
from tests.chaos.reader import PATIENCE, Reader

KEPT_PATIENCE = 120.0  # what was shown of a cancelled turn is stored after its end
CLOSE_PATIENCE = 45.0  # a frozen process holds its connections


@dataclass
class Exchange:
    """Fills ``message`` with all there is to see of it. Raises GaveUp when nobody answers any more."""

    caller: Caller
    message: Message
    ledger: Ledger
    times: Times
    _acknowledged: asyncio.Event = field(default_factory=asyncio.Event)

    async def see_through(self) -> None:
        """Until there is nothing more to see."""
        first = self._reader("first", list(self.message.said.drops), relayed=self.message.said.half_open)
        saying = asyncio.ensure_future(self._say(first))
        waiting = asyncio.ensure_future(self._acknowledged.wait())
        await asyncio.wait({saying, waiting}, return_when=asyncio.FIRST_COMPLETED)
        waiting.cancel()
        if not self.message.turn_ids:
            return await saying
        await asyncio.gather(self._read_on(saying, first), self._second(), self._cancel())
        if self.message.said.asks_again:
            await self._say(self._reader("asked again"))
        await self._reader("whole").read()
        self.message.record = await self._settled_record()

    def _reader(self, name: str, drops: list[int] | None = None, *, relayed: bool = False) -> Reader:
        seen = Seen(name)
        self.message.readers.append(seen)
        return Reader(self.caller, self.message, seen, self.times, drops or [], relayed)

    async def _say(self, reader: Reader) -> None:
        """POSTs until it is acknowledged or refused, always with the same key; reads the stream as far as it goes."""
        said, give_up = self.message.said, time.monotonic() + GIVE_UP
        body = {"message": self.message.text, "conversation": said.conversation, "on_busy": said.policy}
        known = len(self.message.turn_ids)
        while time.monotonic() < give_up:
            self.message.asked_at = now()
            try:
                key = {"Idempotency-Key": said.mark}
                async with self.caller.open("POST", "/chat", json=body, headers=key, relayed=reader.relayed) as response:
                    if response.status == 200:
                        self._acknowledge(response.headers["X-Turn-Id"])
                        await reader.take(response)
                        break
                    if response.status < 500:
                        return await self._refused(response.status, await response.json())
            except OUT_OF_REACH:
                pass
            if len(self.message.turn_ids) > known:
                break
            self.message.unanswered += 1
            await asyncio.sleep(PAUSE)
        else:
            self.message.complain("unavailable", f"not admitted for {GIVE_UP:g} s")
            self.message.readers.remove(reader.seen)
            return
        await reader.read()

    def _acknowledge(self, turn_id: str) -> None:
        if self.message.turn_ids and turn_id not in self.message.turn_ids:
            self.message.complain("doubled", f"one key, two turns: {turn_id}")
        self.message.turn_ids.add(turn_id)
        self._acknowledged.set()

    async def _refused(self, status: int, body: dict[str, Any]) -> None:
        self.message.refused = body.get("code", str(status))
        if self.message.turn_ids or (status, self.message.said.policy) != (409, "reject"):
            self.message.complain("lost", f"refused: {status} {body}")

    async def _read_on(self, saying: "asyncio.Future[None]", first: Reader) -> None:
        await saying
        await first.read()

    async def _second(self) -> None:
        if self.message.said.second_reader:
            await self._reader("second").read()

    async def _cancel(self) -> None:
        after = self.message.said.cancel_after
        if after is None:
            return
        await looking(lambda: self.message.ended or len(self.message.readers[0].frames) >= after, PATIENCE)
        call, asked = self.ledger.open_call(self.message.said.mark), now()
        body = {"effects": self.message.said.effects}
        for _ in range(2):
            status, answer = await self.caller.ask("POST", f"/turns/{self.message.turn_id}/cancel", json=body)
            self.message.cancelled.append(answer["status"] if status == 200 else f"{status} {answer}")
        if call is not None:
            await looking(lambda: (call.finished or call.disconnected) is not None, CLOSE_PATIENCE)
            if call.disconnected is not None and call.disconnected > asked:
                self.times.cancels.append(call.disconnected - asked)

    async def _settled_record(self) -> dict[str, Any]:
        """The turn as it is stored, once what was shown of a cancelled one is kept, and what it did undone: after its end."""
        give_up = time.monotonic() + KEPT_PATIENCE
        while True:
            record = await self.caller.get(f"/turns/{self.message.turn_id}")
            settled = is_kept(record, self.message.readers[-1].frames) and has_settled(record)
            if settled or time.monotonic() > give_up:
                return record
            await asyncio.sleep(PAUSE)
