"""One service per profile for all tests that do not hurt it, with a model endpoint that does as told.

Tests share nothing but that: each has users of its own, and marks its messages. The profile is a parameter of the session, so
pytest runs all tests of one profile before it starts the other.
"""

import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest

from tests.integration.client import Client
from tests.integration.endpoint import EndpointThread, mark
from tests.integration.profiles import PROFILES, Profile
from tests.integration.stack import Stack


@pytest.fixture(scope="session")
def endpoint() -> Iterator[EndpointThread]:
    with EndpointThread() as running:
        yield running


@pytest.fixture(scope="session", params=PROFILES, ids=lambda profile: profile.name)
def profile(request: pytest.FixtureRequest) -> Profile:
    return request.param


@pytest.fixture(scope="session")
def service(tmp_path_factory: pytest.TempPathFactory, profile: Profile, endpoint: EndpointThread) -> Iterator[Stack]:
    with profile.stack(tmp_path_factory.mktemp("service") / "data", endpoint.env) as running:
        yield running


@pytest.fixture
def make_client(service: Stack) -> Iterator[Callable[..., Client]]:
    """Clients of the shared service, closed at the end."""
    made: list[Client] = []

    def make(user: str | None = None, tenant: str | None = None) -> Client:
        made.append(Client(service.urls, user, tenant))
        return made[-1]

    yield make
    for client in made:
        client.close()


@pytest.fixture
def client(make_client: Callable[..., Client]) -> Client:
    """A user nobody else is."""
    return make_client()


@pytest.fixture
def user(stack: Stack) -> Iterator[Client]:
    """A user nobody else is, of the ``stack`` that the test's module has for itself to hurt."""
    client = Client(stack.urls)
    yield client
    client.close()


@pytest.fixture(scope="module")
def hostile(service: Stack) -> Iterator[Client]:
    """A user who tries everything; in the end nothing was admitted or made, and the conversation works."""
    client = Client(service.urls)
    yield client
    answer = client.ask(f'{mark()} [[script: text="still here"]]')
    assert answer.end.data["message"]["content"] == "still here"
    assert client.get("/history")["total_turns"] == 1
    assert client.get("/tasks")["tasks"] == []
    client.close()


@pytest.fixture
def run_app(tmp_path: Path) -> Callable[[Mapping[str, str]], tuple[int, str]]:
    """The app alone with these settings, which must make it end by itself: its exit status and what it printed."""

    def run(env: Mapping[str, str]) -> tuple[int, str]:
        alone = {**env, "TASK_AGENT_DATA_DIR": str(tmp_path)}
        app = [sys.executable, "-m", "agent.main"]
        done = subprocess.run(app, env=alone, capture_output=True, text=True, timeout=30, check=False)
        return done.returncode, done.stdout + done.stderr

    return run
