"""What models write, sloppy or hostile, becomes checked arguments or a sentence they can act on."""

import json
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import jsonschema
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.domain.deadline import deadline_seconds_from
from agent.domain.errors import BadRequest
from agent.domain.limits import DEADLINE_SECONDS_MAX, TOOL_ARGUMENTS_BYTES_MAX, TOOL_RESULT_BYTES_MAX
from agent.domain.tool_args import AssignTask, CreateTask, GetTask, GetWorkflowStatus, ListTasks, UpdateTaskStatus
from agent.domain.tools import TOOLS, parse_call, shorten_result, tool_schemas

NOW = datetime(2026, 5, 29, 7, 30, tzinfo=UTC)
TASK: dict[str, Any] = {"title": "Review the PR", "description": "Look at the payment PR", "assignee": "Bob"}


def parsed(name: str, **arguments: Any) -> Any:
    return parse_call(name, json.dumps(arguments))


def fault(name: str, arguments: str) -> str:
    with pytest.raises(BadRequest) as refused:
        parse_call(name, arguments)
    assert refused.value.code == "bad_arguments"
    refused.value.detail.encode()  # whatever the model wrote, the sentence can be sent
    return refused.value.detail


def test_each_tool_takes_what_it_says() -> None:
    assert parsed("create_task", **TASK) == CreateTask(**TASK)
    assert parsed("get_task", task_id="t-1") == GetTask(task_id="t-1")
    assert parsed("list_tasks") == ListTasks(status=None, limit=20)
    assert parsed("update_task_status", task_id="t-1", status="completed") == UpdateTaskStatus(
        task_id="t-1", status="completed"
    )
    assert parsed("assign_task", task_id="t-1", assignee="Ann") == AssignTask(task_id="t-1", assignee="Ann")
    assert parsed("get_workflow_status", workflow_id="task-workflow-t-1") == GetWorkflowStatus(workflow_id="task-workflow-t-1")


@pytest.mark.parametrize(
    ("name", "written", "meant"),
    [
        ("create_task", {**TASK, "deadline": "", "deadline_seconds": None}, TASK),
        ("create_task", {**TASK, "deadline": None, "deadline_seconds": " "}, TASK),
        ("create_task", {**TASK, "deadline_seconds": "90"}, {**TASK, "deadline_seconds": 90}),
        ("create_task", {**TASK, "assignee": "  Bob "}, TASK),
        ("get_task", {"task_id": 7}, {"task_id": "7"}),
        ("list_tasks", {"status": None, "limit": None}, {}),
        ("list_tasks", {"status": "", "limit": "5"}, {"limit": 5}),
        ("list_tasks", {"status": "ALL", "limit": 5.0}, {"limit": 5}),
        ("list_tasks", {"status": "In Progress"}, {"status": "in_progress"}),
        ("update_task_status", {"task_id": "t", "status": "in-progress"}, {"task_id": "t", "status": "in_progress"}),
    ],
)
def test_sloppy_forms_are_understood(name: str, written: dict[str, Any], meant: dict[str, Any]) -> None:
    assert parsed(name, **written) == parsed(name, **meant)


@pytest.mark.parametrize("text", ["", "  ", "{}"])
def test_no_arguments_at_all(text: str) -> None:
    assert parse_call("list_tasks", text) == ListTasks()


@pytest.mark.parametrize(
    ("name", "change", "says"),
    [
        ("create_task", {"title": None}, "title"),
        ("create_task", {"title": "a\nb"}, "title: must not contain control characters"),
        ("create_task", {"title": "nul\0"}, "title"),
        ("create_task", {"title": "x" * 201}, "at most 200"),
        ("create_task", {"description": "x" * 8001}, "at most 8000"),
        ("create_task", {"assignee": " "}, "assignee: String should have at least 1 character"),
        ("create_task", {"assignee": "x" * 129}, "assignee"),
        ("create_task", {"assignee": "\ud800"}, "assignee"),
        ("create_task", {"description": "\ud800"}, "description"),
        ("create_task", {"deadline": "tomorrow", "deadline_seconds": 5}, "not both"),
        ("create_task", {"deadline_seconds": True}, "deadline_seconds: must be a number"),
        ("create_task", {"deadline_seconds": "inf"}, "finite"),
        ("create_task", {"priority": "high"}, "priority: Extra inputs are not permitted"),
        ("create_task", {"\ud800": 1}, "create_task"),
        ("get_task", {"task_id": "../x"}, "task_id: A task id is"),
        ("get_task", {"task_id": "x" * 65}, "task_id"),
        ("get_task", {"task_id": ["t"]}, "task_id"),
        ("list_tasks", {"limit": 0}, "greater than or equal to 1"),
        ("list_tasks", {"limit": 51}, "less than or equal to 50"),
        ("list_tasks", {"limit": True}, "limit"),
        ("list_tasks", {"status": "done"}, "'completed'"),
        ("assign_task", {"task_id": "t", "assignee": None}, "assignee"),
        ("get_workflow_status", {"workflow_id": "task-workflow-"}, "A task id is"),
        ("get_workflow_status", {"workflow_id": "other.task-workflow-t"}, "A task id is"),
    ],
)
def test_wrong_arguments_are_named(name: str, change: dict[str, Any], says: str) -> None:
    base = TASK if name == "create_task" else {}
    assert says in fault(name, json.dumps({**base, **change}))


@pytest.mark.parametrize(
    "text", ["{", "nonsense", "[]", '"{}"', "1", "[" * 20_000, '{"limit":' * 3_000, '{"limit": NaN}', "1" * 5_000, "\0"]
)
def test_what_is_no_json_object_is_refused(text: str) -> None:
    assert fault("list_tasks", text).startswith("list_tasks: ")


