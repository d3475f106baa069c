"""How a turn looks where nobody watches it come: the final answer alone, everything else as lines beside it."""

from dataclasses import dataclass, field
from typing import Any, Literal, Protocol, TextIO

from rich.console import Console
from rich.text import Text

from agent.local.call_words import call_words, result_words, short
from agent.local.sse import Frame
from agent.local.step_words import step_words


@dataclass(frozen=True)
class Ending:
    """How a turn ended; ``text`` is the answer or the reason."""

    status: Literal["completed", "failed", "cancelled"]
    text: str

    @property
    def reason(self) -> str:
        return f"{self.status}: {self.text}" if self.text else self.status


class View(Protocol):
    """What a turn is shown in. A frame may tell again what was told before the stream broke."""

    def show(self, frame: Frame) -> None:
        """One event of a running turn."""
        ...

    def finish(self, ending: Ending) -> None:
        """The turn's end."""
        ...

    def leave(self) -> None:
        """The turn is left before its end."""
        ...

    def note(self, text: str, style: str = "dim") -> None:
        """A line beside the answer."""
        ...

    def answer(self, text: str) -> None:
        """A whole text that was asked for."""
        ...


@dataclass
class _Call:
    """One tool call, as far as it was told."""

    name: str
    words: str
    progress: str = ""
    returned: str = ""


@dataclass
class ChatView:
    """Answers go to ``answers``, everything else to ``notes``; in scripts these are stdout and stderr.

    Text is shown when it is final: what was printed cannot be taken back when a step starts over.
    """

    answers: TextIO
    notes: Console
    _calls: dict[str, _Call] = field(default_factory=dict[str, _Call], init=False)

    def show(self, frame: Frame) -> None:
        """See :class:`View`."""
        data = frame.data
        match frame.event:
            case "turn.queued":
                self.note(f"waiting: {data['position']} in the queue")
            case "step.restarted":
                self._start_over(from_record=data["reason"] == "from_record")
            case "tool.called":
                self._show_call(data)
            case "tool.progressed":
                self._show_progress(data)
            case "tool.returned":
                self._show_result(data)
            case _:
                pass

    def finish(self, ending: Ending) -> None:
        """See :class:`View`."""
        if ending.status == "completed":
            self.answer(ending.text)
        else:
            self.note(ending.reason, "red")

    def leave(self) -> None:
        """See :class:`View`: nothing is open."""

    def answer(self, text: str) -> None:
        """See :class:`View`."""
        self.answers.write(text.rstrip("\n") + "\n")
        self.answers.flush()

    def note(self, text: str, style: str = "dim") -> None:
        """See :class:`View`."""
        self.notes.print(Text("· " + text, style), soft_wrap=True)

    def _start_over(self, *, from_record: bool) -> None:
        """The step that runs is asked for again, and none of its calls was run: others may come under the same ids."""
        dropped = [call_id for call_id, call in self._calls.items() if not call.returned]
        if dropped and not from_record:
            self.note("the step starts over; what it called was not run")
            for call_id in dropped:
                del self._calls[call_id]

    def _show_call(self, call: dict[str, Any]) -> None:
        call_id, words = call["call_id"], call_words(call)
        if call_id not in self._calls or self._calls[call_id].words != words:
            self._calls[call_id] = _Call(call["name"], words)
            self.note(words)

    def _show_progress(self, progress: dict[str, Any]) -> None:
        """A snapshot replaces the one before: only what it tells beyond that is shown."""
        call, told = self._called(progress["call_id"]), ", ".join(step_words(step) for step in progress["steps"])
        news = told.removeprefix(call.progress).removeprefix(", ")
        call.progress = told
        if news:
            self.note(f"{call.name}: {short(news)}")

    def _show_result(self, result: dict[str, Any]) -> None:
        """Told twice after a crash: the last counts, and is shown if it is another one."""
        call, (mark, style) = self._called(result["call_id"]), ("✓", "dim") if result["ok"] else ("✗", "yellow")
        told = f"{mark} {call.name}: {result_words(result['result'])}"
        if told != call.returned:
            call.returned = told
            self.note(told, style)

    def _called(self, call_id: str) -> _Call:
        return self._calls.setdefault(call_id, _Call("tool", ""))
