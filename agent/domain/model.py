"""What is asked of a language model and what it says, whoever serves it."""

from dataclasses import dataclass, field
from typing import Any

from agent.domain.messages import Usage


@dataclass(frozen=True)
class ModelRequest:
    """``messages`` and ``tools`` in the chat-completions shape, ready to send."""

    messages: list[dict[str, Any]]
    tools: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])


@dataclass(frozen=True)
class TextPart:
    """Some text; never empty."""

    text: str


@dataclass(frozen=True)
class ToolCallPart:
    """One complete call, in the order of ``index``. ``arguments`` is the raw text, at most TOOL_ARGUMENTS_BYTES_MAX."""

    index: int
    provider_id: str
    name: str
    arguments: str


@dataclass(frozen=True)
class Finished:
    """The last event of a good answer. ``reason`` LENGTH: it is cut off. ``usage`` is None when the endpoint reported none."""

    reason: str
    usage: Usage | None


ModelEvent = TextPart | ToolCallPart | Finished


CONTEXT_TOO_LONG = "context_too_long"
LENGTH = "length"
CUT_OFF_NOTE = "\n\n(The answer ends here: the model reached its limit of length.)"


class ModelFailed(Exception):
    """The endpoint did not answer properly.

    ``code`` is one of ``model_unavailable, model_unreachable, model_timeout, model_stalled, model_rate_limited, model_error,
    model_cut_off, model_nonsense, model_auth, model_rejected, context_too_long, content_filtered, empty_answer,
    answer_too_large, too_many_tool_calls``; ``retry_after`` is in seconds, when the endpoint gave one. ``window``: tokens it
    says it takes at most, with ``context_too_long``; a stranger's word.
    """

    def __init__(
        self, code: str, detail: str, *, retryable: bool, retry_after: float | None = None, window: int | None = None
    ) -> None:
        super().__init__(detail)
        self.code, self.detail, self.retryable = code, detail, retryable
        self.retry_after, self.window = retry_after, window
