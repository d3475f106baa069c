"""One service for all clients, as the integration tests have one: every test has users of its own, and marks its messages."""

from tests.integration.conftest import client, endpoint, make_client, service

__all__ = ["client", "endpoint", "make_client", "service"]
