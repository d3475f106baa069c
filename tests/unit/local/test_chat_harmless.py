"""Nothing that comes from outside controls the terminal: answers, cards, titles, history, refusals, however it is written."""

import io
import sys
from typing import Any

import pytest
from rich.console import Console

from agent.local import chat
from agent.local.chat_client import ChatClient
from agent.local.chat_live import LiveView
from agent.local.chat_view import Ending
from agent.local.harmless import harmless, read_json
from tests.unit.local.fake_service import FakeService, Script, completed, frame

EVIL = "a\x1b[2J\x1b]0;x\x07b\x9bc\x7f\u202ed\u2066e\r\x00"
TAMED = "a[2J]0;xbcde"


def obeyed(text: str) -> list[str]:
    return [
        c for c in text if (c < " " and c not in "\n\t") or "\x7f" <= c <= "\x9f" or c in "\u202a\u202b\u202c\u202d\u202e\u2066"
    ]


def test_what_a_terminal_obeys_is_dropped_and_nothing_else() -> None:
    assert harmless(EVIL) == TAMED
    kept = "tab\t line\n é \u2028 \u00a0 שלום \U0001f600 \\u001b"
    assert harmless(kept) == kept


@pytest.mark.parametrize(
    ("written", "read"),
    [
        (r'"\u001b[2J \u009B \u202E \b\f\r"', "[2J   "),
        ('"raw \x9b\u202e"', "raw "),
        (r'"\\u001b \\\u001b \" \n\t\/"', '\\u001b \\ " \n\t/'),
        (r'"\ud83d\ude00"', "\U0001f600"),
        (r'{"\u001bname": ["\u001bvalue", 1, null]}', {"name": ["value", 1, None]}),
        ('{\r\n"a": 1}', {"a": 1}),
    ],
)
def test_json_is_read_harmless_however_it_is_escaped(written: str, read: Any) -> None:
    assert read_json(written) == read


def test_json_may_be_nested_as_deep_as_the_parser_goes() -> None:
    assert str(read_json("[" * 900 + r'"\u001bx"' + "]" * 900)).strip("[]") == "'x'"


def said(service: Script, lines: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> str:
    monkeypatch.setattr(sys, "stdin", io.StringIO("".join(f"{line}\n" for line in lines)))
    with FakeService(service) as fake:
        client = ChatClient(fake.url, "ann", "main", "UTC")
        chat.interactive(client)
        client.close()
    printed = capsys.readouterr()
    return printed.out + printed.err


def test_an_answer_and_its_tools(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    steps = [{"name": EVIL, "state": "failed", "undo": False, "detail": EVIL}]
    stream = [
        frame("tool.called", step=0, call_id="c", name=EVIL, arguments={EVIL: EVIL}),
        frame("tool.progressed", step=0, call_id="c", steps=steps),
        frame("tool.returned", step=0, call_id="c", ok=False, result={"error": {"detail": EVIL}}),
        completed(EVIL),
    ]
    shown = said(Script(stream=stream), ["hi"], monkeypatch, capsys)
    assert (obeyed(shown), shown.count(TAMED)) == ([], 9)  # the tool's name is told three times


@pytest.mark.parametrize("body", [EVIL.encode(), {"detail": EVIL}])
def test_a_refusal(body: Any, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    shown = said(Script(refusal=(400, body)), ["hi"], monkeypatch, capsys)
    assert obeyed(shown) == []
    assert "refused: " in shown


def test_the_id_of_a_turn() -> None:
    with FakeService(Script(turn="t\x1b[2J")) as fake:
        client = ChatClient(fake.url, "ann", "main", "UTC")
        with client.say("hi", "key") as (turn_id, _):
            assert turn_id == "t[2J"
        client.close()


def test_a_failure(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    failed = frame("turn.failed", code=EVIL, message=EVIL, retryable=False)
    shown = said(Script(stream=[failed]), ["hi"], monkeypatch, capsys)
    assert f"failed: {TAMED} ({TAMED})" in shown
    assert obeyed(shown) == []


def test_tasks_history_and_context(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    task = {"task_id": "t-1", "status": "assigned", "title": EVIL, "assignee": EVIL, "deadline": None}
    turn = {"messages": [{"role": "user", "content": EVIL}], "status": "completed", "regenerated_by": None}
    message = {"role": "user", "content": EVIL, "tokens": 5, "included": True, "tool_calls": []}
    context = {"budget": 9, "used": 5, "overhead": 0, "messages": [message], "omitted_turns": 0}
    pages = {
        "/tasks?limit=100": [(200, {"tasks": [task], "next": None})],
        "/history?conversation=main": [(200, {"turns": [turn], "next": None})],
        "/context?conversation=main": [(200, context)],
    }
    shown = said(Script(pages=pages), ["/tasks", "/history", "/context"], monkeypatch, capsys)
    assert (obeyed(shown), shown.count(TAMED)) == ([], 4)


@pytest.mark.parametrize("reference", ["&#x202e;", "&#8294;", "&#27;", "&#x9b;"])
def test_markdown_brings_nothing_back(reference: str) -> None:
    written = io.StringIO()
    live = LiveView(Console(file=written, force_terminal=False, width=80, highlight=False))
    live.finish(Ending("completed", f"so {reference}*it* is"))
    assert obeyed(written.getvalue()) == []
    assert "it is" in written.getvalue()
