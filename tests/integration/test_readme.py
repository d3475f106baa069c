"""Every ``curl`` of the README, run as it stands there, answers as the text beside it says."""

import json
import re
import shlex
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.integration.client import Client
from tests.integration.stack import Stack

README = (Path(__file__).parents[2] / "README.md").read_text()
COMMANDS = [*re.findall(r"^    (curl .*)$", README, re.MULTILINE), *re.findall(r"`(curl [^`]*)`", README)]
WRITTEN_FOR = "http://127.0.0.1:8080"
ANSWERS = {  # path -> what the answer has in it
    "/chat": "event: turn.completed",
    "/tasks/process": '"status":"started"',
    "/tasks": '"tasks":[',
    "/context": '"budget":16000',
    "/dev/notifications": '"mode":"fail"',
}


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    with Stack(tmp_path_factory.mktemp("readme") / "data") as running:
        yield running


def test_every_command_is_known_here() -> None:
    assert {path_of(command) for command in COMMANDS} == set(ANSWERS)


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: path_of(command))
def test_it_answers_as_the_text_says(stack: Stack, command: str) -> None:
    arguments = [word.replace(WRITTEN_FOR, stack.url) for word in shlex.split(command)]
    done = subprocess.run([*arguments, "--silent", "--show-error"], capture_output=True, text=True, timeout=60, check=True)
    assert ANSWERS[path_of(command)] in done.stdout.replace('": ', '":')


def test_the_switch_leads_to_the_undos_that_the_text_promises(stack: Stack) -> None:
    [switch] = [command for command in COMMANDS if path_of(command) == "/dev/notifications"]
    subprocess.run([word.replace(WRITTEN_FOR, stack.url) for word in shlex.split(switch)], check=True, timeout=60)
    client = Client(stack.url)
    [made] = client.ask("Ask Bob to review the payment PR by tomorrow noon").all("tool.returned")
    view = client.eventually(f"/workflows/{made['result']['workflow_id']}", lambda view: view["status"] != "running")
    assert [step["name"] for step in view["steps"] if step["undo"]] == ["reminder", "assign"], json.dumps(view)
    client.close()


def path_of(command: str) -> str:
    [path] = re.findall(WRITTEN_FOR + r"(/[a-z/]*)", command)
    return path
