"""``task-agent chat`` against the real service, as a person sees it: cards, a service killed mid-answer, Ctrl-C, commands."""

import re
from collections.abc import Callable

from agent.domain.limits import HISTORY_PAGE_DEFAULT
from tests.integration.client import Client
from tests.integration.endpoint import EndpointThread, held
from tests.integration.stack import Stack
from tests.integration.terminal import Terminal
from tests.integration.test_chat import NEW_TASK, script, tool

CTRL_C = "\x03"


def prompt(lines: list[str]) -> bool:
    return bool(lines) and lines[-1].strip() == "you>"


def chat(client: Client, *options: str) -> Terminal:
    return Terminal("--url", client.url, "--user", client.user, *options)


def test_an_answer_with_a_card_and_the_commands(client: Client) -> None:
    said = script(tool("create_task", NEW_TASK), 'text="It is **done**.\\n\\n- one\\n- two"')
    client.ask(said)  # the same message again, so that the terminal need not type it
    with chat(client) as terminal:
        terminal.wait(prompt)
        terminal.type("/again\n")
        lines = terminal.wait(lambda lines: prompt(lines) and any("• two" in line for line in lines))
        assert [line.strip() for line in lines[-5:]] == ["you> /again", "It is done.", "• one", "• two", "you>"]
        terminal.type("/tasks\n")
        terminal.wait(lambda lines: prompt(lines) and any(NEW_TASK["title"] in line for line in lines))
        terminal.type("/context\n")
        terminal.wait(lambda lines: prompt(lines) and any("[left out: regenerated]" in line for line in lines))
        terminal.type("/history\n")
        lines = terminal.wait(lambda lines: prompt(lines) and lines[-4:-1] == ["assistant> It is **done**.", "- one", "- two"])
        who = [line.split(">")[0] for line in lines if re.match(r"(user|assistant)\b", line)]
        assert who == ["user (answered again below)", "assistant (answered again below)", "user", "assistant"]
        terminal.type("/new plans\n")
        terminal.wait(lambda lines: prompt(lines) and "· conversation 'plans', 0 turns so far" in lines)
        terminal.type("Hello there\n")
        terminal.wait(lambda lines: prompt(lines) and "You said: Hello there" in lines)
        terminal.type("\x04")
        assert terminal.process.wait(90) == 0


def test_a_tool_call_fills_in_a_card(client: Client) -> None:
    with chat(client) as terminal:
        terminal.wait(prompt)
        terminal.type(script(tool("create_task", NEW_TASK), 'text="Bob has it."') + "\n")
        lines = terminal.wait(lambda lines: prompt(lines) and "Bob has it." in lines)
    card = [line for line in lines if line[0] in "┌│└"]
    assert card[0].startswith("┌ create_task(")
    steps = [line for line in card if line[0] == "│"]  # those that were done while the tool waited
    assert steps
    assert steps == ["│ • validated", "│ • created", "│ • assigned", "│ • reminder set", "│ • notified"][: len(steps)]
    end = "The task was created" if len(steps) == 5 else "Still being processed"
    assert card[1 + len(steps)].startswith(f"└ ✓ {end}")


def test_ctrl_c_cancels_and_once_more_leaves(client: Client) -> None:
    with chat(client) as terminal:
        terminal.wait(prompt)
        terminal.type(script("tokens=2000 delay=50ms") + "\n")
        terminal.wait(lambda lines: any("w3 w4" in line for line in lines))
        terminal.type(CTRL_C)
        lines = terminal.wait(lambda lines: prompt(lines) and "· cancelled" in lines)
        assert sum("w3 w4" in line for line in lines) == 1, "what was seen stays, once"
        [turn] = client.get("/history")["turns"]
        assert turn["status"] == "cancelled"
        terminal.type(CTRL_C)
        assert terminal.process.wait(90) == 0


