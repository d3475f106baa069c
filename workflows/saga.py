"""Steps with undos, for workflow generators: an undo is registered before its step runs, and on failure they run in reverse.

Platform mechanics stay here: a step that the engine gave up on and a step that was refused look the same to the workflow.
"""

import json
from collections.abc import Generator
from typing import Any, Protocol

from dapr.ext.workflow import RetryPolicy, TaskFailedError

from agent.domain.messages import Value
from agent.domain.processing import StepName, WorkflowStep
from agent.domain.saga import done, failed
from workflows.contracts import StepAnswer, as_input

Steps = Generator[Any, Any, Any]


class StepFailed(Exception):
    """The step did not happen; it is in the saga's ``steps`` already."""


class Context(Protocol):
    """The part of DaprWorkflowContext that workflows of ours use."""

    def call_activity(self, activity: str, *, input: Any = None, retry_policy: RetryPolicy | None = None) -> Any: ...

    def set_custom_status(self, custom_status: str) -> None: ...


class Saga:
    """Runs steps, keeps what happened in ``steps`` and shows it as the workflow's custom status."""

    def __init__(self, ctx: Context, undo_retry: RetryPolicy) -> None:
        self._ctx, self._undo_retry = ctx, undo_retry
        self._undos: list[tuple[StepName, str, Value]] = []
        self.steps: list[WorkflowStep] = []

    def undo_with(self, name: StepName, activity: str, argument: Value) -> None:
        """Registers the undo of step ``name``: call it before the step."""
        self._undos.append((name, activity, argument))

    def note(self, step: WorkflowStep) -> None:
        """Adds to the steps and shows them."""
        self.steps.append(step)
        self._ctx.set_custom_status(json.dumps([as_input(step) for step in self.steps]))

    def run(self, name: StepName, activity: str, argument: Value, retry: RetryPolicy, given_up: str = "") -> Steps:
        """``yield from`` it: the activity's answer. ``given_up`` says how the engine gave up, before the last attempt's reason.

        Raises:
            StepFailed: the activity raised in its last attempt, or answered with a problem.
        """
        try:
            answer = yield self._ctx.call_activity(activity, input=as_input(argument), retry_policy=retry)
        except TaskFailedError as e:
            self.note(failed(name, f"{given_up}({e.details.message})" if given_up else str(e.details.message)))
            raise StepFailed from e
        if problem := answer.get("problem"):
            self.note(failed(name, problem))
            raise StepFailed
        self.note(done(name))
        return answer

    def roll_back(self) -> Steps:
        """``yield from`` it: every undo, newest first; one that fails does not stop the others."""
        for name, activity, argument in reversed(self._undos):
            try:
                answer = yield self._ctx.call_activity(activity, input=as_input(argument), retry_policy=self._undo_retry)
            except TaskFailedError as e:
                self.note(failed(name, str(e.details.message), undo=True))
            else:
                self.note(_undone(name, StepAnswer.model_validate(answer)))


def _undone(name: StepName, answer: StepAnswer) -> WorkflowStep:
    if answer.problem is not None:
        return failed(name, answer.problem, undo=True)
    if answer.skipped:
        return WorkflowStep(name=name, state="skipped", undo=True, detail=answer.detail)
    return done(name, undo=True, detail=answer.detail)
