"""``task-agent chat``: the prompt loop and its commands."""

import sys
from collections.abc import Callable
from contextlib import suppress

import httpx
from rich.console import Console

from agent.local import chat_pages
from agent.local.chat_cancel import cancel
from agent.local.chat_client import ChatClient, Refused, Stranger
from agent.local.chat_live import LiveView
from agent.local.chat_outage import Lost
from agent.local.chat_turn import Open, take_turn
from agent.local.chat_view import ChatView, Ending, View
from agent.local.tokens import new_token

with suppress(ImportError):  # lines longer than the 4,095 bytes that a terminal keeps, and the arrow keys; kept on no disk
    import readline  # noqa: F401  # pyright: ignore[reportUnusedImport]

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

_WITH_MORE = ("/cancel", "/new")  # commands that something may stand behind


def once(client: ChatClient, text: str) -> int:
    """Answer on stdout, everything else on stderr; 0 when the turn completed."""
    view = ChatView(sys.stdout, Console(stderr=True, highlight=False))
    return 0 if _completes(client, view, lambda: take_turn(client, view, _saying(client, text), patient=False)) else 1


def interactive(client: ChatClient) -> int:
    """Reads lines until /quit, the end of input, or Ctrl-C. From a pipe, 1 when the last turn did not complete."""
    console = Console(highlight=False)
    view = LiveView(console) if console.is_terminal else ChatView(sys.stdout, console)
    if sys.stdin is None:
        view.note("nothing can be read: standard input is closed; --once TEXT says one thing without it", "red")
        return 1
    view.note(f"conversation {client.conversation!r} at {client.url}; /help lists commands")
    prompt, well = _prompt(console), True
    try:
        while (line := input(prompt).strip()) != "/quit":
            if line and (completed := _handle(client, view, line)) is not None:
                well = completed
    except EOFError:
        if prompt:
            view.answer("")
    except KeyboardInterrupt:
        view.note("left; a turn that was running goes on, /history shows its answer later")
        return 0
    return 0 if prompt or well else 1


def _prompt(console: Console) -> str:
    """Nothing where no person types: it would stand among the answers."""
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        return ""
    return "\001\x1b[1m\002you>\001\x1b[0m\002 " if console.color_system else "you> "  # readline counts no \001 to \002


def _handle(client: ChatClient, view: View, line: str) -> bool | None:
    """Whether the turn that the line took completed; None when it took none."""
    if not line.startswith("/"):
        return _completes(client, view, lambda: take_turn(client, view, _saying(client, line)))
    if line == "/again":
        return _completes(client, view, lambda: _again(client, view))
    name, _, rest = line.partition(" ")
    commands: dict[str, Callable[[str], None]] = {
        "/help": lambda _: view.answer(_HELP),
        "/tasks": lambda _: view.answer(chat_pages.tasks(client.tasks())),
        "/history": lambda _: view.answer(chat_pages.history(client.history())),
        "/context": lambda _: view.answer(chat_pages.context(client.context())),
        "/cancel": lambda word: cancel(client, view, word),
        "/new": lambda name: _new(client, view, name),
    }
    if name in commands:
        if rest.strip() and name not in _WITH_MORE:
            view.note(f"{name} takes nothing behind it; this is the same as {name} alone")
        _guarded(client, view, lambda: commands[name](rest.strip()))
    else:
        view.note("unknown command; /help lists them")
    return None


def _saying(client: ChatClient, text: str) -> Open:
    key = new_token()
    return lambda: client.say(text, key)


def _again(client: ChatClient, view: View) -> Ending | None:
    turns = client.history()["turns"]
    if not turns:
        view.note("nothing said yet")
        return None
    key, newest = new_token(), turns[-1]["turn_id"]
    return take_turn(client, view, lambda: client.regenerate(newest, key))


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


def _completes(client: ChatClient, view: View, turn: Callable[[], Ending | None]) -> bool | None:
    """None when there was nothing to take a turn about."""
    endings: list[Ending | None] = []
    _guarded(client, view, lambda: endings.append(turn()))
    return None if endings == [None] else any(ending and ending.status == "completed" for ending in endings)


def _guarded(client: ChatClient, view: View, act: Callable[[], None]) -> None:
    try:
        act()
    except Refused as refused:
        view.note(f"refused: {refused}", "red")
    except Stranger as stranger:
        view.note(f"what answers at {client.url} is not Task Agent ({stranger})", "red")
    except Lost as lost:
        view.note(f"the service does not come back; {lost}", "red")
    except httpx.ConnectError:
        view.note(f"nothing answers at {client.url}; start it with: task-agent up", "red")
    except httpx.TransportError as error:
        view.note(f"the service at {client.url} did not answer properly: {error}", "red")
