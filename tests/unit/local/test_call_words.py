"""What a tool has returned, as a person reads it in the terminal."""

from typing import Any

import pytest

from agent.local.call_words import result_words

TASK = {"task_id": "t-1", "title": "Review", "status": "in_progress", "assignee": "Bob"}


@pytest.mark.parametrize(
    ("result", "words"),
    [
        ({"error": {"code": "task_not_found", "detail": "There is no task t-9."}}, "There is no task t-9."),
        ({"task_id": "t-1", "status": "completed", "message": "It was created.", "task": TASK}, "It was created."),
        ({"tasks": [], "next": None}, "no tasks"),
        ({"tasks": [TASK], "next": None}, "1 task"),
        ({"tasks": [TASK, TASK], "next": "x"}, "2 tasks"),
        (TASK, "Review: in progress, Bob"),
        (TASK | {"assignee": None, "status": "pending"}, "Review: pending"),
        ({"truncated": True, "bytes": 7}, "truncated=true, bytes=7"),
        ({"tasks": "cut off", "message": ""}, "tasks=cut off, message="),
    ],
)
def test_a_result_is_one_line(result: dict[str, Any], words: str) -> None:
    assert result_words(result) == words
