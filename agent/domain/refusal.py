"""What a refused context teaches: the endpoint found it too long, so less is sent, at once and for a while.

The conversation remembers the smaller budget for CONTEXT_BUDGET_KEPT_SECONDS: with an endpoint of a small window every turn of
a long conversation would cost a refused call otherwise. Not longer, because the endpoint may be another one by then.
Refuses to believe the endpoint: the window it names can only make the budget smaller.
"""

from datetime import datetime

from agent.domain.limits import CONTEXT_BUDGET_KEPT_SECONDS, TOKEN_BUDGET
from agent.domain.messages import Value

_OF_THE_WINDOW = 0.75  # the rest is for the answer, and for a tokenizer that counts more than ours


class Refusal(Value):
    """The context of the attempt ``epoch`` at ``step`` was too long for the endpoint.

    ``budget`` is what the next contexts may have, in tokens; None when nothing could have been left out. ``again``: the step
    has another attempt with it, which happens once per step.
    """

    step: int
    epoch: int
    budget: int | None
    again: bool

    @property
    def advice(self) -> str:
        """A sentence for the person whose message it was."""
        if self.again:
            return "Asked again, it is sent with fewer of the earlier messages."
        if self.budget is None:
            return "Nothing can be left out of it: write a shorter message, or ask for less at once."
        return "Leaving out earlier messages was not enough: write a shorter message, or start a new conversation."


class SmallerBudget(Value):
    """A token budget that a refusal has taught; ``since`` is ISO 8601 UTC."""

    budget: int
    since: str


def refuse(last: Refusal | None, step: int, epoch: int, *, sent: int, window: int | None, can_shrink: bool) -> Refusal:
    """The refusal of ``sent`` tokens; ``last`` is the one before in this turn, ``window`` what the endpoint says it takes."""
    if not can_shrink:
        return Refusal(step=step, epoch=epoch, budget=None, again=False)
    half = sent // 2
    budget = half if window is None else min(half, int(window * _OF_THE_WINDOW))
    return Refusal(step=step, epoch=epoch, budget=budget, again=last is None or last.step != step)


def budget_at(smaller: SmallerBudget | None, now: str) -> int:
    """Tokens that a context may have at ``now``."""
    if smaller is None:
        return TOKEN_BUDGET
    age = datetime.fromisoformat(now) - datetime.fromisoformat(smaller.since)
    return smaller.budget if age.total_seconds() < CONTEXT_BUDGET_KEPT_SECONDS else TOKEN_BUDGET
