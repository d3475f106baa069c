"""``task-agent chat``: the prompt loop and its commands."""

import sys
from collections.abc import Callable

import httpx
from rich.console import Console

from agent.local import chat_pages
from agent.local.chat_cancel import cancel
from agent.local.chat_client import ChatClient, Refused
from agent.local.chat_live import LiveView
from agent.local.chat_outage import Lost
from agent.local.chat_turn import Open, take_turn
from agent.local.chat_view import ChatView, Ending, View
from agent.local.tokens import new_token

_HELP = """\
Write a sentence, for example: Ask Bob to review the payment PR by tomorrow noon
Ctrl-C while your own answer comes cancels it, and what it did stands; once more leaves.
/tasks        your tasks, newest first
/history      the last turns of this conversation
/context      what the model is about to see, in tokens
/again        another answer to your last message
/cancel       cancel what runs or waits in this conversation, wherever it was said; what it did stands
/cancel undo  the same, and take back what it did to tasks; what somebody else changed since is left alone
/new NAME     go on in another conversation
/help         this
/quit         leave (so do Ctrl-D and Ctrl-C; a turn that runs goes on)"""


def once(client: ChatClient, text: str) -> int:
    """Answer on stdout, everything else on stderr; 0 when the turn completed."""
    ending = _turn(client, ChatView(sys.stdout, Console(stderr=True, highlight=False)), _saying(client, text), patient=False)
    return 0 if ending and ending.status == "completed" else 1


def interactive(client: ChatClient) -> int:
    """Reads lines until /quit, the end of input, or Ctrl-C."""
    console = Console(highlight=False)
    view = LiveView(console) if console.is_terminal else ChatView(sys.stdout, console)
    view.note(f"conversation {client.conversation!r} at {client.url}; /help lists commands")
    while True:
        try:
            line = console.input("[bold]you>[/bold] ").strip()
            if line == "/quit":
                return 0
            if line:
                _handle(client, view, line)
        except EOFError:
            view.answer("")
            return 0
        except KeyboardInterrupt:
            view.note("left; a turn that was running goes on, /history shows its answer later")
            return 0


def _handle(client: ChatClient, view: View, line: str) -> None:
    if not line.startswith("/"):
        _turn(client, view, _saying(client, line))
        return
    name, _, rest = line.partition(" ")
    commands: dict[str, Callable[[str], None]] = {
        "/help": lambda _: view.answer(_HELP),
        "/tasks": lambda _: view.answer(chat_pages.tasks(client.tasks())),
        "/history": lambda _: view.answer(chat_pages.history(client.history())),
        "/context": lambda _: view.answer(chat_pages.context(client.context())),
        "/again": lambda _: _again(client, view),
        "/cancel": lambda word: cancel(client, view, word),
        "/new": lambda name: _new(client, view, name),
    }
    if name in commands:
        _guarded(client, view, lambda: commands[name](rest.strip()))
    else:
        view.note("unknown command; /help lists them")


def _saying(client: ChatClient, text: str) -> Open:
    key = new_token()
    return lambda: client.say(text, key)


def _again(client: ChatClient, view: View) -> None:
    turns = client.history()["turns"]
    if not turns:
        view.note("nothing said yet")
        return
    key, newest = new_token(), turns[-1]["turn_id"]
    take_turn(client, view, lambda: client.regenerate(newest, key))


def _new(client: ChatClient, view: View, name: str) -> None:
    if not name:
        view.note("give it a name, for example: /new plans")
        return
    before, client.conversation = client.conversation, name
    try:
        told = client.history()["total_turns"]
    except Refused:
        client.conversation = before
        raise
    view.note(f"conversation {name!r}, {told} turns so far")


def _turn(client: ChatClient, view: View, start: Open, *, patient: bool = True) -> Ending | None:
    endings: list[Ending] = []
    _guarded(client, view, lambda: endings.append(take_turn(client, view, start, patient=patient)))
    return endings[0] if endings else None


def _guarded(client: ChatClient, view: View, act: Callable[[], None]) -> None:
    try:
        act()
    except Refused as refused:
        view.note(f"refused: {refused}", "red")
    except Lost as lost:
        view.note(f"the service does not come back; {lost}", "red")
    except httpx.ConnectError:
        view.note(f"nothing answers at {client.url}; start it with: task-agent up", "red")
    except httpx.TransportError as error:
        view.note(f"the service at {client.url} did not answer properly: {error}", "red")
