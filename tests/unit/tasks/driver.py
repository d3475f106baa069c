"""Runs a workflow generator as the engine would, with activities that are plain functions; and shows what it did."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from dapr.ext.workflow import RetryPolicy, TaskFailedError
from dapr.ext.workflow._durabletask.internal.protos import TaskFailureDetails

Answer = dict[str, Any] | Exception
Script = Mapping[str, Callable[[dict[str, Any]], dict[str, Any]]]


@dataclass(frozen=True)
class Call:
    activity: str
    input: dict[str, Any]
    retry: RetryPolicy | None


@dataclass
class Driver:
    """The context of one instance. ``script`` maps an activity to what it does; one that raises has used up its retries."""

    script: Script
    calls: list[Call] = field(default_factory=list[Call])
    status: str = ""

    def call_activity(self, activity: str, *, input: Any = None, retry_policy: RetryPolicy | None = None) -> Call:
        return Call(activity, input, retry_policy)

    def set_custom_status(self, custom_status: str) -> None:
        self.status = custom_status

    def run(self, workflow: Any) -> Any:
        """What the workflow returns."""
        answer: Answer | None = None
        try:
            while True:
                call = workflow.throw(answer) if isinstance(answer, Exception) else workflow.send(answer)
                self.calls.append(call)
                answer = self._answer(call)
        except StopIteration as end:
            return end.value

    def did(self) -> list[str]:
        """The activities in the order they were called."""
        return [call.activity for call in self.calls]

    def _answer(self, call: Call) -> Answer:
        try:
            return self.script[call.activity](call.input)
        except Exception as e:  # noqa: BLE001  an activity may die of anything
            return TaskFailedError(str(e), TaskFailureDetails(errorType=type(e).__name__, errorMessage=str(e)))


def dies(reason: str) -> Callable[[dict[str, Any]], dict[str, Any]]:
    """An activity that the engine gave up on."""

    def activity(_: dict[str, Any]) -> dict[str, Any]:
        raise RuntimeError(reason)

    return activity


def answers(**answer: Any) -> Callable[[dict[str, Any]], dict[str, Any]]:
    """An activity that always says the same."""
    return lambda _: answer
