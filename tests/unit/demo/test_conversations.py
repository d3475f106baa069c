"""Conversations over several turns, against a task service in memory."""

from tests.unit.demo.talking import Service, Talk


def _update(task_id: str, status: str) -> tuple[str, dict[str, str]]:
    return "update_task_status", {"task_id": task_id, "status": status}


def test_the_newcomers_path() -> None:
    talk = Talk()
    answer = talk.say("Ask Bob to review the payment PR by tomorrow noon")
    assert answer == 'Done: "Review the payment PR" is assigned to Bob, due Wed 25 Nov, 12:00 (Europe/Berlin). Task id: t-001.'
    assert "1. Review the payment PR - Bob, due Wed 25 Nov, 12:00, assigned [t-001]" in talk.say("what is on my list?")
    assert talk.say("mark it as done") == '"Review the payment PR" is now completed (t-001).'
    assert talk.calls == [_update("t-001", "completed")]
    assert "completed, assigned to Bob" in talk.say("what's the status of the payment PR?")


def test_it_is_what_was_last_spoken_of() -> None:
    talk = Talk()
    talk.say("Ask Bob to fix the login bug")
    talk.say("Ask Alice to write the docs")
    talk.say("Bob started on the login bug")
    assert talk.calls == [_update("t-001", "in_progress")]
    talk.say("how is it going?")
    assert talk.calls == [("get_task", {"task_id": "t-001"})]
    talk.say("give it to Carol instead")
    assert talk.calls == [("assign_task", {"task_id": "t-001", "assignee": "Carol"})]
    talk.say("cancel the docs")
    assert talk.calls == [_update("t-002", "cancelled")]


def test_it_of_two_asks_which_and_the_list_numbers_them() -> None:
    talk = Talk()
    talk.say("Ask Bob to fix the bug and Alice to write the docs")
    answer = talk.say("mark it as done")
    assert answer.endswith("2. Write the docs - Alice, assigned [t-002]\nWhich one do you mean?")
    talk.say("the second one")
    assert talk.calls == [_update("t-002", "completed")]


def test_numbers_follow_the_list_that_was_shown() -> None:
    talk = Talk()
    for person in ("Bob", "Alice", "Carol"):
        talk.say(f"Ask {person} to write report {person[0]}")
    talk.say("list my tasks")
    talk.say("mark the first one as done")
    assert talk.calls == [_update("t-003", "completed")]
    talk.say("list my tasks")
    talk.say("cancel number 2")
    assert talk.calls == [_update("t-001", "cancelled")]
    assert "no such task" in talk.say("cancel number 7")


def test_a_task_of_an_earlier_conversation_is_looked_up_first() -> None:
    service = Service()
    Talk(service).say("Ask Bob to review the auth PR")
    Talk(service).say("Ask Alice to write the docs")
    talk = Talk(service)
    talk.say("complete the auth PR")
    assert talk.calls == [("list_tasks", {"limit": 50}), _update("t-001", "completed")]
    talk = Talk(service)
    talk.say("mark it as done")
    assert talk.calls == [("list_tasks", {"limit": 50}), _update("t-002", "completed")]
    assert "I found no task about" in talk.say("cancel the dentist appointment")


def test_what_is_only_close_is_asked_about() -> None:
    talk = Talk()
    talk.say("Ask Bob to review the auth PR")
    assert "Closest:" in talk.say("cancel the auth deployment")
    talk.say("yes")
    assert talk.calls == [_update("t-001", "cancelled")]


def test_the_person_settles_which_of_two() -> None:
    talk = Talk()
    talk.say("Ask Bob and Alice to review the plan")
    talk.say("Alice finished the review")
    assert talk.calls[-1] == _update("t-002", "completed")


def test_undo() -> None:
    talk = Talk()
    assert "nothing to undo" in talk.say("undo that")
    talk.say("Ask Bob to fix the bug and Alice to write the docs")
    talk.say("list my tasks")
    talk.say("undo that")
    assert talk.said[0] == 'I will undo it by cancelling "Fix the bug", "Write the docs".'
    assert talk.calls == [_update("t-001", "cancelled"), _update("t-002", "cancelled")]
    assert "cannot take that back" in talk.say("undo that")


def test_undo_of_a_reassignment_gives_it_back() -> None:
    talk = Talk()
    talk.say("Ask Bob to fix the bug")
    talk.say("give it to Carol")
    talk.say("undo that")
    assert talk.calls == [("assign_task", {"task_id": "t-001", "assignee": "Bob"})]


def test_the_list_is_looked_at_after_the_change() -> None:
    talk = Talk()
    talk.say("Ask Bob to fix the bug")
    assert "There are no open tasks" in talk.say("cancel it and show my list")
    assert [name for name, _ in talk.calls] == ["update_task_status", "list_tasks"]


def test_everything() -> None:
    talk = Talk()
    talk.say("Ask Bob to fix the bug. Ask Alice to write the docs.")
    talk.say("complete all tasks")
    assert talk.calls[1:] == [_update("t-002", "completed"), _update("t-001", "completed")]
    assert "no open tasks" in talk.say("cancel everything")


def test_lists_are_filtered() -> None:
    talk = Talk()
    talk.say("Ask Bob to fix the bug by tomorrow. Ask Alice to write the docs by Friday.")
    assert "Write the docs" not in talk.say("what does Bob have to do?")
    assert "Fix the bug" not in talk.say("show tasks for Alice")
    assert "Write the docs" not in talk.say("what is due tomorrow?")
    assert "There are no open tasks for Eve." in talk.say("what is Eve working on?")
    talk.service.tasks["t-001"]["status"] = "overdue"
    assert "There is 1 overdue task:" in talk.say("show overdue tasks")
    assert talk.calls == [("list_tasks", {"limit": 50, "status": "overdue"})]
    talk.say("mark the bug as done")
    assert "1 is finished" in talk.say("list my tasks")


def test_an_identical_request_is_a_new_task() -> None:
    talk = Talk()
    talk.say("Ask Bob to fix the bug")
    talk.say("Ask Bob to fix the bug")
    assert len(talk.service.tasks) == 2
