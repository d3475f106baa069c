"""Phrasings that create tasks: which calls they lead to, read on Tuesday 2026-11-24 at 16:00 in Berlin."""

import pytest

from tests.unit.demo.talking import Talk

FRIDAY, TOMORROW, MONDAY = "2026-11-27T17:00:00+01:00", "2026-11-25T17:00:00+01:00", "2026-11-30T17:00:00+01:00"
ONE_TASK = [
    ("Ask Bob to review the payment PR by tomorrow noon", "Review the payment PR", "Bob", "2026-11-25T12:00:00+01:00"),
    ("have Alice review the auth PR by Friday, it's the token refactoring", "Review the auth PR", "Alice", FRIDAY),
    ("tell Bob to fix the login bug within 45 minutes", "Fix the login bug", "Bob", 2_700),
    ("get bob smith to update the README by EOD", "Update the README", "Bob Smith", "2026-11-24T17:00:00+01:00"),
    ("let carol prepare the slides for Friday", "Prepare the slides", "Carol", FRIDAY),
    ("Have Bob Smith review the plan", "Review the plan", "Bob Smith", None),
    ("Can you ask Dave to call the supplier tomorrow at 9:30?", "Call the supplier", "Dave", "2026-11-25T09:30:00+01:00"),
    ("Could you please have the design team draw the new logo", "Draw the new logo", "Design team", None),
    ("Would you ask Bob to review the PR?", "Review the PR", "Bob", None),
    ("Can Bob review the auth PR by Friday?", "Review the auth PR", "Bob", FRIDAY),
    ("add a task for Bob to clean the kitchen", "Clean the kitchen", "Bob", None),
    ("create a task for Bob to write docs by Monday", "Write docs", "Bob", MONDAY),
    ("Create a task for Bob: write docs", "Write docs", "Bob", None),
    ("make a task: water the plants, assigned to Alice, due next Monday", "Water the plants", "Alice", MONDAY),
    ("new task: write notes, assignee: Bob, due tomorrow", "Write notes", "Bob", TOMORROW),
    ("Create a task to review the auth PR for Bob", "Review the auth PR", "Bob", None),
    ('Create a task called "Update the docs" and assign it to Bob by Friday', "Update the docs", "Bob", FRIDAY),
    ('Create a task "Update the docs" for Bob', "Update the docs", "Bob", None),
    ("Task for Alice: prepare the budget", "Prepare the budget", "Alice", None),
    ("Create a task\nTitle: Payment review\nAssignee: Bob\nDeadline: Friday 5pm", "Payment review", "Bob", FRIDAY),
    ("Set a reminder for Carol to send the invoice in two hours", "Send the invoice", "Carol", 7_200),
    ("assign Bob to review the docs", "Review the docs", "Bob", None),
    ("assign a task to Bob: update the dependencies", "Update the dependencies", "Bob", None),
    ("give Bob a task to update the dependencies", "Update the dependencies", "Bob", None),
    ("Assign the payment review to Bob, deadline tomorrow 5pm", "Payment review", "Bob", TOMORROW),
    ("Bob should fix the login bug", "Fix the login bug", "Bob", None),
    ("Bob needs to deploy the service on 2026-12-01", "Deploy the service", "Bob", "2026-12-01T17:00:00+01:00"),
    ("Alice must sign the contract by 3 December at 14:00", "Sign the contract", "Alice", "2026-12-03T14:00:00+01:00"),
    ("Bob has to water the plants", "Water the plants", "Bob", None),
    ("by Friday Bob should review the auth PR", "Review the auth PR", "Bob", FRIDAY),
    ("I need Dave to book flights in half an hour", "Book flights", "Dave", 1_800),
    ("I want Bob to clean up the repo", "Clean up the repo", "Bob", None),
    ("I'd like Bob to clean up the repo", "Clean up the repo", "Bob", None),
    ("It would be great if Bob could review the PR", "Review the PR", "Bob", None),
    ("I should call mom tomorrow", "Call mom", "Dana", TOMORROW),
    ("remind me to stretch in 1 minute", "Stretch", "Dana", 60),
    ("remind myself to pay rent by noon", "Pay rent", "Dana", "2026-11-25T12:00:00+01:00"),
    ("remind Carol to call the client in two hours", "Call the client", "Carol", 7_200),
    ("remind Carol in two hours to call the client", "Call the client", "Carol", 7_200),
    ("@bob please review the payment PR", "Review the payment PR", "Bob", None),
    ("Bob, please review the payment PR by Friday", "Review the payment PR", "Bob", FRIDAY),
    ("Bob: please review the auth PR", "Review the auth PR", "Bob", None),
    ("The auth PR needs to be reviewed by Bob by Friday", "Get the auth PR reviewed", "Bob", FRIDAY),
    ("Get the payment PR reviewed by Bob by tomorrow", "Get the payment PR reviewed", "Bob", TOMORROW),
    ("Make sure Bob reviews the PR by Friday", "Review the PR", "Bob", FRIDAY),
    ("Hi, ask Bob to review the PR, thanks!", "Review the PR", "Bob", None),
    ("Ask the new guy to set up his laptop", "Set up his laptop", "New guy", None),
    ("ask Will to test the build", "Test the build", "Will", None),
    ("Ask bob@example.com to test the build", "Test the build", "bob@example.com", None),
    ("Ask José to water the plants by Friday", "Water the plants", "José", FRIDAY),
    ("Ask Bob to buy milk, eggs and bread", "Buy milk, eggs and bread", "Bob", None),
    ("Ask Bob to stop and listen to music", "Stop and listen to music", "Bob", None),
    ("ask Bob to move the meeting to Friday", "Move the meeting to Friday", "Bob", None),
    ("ask Bob to prepare tomorrow's standup", "Prepare tomorrow's standup", "Bob", None),
    ("Ask Bob to review the PR. It's due Friday.", "Review the PR", "Bob", FRIDAY),
    ("Bob should fix the login bug. He must finish by Friday.", "Fix the login bug", "Bob", FRIDAY),
    ("Bob, can you review the auth PR?", "Review the auth PR", "Bob", None),
    ("create a task: write notes. Assign it to Bob. Deadline is Friday.", "Write notes", "Bob", FRIDAY),
    ("add buy milk to my list", "Buy milk", "Dana", None),
    ('put "renew the passport" on Carol\'s list', "Renew the passport", "Carol", None),
    ("ask Bob to eat", "Task: Eat", "Bob", None),
]
SEVERAL_TASKS = [
    ("Ask Bob to write docs by Friday and Alice to test it by Monday", [("Write docs", "Bob"), ("Test it", "Alice")]),
    ("ask bob to read docs and alice to write tests", [("Read docs", "Bob"), ("Write tests", "Alice")]),
    ("Bob should fix the bug and Alice should test it", [("Fix the bug", "Bob"), ("Test it", "Alice")]),
    ("Ask Bob to fix the bug. Tell Alice to test it.", [("Fix the bug", "Bob"), ("Test it", "Alice")]),
    ("Ask Bob to fix the bug, then ask Alice to test it", [("Fix the bug", "Bob"), ("Test it", "Alice")]),
    ("Ask Bob and Alice to review the plan", [("Review the plan", "Bob"), ("Review the plan", "Alice")]),
    ("have Alice and Bob prepare the demo", [("Prepare the demo", "Alice"), ("Prepare the demo", "Bob")]),
    ("- Bob: review the PR\n- Alice: write the docs", [("Review the PR", "Bob"), ("Write the docs", "Alice")]),
    ("Create these tasks:\n1. Ask Bob to fix the bug\n2. Carol should test it", [("Fix the bug", "Bob"), ("Test it", "Carol")]),
    ("Tasks for Bob:\n* the release notes\n* buy new chairs", [("Release notes", "Bob"), ("Buy new chairs", "Bob")]),
    ("ask Bob to fix the bug and remind him to tell Eve", [("Fix the bug", "Bob"), ("Tell Eve", "Bob")]),
]


