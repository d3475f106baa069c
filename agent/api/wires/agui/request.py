"""The input of a run, read strictly: what the service does not do is refused by name, never ignored in silence.

Clients send their messages and their state along with every run. Of the messages only the last one of the user is taken: the
history is the service's own. The state is the service's too; what a client changed in its copy is not looked at.
"""

import hashlib
from typing import Any, NamedTuple, get_args

from ag_ui.core import DeveloperMessage, Message, RunAgentInput, SystemMessage, TextPart, UserMessage
from pydantic import BaseModel
from pydantic.alias_generators import to_camel

from agent.api.body import is_whole, mended
from agent.api.wires.refusal import refuse
from agent.domain.conversation import OnBusy
from agent.domain.errors import Unprocessable
from agent.domain.limits import NAME_TOLD_CHARS_MAX

_NOT_DONE = {
    "tools": "The service runs tools of its own.",
    "context": "Say it in the message.",
    "resume": "No run waits for an answer.",
    "parent_run_id": "Runs have no parents.",
}
_TAKEN_OF_MESSAGE = {"id", "role", "content", "metadata"}  # metadata are the client's notes, which it gets back
_TAKEN_OF_PART = {"type", "text", "metadata"}


class Asked(NamedTuple):
    """What the user says, by the message ``message_id``, and the messages up to it, which are told back.

    ``knows_more``: the client has messages behind it, of an earlier try.
    """

    text: str
    message_id: str
    before: tuple[Message, ...]
    knows_more: bool
    on_busy: OnBusy

    def fingerprint(self) -> str:
        """What a message's id stands for."""
        return hashlib.sha256(self.text.encode()).hexdigest()


def asked(run: RunAgentInput) -> Asked | None:
    """What is asked for; None when the user says nothing: then the client wants to see the thread.

    Raises:
        BadRequest: ``unsupported_parameter``, ``unknown_parameter``, ``invalid_parameter`` or ``unsupported_content``.
        Unprocessable: ``bad_text`` of what is no Unicode, ``bad_message`` of what cannot be told back. All with its name.
    """
    _check_parameters(run)
    _check_whole(run.run_id, "runId")
    last = max((n for n, message in enumerate(run.messages) if isinstance(message, UserMessage)), default=None)
    if last is None:
        return None
    message, place = run.messages[last], f"messages[{last}]"
    assert isinstance(message, UserMessage)
    _check_fields(message, _TAKEN_OF_MESSAGE, place)
    _check_whole(message.id, f"{place}.id")
    text = _text(message, f"{place}.content")
    before = tuple(_sendable(told, f"messages[{n}]") for n, told in enumerate(run.messages[: last + 1]))
    return Asked(text, message.id, before, last + 1 < len(run.messages), _on_busy(run.forwarded_props))


def _check_parameters(run: RunAgentInput) -> None:
    for name, why in _NOT_DONE.items():
        if getattr(run, name):
            refuse("unsupported_parameter", f"Unsupported: '{to_camel(name)}'. {why}", to_camel(name))
    for name in run.model_extra or {}:
        refuse("unknown_parameter", f"Unknown: {name[:NAME_TOLD_CHARS_MAX]!r}.", name[:NAME_TOLD_CHARS_MAX])
    for n, message in enumerate(run.messages):
        if isinstance(message, SystemMessage | DeveloperMessage):
            why = "The service has a prompt of its own."
            refuse("unsupported_parameter", f"Unsupported: 'messages[{n}]' of role '{message.role}'. {why}", f"messages[{n}]")


def _on_busy(given: Any) -> OnBusy:
    """The one thing that is taken of ``forwardedProps``, where this protocol puts what only some agents know."""
    if given is not None and not isinstance(given, dict):
        refuse("unsupported_parameter", "Unsupported: 'forwardedProps' is to be an object.", "forwardedProps")
    props: dict[str, Any] = {name: value for name, value in (given or {}).items() if value is not None}  # pyright: ignore[reportUnknownVariableType]
    wish = props.pop("on_busy", "queue")
    for name in props:
        where = f"forwardedProps.{name[:NAME_TOLD_CHARS_MAX]}"
        refuse("unsupported_parameter", f"Unsupported: '{where}'. Only 'on_busy' is taken there.", where)
    if wish not in get_args(OnBusy):
        refuse("invalid_parameter", f"'on_busy' is one of {', '.join(get_args(OnBusy))}.", "forwardedProps.on_busy")
    return wish


def _text(message: UserMessage, where: str) -> str:
    if isinstance(message.content, str):
        _check_whole(message.content, where)
        return message.content
    texts: list[str] = []
    for n, part in enumerate(message.content):
        if not isinstance(part, TextPart):
            refuse("unsupported_content", f"Unsupported content: {part.type!r} in '{where}'. A message is text.", where)
        _check_fields(part, _TAKEN_OF_PART, f"{where}[{n}]")
        _check_whole(part.text, f"{where}[{n}].text")
        texts.append(part.text)
    return "\n".join(texts)


def _check_fields(given: BaseModel, taken: set[str], where: str) -> None:
    for name, value in given:
        if value is not None and name not in taken:
            told = f"{where}.{to_camel(name[:NAME_TOLD_CHARS_MAX])}"
            refuse("unsupported_parameter", f"Unsupported: '{told}'.", told)


def _check_whole(text: str, name: str) -> None:
    if not is_whole(text):
        raise Unprocessable("bad_text", f"'{name}' holds half a surrogate pair.", param=name)


def _sendable(message: Message, where: str) -> Message:
    """``message`` as a stream can tell it back. An old one is mended, not refused: its client could say nothing any more."""
    try:
        message.model_dump_json()
        return message
    except ValueError:
        pass
    try:
        whole = type(message).model_validate(mended(message.model_dump()))
        whole.model_dump_json()
        return whole
    except (ValueError, RecursionError):
        raise Unprocessable("bad_message", f"'{where}' is nested too deep to be told back.", param=where) from None
