import pytest

from tests.unit.turns.host import ChatHost


@pytest.fixture
def host() -> ChatHost:
    return ChatHost()
