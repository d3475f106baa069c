import pytest

from agent.adapters import memory_log
from agent.adapters.memory_log import MemoryTurnLog
from tests.unit.turns.host import ChatHost
from workflows.activities import rival


@pytest.fixture
def host() -> ChatHost:
    return ChatHost()


@pytest.fixture
def log() -> MemoryTurnLog:
    return MemoryTurnLog()


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Attempts beat quickly; one that stands by for a newer one soon knows whether that lives."""
    monkeypatch.setattr(memory_log, "HEARTBEAT", 0.02)
    monkeypatch.setattr(memory_log, "BEAT_KEPT", 0.3)
    monkeypatch.setattr(rival, "BEAT_INTERVAL", 0.05)
    monkeypatch.setattr(rival, "MODEL_STALL_TIMEOUT", 1.0)
