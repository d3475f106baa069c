"""One service for all clients, as the integration tests have one: every test has users of its own, and marks its messages."""

import pytest

from tests.integration.conftest import client, endpoint, make_client, service
from tests.integration.profiles import EMBEDDED, Profile

__all__ = ["client", "endpoint", "make_client", "service"]


@pytest.fixture(scope="session")
def profile() -> Profile:
    """One process: what replicas do is not a wire's business, since each projects the same log."""
    return EMBEDDED
