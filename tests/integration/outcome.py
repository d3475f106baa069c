"""``create_task`` waits some seconds for its workflow, and then says that it runs on: a busy machine may need more of them."""

from collections.abc import Callable
from typing import TypeVar

from tests.integration.client import Client

T = TypeVar("T")


def in_time(
    make_client: Callable[[], Client], ask: Callable[[Client], T], status: Callable[[T], str], tries: int = 3
) -> tuple[Client, T]:
    """Who asked and what came of it, of the first of some users whose tool has seen the end of its workflow."""
    client = make_client()
    answer = ask(client)
    if status(answer) == "running" and tries > 1:
        return in_time(make_client, ask, status, tries - 1)
    return client, answer
