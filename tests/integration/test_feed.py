"""The user's live feed: what happened to their tasks and conversations, to them and to nobody else."""

import threading
from collections.abc import Callable, Generator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from typing import Any, cast

import pytest
from dapr.clients import DaprClient
from dapr.common.pubsub.subscription import StreamCancelledError

from agent.domain.task_changes import by_turn
from tests.integration.client import Answer, Client, Stream
from tests.integration.endpoint import EndpointThread, held
from tests.integration.engine import at_its_sidecar
from tests.integration.stack import PATIENCE, Stack, until
from tests.integration.test_chat import NEW_TASK, script, tool

COMMON = {"event_id", "event_type", "user_id", "timestamp"}


def make_a_task(client: Client, endpoint: EndpointThread, feed: Stream) -> tuple[str, Answer]:
    """What was said and the answer, which ends when the task's workflow has told everything, however long that takes."""
    said = script(tool("create_task", NEW_TASK), f'text="Bob has it." {held()}')
    with client.say(said) as stream:
        feed.until("task.deadline_set")
        endpoint.release(said)
        return said, stream.rest()


def test_tasks_and_turns_arrive_with_their_fields(client: Client, endpoint: EndpointThread) -> None:
    with client.feed() as feed:
        said, answer = make_a_task(client, endpoint, feed)
        updated = feed.until("conversation.updated")
        client.post(f"/tasks/{answer.all('tool.returned')[0]['result']['task_id']}/status", status="completed")
        feed.until("task.completed")
        assert client.http.delete("/history").json()["cleared_turns"] == 1
        cleared = feed.until("conversation.cleared")

    events = [frame for frame in feed.seen if frame.event]
    assert [int(frame.id) for frame in events] == sorted({int(frame.id) for frame in events})
    names = [frame.event for frame in events]
    assert names == [
        "turn.admitted",
        "task.created",
        "task.assigned",
        "task.deadline_set",
        "conversation.updated",
        "task.completed",
        "conversation.cleared",
    ]
    for frame in events:
        assert frame.data["event_type"] == frame.event
        assert frame.data["user_id"] == client.user
        assert abs((datetime.fromisoformat(frame.data["timestamp"]) - datetime.now(UTC)).total_seconds()) < 60
    admitted = events[0].data
    assert set(admitted) == COMMON | {"conversation", "turn_id"}
    assert (admitted["conversation"], admitted["turn_id"]) == ("main", answer.turn_id)
    created = events[1].data
    assert set(created) == COMMON | {"task_id", "task", "by"}
    assert created["task"]["title"] == NEW_TASK["title"]
    assert created["by"] == by_turn(client.user, answer.turn_id)
    assert set(updated.data) == COMMON | {"conversation", "turn_id", "status", "user_message", "assistant_message"}
    assert updated.data["conversation"] == "main"
    assert updated.data["turn_id"] == answer.turn_id
    assert updated.data["status"] == "completed"
    assert set(cleared.data) == COMMON | {"conversation"}
    assert cleared.data["conversation"] == "main"
    assert (updated.data["user_message"], updated.data["assistant_message"]) == (said, "Bob has it.")


def test_whoever_subscribes_to_the_topics_gets_the_same_events(
    service: Stack, client: Client, endpoint: EndpointThread, monkeypatch: pytest.MonkeyPatch
) -> None:
    with (
        subscribed(service, monkeypatch, "task-events") as tasks,
        subscribed(service, monkeypatch, "conversation-events") as turns,
    ):
        with client.feed() as feed:
            make_a_task(client, endpoint, feed)
            feed.until("conversation.updated")
        told = [frame.data for frame in feed.seen if frame.event and frame.event != "turn.admitted"]
        assert len(told) == 4

        def heard() -> list[dict[str, Any]]:
            ours = [event for event in (*tasks, *turns) if event["user_id"] == client.user]
            return [{name: value for name, value in event.items() if name != "tenant_id"} for event in ours]

        until(lambda: all(event in heard() for event in told), PATIENCE, lambda: f"told {told}, heard {heard()}")


@contextmanager
def subscribed(service: Stack, monkeypatch: pytest.MonkeyPatch, topic: str) -> Generator[list[dict[str, Any]]]:
    """As another program at the first replica's sidecar subscribes: what it is told, as it comes."""
    found = list[dict[str, Any]]()
    with DaprClient(f"127.0.0.1:{at_its_sidecar(service, monkeypatch)}") as dapr:
        subscription = dapr.subscribe(pubsub_name="pubsub", topic=topic)

        def take() -> None:
            with suppress(StreamCancelledError):
                while message := subscription.next_message():
                    subscription.respond_success(message)
                    found.append(cast(dict[str, Any], message.data()))

        taking = threading.Thread(target=take)
        taking.start()
        yield found
        subscription.close()
        taking.join(10)


def test_a_failed_turn_is_told_too(client: Client) -> None:
    said = script("fault=401")
    with client.feed() as feed:
        answer = client.ask(said)
        updated = feed.until("conversation.updated").data

    assert answer.end.event == "turn.failed"
    assert (updated["status"], updated["user_message"], updated["assistant_message"]) == ("failed", said, "")


def test_everybody_has_a_feed_of_their_own(client: Client, make_client: Callable[..., Client]) -> None:
    namesake = make_client(client.user, tenant="elsewhere")
    with client.feed() as feed, namesake.feed() as other:
        client.ask(script(tool("create_task", NEW_TASK), 'text="mine"'))
        theirs = namesake.ask(script('text="theirs"'))
        feed.until("conversation.updated")
        first = other.until("conversation.updated")

    assert first.data["turn_id"] == theirs.turn_id
    assert [frame.event for frame in other.seen if frame.event] == ["turn.admitted", "conversation.updated"]
    assert "tenant" not in str([frame.data for frame in (*feed.seen, *other.seen)])


def test_a_reader_that_returns_gets_what_it_missed(client: Client) -> None:
    with client.feed() as feed:
        client.ask(script('text="one"'))
        seen = feed.until("conversation.updated")
    missed = client.ask(script('text="two"'))
    client.ended(missed.turn_id)

    with client.feed(**{"Last-Event-ID": seen.id}) as feed:
        assert feed.until("conversation.updated").data["turn_id"] == missed.turn_id
