"""What the model is sent: which of the stored exchanges, counted to the token, and why the others are not.

Decides by exchange count and token budget. Refuses to delete anything: trimming bounds the context, never the store.
A :class:`Ledger` is the decision, small enough to be stored with its turn; :func:`view` and :func:`chosen` read it later.
"""

from collections.abc import Iterable, Sequence
from itertools import accumulate
from typing import Literal

from agent.domain.errors import TooLarge
from agent.domain.limits import CONTEXT_TURNS_LISTED_MAX, MAX_HISTORY, TOKEN_BUDGET
from agent.domain.messages import Message, Role, Value
from agent.domain.model_messages import paired, provider_messages, schema_text, token_text

__all__ = [  # the wire side of the same subject lives in model_messages; users of the context import it from here
    "ContextCall",
    "ContextMessage",
    "ContextView",
    "Exchange",
    "Ledger",
    "check_fits",
    "chosen",
    "fit",
    "provider_messages",
    "schema_text",
    "token_text",
    "view",
]

FRAMING_TOKENS = 3  # per message: what chat formats spend on role and separators
PRIMING_TOKENS = 3  # once: the opening of the answer

Reason = Literal["exchange_limit", "token_budget", "endpoint_limit", "regenerated"]


class Exchange(Value):
    """A whole earlier turn: its user message, assistant messages and tool messages, in order.

    ``regenerated``: the turn behind it answers the same message anew; it is never sent and does not count.
    """

    number: int
    turn_id: str
    messages: tuple[Message, ...]
    regenerated: bool = False


class ContextCall(Value):
    """A tool call as shown to its user: the provider's id stays inside the model context."""

    call_id: str
    name: str
    arguments: str


class ContextMessage(Value):
    """One message of the view; ``reason`` is null when it is included, ``turn_id`` for the system message."""

    role: Role
    content: str
    tokens: int
    estimated: bool
    included: bool
    reason: Reason | None
    turn_id: str | None
    created_at: str
    tool_calls: tuple[ContextCall, ...] = ()
    call_id: str | None = None


class ContextView(Value):
    """The context to the token: ``used`` is the sum of the included messages' tokens plus ``overhead``, always.

    System message first, then oldest to newest. ``omitted_turns`` counts older turns that are not listed, none of them
    sent. ``used`` is above ``budget`` only when the current turn alone is. A ``budget`` below
    TOKEN_BUDGET was taught by an endpoint that refused more; what only that one excludes is out for ``endpoint_limit``.
    Of a turn, ``step`` says which of its model calls this is, from 0, and ``steps`` which can be shown, oldest first.
    ``sent`` is what it came to when it was sent, null if that was not kept. Where it is not ``used``, an earlier turn is told
    otherwise since: an undo has ended, or what readers saw of an interrupted answer was stored late.
    """

    budget: int
    used: int
    overhead: int
    estimated: bool
    messages: tuple[ContextMessage, ...]
    omitted_turns: int = 0
    step: int | None = None
    steps: tuple[int, ...] = ()
    sent: int | None = None


class Choice(Value):
    """What one step was sent, the system message aside. At most CONTEXT_TURNS_LISTED_MAX exchanges are named.

    ``current_messages`` counts the messages of the turn itself that were sent: those it has gained since do not belong to it.
    ``sent``: tokens in all (null before format 5 of a turn).
    """

    schema_tokens: int
    budget: int
    included: tuple[int, ...]
    excluded: tuple[tuple[int, Reason], ...]
    omitted_turns: int
    step: int
    current_messages: int
    sent: int | None = None


class Ledger(Choice):
    """What the newest step was sent, stored with its turn. Every step is sent the same system message.

    ``earlier``: the steps before it, oldest first, fewer than TURN_STEPS_MAX. Those of which nothing was kept, because an older
    release ran them, are missing. Of several attempts at a step the newest counts.
    """

    system: Message
    earlier: tuple[Choice, ...] = ()

    @property
    def steps(self) -> tuple[int, ...]:
        """The steps that :meth:`at` knows, oldest first."""
        return (*(choice.step for choice in self.earlier), self.step)

    def at(self, step: int) -> "Ledger | None":
        """The ledger as it was when ``step`` was the newest, without the steps before; None when that is not known."""
        if step == self.step:
            return self
        found = next((choice for choice in self.earlier if choice.step == step), None)
        return Ledger(system=self.system, **found.model_dump()) if found else None

    def behind(self, former: "Ledger | None") -> "Ledger":
        """This one with the earlier steps that ``former``, the turn's ledger until now, tells of."""
        if former is None:
            return self
        last = Choice(**{name: getattr(former, name) for name in Choice.model_fields})
        return self.model_copy(update={"earlier": tuple(c for c in (*former.earlier, last) if c.step < self.step)})