@pytest.mark.parametrize(("text", "title", "assignee", "deadline"), ONE_TASK)
def test_one_sentence_makes_one_task(text: str, title: str, assignee: str, deadline: str | int | None) -> None:
    talk = Talk()
    answer = talk.say(text)
    [(name, arguments)] = talk.calls
    assert name == "create_task"
    assert (arguments["title"], arguments["assignee"]) == (title, assignee)
    assert arguments.get("deadline", arguments.get("deadline_seconds")) == deadline
    assert len(arguments["title"]) >= 5
    assert len(arguments["description"]) >= 10
    assert answer.startswith("Done:")
    assert "t-001" in answer


@pytest.mark.parametrize(("text", "expected"), SEVERAL_TASKS)
def test_several_tasks_are_made_in_one_step(text: str, expected: list[tuple[str, str]]) -> None:
    talk = Talk()
    talk.say(text)
    assert [(a["title"], a["assignee"]) for _, a in talk.calls] == expected
    assert len(talk.said) == 2


def test_what_else_was_said_is_the_description() -> None:
    talk = Talk()
    talk.say("have Alice review the auth PR by Friday, it's the token refactoring")
    assert talk.calls[0][1]["description"] == "Review the auth PR: it's the token refactoring."
    talk.say("Ask Bob to fix the login bug because users cannot log in. See the log of Monday.")
    assert talk.calls[0][1]["description"] == "Fix the login bug: because users cannot log in. See the log of Monday."


def test_it_is_explained_in_the_description() -> None:
    talk = Talk()
    talk.say("Ask Bob to prepare the release. Then ask Alice to deploy it.")
    assert talk.calls[1][1]["description"] == 'Deploy it: see "prepare the release".'


@pytest.mark.parametrize(
    "text",
    [
        "I want pizza",
        "have lunch with the team",
        "have a nice day",
        "life can be hard",
        "let it go",
        "will it rain?",
    ],
)
def test_what_is_no_task_makes_none(text: str) -> None:
    talk = Talk()
    assert "did not understand" in talk.say(text)
    assert not talk.calls


def test_a_long_task_keeps_its_words_in_the_description() -> None:
    talk = Talk()
    long = " ".join(f"word{n}" for n in range(100))
    talk.say(f"Ask Bob to write {long}")
    arguments = talk.calls[0][1]
    assert len(arguments["title"]) <= 100
    assert arguments["title"].endswith("…")
    assert long in arguments["description"]
