"""The terminal chat where something is odd: who answers, who asks, what is read from; and a person with a long line."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.integration.terminal import Terminal
from tests.unit.local.fake_service import FakeService, Script, completed, frame

CHAT = [str(Path(sys.executable).with_name("task-agent")), "chat"]
HTML = b"<!doctype html>\n<title>Something else</title>\n"
LONG = "word " * 1200


@pytest.fixture
def serve() -> Iterator[ExitStack]:
    with ExitStack() as stack:
        yield stack


def start(stack: ExitStack, script: Script) -> str:
    return stack.enter_context(FakeService(script)).url


def talk(url: str, *options: str, typed: str | None = "") -> subprocess.CompletedProcess[str]:
    """None is a closed standard input."""
    close = None if typed is not None else lambda: os.close(0)
    command = [*CHAT, "--url", url, *options]
    return subprocess.run(command, input=typed, text=True, capture_output=True, timeout=60, check=False, preexec_fn=close)


def one_sentence(ended: subprocess.CompletedProcess[str]) -> str:
    assert ended.returncode == 1
    assert "Traceback" not in ended.stderr
    return (ended.stdout + ended.stderr).splitlines()[-1]


def test_another_web_server_is_told_from_the_service(serve: ExitStack) -> None:
    url = start(serve, Script(first=[(200, HTML), (501, HTML)], pages={"/tasks?limit=100": [(200, HTML)]}))
    expected = f"· what answers at {url} is not Task Agent (HTTP 200, without a turn)"
    assert one_sentence(talk(url, "--once", "hi")) == expected
    assert one_sentence(talk(url, "--once", "hi")).startswith("· refused: <!doctype html> <title>Something else")
    listed = talk(url, typed="/tasks\n")
    assert listed.stdout.splitlines()[-1] == f"· what answers at {url} is not Task Agent (HTTP 200, without JSON)"


def test_a_name_that_no_user_can_have_is_left_to_the_service_to_refuse(serve: ExitStack) -> None:
    script = Script(refusal=(422, {"detail": "No such user id.", "code": "bad_user_id"}))
    assert one_sentence(talk(start(serve, script), "--user", "Zoë", "--once", "hi")) == "· refused: No such user id. (HTTP 422)"
    ((_, headers, _),) = script.asked
    assert headers["x-user-id"].encode("latin-1").decode() == "Zoë"


@pytest.mark.parametrize("url", ["http://[", "http://127.0.0.1:99999", "127.0.0.1:8080"])
def test_an_address_that_is_none_is_told(url: str) -> None:
    assert url in one_sentence(talk(url, "--once", "hi"))


def test_a_closed_standard_input_is_told_with_what_to_do(serve: ExitStack) -> None:
    assert "--once TEXT" in one_sentence(talk(start(serve, Script()), typed=None))


def test_of_a_pipe_the_answers_stand_alone_and_the_last_turn_decides(serve: ExitStack) -> None:
    failed = [frame("turn.failed", code="x", message="No.", retryable=False)]
    script = Script(first=[(200, failed), (200, [completed("Yes.")]), (200, failed)])
    url = start(serve, script)
    ended = talk(url, typed="one\ntwo\n/nonsense\n")
    assert ended.stdout.splitlines()[1:] == ["· failed: No. (x)", "Yes.", "· unknown command; /help lists them"]
    assert ended.returncode == 0
    assert talk(url, typed="three\n/quit\nnever said\n").returncode == 1


def test_a_long_line_arrives_whole_and_the_arrow_keys_bring_it_back(serve: ExitStack) -> None:
    script = Script(stream=[completed("Heard.")])
    with Terminal("--url", start(serve, script)) as terminal:
        terminal.wait(lambda lines: lines[-1:] == ["you>"])
        terminal.type(LONG + "end\n")
        terminal.wait(lambda lines: lines[-2:] == ["Heard.", "you>"])
        terminal.type("short\n")
        terminal.wait(lambda lines: lines[-2:] == ["Heard.", "you>"] and "you> short" in lines)
        terminal.type("\x1b[A")
        terminal.wait(lambda lines: lines[-1] == "you> short")
        terminal.type("\x1b[D\x1b[D!\n")
        terminal.wait(lambda lines: lines[-2:] == ["Heard.", "you>"] and "you> sho!rt" in lines)
    said = [body["message"] for _, _, body in script.asked]
    assert said == [LONG + "end", "short", "sho!rt"]
