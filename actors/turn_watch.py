"""Whether anybody still works on what makes no progress.

A workflow may be gone, then the engine says so. Or the engine has it and will never go on with it: Dapr 1.18.2 loses the
result of an activity whose save the store refuses (Redis, which loads its data after a restart), and waits for it for ever.
"""

from datetime import datetime

from agent.domain.errors import LogUnavailable, Unavailable
from agent.domain.ids import TurnKey
from agent.domain.limits import BEAT_KEPT, TURN_STALE_AFTER
from agent.ports import Clock, Pulse, Workflows


class TurnWatch:
    """One conversation's. Remembers in memory what it saw last: a new host looks twice as well."""

    def __init__(self, workflows: Workflows, pulse: Pulse, clock: Clock) -> None:
        self._workflows, self._pulse, self._clock = workflows, pulse, clock
        self._silent: tuple[TurnKey, str, datetime] | None = None

    async def is_gone(self, instance: str, since: str, quiet_max: float | None = None) -> bool:
        """Whether the engine no longer has the workflow; asked only when it was silent since ``since`` for a while.

        With ``quiet_max`` one counts as gone, too, that the engine has left alone for so many seconds.
        """
        if self._quiet(since) < TURN_STALE_AFTER:
            return False
        try:
            return not await self._workflows.is_alive(instance, quiet_max)
        except Unavailable:
            return False  # the next look will tell; this one must not fail for it

    async def is_forgotten(self, turn: TurnKey, since: str, patience: float) -> bool:
        """Whether nothing was done since ``since`` for ``patience`` seconds, and no attempt lives: two looks have to say so."""
        if self._quiet(since) < patience or await self._beats(turn):
            self._silent = None
            return False
        now = self._clock.now()
        if self._silent is None or self._silent[:2] != (turn, since):
            self._silent = (turn, since, now)
        return (now - self._silent[2]).total_seconds() >= BEAT_KEPT

    async def _beats(self, turn: TurnKey) -> bool:
        try:
            return await self._pulse.beats(turn)
        except LogUnavailable:
            return True  # for all that is known

    def _quiet(self, since: str) -> float:
        return (self._clock.now() - datetime.fromisoformat(since)).total_seconds()
