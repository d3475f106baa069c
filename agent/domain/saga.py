"""How a run of TaskProcessingWorkflow is told: its result and message from the steps done, failed and undone."""

from collections.abc import Sequence

from agent.domain.processing import StepName, WorkflowResult, WorkflowStep

_FAILED: dict[StepName, str] = {
    "validate": "The request could not be checked",
    "create": "The task could not be created",
    "assign": "The task could not be assigned",
    "reminder": "The deadline reminder could not be set",
    "notify": "The notification failed",
}
_UNDONE: dict[StepName, str] = {"assign": "the assignment", "reminder": "the deadline reminder"}


def done(name: StepName, *, undo: bool = False, detail: str = "") -> WorkflowStep:
    """A step that happened."""
    return WorkflowStep(name=name, state="done", undo=undo, detail=detail)


def failed(name: StepName, detail: str, *, undo: bool = False) -> WorkflowStep:
    """A step that did not happen, and why."""
    return WorkflowStep(name=name, state="failed", undo=undo, detail=detail)


def completed_result(task_id: str, assignee: str, deadline: str) -> WorkflowResult:
    """All steps happened."""
    message = f"The task was created, assigned to {assignee}, due {deadline}; {assignee} was notified."
    return WorkflowResult(task_id=task_id, status="completed", message=message)


def rejected_result(task_id: str, reasons: Sequence[str]) -> WorkflowResult:
    """The request was refused before anything was done."""
    return WorkflowResult(task_id=task_id, status="rejected", message=" ".join([*reasons, "No task was created."]))


def failed_result(task_id: str, steps: Sequence[WorkflowStep]) -> WorkflowResult:
    """The message names what failed and why, what was undone, what was left alone, and what could not be undone."""
    broken = next(step for step in steps if step.state == "failed" and not step.undo)
    why = f" {broken.detail}" if broken.detail.startswith("after ") else f": {broken.detail}"
    sentences = [_sentence(_FAILED[broken.name] + (why if broken.detail else ""))]
    undos = [step for step in steps if step.undo]
    if undone := [_UNDONE[step.name] for step in undos if _taken_back(step)]:
        sentences.append(_sentence(f"Undone: {_and(undone)}"))
    if kept := [f"{_UNDONE[step.name]} ({step.detail})" for step in undos if step.state == "skipped"]:
        sentences.append(_sentence(f"Left alone: {_and(kept)}"))
    if stuck := [f"{_UNDONE[step.name]} ({step.detail})" for step in undos if step.state == "failed"]:
        sentences.append(_sentence(f"Could not be undone: {_and(stuck)}"))
    if undone and _taken_back(undos[-1]) and all(step.state == "done" for step in undos):
        sentences.append("The task is pending, without assignee and deadline.")
    return WorkflowResult(task_id=task_id, status="failed", message=" ".join(sentences))


def _taken_back(undo: WorkflowStep) -> bool:
    """Not when there was nothing to take back: then it says so in its detail."""
    return undo.state == "done" and not undo.detail


def _sentence(text: str) -> str:
    return text if text.endswith((".", "!", "?")) else text + "."


def _and(parts: Sequence[str]) -> str:
    return " and ".join(parts)
