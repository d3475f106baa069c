"""Answers that end when a test lets them: whoever is to join one in its middle has then been seen to."""

from tests.integration.endpoint import held
from tests.integration.test_chat import tool

WORDS = 40
WHOLE = " ".join(f"w{n}" for n in range(WORDS))
LISTING = tool("list_tasks", {"limit": 5})


def whole() -> str:
    """A directive: the answer ``WHOLE``, its last word held."""
    return held(WORDS)


def cut_once() -> str:
    """A directive: half of ``WHOLE``, its last word held, and then the connection is cut; the next attempt says all of it."""
    return f"fault=cut after={WORDS // 2} times=1 {held(WORDS)}"
