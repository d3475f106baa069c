"""list_tasks: every task of the list is named, however much is said in each, and those that it has no room for come next."""

import json

import pytest

from agent.domain.ids import Identity
from agent.domain.limits import TOOL_LIST_MAX
from agent.domain.task import Task, TaskStatus
from agent.domain.task_changes import TaskPage
from tests.fakes.ports import some_task
from tests.unit.turns.host import ChatHost, call
from tests.unit.turns.tool_stage import Stage


@pytest.mark.parametrize(
    ("task", "shown"),
    [
        (some_task("t", title="Review the PR of the payments", description="long " * 400), TOOL_LIST_MAX),
        (some_task("t", title="\u00e9" * 200, assignee="\u00e9" * 128), TOOL_LIST_MAX // 4),
    ],
)
async def test_a_list_is_never_cut_in_the_middle(host: ChatHost, task: Task, shown: int) -> None:
    async def list_tasks(who: Identity, status: TaskStatus | None, limit: int, cursor: str | None) -> TaskPage:
        named = [task.model_copy(update={"task_id": f"t-{n}"}) for n in range(limit)]
        return TaskPage(tasks=tuple(named), next="more")

    stage = Stage(host)
    stage.tasks.list_tasks = list_tasks
    await stage.ask(call(0, "list_tasks", json.dumps({"limit": TOOL_LIST_MAX})))
    await stage.tools()
    told = stage.stored()["c-0"]
    assert [t["task_id"] for t in told["tasks"]] == [f"t-{n}" for n in range(shown)]
    assert told["next"] == "more"


async def test_the_next_of_one_list_gets_the_older_ones(host: ChatHost) -> None:
    async def list_tasks(who: Identity, status: TaskStatus | None, limit: int, cursor: str | None) -> TaskPage:
        return TaskPage(tasks=(some_task(f"behind-{cursor}"),), next=None if cursor else "older")

    stage = Stage(host)
    stage.tasks.list_tasks = list_tasks
    await stage.ask(call(0, "list_tasks", "{}"), call(1, "list_tasks", '{"cursor": "older"}'))
    await stage.tools()
    told = stage.stored()
    assert [told[c]["tasks"][0]["task_id"] for c in ("c-0", "c-1")] == ["behind-None", "behind-older"]
    assert [told[c]["next"] for c in ("c-0", "c-1")] == ["older", None]
