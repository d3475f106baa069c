"""An endpoint whose window is smaller than our token budget: less is sent, once; then it is said, and remembered."""

from typing import Any

from agent.domain.limits import TOKEN_BUDGET
from tests.integration.client import Client
from tests.integration.endpoint import EndpointThread
from tests.integration.test_chat import script
from tests.integration.test_history import included


def talk(client: Client, turns: int = 8) -> None:
    """A history of about 1,000 tokens a turn."""
    for _ in range(turns):
        client.ask("word " * 1_000 + script('text="ok"'))


def roles(endpoint: EndpointThread, said: str) -> list[list[str]]:
    """The roles of the messages in each request for ``said``."""
    return [[message["role"] for message in record.body["messages"]] for record in endpoint.requests(said)]


def check(context: dict[str, Any]) -> None:
    assert context["used"] <= context["budget"] < TOKEN_BUDGET
    assert {message["reason"] for message in context["messages"]} == {None, "endpoint_limit"}


def test_it_is_asked_again_with_less_and_later_turns_start_there(client: Client, endpoint: EndpointThread) -> None:
    talk(client)
    said = script('window=8000 text="it fits"')
    answer = client.ask(said)

    assert (answer.end.event, answer.text()) == ("turn.completed", "it fits")
    first, second = roles(endpoint, said)
    assert second == first[:1] + first[-len(second) + 1 :], "the system prompt, and the newest of the rest"
    assert 3 < len(second) < len(first)
    context = client.get(f"/turns/{answer.turn_id}/context")
    check(context)
    assert [message["role"] for message in included(context)] == second
    assert answer.events.count("step.restarted") == 1

    check(client.get("/context"))
    later = script('window=8000 text="again"')
    assert client.ask(later).text() == "again"
    assert len(endpoint.requests(later)) == 1, "the window is known by now"


def test_refused_twice_it_says_so(client: Client, endpoint: EndpointThread) -> None:
    talk(client, 6)
    said = script("fault=context")
    answer = client.ask(said)

    first, second = roles(endpoint, said)
    assert len(second) < len(first)
    failed = answer.end.data
    assert (answer.end.event, failed["code"], failed["retryable"]) == ("turn.failed", "context_too_long", False)
    assert failed["message"].endswith("write a shorter message, or start a new conversation; tried 2 times.")
    assert client.ask(script('text="works again"')).text() == "works again"


def test_a_lone_message_is_refused_at_once(client: Client, endpoint: EndpointThread) -> None:
    said = "word " * 9_000 + script('window=8000 text="never"')
    failed = client.ask(said).end.data

    assert failed["code"] == "context_too_long"
    assert "Nothing can be left out of it: write a shorter message" in failed["message"]
    assert len(endpoint.requests(said)) == 1
    assert client.get("/context")["budget"] == TOKEN_BUDGET, "its length says nothing of later ones"
