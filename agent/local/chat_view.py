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
class ChatView:
    """Answers go to ``answers``, everything else to ``notes``; in scripts these are stdout and stderr.

    Text is shown when it is final: what was printed cannot be taken back when a step starts over.
    """

    answers: TextIO
    notes: Console
    _calls: dict[str, str] = field(default_factory=dict[str, str], init=False)
    _progress: dict[str, str] = field(default_factory=dict[str, str], init=False)
    _returned: set[str] = field(default_factory=set[str], init=False)

    def show(self, frame: Frame) -> None:
        """See :class:`View`."""
        data = frame.data
        match frame.event:
            case "turn.queued":
                self.note(f"waiting: {data['position']} in the queue")
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

    def _show_call(self, call: dict[str, Any]) -> None:
        if call["call_id"] not in self._calls:
            self._calls[call["call_id"]] = call["name"]
            self.note(call_words(call))

    def _show_progress(self, progress: dict[str, Any]) -> None:
        """A snapshot replaces the one before: only what it tells beyond that is shown."""
        call_id, told = progress["call_id"], ", ".join(step_words(step) for step in progress["steps"])
        news = told.removeprefix(self._progress.get(call_id, "")).removeprefix(", ")
        self._progress[call_id] = told
        if news:
            self.note(f"{self._calls.get(call_id, 'tool')}: {short(news)}")

    def _show_result(self, result: dict[str, Any]) -> None:
        if result["call_id"] in self._returned:  # told twice after a crash: the first counts
            return
        self._returned.add(result["call_id"])
        name = self._calls.get(result["call_id"], "tool")
        mark, style = ("✓", "dim") if result["ok"] else ("✗", "yellow")
        self.note(f"{mark} {name}: {result_words(result['result'])}", style)
