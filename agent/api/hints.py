"""What the user's other pages are told at once, on the feed alone: hints, since pages look now and then, too."""

from contextlib import suppress

from agent.domain.conversation import Cleared
from agent.domain.errors import Unavailable
from agent.domain.events import AnyFeedEvent, ConversationCleared, TurnAdmitted
from agent.domain.ids import TURN_SECRET_BYTES, ConversationKey, TurnKey
from agent.ports import Clock, Feed, Randomness


class Hints:
    """Tells what happened to a conversation. Raises nothing when the feed is out of reach."""

    def __init__(self, feed: Feed, clock: Clock, randomness: Randomness) -> None:
        self._feed, self._clock, self._randomness = feed, clock, randomness

    async def admitted(self, turn: TurnKey, conversation: str) -> None:
        """A message was taken in. Told again for the same message, it is the same event."""
        await self._tell(
            TurnAdmitted(
                event_id=f"{turn.turn_id}-admitted",
                tenant_id=turn.tenant,
                user_id=turn.user,
                timestamp=self._now(),
                conversation=conversation,
                turn_id=turn.turn_id,
            )
        )

    async def cleared(self, key: ConversationKey, what: Cleared) -> None:
        """A conversation was cleared. Nothing is told of one that was empty already."""
        if what.cleared_turns == 0:
            return
        await self._tell(
            ConversationCleared(
                event_id=f"{self._randomness.token(TURN_SECRET_BYTES).hex()}-cleared",
                tenant_id=key.tenant,
                user_id=key.user,
                timestamp=self._now(),
                conversation=key.conversation,
            )
        )

    async def _tell(self, event: AnyFeedEvent) -> None:
        with suppress(Unavailable):
            await self._feed.append(event)

    def _now(self) -> str:
        return self._clock.now().isoformat(timespec="milliseconds")
