"""Writes one epoch's entries to the TurnLog, gap-free from 0. One writer per epoch.

When the log is out of reach the turn goes on without it: ``incomplete`` is then stored with the step.
"""

import contextlib
from typing import NoReturn

from agent.domain.errors import LogUnavailable
from agent.domain.events import AnyTurnEvent, EntryId, TerminalEvent
from agent.domain.ids import TurnKey
from agent.ports import TurnLog


class StepWriter:
    """Appends events in order. Raises Fenced or Closed: the writer is a zombie, or the turn is over."""

    def __init__(self, log: TurnLog, turn: TurnKey, epoch: int) -> None:
        self._log, self._turn, self._epoch = log, turn, epoch
        self._seq = 0
        self.incomplete = False

    async def write(self, *events: AnyTurnEvent) -> None:
        """Waiting here is the backpressure: meanwhile the provider's tokens gather and come as one delta."""
        if self.incomplete:
            return
        try:
            await self._log.append(self._turn, EntryId(self._epoch, self._seq), events)
        except LogUnavailable:
            self.incomplete = True
        self._seq += len(events)

    async def refused(self) -> NoReturn:
        """Raises Fenced or Closed within milliseconds when this epoch may not write any more: a zombie, or a cancelled turn."""
        await self._log.wait_refused(self._turn, self._epoch)


async def close_log(log: TurnLog, turn: TurnKey, event: TerminalEvent) -> None:
    """Writes the closing entry if the log can be reached. If not, followers end from the record: nobody waits."""
    with contextlib.suppress(LogUnavailable):
        await log.close(turn, event)
