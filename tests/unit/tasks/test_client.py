"""The Tasks port over its actors: reserve before schedule, repeats, conflicts, tenants, lists."""

import pytest

from agent.domain.errors import BadRequest, Busy, Conflict, NotFound
from agent.domain.ids import Identity
from agent.domain.limits import INDEX_CHUNK, TASKS_PER_USER_MAX
from agent.domain.processing import WorkflowResult, WorkflowView
from agent.domain.task_changes import Change
from tests.fakes.ports import OUT_OF_REACH
from tests.unit.tasks.host import ALICE, TaskHost, step
from tests.unit.tasks.records import request

CAROL = Identity("default", "carol")


@pytest.fixture
def host() -> TaskHost:
    return TaskHost()


async def test_the_first_request_starts_and_its_repeat_tells_the_status(host: TaskHost) -> None:
    first = await host.tasks.process(ALICE, request())
    assert (first.workflow_id, first.started, first.status) == ("task-workflow-t1", True, "running")
    again = await host.tasks.process(ALICE, request(key="another", by="turn:x"))
    assert (again.started, again.status) == (False, "running")
    assert host.engine.processing == ["t1", "t1"]  # the second in case the first died before it scheduled
    result = WorkflowResult(task_id="t1", status="rejected", message="No.")
    await host.tasks.record_result("default", "t1", result, [])
    assert (await host.tasks.process(ALICE, request())).status == "rejected"
    assert host.engine.processing == ["t1", "t1"]


async def test_conflicts(host: TaskHost) -> None:
    await host.tasks.process(ALICE, request())
    for who, asked in ((ALICE, request(title="Another title")), (CAROL, request())):
        with pytest.raises(Conflict) as e:
            await host.tasks.process(who, asked)
        assert e.value.code == "task_id_used"
    assert (await host.tasks.list_tasks(CAROL, None, 20, None)).tasks == ()


async def test_the_same_id_in_another_tenant_is_another_task(host: TaskHost) -> None:
    await host.processed()
    other = Identity("acme", "alice")
    assert (await host.tasks.process(other, request(title="Another title"))).started
    with pytest.raises(NotFound):
        await host.tasks.get("acme", "t1")


async def test_outcome(host: TaskHost) -> None:
    with pytest.raises(NotFound) as e:
        await host.tasks.outcome("default", "t1")
    assert e.value.code == "workflow_not_found"

    await host.tasks.process(ALICE, request())
    host.engine.processing.clear()
    view = await host.tasks.outcome("default", "t1")
    assert (view.status, view.steps) == ("running", ())
    assert host.engine.processing == ["t1"]  # the engine knew nothing of it

    running = WorkflowView(
        workflow_id="task-workflow-t1", task_id="t1", status="running", result=None, steps=(step("validate"),)
    )
    host.engine.views["t1"] = running
    assert await host.tasks.outcome("default", "t1") == running

    result = WorkflowResult(task_id="t1", status="completed", message="Done.")
    await host.tasks.record_result("default", "t1", result, [step("validate"), step("create")])
    view = await host.tasks.outcome("default", "t1")
    assert (view.status, view.result, len(view.steps)) == ("completed", result, 2)


@pytest.mark.parametrize("bad", ["", "a/b", "..", "a.b", "ä", "x" * 65, "-x", "a b", "a\x00"])
async def test_ids_of_another_form_name_nothing(host: TaskHost, bad: str) -> None:
    with pytest.raises(NotFound):
        await host.tasks.get("default", bad)
    with pytest.raises(NotFound):
        await host.tasks.set_status("default", bad, "completed", Change(by="user:alice"))
    with pytest.raises(BadRequest):
        await host.tasks.process(ALICE, request(task_id=bad))


async def test_lists_newest_first_page_by_page_across_chunks(host: TaskHost) -> None:
    total = INDEX_CHUNK + 3
    for n in range(total):
        await host.tasks.process(ALICE, request(task_id=f"t{n}"))
        await host.tasks.open("default", f"t{n}", "k")
    listed: list[str] = []
    cursor, pages = None, 0
    while True:
        page = await host.tasks.list_tasks(ALICE, None, 70, cursor)
        listed += [task.task_id for task in page.tasks]
        cursor, pages = page.next, pages + 1
        if cursor is None:
            break
    assert listed == [f"t{n}" for n in reversed(range(total))]
    assert pages == 3


async def test_a_filter_finds_what_is_there_and_skips_what_was_not_created(host: TaskHost) -> None:
    for n in range(6):
        await host.tasks.process(ALICE, request(task_id=f"t{n}"))
        if n != 5:
            await host.tasks.open("default", f"t{n}", "k")
    await host.tasks.set_status("default", "t1", "completed", Change(by="user:alice"))
    await host.tasks.set_status("default", "t3", "completed", Change(by="user:alice"))
    page = await host.tasks.list_tasks(ALICE, "completed", 1, None)
    assert [task.task_id for task in page.tasks] == ["t3"]
    page = await host.tasks.list_tasks(ALICE, "completed", 1, page.next)
    assert [task.task_id for task in page.tasks] == ["t1"]
    page = await host.tasks.list_tasks(ALICE, "completed", 1, page.next)
    assert (page.tasks, page.next) == ((), None)


async def test_listing_looks_after_a_task_whose_workflow_was_lost_before_it_made_it(host: TaskHost) -> None:
    await host.processed()
    for task_id in ("lost", "rejected"):
        await host.tasks.process(ALICE, request(task_id=task_id))
    rejected = WorkflowResult(task_id="rejected", status="rejected", message="No.")
    await host.tasks.record_result("default", "rejected", rejected, [])
    host.engine.processing.clear()
    page = await host.tasks.list_tasks(ALICE, None, 20, None)
    assert [task.task_id for task in page.tasks] == ["t1"]
    assert host.engine.processing == ["lost"]


async def test_listing_does_not_need_the_engine(host: TaskHost, monkeypatch: pytest.MonkeyPatch) -> None:
    async def out_of_reach(tenant: str, task_id: str, wait: float = 0.0) -> WorkflowView | None:
        raise OUT_OF_REACH

    await host.tasks.process(ALICE, request())
    monkeypatch.setattr(host.engine, "task_processing", out_of_reach)
    assert (await host.tasks.list_tasks(ALICE, None, 20, None)).tasks == ()


@pytest.mark.parametrize("cursor", ["", "x", "below:3", "YmVsb3c6LTE", "YmVsb3c6MA", "ä", "====", "YmVsb3c6MDM"])
async def test_cursors_that_are_none(host: TaskHost, cursor: str) -> None:
    with pytest.raises(BadRequest) as e:
        await host.tasks.list_tasks(ALICE, None, 20, cursor)
    assert e.value.code == "bad_cursor"


async def test_adding_twice_lists_once_also_in_a_new_process(host: TaskHost) -> None:
    for _ in range(2):
        await host.tasks.process(ALICE, request())
        host.crash()
    assert host.store["default.alice", "meta"]["count"] == 1


async def test_a_user_at_the_bound_is_told_so_and_nothing_runs(host: TaskHost) -> None:
    host.store["default.alice", "meta"] = {"format": 1, "count": TASKS_PER_USER_MAX}
    with pytest.raises(Busy) as e:
        await host.tasks.process(ALICE, request())
    assert e.value.code == "too_many_tasks"
    assert host.engine.processing == []
    assert list(host.store) == [("default.alice", "meta")], "and nothing is stored"
