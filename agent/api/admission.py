"""Taking a message in, for every wire alike: its bounds, its tokens, its turn, and what the log is told at once.

Refuses to know how the answer is shown, and where the wire found the message, its key and its conversation.
"""

import hashlib
from typing import NamedTuple

from agent.api.hints import Hints
from agent.api.turns import TurnApi
from agent.domain import ids
from agent.domain.conversation import Admission, OnBusy, Submission
from agent.domain.errors import BadRequest, LogRefused, LogUnavailable, TooLarge, Unprocessable
from agent.domain.events import EntryId, TurnCancelled, TurnQueued
from agent.domain.ids import ConversationKey, TurnKey
from agent.domain.limits import MESSAGE_BYTES_MAX
from agent.domain.messages import Message
from agent.domain.turn_record import ADMISSION_EPOCH, ENDED
from agent.ports import Chats, Clock, Randomness, Tokens, TurnLog


class Said(NamedTuple):
    """What a user says. ``key`` is made by ``ids.idempotency_key`` or ``ids.scoped_key`` and stands for ``fingerprint``.

    ``also`` is another such key: used before, with the same fingerprint, it stands for the same turn.
    ``regenerates`` is the id of the conversation's newest turn when ``text`` is its message, to be answered anew.
    ``follows``: the turn that has to be the newest of the conversation.
    """

    text: str
    time_zone: str
    on_busy: OnBusy = "queue"
    key: str | None = None
    fingerprint: str = ""
    regenerates: str | None = None
    follows: str | None = None
    also: str | None = None


class Admissions:
    """Admits messages to the conversations of their users."""

    def __init__(
        self, chats: Chats, log: TurnLog, hints: Hints, tokens: Tokens, clock: Clock, randomness: Randomness, turns: TurnApi
    ) -> None:
        self._chats, self._log, self._tokens, self._clock, self._randomness = chats, log, tokens, clock, randomness
        self._turns, self._hints = turns, hints

    async def admit(self, key: ConversationKey, said: Said) -> tuple[TurnKey, Admission]:
        """The turn of the message: a new one, or the one its key stands for.

        Raises:
            TooLarge, BadRequest, Unprocessable: the text.
            Problem: what ``Chats.process_message`` raises.
        """
        admitted = await self._chats.process_message(key, await self._submission(said))
        turn = TurnKey(key.tenant, key.user, admitted.turn_id)
        if admitted.interrupted is not None:
            await self._turns.close(turn._replace(turn_id=admitted.interrupted), TurnCancelled(turn_id=admitted.interrupted))
        if admitted.status == "queued":
            await self._tell_queued(turn, admitted.position)
        if admitted.status not in ENDED:
            await self._hints.admitted(turn, key.conversation)
        return turn, admitted

    async def regenerate(self, former: TurnKey, time_zone: str, key: str | None) -> tuple[TurnKey, Admission]:
        """As ``admit``, the message of ``former`` once more: the newest turn of its conversation, which becomes an alternative.

        A wire whose client regenerates by a message of its own finds that turn by the message's key: equal words are no proof.
        A key made from what the client sends has to tell one regeneration of a message from the next, as by
        ``alternatives`` of the turn: a repeat is then the same new turn, and the next wish another one.

        Raises:
            NotFound.
            Conflict: ``turn_running``, ``turn_not_newest``, ``too_many_alternatives``.
        """
        view = await self._chats.get_turn(former)
        fingerprint = hashlib.sha256(f"regenerate {former.turn_id}".encode()).hexdigest()  # never that of a message
        said = Said(view.user_message.content, time_zone, "reject", key, fingerprint, regenerates=former.turn_id)
        return await self.admit(ConversationKey(former.tenant, former.user, view.conversation), said)

    async def _submission(self, said: Said) -> Submission:
        _check_text(said.text)
        count = (await self._tokens.count([said.text]))[0]
        message = Message(
            role="user",
            content=said.text,
            tokens=count.tokens,
            estimated=count.estimated,
            created_at=self._clock.now().isoformat(timespec="milliseconds"),
        )
        return Submission(
            secret=self._randomness.token(ids.TURN_SECRET_BYTES).hex(),
            message=message,
            time_zone=said.time_zone,
            on_busy=said.on_busy,
            key=said.key,
            also=said.also,
            fingerprint=said.fingerprint,
            regenerates=said.regenerates,
            follows=said.follows,
        )

    async def _tell_queued(self, turn: TurnKey, position: int) -> None:
        try:
            event = TurnQueued(turn_id=turn.turn_id, position=position)
            await self._log.append(turn, EntryId(ADMISSION_EPOCH, 0), [event])
        except (LogRefused, LogUnavailable):
            pass  # it started meanwhile, or nobody can be told: the turn is the same


def _check_text(text: str) -> None:
    """Raises TooLarge, BadRequest or Unprocessable; bytes are bounded before anything counts tokens."""
    try:
        size = len(text.encode())
    except UnicodeEncodeError:
        raise Unprocessable("bad_text", "The message holds half a surrogate pair.") from None
    if size > MESSAGE_BYTES_MAX:
        raise TooLarge(
            "message_too_large",
            f"The message has {size} bytes; at most {MESSAGE_BYTES_MAX} are taken.",
            bytes=size,
            limit=MESSAGE_BYTES_MAX,
        )
    if not text.strip():
        raise BadRequest("empty_message", "The message is empty.")
