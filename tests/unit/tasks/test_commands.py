"""What is remembered of a change: version, history, events, keys, reservation."""

import pytest

from agent.domain import events
from agent.domain import task_commands as commands
from agent.domain.errors import Conflict
from agent.domain.limits import TASK_DELIVERIES_MAX, TASK_HISTORY_MAX, TASK_KEYS_MAX
from agent.domain.processing import fingerprint, notification_id, reasons_to_reject
from agent.domain.task import iso
from agent.domain.task_changes import Change
from agent.domain.task_reserve import reserve
from tests.unit.tasks.records import ALICE, HOUR, NOW, WORKFLOW, created, existing, processed, request, reserved


def test_create_takes_the_reserved_request_as_it_is() -> None:
    record = created(reserved(title="  2024-01-15 was the day \x00"))
    task = existing(record)
    assert (task.title, task.status, task.assignee, task.deadline, task.version) == (
        "  2024-01-15 was the day \x00",
        "pending",
        None,
        None,
        1,
    )
    assert (task.created_by, task.created_at) == ("alice", iso(NOW))


def test_each_change_is_one_version_one_event_one_line_of_history() -> None:
    record = processed()
    task = existing(record)
    assert task.version == 3
    assert [(e.version, e.what, e.by) for e in record.history] == [
        (1, events.TASK_CREATED, "user:alice"),
        (2, events.TASK_ASSIGNED, "user:alice"),
        (3, events.TASK_DEADLINE_SET, "user:alice"),
    ]
    assert record.history[1].changes == {"status": ("pending", "assigned"), "assignee": (None, "Bob")}
    decision = commands.set_status(record, "in_progress", Change(by="turn:main.1.x"), NOW + HOUR)
    event = decision.event
    assert event is not None
    assert (event.event_id, event.event_type, event.user_id, event.by) == (
        "t1-4",
        events.TASK_STARTED,
        "alice",
        "turn:main.1.x",
    )
    assert event.task == decision.task
    assert decision.task.updated_at == iso(NOW + HOUR)


def test_what_changes_nothing_is_no_change() -> None:
    record = processed()
    for decision in (
        commands.assign(record, "Bob", ALICE, NOW),
        commands.set_deadline(record, NOW + HOUR, ALICE, NOW),
        commands.set_status(record, "assigned", ALICE, NOW),
        commands.assign(created(), None, ALICE, NOW),
        commands.set_deadline(created(), None, ALICE, NOW),
    ):
        assert decision.event is None
        assert decision.record in (record, created())


def test_a_key_gets_its_first_result_whatever_happened_since() -> None:
    change = Change(by="turn:main.1.x", key="main.1.x/0/0")
    first = commands.set_status(processed(), "in_progress", change, NOW)
    later = commands.set_status(first.record, "completed", ALICE, NOW + HOUR).record
    again = commands.set_status(later, "in_progress", change, NOW + 2 * HOUR)
    assert again.replayed
    assert again.record is later
    assert again.task == first.task
    assert again.event == first.event


def test_a_key_whose_command_changed_nothing_is_remembered_too() -> None:
    change = Change(by="turn:main.1.x", key="k")
    idle = commands.assign(processed(), "Bob", change, NOW).record
    carol = commands.assign(idle, "Carol", ALICE, NOW).record
    again = commands.assign(carol, "Bob", change, NOW)
    assert (again.replayed, again.task.assignee, again.event) == (True, "Bob", None)


def test_deliveries_are_bounded_and_the_newest_are_known() -> None:
    record = processed()
    changes = [Change(by="user:alice", delivery=f"d{n}") for n in range(TASK_DELIVERIES_MAX + 1)]
    for n, change in enumerate(changes):
        record = commands.assign(record, f"Bob {n}", change, NOW).record
    assert record.deliveries == tuple(change.delivery for change in changes[1:])
    for change in changes[1:]:
        again = commands.set_status(record, "completed", change, NOW)
        assert (again.replayed, again.record, again.task, again.event) == (True, record, existing(record), None)
    assert not commands.set_status(record, "completed", changes[0], NOW).replayed


def test_one_key_may_do_one_thing_of_each_kind() -> None:
    assert set(processed().keys) == {f"{command}:{WORKFLOW.key}" for command in ("create", "assign", "deadline")}


def test_history_and_keys_are_bounded() -> None:
    record = processed()
    for n in range(TASK_HISTORY_MAX + 5):
        record = commands.assign(record, f"Bob {n}", Change(by="user:alice", key=f"k{n}"), NOW).record
    assert len(record.history) == TASK_HISTORY_MAX
    assert record.dropped + len(record.history) == existing(record).version
    assert len(record.keys) == TASK_KEYS_MAX
    assert list(record.keys)[-1] == f"assign:k{TASK_HISTORY_MAX + 4}"


def test_the_same_request_of_the_same_user_has_the_id_already() -> None:
    record = reserved()
    assert reserve(record, "default", "alice", request(key="another/call", by="turn:x"), NOW + HOUR) is record


@pytest.mark.parametrize(
    "other",
    [{"title": "Another one"}, {"description": "Another text here"}, {"assignee": "Carol"}, {"deadline_seconds": 3600.5}],
)
def test_another_request_for_a_used_id_is_a_conflict(other: dict[str, object]) -> None:
    with pytest.raises(Conflict) as e:
        reserve(reserved(), "default", "alice", request(**other), NOW)
    assert e.value.code == "task_id_used"


def test_another_user_with_the_same_body_is_a_conflict() -> None:
    with pytest.raises(Conflict, match=r"^The task id t1 was used by another user\.$") as e:
        reserve(reserved(), "default", "bob", request(), NOW)
    assert e.value.code == "task_id_used"


def test_the_deadline_is_fixed_when_the_request_is_accepted() -> None:
    reservation = reserved().reservation
    assert reservation is not None
    assert reservation.deadline == iso(NOW + HOUR)


def test_a_deadline_that_was_named_is_kept_to_the_moment() -> None:
    reservation = reserved(deadline="2030-05-17T11:00:00+02:00").reservation
    assert reservation is not None
    assert reservation.deadline == iso(NOW)


def test_another_key_does_not_create_again() -> None:
    record = created()
    assert record.reservation is not None
    with pytest.raises(Conflict) as e:
        commands.create(record, record.reservation, "another", NOW)
    assert e.value.code == "task_exists"


def test_fingerprints() -> None:
    assert fingerprint(request(deadline_seconds=3600)) == fingerprint(request(deadline_seconds=3600.0))
    assert fingerprint(request(title="a b")) != fingerprint(request(title="a  b"))
    assert notification_id("a", "t1") != notification_id("b", "t1")


def test_all_reasons_at_once_and_blanks_do_not_count() -> None:
    assert reasons_to_reject(request(title="12345", description="1234567890")) == []
    assert len(reasons_to_reject(request(title="  1234  ", description="\n123456789\t"))) == 2
