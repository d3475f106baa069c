"""The terminal chat against a scripted service: streaming, starting over, broken streams, refusals, the prompt loop."""

import io
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest

from agent.local import chat, chat_outage
from agent.local.chat_client import ChatClient
from tests.unit.local.fake_service import TURN, FakeService, Script, completed, frame

EVENTS = f"/turns/{TURN}/events"
CONTEXT = {
    "budget": 100,
    "used": 49,
    "overhead": 40,
    "messages": [
        {"role": "system", "content": "be good", "tokens": 5, "included": True, "tool_calls": []},
        {"role": "user", "content": "hi there", "tokens": 9, "included": False, "reason": "token_budget", "tool_calls": []},
        {"role": "assistant", "content": "", "tokens": 4, "included": True, "tool_calls": [{"name": "get_task"}]},
    ],
    "omitted_turns": 3,
}
Talk = Callable[[Script], ChatClient]


@pytest.fixture
def talk() -> Iterator[Talk]:
    with ExitStack() as stack:

        def start(script: Script) -> ChatClient:
            client = ChatClient(stack.enter_context(FakeService(script)).url, "ann", "main", "Europe/Berlin")
            stack.callback(client.close)
            return client

        yield start


@pytest.fixture(autouse=True)
def impatience(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(chat_outage, "_PAUSE_MAX", 0.01)


def type_lines(monkeypatch: pytest.MonkeyPatch, *lines: str) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO("".join(f"{line}\n" for line in lines)))


def test_once_prints_the_answer_alone_on_stdout(talk: Talk, capsys: pytest.CaptureFixture[str]) -> None:
    script = Script(
        stream=[
            frame("turn.started"),
            frame("text.delta", delta="Let me see."),
            frame("tool.called", call_id="c1", name="create_task", arguments={"title": "Review", "assignee": "Bob"}),
            frame("tool.returned", call_id="c1", ok=True, result={"task_id": "t-1", "status": "completed"}),
            frame("tool.returned", call_id="c1", ok=True, result={"task_id": "t-1", "status": "completed"}),
            frame("text.delta", delta="Done."),
            completed("Done."),
        ]
    )
    assert chat.once(talk(script), "Ask Bob to review") == 0
    printed = capsys.readouterr()
    assert printed.out == "Done.\n"
    assert printed.err.splitlines() == [
        "· create_task(title=Review, assignee=Bob)",
        "· ✓ create_task: task_id=t-1, status=completed",
    ]
    ((path, headers, body),) = script.asked
    assert (path, body) == ("/chat", {"message": "Ask Bob to review", "conversation": "main"})
    assert (headers["x-user-id"], headers["x-time-zone"]) == ("ann", "Europe/Berlin")


def test_a_step_that_starts_over_takes_back_what_it_called(talk: Talk, capsys: pytest.CaptureFixture[str]) -> None:
    """Calls are named by their place in the step, so another one may come under the same id."""
    script = Script(
        stream=[
            frame("tool.called", call_id="c1", name="create_task", arguments={"title": "Review"}),
            frame("step.restarted", step=0, reason="new_attempt"),
            frame("tool.called", call_id="c1", name="list_tasks", arguments={}),
            frame("tool.returned", call_id="c1", ok=True, result={"tasks": []}),
            frame("tool.returned", call_id="c1", ok=True, result={"tasks": [{}]}),
            frame("step.restarted", step=0, reason="from_record"),
            frame("tool.called", call_id="c1", name="list_tasks", arguments={}),
            frame("tool.returned", call_id="c1", ok=True, result={"tasks": [{}]}),
            completed("One."),
        ]
    )
    assert chat.once(talk(script), "what is there?") == 0
    assert capsys.readouterr().err.splitlines() == [
        "· create_task(title=Review)",
        "· the step starts over; what it called was not run",
        "· list_tasks()",
        "· ✓ list_tasks: no tasks",
        "· ✓ list_tasks: 1 task",
    ]


def test_once_fails_when_the_turn_does(talk: Talk, capsys: pytest.CaptureFixture[str]) -> None:
    failed = frame("turn.failed", code="model_unreachable", message="The model cannot be reached.", retryable=True)
    assert chat.once(talk(Script(stream=[failed])), "hi") == 1
    assert capsys.readouterr() == ("", "· failed: The model cannot be reached. (model_unreachable)\n")


def test_once_fails_when_the_turn_is_cancelled(talk: Talk, capsys: pytest.CaptureFixture[str]) -> None:
    assert chat.once(talk(Script(stream=[frame("turn.cancelled")])), "hi") == 1
    assert capsys.readouterr() == ("", "· cancelled\n")
    assert chat.once(talk(Script(stream=[frame("turn.cancelled", undo_ordered=["t-1", "t-2"])])), "hi") == 1
    assert capsys.readouterr() == ("", "· cancelled: what was done to t-1, t-2 is taken back\n")


