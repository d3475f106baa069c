"""What crosses the boundary between TurnWorkflow and its activities: one small input and one small output each."""

from typing import Literal

from agent.domain.messages import Value
from agent.domain.turn_calls import StepRef
from agent.domain.turn_record import Failure


class TurnInput(Value):
    """Input of TurnWorkflow: which turn, and which instance this is."""

    tenant: str
    user: str
    conversation: str
    turn_id: str
    instance: str

    def step(self, step: int, retry: int = 0) -> StepRef:
        return StepRef(**self.model_dump(), step=step, retry=retry)


class Generated(Value):
    """Output of ``generate``.

    ``answered``: the turn is complete; ``tools``: run the step's tools next; ``failed``: the endpoint failed (as data: the
    workflow decides on another attempt); ``ended``: the turn was over already; ``void``: not this workflow's turn.
    ``told``: the end of the turn is published and acknowledged. ``trimmed``: the next attempt is sent less, and need not wait.
    """

    kind: Literal["answered", "tools", "failed", "ended", "void"]
    told: bool = False
    failure: Failure | None = None
    retry_after: float | None = None
    trimmed: bool = False


class FailTurn(Value):
    """Input of ``fail_turn``."""

    ref: StepRef
    failure: Failure