def fit(
    system: Message,
    exchanges: Sequence[Exchange],
    current: Sequence[Message],
    *,
    schema_tokens: int,
    step: int = 0,
    max_exchanges: int = MAX_HISTORY,
    budget: int = TOKEN_BUDGET,
    endpoint_budget: int = TOKEN_BUDGET,
    omitted_turns: int = 0,
) -> Ledger:
    """Chooses the longest run of newest ``exchanges`` (given oldest first) within all limits.

    An exchange is sent whole or not at all, and none is sent whose successor is not. The system message and ``current`` (the
    running turn so far) are always sent, and do not count as an exchange. When they alone exceed the budget, because tools
    returned much, they are sent all the same and no exchange is: a turn never loses its own results. The user message in
    ``current`` cannot be the cause: :func:`check_fits` refused it at admission.
    """
    listed = exchanges[-CONTEXT_TURNS_LISTED_MAX:]
    live = [exchange for exchange in listed if not exchange.regenerated]
    first_kept = len(live) - min(max_exchanges, len(live))
    always = schema_tokens + PRIMING_TOKENS + _cost([system]) + _cost(paired(current))
    costs = [_cost(paired(exchange.messages)) for exchange in live[first_kept:]]
    fitting = len(live) - _newest_within(costs, budget - always)
    start = max(fitting, len(live) - _newest_within(costs, endpoint_budget - always))
    reasons: dict[int, Reason] = {
        exchange.number: "exchange_limit" if index < first_kept else "token_budget" if index < fitting else "endpoint_limit"
        for index, exchange in enumerate(live[:start])
    }
    return Ledger(
        system=system,
        schema_tokens=schema_tokens,
        budget=min(budget, endpoint_budget),
        included=tuple(exchange.number for exchange in live[start:]),
        excluded=tuple(
            (exchange.number, reasons.get(exchange.number, "regenerated"))
            for exchange in listed
            if exchange.regenerated or exchange.number in reasons
        ),
        omitted_turns=omitted_turns + len(exchanges) - len(listed),
        step=step,
        current_messages=len(current),
        sent=always + sum(costs[start - first_kept :]),
    )


def chosen(ledger: Ledger, exchanges: Sequence[Exchange], current: Sequence[Message]) -> list[Message]:
    """What is sent, in order. An exchange that is not among ``exchanges`` (cleared since) is absent."""
    kept = set(ledger.included)
    sent = [ledger.system]
    for exchange in exchanges:
        if exchange.number in kept:
            sent.extend(paired(exchange.messages))
    return [*sent, *paired(current[: ledger.current_messages])]


def view(ledger: Ledger, exchanges: Sequence[Exchange], current: Sequence[Message], turn_id: str | None = None) -> ContextView:
    """The ledger's decision message by message; ``turn_id`` names the turn of ``current``.

    Exchanges that the ledger does not name are not shown; those that were cleared since are absent.
    """
    reasons: dict[int, Reason | None] = {**dict.fromkeys(ledger.included), **dict(ledger.excluded)}
    messages = [_shown(ledger.system, None, None)]
    for exchange in exchanges:
        if exchange.number in reasons:
            reason = reasons[exchange.number]
            messages += [_shown(message, reason, exchange.turn_id) for message in paired(exchange.messages)]
    messages += [_shown(message, None, turn_id) for message in paired(current[: ledger.current_messages])]
    included = [message for message in messages if message.included]
    overhead = ledger.schema_tokens + PRIMING_TOKENS + FRAMING_TOKENS * len(included)
    return ContextView(
        budget=ledger.budget,
        used=sum(message.tokens for message in included) + overhead,
        overhead=overhead,
        estimated=any(message.estimated for message in included),
        messages=tuple(messages),
        omitted_turns=ledger.omitted_turns,
        sent=ledger.sent,
    )


def check_fits(system_tokens: int, schema_tokens: int, message_tokens: int, budget: int = TOKEN_BUDGET) -> None:
    """Refuses a user message that would not fit even with no history.

    Raises:
        TooLarge: ``message_over_budget``.
    """
    available = max(0, budget - system_tokens - schema_tokens - PRIMING_TOKENS - 2 * FRAMING_TOKENS)
    if message_tokens > available:
        raise TooLarge(
            "message_over_budget",
            f"The message has {message_tokens} tokens; {available} of the {budget} in the token budget are left for it.",
            tokens=message_tokens,
            budget=budget,
            available=available,
        )


def _newest_within(costs: Sequence[int], tokens: int) -> int:
    """How many of the newest, which come last, cost at most ``tokens`` together."""
    return sum(spent <= tokens for spent in accumulate(reversed(costs)))


def _cost(messages: Iterable[Message]) -> int:
    return sum(message.tokens + FRAMING_TOKENS for message in messages)


def _shown(message: Message, reason: Reason | None, turn_id: str | None) -> ContextMessage:
    return ContextMessage(
        role=message.role,
        content=message.content,
        tokens=message.tokens,
        estimated=message.estimated,
        included=reason is None,
        reason=reason,
        turn_id=turn_id,
        created_at=message.created_at,
        tool_calls=tuple(ContextCall(call_id=c.call_id, name=c.name, arguments=c.arguments) for c in message.tool_calls),
        call_id=message.call_id,
    )