def test_sizes_are_bounded_both_ways() -> None:
    assert str(TOOL_ARGUMENTS_BYTES_MAX) in fault("list_tasks", '{"x":"' + "é" * (TOOL_ARGUMENTS_BYTES_MAX // 2) + '"}')
    long_names = json.dumps({f"{i}" + "n" * 200: 1 for i in range(100)})
    assert len(fault("list_tasks", long_names)) < 1_000


def test_an_unknown_tool_is_told_the_known_ones() -> None:
    with pytest.raises(BadRequest) as refused:
        parse_call("delete_everything" * 100, "{}")
    assert refused.value.code == "unknown_tool"
    assert all(name in refused.value.detail for name in TOOLS)
    assert len(refused.value.detail) < 400


def test_the_workflow_may_be_named_by_its_task() -> None:
    assert parsed("get_workflow_status", workflow_id="t-1").task_id == "t-1"
    assert parsed("get_workflow_status", workflow_id="task-workflow-t-1").task_id == "t-1"


def test_schemas_are_valid_simple_and_match_the_models() -> None:
    schemas = tool_schemas()
    assert [s["function"]["name"] for s in schemas] == list(TOOLS)
    for schema in schemas:
        parameters = schema["function"]["parameters"]
        jsonschema.Draft202012Validator.check_schema(parameters)
        assert "\n" not in schema["function"]["description"]
        text = json.dumps(parameters)
        assert not any(word in text for word in ("$defs", "$ref", "anyOf", "null", '"title": "', '"ge"'))
        assert parameters["properties"].keys() == TOOLS[schema["function"]["name"]].arguments.model_fields.keys()
        assert all("type" in field for field in parameters["properties"].values())
    listing = schemas[2]["function"]["parameters"]
    assert listing["properties"]["limit"] | {"description": ""} == {
        "type": "integer",
        "minimum": 1,
        "maximum": 50,
        "default": 20,
        "description": "",
    }
    assert schemas[0]["function"]["parameters"]["required"] == ["title", "description", "assignee"]


def seconds(tz: str = "Europe/Berlin", now: datetime = NOW, **deadline: Any) -> float:
    return deadline_seconds_from(CreateTask(**TASK, **deadline), now, tz)


def test_deadlines() -> None:
    assert seconds() == 3600
    assert seconds(deadline_seconds=0.5) == 0.5
    assert seconds(deadline="2026-05-29T07:31:00Z") == 60
    assert seconds(deadline="2026-05-29T09:31:00+02:00", tz="Asia/Tokyo") == 60
    assert seconds(deadline="2026-05-29T09:31") == 60
    assert seconds(deadline="2026-05-29 16:31", tz="Asia/Tokyo") == 60
    assert seconds(deadline="2026-05-29", tz="UTC") == (16 * 60 + 29) * 60 + 59


def test_a_wall_clock_deadline_beyond_a_change_to_winter_time() -> None:
    zone = ZoneInfo("Europe/Berlin")
    saturday = datetime(2026, 10, 24, 12, tzinfo=zone)
    assert seconds(deadline="2026-10-25T12:00", now=saturday) == 25 * 3600


@pytest.mark.parametrize(
    ("deadline", "says"),
    [
        ({"deadline": "2026-05-29T07:30:00Z"}, "it is now 2026-05-29T09:30:00+02:00"),
        ({"deadline": "2026-05-29T09:29"}, "not in the future"),
        ({"deadline": "0001-01-01T00:00:00+14:00"}, "not in the future"),
        ({"deadline": "9999-12-31T23:59:59-12:00"}, "days ahead"),
        ({"deadline": "9999-12-31"}, "days ahead"),
        ({"deadline": "next Friday"}, "ISO 8601"),
        ({"deadline": "17:00"}, "ISO 8601"),
        ({"deadline": "2026-13-01T00:00"}, "ISO 8601"),
        ({"deadline_seconds": 0}, "not in the future"),
        ({"deadline_seconds": -5}, "not in the future"),
        ({"deadline_seconds": DEADLINE_SECONDS_MAX + 1}, "days ahead"),
        ({"deadline_seconds": 1e300}, "days ahead"),
    ],
)
def test_bad_deadlines(deadline: dict[str, Any], says: str) -> None:
    with pytest.raises(BadRequest) as refused:
        seconds(**deadline)
    assert refused.value.code == "bad_deadline"
    assert says in refused.value.detail


@pytest.mark.parametrize("tz", ["Mars/Olympus", "../etc/passwd", "Europe", "", "x\0y", "a" * 10_000, "\ud800"])
def test_unknown_time_zones(tz: str) -> None:
    with pytest.raises(BadRequest) as refused:
        seconds(tz=tz)
    assert refused.value.code == "bad_time_zone"


def size(value: Any) -> int:
    return len(json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode())


@settings(max_examples=40, deadline=None)
@given(
    st.sampled_from(["a", '"', "\\", "\n", "\0", "é", "漢", "🙂"]),
    st.integers(TOOL_RESULT_BYTES_MAX // 8, TOOL_RESULT_BYTES_MAX),
)
def test_results_are_shortened_to_the_bound_and_not_far_below(char: str, count: int) -> None:
    result = {"text": char * count}
    short = shorten_result(result)
    if size(result) <= TOOL_RESULT_BYTES_MAX:
        assert short == result
    else:
        assert short["truncated"] is True
        assert TOOL_RESULT_BYTES_MAX - 16 < size(short) <= TOOL_RESULT_BYTES_MAX
        assert json.dumps(result, ensure_ascii=False, separators=(",", ":")).startswith(short["preview"])