def test_a_refusal_is_shown_in_the_services_words(talk: Talk, capsys: pytest.CaptureFixture[str]) -> None:
    script = Script(refusal=(422, {"detail": "Say something.", "code": "empty_message"}))
    assert chat.once(talk(script), "   ") == 1
    assert capsys.readouterr().err == "· refused: Say something. (HTTP 422)\n"


def test_nobody_there_is_told_with_what_to_do(capsys: pytest.CaptureFixture[str]) -> None:
    client = ChatClient("http://127.0.0.1:1", "ann", "main", "UTC")
    assert chat.once(client, "hi") == 1
    assert "nothing answers at http://127.0.0.1:1; start it with: task-agent up" in capsys.readouterr().err
    client.close()


def test_a_broken_stream_goes_on_behind_the_last_frame(talk: Talk, capsys: pytest.CaptureFixture[str]) -> None:
    called = {"call_id": "c1", "name": "list_tasks", "arguments": {}}
    broken = [frame("tool.returned", 5, call_id="c1", ok=True, result={"n": 1}), frame("text.delta", 6, step=1, delta="All")]
    again = [
        frame("tool.called", 7, step=0, **called),
        frame("text.delta", 8, step=1, delta="All done."),
        completed("All done."),
    ]
    answers = [(503, {"detail": "starting"}), (200, broken), (200, again)]
    script = Script(stream=[frame("tool.called", 4, step=0, **called)], pages={EVENTS: answers})
    assert chat.once(talk(script), "hi") == 0
    printed = capsys.readouterr()
    assert printed.out == "All done.\n"
    assert printed.err.splitlines() == [
        "· list_tasks()",
        "· the stream broke; it goes on when the service is back",
        "· ✓ list_tasks: n=1",
        "· the stream broke; it goes on when the service is back",
    ]
    assert [headers.get("last-event-id") for _, headers, _ in script.asked] == [
        None,
        f"{TURN}/1-4",
        f"{TURN}/1-4",
        f"{TURN}/1-6",
    ]


def test_a_broken_stream_of_a_failed_turn_fails(talk: Talk, capsys: pytest.CaptureFixture[str]) -> None:
    failed = frame("turn.failed", code="steps_exhausted", message="Too many steps.", retryable=False)
    assert chat.once(talk(Script(pages={EVENTS: [(200, [failed])]})), "hi") == 1
    assert "failed: Too many steps. (steps_exhausted)" in capsys.readouterr().err


def test_a_turn_that_is_gone_is_told(talk: Talk, capsys: pytest.CaptureFixture[str]) -> None:
    script = Script(pages={EVENTS: [(404, {"detail": "Turn not found", "code": "turn_not_found"})]})
    assert chat.once(talk(script), "hi") == 1
    assert "refused: Turn not found (HTTP 404)" in capsys.readouterr().err