def test_what_was_said_elsewhere_is_cancelled_and_taken_back(client: Client, endpoint: EndpointThread) -> None:
    kept, waiting, undone = (
        script(tool("create_task", NEW_TASK), held()),
        script('text="never said"'),
        script(tool("create_task", NEW_TASK), held()),
    )
    with chat(client) as terminal:
        terminal.wait(prompt)
        with client.say(kept) as stream:
            kept_task = stream.until("tool.returned").data["result"]["task_id"]
            stream.until("text.delta")
            client.drop(waiting)
            terminal.type("/cancel\n")
            terminal.wait(lambda lines: prompt(lines) and "· cancelled: 2" in lines)
            assert stream.rest().end.event == "turn.cancelled"
        assert [turn["status"] for turn in client.get("/history")["turns"]] == ["cancelled", "cancelled"]
        with client.say(undone) as stream:
            undone_task = stream.until("tool.returned").data["result"]["task_id"]
            stream.until("text.delta")
            terminal.type("/cancel undo\n")
            lines = terminal.wait(lambda lines: prompt(lines) and f"· undone: {undone_task}" in lines)
            assert stream.rest().end.data["undo_ordered"] == [undone_task]
    assert lines[-4:-1] == ["· cancelled: 1", f"· what was done to {undone_task} is taken back", f"· undone: {undone_task}"]
    assert [client.get(f"/tasks/{task}")["status"] for task in (kept_task, undone_task)] == ["assigned", "cancelled"]
    for said in (kept, undone):
        endpoint.wait(said, lambda seen: [request.disconnected is not None for request in seen] == [False, True])
    assert endpoint.requests(waiting) == []


def test_what_waits_behind_more_interrupted_turns_than_a_page_holds_is_cancelled_too(client: Client) -> None:
    client.drop(script(held()))
    waiting = client.drop(script('text="never said"'))
    for _ in range(HISTORY_PAGE_DEFAULT + 1):
        body = {"message": script(held()), "on_busy": "interrupt"}
        with client.http.stream("POST", "/chat", json=body) as response:
            assert response.status_code == 200
    assert waiting not in [turn["turn_id"] for turn in client.get("/history")["turns"]]
    with chat(client) as terminal:
        terminal.wait(prompt)
        terminal.type("/cancel\n")
        terminal.wait(lambda lines: prompt(lines) and "· cancelled: 2" in lines)
    assert client.turn(waiting)["status"] == "cancelled"
    assert client.get("/history")["running"] is None


def test_a_cancel_goes_through_a_restart_of_the_service(service: Stack, client: Client) -> None:
    turn = client.drop(script(held()))
    with chat(client) as terminal:
        terminal.wait(prompt)
        old = service.kill("app", replica=0)
        terminal.type("/cancel\n")
        terminal.wait(lambda lines: prompt(lines) and "· cancelled: 1" in lines, 90)
        service.wait_pid_changed("app", old, replica=0)
        service.wait_ready()
    assert client.ended(turn)["status"] == "cancelled"


def test_a_service_killed_mid_answer_comes_back_and_nothing_is_doubled(
    service: Stack, client: Client, endpoint: EndpointThread
) -> None:
    said = script(held(120))
    with chat(client) as terminal:
        terminal.wait(prompt)
        terminal.type(said + "\n")
        terminal.wait(lambda lines: any("w3 w4" in line for line in lines))
        old = service.kill("app", replica=0)
        endpoint.release(said)
        lines = terminal.wait(lambda lines: prompt(lines) and any("w119" in line for line in lines), 90)
        service.wait_pid_changed("app", old, replica=0)
        service.wait_ready()
    words = re.findall(r"\bw\d+\b", " ".join(lines))
    assert words == [f"w{n}" for n in range(120)]
    assert any("the stream broke" in line for line in lines)


def test_plain_output_where_nobody_watches(make_client: Callable[..., Client], endpoint: EndpointThread) -> None:
    import subprocess

    from tests.integration.stack import TASK_AGENT

    client = make_client()
    command = [TASK_AGENT[0], "chat", "--url", client.url, "--user", client.user]
    done = subprocess.run(command, input="Hello there\n/quit\n", capture_output=True, text=True, timeout=60, check=True)
    assert "\x1b" not in done.stdout
    assert "You said: Hello there\n" in done.stdout
