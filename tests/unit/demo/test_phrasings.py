"""Phrasings about tasks that exist, and small talk: what they are understood as."""

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from agent.demo.intents import AskStatus, ChangeStatus, Intent, ListTasks, Reassign, Reference, Talk, Undo
from agent.demo.scene import Scene
from agent.demo.understanding import understand

SCENE = Scene(datetime(2026, 11, 24, 16, 0, tzinfo=ZoneInfo("Europe/Berlin")), "Dana", "Bob")
IT, AUTH, DOCS = Reference(), Reference(words="auth PR"), Reference(words="docs")
T_ABC = Reference(task_id="t-abc123")

CHANGES: list[tuple[str, Intent]] = [
    ("mark it as done", ChangeStatus(IT, "completed")),
    ("Mark that task as completed, please", ChangeStatus(IT, "completed")),
    ("mark t-abc123 as completed", ChangeStatus(T_ABC, "completed")),
    ("mark the auth PR done", ChangeStatus(AUTH, "completed")),
    ("mark as done", ChangeStatus(IT, "completed")),
    ("change the status of the auth PR to completed", ChangeStatus(AUTH, "completed")),
    ("set the auth PR to in progress", ChangeStatus(AUTH, "in_progress")),
    ("mark the first one as done", ChangeStatus(Reference(ordinal=1), "completed")),
    ("mark task 2 as done", ChangeStatus(Reference(ordinal=2), "completed")),
    ("mark both as done", ChangeStatus(Reference(group=True), "completed")),
    ("mark all as done", ChangeStatus(Reference(every=True), "completed")),
    ("complete the auth PR task", ChangeStatus(AUTH, "completed")),
    ("finish it", ChangeStatus(IT, "completed")),
    ("close the auth PR", ChangeStatus(AUTH, "completed")),
    ("Bob finished the docs", ChangeStatus(Reference(words="docs", person="Bob"), "completed")),
    ("Bob has finished it", ChangeStatus(Reference(person="Bob"), "completed")),
    ("I'm done with the docs", ChangeStatus(DOCS, "completed")),
    ("done", ChangeStatus(IT, "completed")),
    ("it's done", ChangeStatus(IT, "completed")),
    ("the auth PR is done", ChangeStatus(AUTH, "completed")),
    ("cancel that task", ChangeStatus(IT, "cancelled")),
    ("cancel t-abc123", ChangeStatus(T_ABC, "cancelled")),
    ("drop the auth PR", ChangeStatus(AUTH, "cancelled")),
    ("delete the last one", ChangeStatus(Reference(ordinal=-1), "cancelled")),
    ("cancel the latest task", ChangeStatus(Reference(newest=True), "cancelled")),
    ("the docs task is no longer needed", ChangeStatus(DOCS, "cancelled")),
    ("we don't need the docs anymore", ChangeStatus(DOCS, "cancelled")),
    ("Bob started on it", ChangeStatus(Reference(person="Bob"), "in_progress")),
    ("Bob is working on the auth PR", ChangeStatus(Reference(words="auth PR", person="Bob"), "in_progress")),
    ("start the auth PR", ChangeStatus(AUTH, "in_progress")),
    ("give it to Carol instead", Reassign(IT, "Carol")),
    ("reassign the auth PR to Carol", Reassign(AUTH, "Carol")),
    ("reassign it", Reassign(IT, "")),
    ("assign it to me", Reassign(IT, "Dana")),
    ("let Carol do it", Reassign(IT, "Carol")),
    ("ask Carol to do it instead", Reassign(IT, "Carol")),
    ("Carol should do it", Reassign(IT, "Carol")),
    ("have Carol take it over", Reassign(IT, "Carol")),
    ("Carol takes over the auth PR", Reassign(AUTH, "Carol")),
    ("make it Carol instead", Reassign(IT, "Carol")),
    ("hand the docs over to the design team", Reassign(DOCS, "Design team")),
    ("change the assignee of the auth PR to Carol", Reassign(AUTH, "Carol")),
    ("transfer t-abc123 to Bob Smith", Reassign(T_ABC, "Bob Smith")),
    ("undo that", Undo()),
    ("Undo!", Undo()),
    ("take that back", Undo()),
]
QUESTIONS: list[tuple[str, Intent]] = [
    ("what's the status of the auth PR?", AskStatus(AUTH)),
    ("status of t-abc123", AskStatus(T_ABC)),
    ("status?", AskStatus(IT)),
    ("is Bob done with the docs?", AskStatus(Reference(words="docs", person="Bob"))),
    ("give me an update on the auth PR", AskStatus(AUTH)),
    ("is it done?", AskStatus(IT)),
    ("it is done?", AskStatus(IT)),
    ("is the auth PR done yet?", AskStatus(AUTH)),
    ("has Bob finished the docs?", AskStatus(Reference(words="docs", person="Bob"))),
    ("did Bob finish it?", AskStatus(Reference(person="Bob"))),
    ("how is task t-abc123 going?", AskStatus(T_ABC)),
    ("how's the auth PR coming along?", AskStatus(AUTH)),
    ("any news on the auth PR?", AskStatus(AUTH)),
    ("tell me about the docs task", AskStatus(DOCS)),
    ("show me the auth PR", AskStatus(AUTH)),
    ("when is the auth PR due?", AskStatus(AUTH)),
    ("who is working on the auth PR?", AskStatus(AUTH)),
    ("can you tell me what the status of the auth PR is?", AskStatus(AUTH)),
    ("do you know if the auth PR is done?", AskStatus(AUTH)),
    ("t-abc123", AskStatus(T_ABC)),
    ("what's the workflow status of the auth PR?", AskStatus(AUTH, workflow=True)),
    ("task-workflow-t-abc123", AskStatus(T_ABC, workflow=True)),
    ("what is on my list?", ListTasks()),
    ("What's on my list", ListTasks()),
    ("list my tasks", ListTasks()),
    ("Could you please show me my tasks?", ListTasks()),
    ("my tasks", ListTasks()),
    ("list", ListTasks()),
    ("do I have any tasks?", ListTasks()),
    ("what's on my plate?", ListTasks()),
    ("show overdue tasks", ListTasks(status="overdue")),
    ("which task is overdue?", ListTasks(status="overdue")),
    ("is anything overdue?", ListTasks(status="overdue")),
    ("which tasks are late?", ListTasks(status="overdue")),
    ("any open tasks?", ListTasks(status="open")),
    ("what's left to do?", ListTasks(status="open")),
    ("list completed tasks", ListTasks(status="completed")),
    ("show tasks that are in progress", ListTasks(status="in_progress")),
    ("what does Bob have to do?", ListTasks(assignee="Bob")),
    ("what is Bob working on?", ListTasks(assignee="Bob")),
    ("what did I ask Bob to do?", ListTasks(assignee="Bob")),
    ("what has Bob finished?", ListTasks(status="completed", assignee="Bob")),
    ("show Bob's tasks", ListTasks(assignee="Bob")),
    ("show me all tasks for Bob Smith", ListTasks(assignee="Bob Smith")),
    ("does Carol have anything to do?", ListTasks(assignee="Carol")),
    ("what do I have to do?", ListTasks(assignee="Dana")),
    ("what is due today?", ListTasks(due="today")),
    ("what's due tomorrow?", ListTasks(due="tomorrow")),
]
TALKS = [
    ("hi", "greeting"),
    ("Hello there!", "greeting"),
    ("help", "help"),
    ("Help me, please", "help"),
    ("what can you do?", "help"),
    ("who are you?", "who"),
    ("are you ChatGPT?", "who"),
    ("what model are you?", "who"),
    ("how are you?", "how_are_you"),
    ("how is it going?", "how_is_it"),
    ("thank you so much!", "thanks"),
    ("bye", "bye"),
    ("ok", "ok"),
    ("yes", "yes"),
    ("never mind", "drop"),
    ("what time is it?", "time"),
    ("count to 20", "count"),
    ("tell me a joke", "joke"),
    ("Tell Bob that the PR is ready", "message"),
    ("move the deadline to Friday", "move_deadline"),
    ("postpone it to Monday", "move_deadline"),
    ("unassign it", "unassign"),
    ("I like trains", "fallback"),
    ("2024-01-15 was the day", "fallback"),
    ("5m", "fallback"),
    ("😀", "fallback"),
    ("", "fallback"),
]


@pytest.mark.parametrize(("text", "intent"), CHANGES + QUESTIONS)
def test_one_wish(text: str, intent: Intent) -> None:
    assert understand(text, SCENE) == [intent]


@pytest.mark.parametrize(("text", "topic"), TALKS)
def test_small_talk(text: str, topic: str) -> None:
    [intent] = understand(text, SCENE)
    assert isinstance(intent, Talk)
    assert intent.topic == topic


def test_two_wishes_in_a_sentence() -> None:
    assert understand("cancel it and show my list", SCENE) == [ChangeStatus(IT, "cancelled"), ListTasks()]
    marked = [ChangeStatus(AUTH, "completed"), ChangeStatus(DOCS, "cancelled")]
    assert understand("mark the auth PR as done and the docs as cancelled", SCENE) == marked
    first, second = ChangeStatus(Reference(ordinal=1), "completed"), ChangeStatus(Reference(ordinal=2), "cancelled")
    assert understand("Mark the first as done and cancel the second one", SCENE) == [first, second]


def test_what_was_not_understood_is_told_beside_what_was() -> None:
    assert understand("Hello. List my tasks. The moon is made of cheese.", SCENE) == [
        ListTasks(),
        Talk("partly", "The moon is made of cheese."),
    ]
