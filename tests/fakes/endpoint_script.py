"""What the scripted endpoint can be told to do: one ``Step`` per request, in code or as a directive inside a user message.

Directives, in the last user message of a request, one per model call of the turn:

    [[script: tokens=40 delay=5ms]]                         40 words, 5 ms apart
    [[script: tokens=40 width=100]]                         40 words of 100 characters
    [[script: tokens=3 held=x1]]                            3 words, the last one when the endpoint is told to release x1
    [[script: text="Hello, Bob"]]                           this text, word by word
    [[script: text="Hello" again="Good day"]]               this text, and that one at every further attempt
    [[script: tool=create_task args={"title": "..."}]]      a tool call; repeat tool= and args= for more in one answer
    [[script: fault=cut after=3 times=1 tokens=10]]         first attempt: cut after 3 words; second: 10 words
    [[script: fault=429 retry_after=2 times=2]]
    [[script: window=2000]]                                 context_length_exceeded for messages of more than 2,000 tokens

``fault`` is a name of ``FAULTS`` or a status of 400 and above. ``times`` counts the attempts of one model call of one message
(give messages that must not share a count different texts); without it the fault stays. After a tool result, when no further
directive says what to do, the answer quotes the results.
"""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

FAULTS = {
    "refuse": "the connection is reset before any header",
    "hang": "nothing is answered, until the client leaves",
    "stall": "silence after `after` words, until the client leaves",
    "cut": "the connection is closed after `after` words, or in the middle of the first tool call's arguments",
    "reset": "as cut, with a reset: what the client had not read yet may be lost",
    "end": "the body ends properly after `after` words, without a finish reason",
    "nonsense": "a body that is no event stream, labelled as one",
    "html": "200 with a web page",
    "badjson": "a chunk that is not JSON after `after` words",
    "error": "an error object inside the stream after `after` words",
    "empty": "finish reason stop, and nothing else",
    "odd_finish": "a finish reason nobody knows, after the text",
    "length": "finish reason length, after the text",
    "content_filter": "finish reason content_filter after `after` words",
    "huge": "text without end, until the client leaves",
    "context": "400 context_length_exceeded",
    "quota": "429 insufficient_quota",
}
# These act after ``after`` words, or in the middle of the first tool call's arguments; "empty" has none by its name.
BREAKING = {"stall", "cut", "reset", "end", "badjson", "error", "content_filter", "empty"}


@dataclass(frozen=True)
class Step:
    """How one request is answered. ``delay`` and ``retry_after`` in seconds, ``window`` in tokens, told with the refusal;

    ``width``: how many characters each word is filled up to; ``held``: what the last word waits for;
    ``raw`` replaces the events of the stream by these writes, or the body where ``status`` or ``headers`` are given; ``wire``
    replaces everything that goes over the connection, which is then closed, reset or left silent as the fault says.
    """

    tokens: int = 5
    width: int = 0
    delay: float = 0.0
    held: str = ""
    text: str = ""
    again: str = ""
    tools: tuple[tuple[str, str], ...] = ()
    fault: str = ""
    after: int = 0
    times: int | None = None
    retry_after: float | None = None
    usage: bool = True
    window: int = 0
    raw: tuple[bytes, ...] = ()
    wire: bytes = b""
    status: int = 200
    headers: tuple[tuple[str, str], ...] = ()

    def words(self) -> list[str]:
        """The text in the pieces it is sent in."""
        if self.width:
            return [f" w{n}".ljust(self.width, "x") for n in range(self.tokens)]
        if self.text:
            return re.findall(r"\s*\S+\s*$|\s*\S+", self.text) or [self.text]
        return [] if self.tools else [f" w{n}" if n else "w0" for n in range(self.tokens)]


def step_for(body: dict[str, Any], attempts: dict[str, int]) -> tuple[Step | None, int]:
    """The step that the last user message asks for (None: none), and the number of this attempt, which is counted."""
    messages: list[dict[str, Any]] = body.get("messages") or []
    last_user = max((n for n, message in enumerate(messages) if message.get("role") == "user"), default=-1)
    said = _text(messages[last_user]) if last_user >= 0 else ""
    call = sum(message.get("role") == "assistant" for message in messages[last_user + 1 :])
    key = json.dumps([body.get("user"), last_user, call, said])
    attempts[key] = attempt = attempts.get(key, 0) + 1
    steps = list(directives(said))
    if call < len(steps):
        step = steps[call]
        if step.window and _tokens(messages) > step.window:
            step = replace(step, fault="context")
        if step.again and attempt > 1:
            step = replace(step, text=step.again)
        spent = step.times is not None and attempt > step.times
        return (replace(step, fault="") if spent else step), attempt
    results = [_text(message) for message in messages[last_user + 1 :] if message.get("role") == "tool"]
    if results:
        return Step(text="The tools said: " + "; ".join(result[:400] for result in results)), attempt
    return None, attempt


def directives(text: str) -> Iterator[Step]:
    """The steps written in ``text``."""
    for match in re.finditer(r"\[\[script:", text):
        yield _step(list(_pairs(text, match.end())))


def _pairs(text: str, at: int) -> Iterator[tuple[str, Any]]:
    while match := re.compile(r"\s*([a-z_]+)=").match(text, at):
        at = match.end()
        if text[at] in '{["':
            value, at = json.JSONDecoder().raw_decode(text, at)
        else:
            word = re.compile(r"[^\s\]]*").match(text, at)
            value, at = (word.group(), word.end()) if word else ("", at)
        yield match.group(1), value


def _step(pairs: list[tuple[str, Any]]) -> Step:
    fields: dict[str, Any] = {}
    tools: list[tuple[str, str]] = []
    for key, value in pairs:
        if key == "tool":
            tools.append((value, "{}"))
        elif key == "args":
            tools[-1] = (tools[-1][0], value if isinstance(value, str) else json.dumps(value))
        elif key in ("delay", "retry_after"):
            fields[key] = float(value[:-2]) / 1000 if value.endswith("ms") else float(value.removesuffix("s"))
        elif key in ("tokens", "width", "after", "times", "window"):
            fields[key] = int(value)
        else:
            fields[key] = value
    step = Step(tools=tuple(tools), **fields)
    if step.fault and step.fault not in FAULTS and not step.fault.isdigit():
        raise ValueError(f"no such fault: {step.fault}")
    return step


def _tokens(messages: list[dict[str, Any]]) -> int:
    """About as many as a tokenizer would count."""
    return sum(len(_text(message)) // 4 + 4 for message in messages)


def _text(message: dict[str, Any]) -> str:
    content = message.get("content") or ""
    return content if isinstance(content, str) else "".join(part.get("text", "") for part in content)
