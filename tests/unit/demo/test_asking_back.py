"""Missing parts are asked for, and the next message is the answer."""

import pytest

from tests.unit.demo.talking import Talk

WHO_ANSWERS = [
    ("Bob", "Bob"),
    ("bob", "Bob"),
    ("Bob please", "Bob"),
    ("maybe Carol Smith?", "Carol Smith"),
    ("let Bob do it", "Bob"),
    ("give it to Bob", "Bob"),
    ("assign it to Bob", "Bob"),
    ("Bob should do it", "Bob"),
    ("ask Bob", "Bob"),
    ("me", "Dana"),
    ("I'll do it", "Dana"),
    ("the design team", "Design team"),
]


@pytest.mark.parametrize(("answer", "assignee"), WHO_ANSWERS)
def test_who(answer: str, assignee: str) -> None:
    talk = Talk()
    assert talk.say("Review the payment PR by Friday") == "Who should do it?"
    assert not talk.calls
    assert "Done" in talk.say(answer)
    [(_, arguments)] = talk.calls
    assert (arguments["title"], arguments["assignee"]) == ("Review the payment PR", assignee)
    assert arguments["deadline"] == "2026-11-27T17:00:00+01:00"


def test_a_deadline_in_the_answer_counts() -> None:
    talk = Talk()
    talk.say("someone should fix the printer")
    talk.say("Bob, by tomorrow")
    assert talk.calls[0][1]["deadline"] == "2026-11-25T17:00:00+01:00"


@pytest.mark.parametrize("answer", ["nobody", "Never mind.", "forget it", "no", "cancel", "drop it"])
def test_the_question_can_be_dropped(answer: str) -> None:
    talk = Talk()
    talk.say("Review the payment PR")
    assert "dropped" in talk.say(answer)
    assert not talk.calls
    assert "did not understand" in talk.say("Bob")


@pytest.mark.parametrize(
    "answer", ["review the auth PR", "to review the auth PR", "he should review the auth PR", "Bob must review the auth PR"]
)
def test_what(answer: str) -> None:
    talk = Talk()
    assert talk.say("create a task for Bob") == "What should Bob do?"
    talk.say(answer)
    assert [(a["title"], a["assignee"]) for _, a in talk.calls] == [("Review the auth PR", "Bob")]


def test_what_and_then_who() -> None:
    talk = Talk()
    assert talk.say("create a task") == "What should be done?"
    assert talk.say("write the release notes by Friday, for the launch") == "Who should do it?"
    talk.say("Bob")
    assert talk.calls[0][1]["assignee"] == "Bob"
    assert talk.calls[0][1]["deadline"] == "2026-11-27T17:00:00+01:00"


def test_an_answer_that_is_none_is_asked_again() -> None:
    talk = Talk()
    talk.say("Review the payment PR")
    assert talk.say("what a nice day, is it not, my dear old friend") == "Who should do it?"
    talk.say("Bob")
    assert talk.calls[0][1]["assignee"] == "Bob"


def test_another_wish_replaces_the_question() -> None:
    talk = Talk()
    talk.say("Review the payment PR")
    talk.say("list my tasks")
    assert talk.calls == [("list_tasks", {"limit": 50})]
    talk.say("Review the payment PR")
    talk.say("Ask Bob to write the docs")
    assert talk.calls[0][1]["title"] == "Write the docs"


def test_the_complete_one_is_created_and_the_other_asked_for_once() -> None:
    talk = Talk()
    answer = talk.say("Ask Bob to fix the bug. Write the docs. Test the build.")
    assert [a["title"] for _, a in talk.calls] == ["Fix the bug"]
    assert answer.endswith("Who should do them?")
    talk.say("Alice")
    assert [(a["title"], a["assignee"]) for _, a in talk.calls] == [("Write the docs", "Alice"), ("Test the build", "Alice")]


def test_to_whom() -> None:
    talk = Talk()
    talk.say("Ask Bob to fix the bug")
    assert talk.say("reassign it") == "Who should do it?"
    talk.say("Carol")
    assert talk.calls == [("assign_task", {"task_id": "t-001", "assignee": "Carol"})]


@pytest.mark.parametrize(
    ("answer", "task_id"),
    [
        ("the first one", "t-002"),
        ("2", "t-001"),
        ("the last one", "t-001"),
        ("auth", "t-001"),
        ("the payment one", "t-002"),
        ("t-002", "t-002"),
    ],
)
def test_which(answer: str, task_id: str) -> None:
    talk = Talk()
    talk.say("Ask Bob to review the auth PR and Alice to review the payment PR")
    assert talk.say("mark the review as done").endswith("Which one do you mean?")
    assert talk.calls == [("list_tasks", {"limit": 50})]
    talk.say(answer)
    assert talk.calls == [("update_task_status", {"task_id": task_id, "status": "completed"})]


def test_which_may_be_both() -> None:
    talk = Talk()
    talk.say("Ask Bob to review the auth PR and Alice to review the payment PR")
    talk.say("cancel the review")
    talk.say("both")
    assert [a["task_id"] for _, a in talk.calls] == ["t-002", "t-001"]
