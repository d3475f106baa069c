"""How a turn looks in the terminal: text as it streams, tools as compact lines, endings in words."""

import json
from dataclasses import dataclass, field
from typing import Any, TextIO

from rich.console import Console
from rich.text import Text

from agent.local.sse import Frame
from agent.local.step_words import step_words

_VALUE_CHARS_MAX = 160


@dataclass
class ChatView:
    """Answers go to ``answers``, everything else to ``notes``; in scripts these are stdout and stderr.

    With ``live`` text is shown as it comes. Without it only the final answer is: what was printed cannot be taken back when
    a step starts over.
    """

    answers: TextIO
    notes: Console
    live: bool
    _open_line: bool = field(default=False, init=False)
    _calls: dict[str, str] = field(default_factory=dict[str, str], init=False)
    _progress: dict[str, str] = field(default_factory=dict[str, str], init=False)
    _returned: set[str] = field(default_factory=set[str], init=False)

    def show(self, frame: Frame) -> None:
        """One event of a running turn."""
        data = frame.data
        match frame.event:
            case "text.delta":
                self._write(data["delta"])
            case "turn.queued":
                self.note(f"waiting: {data['position']} in the queue")
            case "step.restarted":
                self.note("the answer starts over; forget its last lines")
            case "tool.called":
                self._show_call(data)
            case "tool.progressed":
                self._show_progress(data)
            case "tool.returned":
                self._show_result(data)
            case "step.committed":
                self._end_line()
            case _:
                pass

    def answer(self, text: str) -> None:
        """A whole answer, where none was streamed."""
        self._end_line()
        self.answers.write(text.rstrip("\n") + "\n")
        self.answers.flush()

    def note(self, text: str, style: str = "dim") -> None:
        self._end_line()
        self.notes.print(Text("· " + text, style), soft_wrap=True)

    def end(self) -> None:
        self._end_line()

    def _write(self, text: str) -> None:
        if self.live and text:
            self.answers.write(text)
            self.answers.flush()
            self._open_line = not text.endswith("\n")

    def _end_line(self) -> None:
        if self._open_line:
            self.answers.write("\n")
            self.answers.flush()
            self._open_line = False

    def _show_call(self, call: dict[str, Any]) -> None:
        arguments = call["arguments"]
        shown = _pairs(arguments) if isinstance(arguments, dict) else _short(arguments)
        self._calls[call["call_id"]] = call["name"]
        self.note(f"{call['name']}({shown})")

    def _show_progress(self, progress: dict[str, Any]) -> None:
        """A snapshot replaces the one before: only what it tells beyond that is shown."""
        call_id, told = progress["call_id"], ", ".join(step_words(step) for step in progress["steps"])
        before = self._progress.get(call_id, "")
        news = told.removeprefix(before).removeprefix(", ")
        self._progress[call_id] = told
        if news:
            self.note(f"{self._calls.get(call_id, 'tool')}: {_short(news)}")

    def _show_result(self, result: dict[str, Any]) -> None:
        if result["call_id"] in self._returned:  # told twice after a crash: the first counts
            return
        self._returned.add(result["call_id"])
        name = self._calls.get(result["call_id"], "tool")
        mark, style = ("✓", "dim") if result["ok"] else ("✗", "yellow")
        self.note(f"{mark} {name}: {_pairs(result['result'])}", style)


def _pairs(values: dict[str, Any]) -> str:
    return _short(", ".join(f"{name}={_value(value)}" for name, value in values.items()))


def _value(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _short(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= _VALUE_CHARS_MAX else line[: _VALUE_CHARS_MAX - 1] + "…"
