"""How a turn looks in a terminal: the step that runs is drawn again and again, as markdown with a card for each tool call.

What a step has come to is printed for good when the next one begins, or the turn ends. So a step that starts over, or is told
once more after the stream broke, leaves nothing behind and nothing twice.
"""

import sys
import termios
from dataclasses import dataclass, field
from typing import Any

from rich.console import Console, ConsoleOptions, Group, RenderableType, RenderResult
from rich.live import Live
from rich.markdown import Markdown
from rich.segment import Segment
from rich.text import Text

from agent.local.call_words import call_words, result_words
from agent.local.chat_redraws import Redraws
from agent.local.chat_view import Ending
from agent.local.harmless import harmless
from agent.local.sse import Frame
from agent.local.step_words import step_words

_LOCAL_MODES = 3  # of what termios.tcgetattr answers
_MARGIN = 2  # lines of the screen that the running step leaves free


@dataclass
class _Card:
    """One tool call, as far as it has come."""

    called: str
    steps: tuple[dict[str, Any], ...] = ()
    returned: str = ""
    ok: bool = True

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        yield Text(f"┌ {self.called}", "cyan", no_wrap=True, overflow="ellipsis")
        for step in self.steps:
            bad = step["undo"] or step["state"] != "done"
            yield Text(f"│ {'↩' if step['undo'] else '•'} {step_words(step)}", "red" if bad else "dim")
        if self.returned:
            yield Text(f"└ {'✓' if self.ok else '✗'} {self.returned}", "green" if self.ok else "yellow")
        else:
            yield Text("└ …", "dim")


class _Prose:
    """Markdown whose character references, such as ``&#x202e;``, bring back nothing that was taken out of the text."""

    def __init__(self, text: str) -> None:
        self._text = text

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        for text, style, control in console.render(Markdown(self._text), options):
            yield Segment(harmless(text), style, control)


@dataclass
class _Step:
    text: str = ""
    cards: dict[str, _Card] = field(default_factory=dict[str, _Card])

    def drawn(self) -> RenderableType:
        text = [_Prose(self.text)] if self.text else []
        return Group(*text, *list(self.cards.values()))


class _Tail:
    """The end of something that may be longer than the screen."""

    def __init__(self, view: "LiveView") -> None:
        self._view = view

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        lines = console.render_lines(self._view.running.drawn(), options, pad=False)
        for line in lines[-max(1, console.height - _MARGIN) :]:
            yield from line
            yield Segment.line()


class _Keys:
    """The keyboard while something is drawn: what is typed does not show in the drawing, and Ctrl-C throws none of it away."""

    def __init__(self) -> None:
        self._before: list[Any] | None = None

    def hush(self) -> None:
        if sys.stdin.isatty():
            self._before = termios.tcgetattr(sys.stdin)
            quiet = [*self._before]
            quiet[_LOCAL_MODES] = (quiet[_LOCAL_MODES] & ~termios.ECHO) | termios.NOFLSH
            termios.tcsetattr(sys.stdin, termios.TCSANOW, quiet)

    def restore(self) -> None:
        if self._before is not None:
            termios.tcsetattr(sys.stdin, termios.TCSANOW, self._before)
            self._before = None


class LiveView:
    """See ``chat_view.View``."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._live: Live | None = None
        self._redraws: Redraws | None = None
        self._keys = _Keys()
        self._begin()

    def show(self, frame: Frame) -> None:
        """See ``chat_view.View``."""
        data = frame.data
        if frame.event == "turn.queued":
            self.note(f"waiting: {data['position']} in the queue")
        if (step := data.get("step")) is None or step < self._step:
            return  # a step below is printed already; it is told once more, from the record
        if step > self._step:
            self._settle()
            self._step = step
        self._take(frame.event, data)
        if self._redraws is None:
            self._live = Live(_Tail(self), console=self._console, auto_refresh=False, transient=True)
            self._keys.hush()
            self._live.start()
            self._redraws = Redraws(self._live.refresh)
        self._redraws.changed()

    def _take(self, event: str, data: dict[str, Any]) -> None:
        match event:
            case "step.restarted":
                self.running = _Step()
            case "text.delta":
                self.running.text += data["delta"]
            case "tool.called":
                self.running.cards[data["call_id"]] = _Card(call_words(data))
            case "tool.progressed":
                if card := self.running.cards.get(data["call_id"]):
                    card.steps = tuple(data["steps"])
            case "tool.returned":
                if card := self.running.cards.get(data["call_id"]):
                    card.ok, card.returned = data["ok"], result_words(data["result"])
            case _:
                pass

    def finish(self, ending: Ending) -> None:
        """See ``chat_view.View``."""
        if ending.status == "completed":
            self.running.text = ending.text
        self._settle()
        if ending.status != "completed":
            self.note(ending.reason, "red")
        self._begin()

    def answer(self, text: str) -> None:
        """See ``chat_view.View``."""
        self._console.print(Text(text), soft_wrap=True)

    def note(self, text: str, style: str = "dim") -> None:
        """See ``chat_view.View``."""
        self._console.print(Text("· " + text, style), soft_wrap=True)

    def leave(self) -> None:
        """See ``chat_view.View``: what it had come to stays on the screen."""
        self._settle()
        self._begin()

    def _begin(self) -> None:
        self.running, self._step = _Step(), -1

    def _settle(self) -> None:
        if self._live is not None and self._redraws is not None:
            self._redraws.stop()
            self._live.stop()
            self._live = self._redraws = None
            self._keys.restore()
        if self.running.text or self.running.cards:
            self._console.print(self.running.drawn())
        self.running = _Step()