def test_a_service_that_stays_away_is_given_up(
    talk: Talk, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(chat_outage, "_UNREACHABLE_MAX", 0.05)
    script = Script(pages={EVENTS: [(503, {"detail": "starting"})]})
    assert chat.once(talk(script), "hi") == 1
    assert f"turn {TURN} goes on when it does" in capsys.readouterr().err


def test_a_turn_waits_and_another_answer_is_asked_for(
    talk: Talk, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    stream = [frame("turn.queued", position=2), frame("text.delta", step=0, delta="Hello"), completed("Hello\u2028you")]
    pages = {"/history?conversation=main": [(200, {"turns": [{"turn_id": TURN}]})]}
    script = Script(stream=stream, pages=pages)
    type_lines(monkeypatch, "hi", "/again", "/quit", "never said")
    assert chat.interactive(talk(script)) == 0
    printed = capsys.readouterr().out
    assert "waiting: 2 in the queue" in printed
    assert printed.count("Hello\u2028you\n") == 2
    posts = [(path, headers["idempotency-key"]) for path, headers, _ in script.asked if path != "/history?conversation=main"]
    assert [path for path, _ in posts] == ["/chat", f"/turns/{TURN}/regenerate"]
    assert posts[0][1] != posts[1][1]


def test_commands_of_the_prompt_loop(talk: Talk, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    task = {
        "task_id": "t-1",
        "status": "assigned",
        "title": "Review",
        "assignee": "Bob",
        "deadline": "2030-01-01T12:00:00+00:00",
    }
    plain = {"task_id": "t-2", "status": "pending", "title": "Rest", "assignee": None, "deadline": None}
    ended = {"status": "completed", "regenerated_by": None}
    said = [{"role": "user", "content": "hi"}, {"role": "tool", "content": "{}"}, {"role": "assistant", "content": "hello"}]
    pages = {
        "/tasks?limit=100": [(200, {"tasks": [task, plain], "next": None})],
        "/history?conversation=main": [(200, {"turns": [{"messages": said} | ended], "running": None, "next": None})],
        "/history?conversation=plans": [(200, {"turns": [], "total_turns": 7})],
        "/context?conversation=plans": [(200, CONTEXT)],
    }
    type_lines(
        monkeypatch, "", "/tasks", "/history", "/help", "/nonsense", "/cancel", "/new", "/new plans", "/context", "/again"
    )
    assert chat.interactive(talk(Script(pages=pages))) == 0  # the end of input ends it
    printed = capsys.readouterr().out
    assert "t-1  assigned    Review, Bob, due 2030-01-01T12:00:00+00:00\n" in printed
    assert "t-2  pending     Rest\n" in printed
    assert "user> hi\nassistant> hello\n" in printed
    assert "/history      the last turns" in printed
    assert "unknown command" in printed
    assert "nothing runs" in printed
    assert "give it a name" in printed
    assert "conversation 'plans', 7 turns so far\n" in printed
    assert "49 of 100 tokens: system 5, exchanges 4, tools and framing 40, free 51\n" in printed
    assert "     9  user       hi there  [left out: token_budget]\n" in printed
    assert "     4  assistant  get_task\nand 3 older turns\n" in printed
    assert printed.endswith("· nothing said yet\n")


def test_tasks_says_when_there_are_more(
    talk: Talk, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    task = {"status": "pending", "title": "Rest", "assignee": None, "deadline": None}
    some = [task | {"task_id": f"t-{n}"} for n in (3, 2)]
    type_lines(monkeypatch, "/tasks")
    chat.interactive(talk(Script(pages={"/tasks?limit=100": [(200, {"tasks": some, "next": "2"})]})))
    assert "t-2  pending     Rest\nthese are the newest 2; there are more\n" in capsys.readouterr().out


def test_history_says_when_there_are_more_and_what_it_passes_over(
    talk: Talk, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    turn = {"messages": [{"role": "user", "content": "hi"}], "status": "completed", "regenerated_by": None}
    type_lines(monkeypatch, "/history all", "/history")
    chat.interactive(talk(Script(pages={"/history?conversation=main": [(200, {"turns": [turn], "next": 7})]})))
    shown = "these are the newest 1 turns; there are more\nuser> hi\n"
    told = "· /history takes nothing behind it; this is the same as /history alone\n"
    assert capsys.readouterr().out.endswith(told + shown + shown)


def test_ctrl_c_leaves_and_says_that_the_turn_goes_on(
    talk: Talk, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(chat, "take_turn", interrupted)
    type_lines(monkeypatch, "hi")
    assert chat.interactive(talk(Script())) == 0
    assert "a turn that was running goes on" in capsys.readouterr().out


def test_long_values_are_shortened_and_raw_arguments_shown(talk: Talk, capsys: pytest.CaptureFixture[str]) -> None:
    script = Script(
        stream=[
            frame("tool.called", call_id="c1", name="get_task", arguments="not json\n at all"),
            frame("tool.returned", call_id="c1", ok=False, result={"detail": "x" * 1000}),
            completed("Sorry."),
        ]
    )
    chat.once(talk(script), "hi")
    called, returned = capsys.readouterr().err.splitlines()
    assert called == "· get_task(not json at all)"
    assert returned.startswith("· ✗ get_task: detail=xxx")
    assert returned.endswith("…")
    assert len(returned) < 200


def test_the_steps_of_a_tools_workflow_are_told_as_they_come(talk: Talk, capsys: pytest.CaptureFixture[str]) -> None:
    steps = [
        {"name": "validate", "state": "done", "undo": False, "detail": ""},
        {"name": "reminder", "state": "done", "undo": False, "detail": ""},
        {"name": "notify", "state": "failed", "undo": False, "detail": "no answer"},
        {"name": "reminder", "state": "skipped", "undo": True, "detail": "changed meanwhile"},
        {"name": "assign", "state": "done", "undo": True, "detail": ""},
        {"name": "assign", "state": "failed", "undo": True, "detail": "refused"},
    ]
    told = [frame("tool.progressed", call_id="c1", task_id="t-1", steps=steps[:n]) for n in (0, 2, 2, 5, 6)]
    script = Script(stream=[frame("tool.called", call_id="c1", name="create_task", arguments={}), *told, completed("Hm.")])
    assert chat.once(talk(script), "hi") == 0
    assert capsys.readouterr().err.splitlines() == [
        "· create_task()",
        "· create_task: validated, reminder set",
        "· create_task: notification failed (no answer), reminder left alone (changed meanwhile), assignment undone",
        "· create_task: assignment could not be undone (refused)",
    ]
