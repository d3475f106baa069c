"""The body of ``POST /v1/responses``, read strictly: what the service does not do is refused by name, never ignored in silence.

A parameter at the value that means what the service does anyway is taken, since clients send some of those by themselves.
"""

import hashlib
import json
from typing import Any, NamedTuple, NoReturn

from agent.api.wires.refusal import refuse
from agent.api.wires.responses.input import OWN_PROMPT, check_fields, said
from agent.api.wires.responses.response import MODEL
from agent.domain.limits import NAME_TOLD_CHARS_MAX

Json = dict[str, Any]

# Known parameters that change nothing here, with the values that say so; without their parts that are null.
_TAKEN: dict[str, tuple[Any, ...]] = {
    "access_programs": ({},),
    "background_options": ({}, {"completion_window": "soonest"}),
    "context_management": ([],),
    "image": ({}, {"context_compression": "auto"}),
    "include": ([],),
    "instructions": ("",),
    "max_output_tokens": (),
    "max_tool_calls": (),
    "metadata": ({},),
    "moderation": (),
    "parallel_tool_calls": (True,),
    "prompt": (),
    "prompt_cache_key": (),
    "prompt_cache_options": ({},),
    "prompt_cache_retention": (),
    "reasoning": ({},),
    "safety_identifier": (),
    "service_tier": ("auto", "default"),
    "store": (True,),
    "stream_options": ({}, {"include_obfuscation": False}),
    "temperature": (1,),
    "text": ({}, {"format": {"type": "text"}}, {"format": {"type": "text"}, "verbosity": "medium"}, {"verbosity": "medium"}),
    "tool_choice": ("auto",),
    "tools": ([],),
    "top_logprobs": (0,),
    "top_p": (1,),
    "truncation": ("auto",),
    "user": (),
}
_WHY = {
    "instructions": OWN_PROMPT,
    "metadata": "Nothing is stored beside a response.",
    "store": "Every response is stored; DELETE /history clears a conversation.",
    "tools": "The service runs tools of its own.",
    "truncation": "Old exchanges are left out when the context is full.",
    "user": "The header X-User-Id says who speaks.",
}


class Create(NamedTuple):
    """What is asked for. ``previous`` is a response id; never together with ``conversation``."""

    text: str
    stream: bool
    background: bool
    conversation: str | None
    previous: str | None

    def fingerprint(self) -> str:
        """What an idempotency key stands for: the message and its place, however the answer is watched."""
        return hashlib.sha256(json.dumps([self.text, self.conversation, self.previous]).encode()).hexdigest()


def parse(body: Json) -> Create:
    """Raises BadRequest with the parameter's name beside it."""
    _check_parameters(body)
    conversation, previous = _conversation(body.get("conversation")), _text(body, "previous_response_id")
    if conversation is not None and previous is not None:
        refuse("mutually_exclusive_parameters", "Give 'previous_response_id' or 'conversation', not both.", "conversation")
    text = said(body.get("input"))
    if conversation is None and previous is None and isinstance(given := body.get("input"), list) and len(given) > 1:
        why = "A new conversation starts with one message; go on with one by 'conversation' or 'previous_response_id'."
        refuse("unsupported_parameter", f"Unsupported parameter: 'input[0]'. {why}", "input[0]")
    return Create(
        text=text,
        stream=_flag(body, "stream"),
        background=_flag(body, "background"),
        conversation=conversation,
        previous=previous,
    )


def check_empty(body: Json) -> None:
    """Raises BadRequest with the name of the first parameter that there is."""
    for name in body:
        _unknown(name)


def _unknown(name: str) -> NoReturn:
    told = name[:NAME_TOLD_CHARS_MAX]
    refuse("unknown_parameter", f"Unknown parameter: {told!r}.", told)


def _check_parameters(body: Json) -> None:
    for name, value in body.items():
        if name in ("input", "stream", "background", "conversation", "previous_response_id", "model"):
            continue
        if name not in _TAKEN:
            _unknown(name)
        if value is not None and not any(_same(_bare(value), taken) for taken in _TAKEN[name]):
            why = _WHY.get(name, "It can only be left out, or say what is done anyway.")
            refuse("unsupported_parameter", f"Unsupported parameter: '{name}'. {why}", name)
    model = body.get("model")
    if model is not None and model != MODEL:
        refuse("model_not_found", f"The requested model does not exist; there is one, '{MODEL}'.", "model")


def _conversation(given: Any) -> str | None:
    if isinstance(given, dict):
        check_fields(given, {"id"}, "conversation")
    name = given.get("id") if isinstance(given, dict) else given
    if given is not None and not isinstance(name, str):
        refuse("invalid_type", "'conversation' is a conversation's id, or an object with it.", "conversation")
    return name


def _flag(body: Json, name: str) -> bool:
    value = body.get(name)
    if value is not None and not isinstance(value, bool):
        refuse("invalid_type", f"'{name}' is a boolean.", name)
    return bool(value)


def _text(body: Json, name: str) -> str | None:
    value = body.get(name)
    if value is not None and not isinstance(value, str):
        refuse("invalid_type", f"'{name}' is a string.", name)
    return value


def _bare(value: Any, depth: int = 2) -> Any:
    """``value`` without what is null in it, as deep as the values that are taken go."""
    if isinstance(value, dict) and depth:
        return {name: _bare(part, depth - 1) for name, part in value.items() if part is not None}
    return value


def _same(value: Any, taken: Any) -> bool:
    """Equal, and not only because True is 1."""
    return value == taken and isinstance(value, bool) == isinstance(taken, bool)
