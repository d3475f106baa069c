"""A person at the terminal chat, and a bench for supervisors."""

import io
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from agent.local import chat
from agent.local.chat_client import ChatClient
from agent.local.signals import Signals
from tests.unit.local.bench import Bench
from tests.unit.local.cancelling import Typed
from tests.unit.local.fake_service import FakeService, Script


@pytest.fixture
def typed(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Typed:
    """See Typed."""

    def type_lines(lines: str, script: Script) -> list[str]:
        monkeypatch.setattr(sys, "stdin", io.StringIO(f"{lines}\n/quit\n"))
        with FakeService(script) as fake, closing(ChatClient(fake.url, "ann", "main", "UTC")) as client:
            chat.interactive(client)
        return capsys.readouterr().out.splitlines()[1:]

    return type_lines


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    with Signals() as signals:
        bench = Bench(tmp_path, signals)
        yield bench
        signals.hurry = True
        bench.supervisor.stop(signals)
