"""The input of a run, read strictly: what the service does not do is refused by name, never ignored in silence.

Clients send their messages and their state along with every run. Of the messages only the last one of the user is taken: the
history is the service's own. The state is the service's too; what a client changed in its copy is not looked at.
"""

import hashlib
from typing import NamedTuple

from ag_ui.core import Message, RunAgentInput, TextPart, UserMessage

from agent.domain.errors import BadRequest
from agent.domain.limits import NAME_TOLD_CHARS_MAX

_NOT_DONE = {
    "tools": "The service runs tools of its own.",
    "context": "Say it in the message.",
    "forwarded_props": "Nothing is forwarded.",
    "resume": "No run waits for an answer.",
    "parent_run_id": "Runs have no parents.",
}


class Asked(NamedTuple):
    """What the user says, and the messages up to it. ``knows_more``: the client has messages behind it, of an earlier try."""

    text: str
    before: tuple[Message, ...]
    knows_more: bool

    def fingerprint(self) -> str:
        """What a run id stands for."""
        return hashlib.sha256(self.text.encode("utf-8", "replace")).hexdigest()


def asked(run: RunAgentInput) -> Asked | None:
    """What is asked for; None when the user says nothing: then the client wants to see the thread.

    Raises:
        BadRequest: ``unsupported_parameter`` or ``unsupported_content``, with the name of what is not taken.
    """
    for name, why in _NOT_DONE.items():
        if getattr(run, name):
            _refuse("unsupported_parameter", f"Unsupported: '{name}'. {why}", name)
    for name in run.model_extra or {}:
        told = name[:NAME_TOLD_CHARS_MAX].encode("utf-8", "replace").decode()  # it may hold half a surrogate pair
        _refuse("unknown_parameter", f"Unknown: {told!r}.", told)
    last = max((n for n, message in enumerate(run.messages) if isinstance(message, UserMessage)), default=None)
    if last is None:
        return None
    message = run.messages[last]
    assert isinstance(message, UserMessage)
    return Asked(_text(message, last), tuple(run.messages[: last + 1]), last + 1 < len(run.messages))


def _text(message: UserMessage, place: int) -> str:
    if isinstance(message.content, str):
        return message.content
    for part in message.content:
        if not isinstance(part, TextPart):
            where = f"messages[{place}].content"
            _refuse("unsupported_content", f"Unsupported content: {part.type!r} in '{where}'. A message is text.", where)
    return "\n".join(part.text for part in message.content if isinstance(part, TextPart))


def _refuse(code: str, detail: str, param: str) -> None:
    raise BadRequest(code, detail, param=param)
