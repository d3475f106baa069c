"""Parts of a UI message and the chunks that make them: the same whether a turn is streamed or read from its record."""

from typing import Any

import orjson

Told = dict[str, Any]
TASK = "data-task"
UNKNOWN_TOOL = "unknown"
NO_RESULT = "The turn ended before the tool answered; whether it had an effect is unknown."
LOST = "The tool's answer did not reach this page; load the conversation again to see it."
_POISON = (b'"__proto__":', b'"constructor":')  # keys for which the client refuses the whole stream
_OURS = {"dynamic": True, "providerExecuted": True}


def sentence(code: str, detail: str) -> str:
    """An error as clients show it: they have one text for it."""
    return f"{detail} ({code})"


def metadata(turn_id: str, status: str = "running") -> Told:
    """What a message says of its turn from the start; its end adds to it."""
    return {"turn_id": turn_id, "status": status}


def input_chunk(call_id: str, name: str, arguments: Any) -> Told:
    """A call; ``arguments`` may be the raw text of a model that wrote no JSON object."""
    return {"type": "tool-input-available", "toolCallId": call_id, "toolName": name, "input": safe(arguments), **_OURS}


def output_chunk(call_id: str, ok: bool, result: Told) -> Told:
    """What the tool answered, or why it refused."""
    if ok:
        return {"type": "tool-output-available", "toolCallId": call_id, "output": safe(result), **_OURS}
    return {"type": "tool-output-error", "toolCallId": call_id, "errorText": refusal(result), **_OURS}


def no_result_chunk(call_id: str, why: str) -> Told:
    """A call that will have no result here."""
    return {"type": "tool-output-error", "toolCallId": call_id, "errorText": why, **_OURS}


def safe(value: Any) -> Any:
    """``value``, or its JSON as text when it has a key that the client takes for an attack."""
    text = orjson.dumps(value)
    return text.decode() if any(key in text for key in _POISON) else value


def refusal(result: Told) -> str:
    """A tool's refusal as one sentence; one that has another shape than ours as JSON."""
    match result:
        case {"error": {"code": str(code), "detail": str(detail)}}:
            return sentence(code, detail)
        case _:
            return orjson.dumps(result).decode()


def progress(told: Told) -> Told:
    """How far a task's workflow is, of a ``tool.progressed``."""
    return {"task_id": told["task_id"], "status": told["status"], "steps": told["steps"]}


def task_of(result: Told, known: Told | None = None) -> Told | None:
    """How far a task's workflow is, of a result that tells it; with ``steps`` of ``known``, if the result has none."""
    match result:
        case {"task_id": str(task_id), "workflow_id": str(), "status": str(status)}:
            told = {name: result[name] for name in ("message", "steps") if name in result}
            return {"task_id": task_id, "status": status, "steps": (known or {}).get("steps", []), **told}
        case _:
            return None


def tool_part(call_id: str, name: str, arguments: Any, ok: bool = False, result: Told | None = None) -> Told:
    """A call in the message of an ended turn; without a result it will have none."""
    part = {"type": "dynamic-tool", "toolCallId": call_id, "toolName": name, "input": safe(arguments)}
    part["providerExecuted"] = True
    if result is None:
        return {**part, "state": "output-error", "errorText": NO_RESULT}
    if ok:
        return {**part, "state": "output-available", "output": safe(result)}
    return {**part, "state": "output-error", "errorText": refusal(result)}
