"""A person at the terminal chat."""

import io
import sys
from contextlib import closing

import pytest

from agent.local import chat
from agent.local.chat_client import ChatClient
from tests.unit.local.cancelling import Typed
from tests.unit.local.fake_service import FakeService, Script


@pytest.fixture
def typed(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Typed:
    """See Typed."""

    def type_lines(lines: str, script: Script) -> list[str]:
        monkeypatch.setattr(sys, "stdin", io.StringIO(f"{lines}\n/quit\n"))
        with FakeService(script) as fake, closing(ChatClient(fake.url, "ann", "main", "UTC")) as client:
            assert chat.interactive(client) == 0
        return capsys.readouterr().out.replace("you> ", "").splitlines()[1:]

    return type_lines
