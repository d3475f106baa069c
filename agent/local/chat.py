"""``task-agent chat``: the prompt loop and its commands."""

import sys
from collections.abc import Callable
from typing import Any

import httpx
from rich.console import Console

from agent.local.chat_client import ChatClient, Refused
from agent.local.chat_turn import Ending, Lost, take_turn
from agent.local.chat_view import ChatView

_HELP = """\
Write a sentence, for example: Ask Bob to review the payment PR by tomorrow noon
/tasks     your tasks, newest first
/history   the last turns of this conversation
/help      this
/quit      leave (so do Ctrl-D and Ctrl-C; a running turn goes on)"""


def once(client: ChatClient, text: str) -> int:
    """Answer on stdout, everything else on stderr; 0 when the turn completed."""
    notes = Console(stderr=True, highlight=False)
    ending = _try(client, ChatView(sys.stdout, notes, live=False), text)
    return 0 if ending and ending.status == "completed" else 1


def interactive(client: ChatClient) -> int:
    """Reads lines until /quit, the end of input, or Ctrl-C."""
    console = Console(highlight=False)
    view = ChatView(sys.stdout, console, live=True)
    view.note(f"conversation {client.conversation!r} at {client.url}; /help lists commands")
    while True:
        try:
            line = console.input("[bold]you>[/bold] ").strip()
            if line == "/quit":
                return 0
            if line:
                _handle(client, view, line)
        except EOFError:
            view.end()
            return 0
        except KeyboardInterrupt:
            view.note("left; a turn that was running goes on, /history shows its answer later")
            return 0


def _handle(client: ChatClient, view: ChatView, line: str) -> None:
    if line.startswith("/"):
        commands: dict[str, Callable[[], None]] = {
            "/help": lambda: view.answer(_HELP),
            "/tasks": lambda: view.answer(_tasks(client.tasks())),
            "/history": lambda: view.answer(_history(client.history())),
        }
        command = commands.get(line)
        if command is None:
            view.note("unknown command; /help lists them")
        else:
            _guarded(client, view, command)
    else:
        _try(client, view, line)


def _try(client: ChatClient, view: ChatView, text: str) -> Ending | None:
    endings: list[Ending] = []
    _guarded(client, view, lambda: endings.append(take_turn(client, view, text)))
    return endings[0] if endings else None


def _guarded(client: ChatClient, view: ChatView, act: Callable[[], None]) -> None:
    try:
        act()
    except Refused as refused:
        view.note(f"refused: {refused}", "red")
    except Lost as lost:
        view.note(f"the service does not come back; turn {lost.turn_id} goes on when it does", "red")
    except httpx.ConnectError:
        view.note(f"nothing answers at {client.url}; start it with: task-agent up", "red")
    except httpx.TransportError as error:
        view.note(f"the service at {client.url} did not answer properly: {error}", "red")


def _tasks(page: dict[str, Any]) -> str:
    lines = [f"{t['task_id']}  {t['status']:<11} {t['title']}{_who_and_when(t)}" for t in page["tasks"]]
    return "\n".join(lines) or "no tasks yet"


def _who_and_when(task: dict[str, Any]) -> str:
    who = f", {task['assignee']}" if task["assignee"] else ""
    return who + (f", due {task['deadline']}" if task["deadline"] else "")


def _history(page: dict[str, Any]) -> str:
    spoken = [m for turn in page["turns"] for m in turn["messages"] if m["role"] in ("user", "assistant") and m["content"]]
    return "\n".join(f"{m['role']}> {m['content']}" for m in spoken) or "nothing said yet"
