"""The user's live feed: what happened to their tasks and conversations, to them and to nobody else."""

from collections.abc import Callable
from datetime import UTC, datetime

from tests.integration.client import Client
from tests.integration.test_chat import NEW_TASK, script, tool

COMMON = {"event_id", "event_type", "user_id", "timestamp"}


def test_tasks_and_turns_arrive_with_their_fields(client: Client) -> None:
    said = script(tool("create_task", NEW_TASK), 'text="Bob has it."')
    with client.feed() as feed:
        answer = client.ask(said)
        updated = feed.until("conversation.updated")
        client.post(f"/tasks/{answer.all('tool.returned')[0]['result']['task_id']}/status", status="completed")
        feed.until("task.completed")

    events = [frame for frame in feed.seen if frame.event]
    assert [int(frame.id) for frame in events] == sorted({int(frame.id) for frame in events})
    names = [frame.event for frame in events]
    assert (names[0], names[-1]) == ("turn.admitted", "task.completed")
    # Each replica takes what the broker hands it, so what happens within milliseconds may come in another order.
    assert sorted(names[1:-1]) == ["conversation.updated", "task.assigned", "task.created", "task.deadline_set"]
    for frame in events:
        assert frame.data["event_type"] == frame.event
        assert frame.data["user_id"] == client.user
        assert abs((datetime.fromisoformat(frame.data["timestamp"]) - datetime.now(UTC)).total_seconds()) < 60
    admitted = events[0].data
    assert set(admitted) == COMMON | {"conversation", "turn_id"}
    assert (admitted["conversation"], admitted["turn_id"]) == ("main", answer.turn_id)
    [created] = [frame.data for frame in events if frame.event == "task.created"]
    assert set(created) == COMMON | {"task_id", "task", "by"}
    assert created["task"]["title"] == NEW_TASK["title"]
    assert created["by"] == f"turn:{answer.turn_id}"
    assert set(updated.data) == COMMON | {"conversation", "turn_id", "status", "user_message", "assistant_message"}
    assert updated.data["conversation"] == "main"
    assert updated.data["turn_id"] == answer.turn_id
    assert updated.data["status"] == "completed"
    assert (updated.data["user_message"], updated.data["assistant_message"]) == (said, "Bob has it.")


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
