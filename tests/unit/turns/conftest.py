import pytest

from agent.adapters import memory_log
from tests.unit.turns.host import ChatHost
from workflows.activities import rival


@pytest.fixture
def host() -> ChatHost:
    return ChatHost()


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """An attempt that stands by for a newer one gives it up after two quick heartbeats."""
    monkeypatch.setattr(memory_log, "HEARTBEAT", 0.02)
    monkeypatch.setattr(rival, "MODEL_STALL_TIMEOUT", 2 * rival.HEARTBEAT)
