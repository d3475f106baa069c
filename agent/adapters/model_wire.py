"""The bytes of one streamed answer, turned into model events.

Pure: knows server-sent events and chat-completion chunks, but no socket and no clock. Of each chunk it reads only
``choices[0].delta``, ``finish_reason``, ``usage`` and ``error``. How the bytes were split into reads changes only how the text
is cut into parts, never the text, the calls or the verdict. It accepts what real servers send (see the contract tests) and
judges the rest: the failure is kept, so that the text before it can still be shown.
"""

from dataclasses import dataclass
from hashlib import sha256
from typing import Any, cast

import orjson

from agent.adapters import model_errors
from agent.domain import limits
from agent.domain.limits import MODEL_LINE_BYTES_MAX
from agent.domain.messages import Usage
from agent.domain.model import LENGTH, Finished, ModelFailed, ToolCallPart

_BOM = b"\xef\xbb\xbf"


@dataclass
class _Call:
    provider_id: str = ""
    name: str = ""
    arguments: str = ""


class AnswerParser:
    """Feed it the reads as they come; then ask for the calls and the end.

    ``salt`` tells apart the ids made for calls that came without one; ``secret`` is kept out of details.
    """

    def __init__(self, salt: str = "", secret: str = "") -> None:
        self._salt, self._secret = salt, secret
        self._tail = bytearray()
        self._calls: dict[int, _Call] = {}
        self._moved: dict[int, int] = {}  # where fragments of an index go that was used for one call and then for another
        self._text_bytes = 0
        self._reason: str | None = None
        self._usage: Usage | None = None
        self.chunks = 0  # read so far
        self._failure: ModelFailed | None = None
        self._done = False

    @property
    def ended(self) -> bool:
        """Nothing more is worth reading: ``[DONE]`` came, or a failure."""
        return self._done or self._failure is not None

    @property
    def answered(self) -> bool:
        """A finish reason came: the answer is whole, only usage and ``[DONE]`` may follow."""
        return self._reason is not None

    def feed(self, data: bytes) -> str:
        """The text of all lines that ``data`` completes; empty if there is none."""
        cut = data.rfind(b"\n")
        self._tail += data if cut < 0 else data[:cut]
        text = ""
        if cut >= 0:
            block, self._tail = bytes(self._tail), bytearray(data[cut + 1 :])
            text = self._lines(block.split(b"\n"))
        if len(self._tail) > MODEL_LINE_BYTES_MAX and not self.ended:
            self._fail_long_line()
        return text

    def end(self) -> str:
        """The stream is over; the text of a last line that lacks its newline."""
        block, self._tail = bytes(self._tail), bytearray()
        try:
            orjson.loads(block.removeprefix(b"data:"))
        except orjson.JSONDecodeError:
            return ""  # cut in the middle of a line, which the missing finish reason will tell
        return self._lines([block])

    def events(self) -> list[ToolCallPart | Finished]:
        """The calls in order and the end.

        Raises:
            ModelFailed: the answer was none.
        """
        if self._failure:
            raise self._failure
        if self._reason is None:
            if not self.chunks:
                raise _nonsense("an answer without a single chunk")
            raise ModelFailed("model_cut_off", "The model's answer broke off before its end.", retryable=True)
        if self._reason == "content_filter":
            raise ModelFailed("content_filtered", "The model endpoint's content filter stopped the answer.", retryable=False)
        if not self._text_bytes and not self._calls:
            again = self._reason != LENGTH  # which it would reach again
            raise ModelFailed("empty_answer", f"The model answered nothing (finish reason {self._said()}).", retryable=again)
        return [*self._tool_calls(), Finished(reason=self._reason, usage=self._usage)]

    def _lines(self, lines: list[bytes]) -> str:
        texts: list[str] = []
        for line in lines:
            if self.ended:
                break
            if len(line) > MODEL_LINE_BYTES_MAX:
                self._fail_long_line()
                break
            try:
                text = self._line(line)
            except ModelFailed as failure:
                self._failure = failure
                break
            if text:
                texts.append(text)
        return "".join(texts)

    def _line(self, line: bytes) -> str:
        if not self.chunks:
            line = line.removeprefix(_BOM)
        if not line.startswith(b"data:"):
            return ""  # comments, event, id, retry; a page of prose has no chunk in the end
        try:
            chunk = orjson.loads(line[5:])
        except orjson.JSONDecodeError:
            word = line[5:].strip()
            self._done = word == b"[DONE]"
            if word and not self._done:
                raise _nonsense("a chunk that is no JSON") from None
            return ""
        try:
            text = self._chunk(chunk)
        except (AttributeError, TypeError, ValueError, LookupError):
            raise _nonsense("a chunk of another shape") from None
        self.chunks += 1
        return text

    def _chunk(self, chunk: Any) -> str:
        """Wrong shapes raise whatever they raise; the caller calls it nonsense."""
        if chunk.get("error"):
            raise model_errors.from_stream(chunk["error"], self._secret)
        if usage := chunk.get("usage"):
            self._take_usage(usage)
        choices = chunk.get("choices")
        if not choices:
            if chunk.get("object") == "error":
                raise model_errors.from_stream(chunk, self._secret)
            return ""
        choice = choices[0]
        if reason := choice.get("finish_reason"):
            self._reason = str(reason)
        delta = choice.get("delta")
        if not delta:
            return ""
        if calls := delta.get("tool_calls"):
            for fragment in calls:
                self._take_call(fragment)
        return self._take_text(delta.get("content"))

    def _take_text(self, content: Any) -> str:
        if not content:
            return ""
        if not isinstance(content, str):
            raise TypeError
        self._text_bytes += len(content) if content.isascii() else len(content.encode())
        if self._text_bytes > limits.ANSWER_BYTES_MAX:
            detail = f"The model's answer is longer than {limits.ANSWER_BYTES_MAX} bytes."
            raise ModelFailed("answer_too_large", detail, retryable=False)
        return content

    def _take_call(self, fragment: Any) -> None:
        function: Any = fragment.get("function") or {}
        provider_id, name = str(fragment.get("id") or ""), str(function.get("name") or "")
        call = self._calls.setdefault(self._slot(fragment.get("index"), provider_id, name), _Call())
        if len(self._calls) > limits.TOOL_CALLS_PER_STEP_MAX:
            detail = f"The model asked for more than {limits.TOOL_CALLS_PER_STEP_MAX} tool calls at once."
            raise ModelFailed("too_many_tool_calls", detail, retryable=False)
        # The first wins: some servers repeat id and name in every fragment.
        call.provider_id = call.provider_id or provider_id
        call.name = call.name or name
        if len(call.name) > limits.TOOL_NAME_CHARS_MAX:
            raise _nonsense(f"a tool's name of more than {limits.TOOL_NAME_CHARS_MAX} characters")
        arguments = function.get("arguments")
        if arguments:
            call.arguments += arguments if isinstance(arguments, str) else orjson.dumps(arguments).decode()
            # Counted only near the bound: the text grows by small pieces.
            if len(call.arguments) * 4 > limits.TOOL_ARGUMENTS_BYTES_MAX:
                self._check_arguments(call)

    def _check_arguments(self, call: _Call) -> None:
        if len(call.arguments.encode()) > limits.TOOL_ARGUMENTS_BYTES_MAX:
            detail = f"The model's tool arguments are longer than {limits.TOOL_ARGUMENTS_BYTES_MAX} bytes."
            raise ModelFailed("answer_too_large", detail, retryable=False)

    def _slot(self, index: Any, provider_id: str, name: str) -> int:
        """Where a fragment belongs; without an index a new id, or a name without id, begins the next call.

        So does a name with another id under an index that is taken: some servers give all calls the index 0.
        """
        if index is not None:
            slot = self._moved.get(int(index), int(index))
            there = self._calls.get(slot)
            if there and name and provider_id and there.provider_id not in ("", provider_id):
                slot = self._moved[int(index)] = max(self._calls) + 1
            return slot
        if provider_id:
            for slot, call in self._calls.items():
                if call.provider_id == provider_id:
                    return slot
        last = max(self._calls, default=-1)
        return last + 1 if provider_id or name or last < 0 else last

    def _take_usage(self, usage: Any) -> None:
        prompt, completion = int(usage.get("prompt_tokens") or 0), int(usage.get("completion_tokens") or 0)
        total = int(usage.get("total_tokens") or prompt + completion)
        if min(prompt, completion, total) < 0 or max(prompt, completion, total) > limits.USAGE_TOKENS_MAX:
            return  # no number of tokens; it could not even be stored
        self._usage = Usage(prompt_tokens=prompt, completion_tokens=completion, total_tokens=total)

    def _tool_calls(self) -> list[ToolCallPart]:
        parts: list[ToolCallPart] = []
        taken: set[str] = set()
        for index, slot in enumerate(sorted(self._calls)):
            call = self._calls[slot]
            if not call.name:
                raise _nonsense("a tool call without a name")
            provider_id = call.provider_id
            if not provider_id or provider_id in taken or len(provider_id) > limits.PROVIDER_ID_CHARS_MAX:
                made_of = "\0".join((self._salt, str(index), call.name, call.arguments))
                provider_id = "call_" + sha256(made_of.encode()).hexdigest()[:24]
            taken.add(provider_id)
            # Some servers say nothing where a call has no arguments, and refuse to see nothing in the history.
            parts.append(ToolCallPart(index, provider_id, call.name, call.arguments or "{}"))
        return parts

    def _said(self) -> str:
        return model_errors.quote(cast(str, self._reason), self._secret)

    def _fail_long_line(self) -> None:
        self._failure = _nonsense(f"a line of more than {MODEL_LINE_BYTES_MAX} bytes")


def _nonsense(what: str) -> ModelFailed:
    return ModelFailed("model_nonsense", f"The model endpoint sent {what}.", retryable=True)
