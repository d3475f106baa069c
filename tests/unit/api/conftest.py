import pytest

from tests.unit.api.service import Service
from tests.unit.turns.host import ChatHost


@pytest.fixture
def service() -> Service:
    return Service()


@pytest.fixture
def host() -> ChatHost:
    return ChatHost()
