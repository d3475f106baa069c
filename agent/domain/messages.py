"""What is said: messages, tool calls and results, token usage. Plain immutable values; knows no wire format but the roles."""

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict

Role = Literal["system", "user", "assistant", "tool"]


class Value(BaseModel):
    """Base of all immutable values that cross a boundary as JSON. Unknown fields are refused."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class TokenCount(Value):
    """``estimated`` marks a count made without the model's tokenizer (4 bytes of UTF-8 per token)."""

    tokens: int
    estimated: bool = False


class Usage(Value):
    """Tokens as the endpoint reported them; ``estimated`` when it reported none and we counted."""

    prompt_tokens: int = 0
    completion_tokens: int = 0
    total_tokens: int = 0
    estimated: bool = False

    def plus(self, other: "Usage") -> "Usage":
        return Usage(
            prompt_tokens=self.prompt_tokens + other.prompt_tokens,
            completion_tokens=self.completion_tokens + other.completion_tokens,
            total_tokens=self.total_tokens + other.total_tokens,
            estimated=self.estimated or other.estimated,
        )


class ToolCall(Value):
    """A call the model asked for. ``call_id`` is ours and public; ``provider_id`` stays inside the model context.

    ``index`` is its place in the step, from 0. ``arguments`` is the raw text the model wrote: JSON only if it behaved.
    """

    call_id: str
    provider_id: str
    index: int = 0
    name: str
    arguments: str


class ToolResult(Value):
    """What the call brought; ``ok`` is false when the tool refused or failed. ``result`` is a JSON object."""

    call_id: str
    ok: bool
    result: dict[str, Any]


class Message(Value):
    """One message as stored and as counted. ``created_at`` is ISO 8601 UTC.

    Role ``assistant`` may carry ``tool_calls``; role ``tool`` carries ``call_id``, and its content is the JSON of the result.
    ``interrupted`` marks what a cancelled turn had shown of a step that was never committed.
    """

    role: Role
    content: str
    tokens: int = 0
    estimated: bool = False
    created_at: str = ""
    tool_calls: tuple[ToolCall, ...] = ()
    call_id: str | None = None
    ok: bool | None = None
    interrupted: bool = False


class PublicCall(Value):
    """A tool call as its user sees it."""

    call_id: str
    name: str
    arguments: str


class PublicMessage(Value):
    """A message as its user sees it: the provider's ids stay inside."""

    role: Role
    content: str
    tokens: int
    estimated: bool
    created_at: str
    tool_calls: tuple[PublicCall, ...] = ()
    call_id: str | None = None
    ok: bool | None = None
    interrupted: bool = False


def public(message: Message) -> PublicMessage:
    """``message`` without what is not its user's business."""
    return PublicMessage(
        role=message.role,
        content=message.content,
        tokens=message.tokens,
        estimated=message.estimated,
        created_at=message.created_at,
        tool_calls=tuple(PublicCall(call_id=c.call_id, name=c.name, arguments=c.arguments) for c in message.tool_calls),
        call_id=message.call_id,
        ok=message.ok,
        interrupted=message.interrupted,
    )
