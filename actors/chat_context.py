"""What the model is sent, for a step that runs, for now, and for a turn of the past.

Joins stored turns, the rendered system prompt and token counts with the rules of ``agent.domain.context``.
"""

from datetime import datetime
from zoneinfo import ZoneInfo

from actors.chat_store import ChatStore
from agent.domain import context
from agent.domain.context import ContextView
from agent.domain.conversation import ContextRefused
from agent.domain.errors import NotFound
from agent.domain.exchanges import told
from agent.domain.ids import ConversationKey
from agent.domain.limits import CONTEXT_TURNS_LISTED_MAX, MAX_HISTORY
from agent.domain.messages import Message
from agent.domain.refusal import Refusal, budget_at, refuse
from agent.domain.turn_record import TurnRecord
from agent.ports import Prompts, Tokens


class ContextBuilder:
    """Builds the contexts of one conversation."""

    def __init__(self, key: ConversationKey, store: ChatStore, prompts: Prompts, tokens: Tokens, schema_tokens: int) -> None:
        self._key, self._store, self._prompts, self._tokens, self._schema_tokens = key, store, prompts, tokens, schema_tokens

    async def check_fits(self, message: Message, now: datetime, time_zone: str) -> None:
        """Raises TooLarge when ``message`` would not fit even with no history."""
        system = await self._system(now, time_zone)
        context.check_fits(system.tokens, self._schema_tokens, message.tokens)

    async def for_step(self, turn: TurnRecord, step: int) -> tuple[TurnRecord, list[Message]]:
        """The turn with its new ledger, and the messages to send. All steps of a turn share one system prompt."""
        meta = await self._store.meta()
        turns, omitted = await self._store.before(meta, turn, MAX_HISTORY)
        exchanges, current = told(turns, turn)
        system = (
            turn.ledger.system if turn.ledger else await self._system(datetime.fromisoformat(turn.progress_at), turn.time_zone)
        )
        ledger = context.fit(
            system,
            exchanges,
            current,
            schema_tokens=self._schema_tokens,
            step=step,
            endpoint_budget=budget_at(meta.budget, turn.progress_at),
            omitted_turns=omitted,
        )
        return turn.model_copy(update={"ledger": ledger.behind(turn.ledger)}), context.chosen(ledger, exchanges, current)

    async def now(self, now: datetime, time_zone: str) -> ContextView:
        """What the model would be sent now, a coming user message aside; with the turn that runs, if one does."""
        meta = await self._store.meta()
        running = await self._store.turn(meta.running) if meta.running is not None else None
        turns, omitted = await self._store.before(meta, running, CONTEXT_TURNS_LISTED_MAX)
        exchanges, current = told(turns, running)
        system = running.ledger.system if running and running.ledger else await self._system(now, time_zone)
        ledger = context.fit(
            system,
            exchanges,
            current,
            schema_tokens=self._schema_tokens,
            endpoint_budget=budget_at(meta.budget, now.isoformat()),
            omitted_turns=omitted,
        )
        return context.view(ledger, exchanges, current, running.turn_id if running else None)

    async def of_turn(self, turn: TurnRecord, step: int | None = None) -> ContextView:
        """What ``step`` of ``turn`` was sent; None: the newest.

        Raises:
            NotFound: ``no_context``: it has not begun; ``context_not_kept``: an older release ran it.
        """
        if turn.ledger is None:
            raise NotFound("no_context", "Nothing was sent for this turn yet")
        newest = turn.ledger.step
        wanted = newest if step is None else step
        if wanted > newest:
            raise NotFound("no_context", f"Nothing was sent for step {wanted} of this turn: its newest is step {newest}")
        ledger = turn.ledger.at(wanted)
        if ledger is None:
            raise NotFound("context_not_kept", f"What step {wanted} of this turn was sent was not kept when it ran")
        turns, _ = await self._store.before(await self._store.meta(), turn, MAX_HISTORY)
        exchanges, current = told(turns, turn)
        seen = context.view(ledger, exchanges, current, turn.turn_id)
        return seen.model_copy(update={"step": ledger.step, "steps": turn.ledger.steps})

    async def refused(self, turn: TurnRecord, request: ContextRefused) -> Refusal:
        """What the refusal of the newest attempt's context comes to."""
        if turn.ledger is None:
            raise ValueError(f"{turn.turn_id}: a context was refused that was never sent")
        sent = (await self.of_turn(turn)).used
        return refuse(
            turn.refusal,
            request.ref.step,
            request.epoch,
            sent=sent,
            window=request.window,
            can_shrink=bool(turn.ledger.included),
        )

    async def _system(self, now: datetime, time_zone: str) -> Message:
        local = now.astimezone(ZoneInfo(time_zone)).replace(second=0, microsecond=0)
        text = self._prompts.render(
            "system",
            {
                "user": self._key.user,
                "now": local.isoformat(),
                "today": local.strftime("%A, %d %B %Y"),
                "time_zone": time_zone,
            },
        )
        count = (await self._tokens.count([text]))[0]
        return Message(
            role="system", content=text, tokens=count.tokens, estimated=count.estimated, created_at=local.isoformat()
        )
