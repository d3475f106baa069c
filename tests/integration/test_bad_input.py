"""Whatever is sent, the answer is a 4xx with ``detail`` and ``code``, and the conversation is as usable as before."""

import json
from typing import Any

import httpx
import pytest

from tests.integration.client import Client
from tests.integration.endpoint import mark
from tests.integration.hostile import BODIES, JSON, TASK, refused

LONG = "a" * 10_000
BAD_IDS = [
    "a/b",
    "..",
    ".",
    "a.b",
    "-a",
    "_a",
    "ä",
    "日本",
    "a b",
    "a\0b",
    "a%2Fb",
    "a\n",
    "👍",
    "a" * 65,
    LONG,
    "",
    "*",
    "'--",
]


CHAT: list[tuple[Any, int, str]] = [
    ({"message": ""}, 400, "empty_message"),
    ({"message": " \n\t\u3000\u2028"}, 400, "empty_message"),
    ({"message": None}, 422, "invalid_request"),
    ({"message": 5}, 422, "invalid_request"),
    ({"message": True}, 422, "invalid_request"),
    ({"message": ["hi"]}, 422, "invalid_request"),
    ({"message": {"text": "hi"}}, 422, "invalid_request"),
    ({}, 422, "invalid_request"),
    ({"message": "hi", "mesage": "hi"}, 422, "invalid_request"),
    ({"message": "hi", "conversation": None}, 422, "invalid_request"),
    ({"message": "hi", "conversation": 1}, 422, "invalid_request"),
    *(({"message": "hi", "on_busy": bad}, 422, "invalid_request") for bad in ("", "wait", None, 1, ["queue"])),
    ([], 422, "invalid_request"),
    ("hi", 422, "invalid_request"),
    (None, 422, "invalid_request"),
    *(({"message": "hi", "conversation": bad}, 400, "bad_conversation_id") for bad in BAD_IDS),
]


@pytest.mark.parametrize(("body", "status", "code"), CHAT, ids=[repr(body)[:50] for body, _, _ in CHAT])
def test_chat(hostile: Client, body: Any, status: int, code: str) -> None:
    refused(hostile.http.post("/chat", content=json.dumps(body), headers=JSON), status, code)


def process(**changes: Any) -> dict[str, Any]:
    return {name: value for name, value in (TASK | changes).items() if value is not ...}


PROCESS: list[tuple[Any, int, str]] = [
    *((process(task_id=bad), 400, "bad_task_id") for bad in BAD_IDS),
    *((process(**{name: bad}), 422, "invalid_request") for name in TASK for bad in (5, None, ["x"], True, ...)),
    (process(title="t" * 201), 422, "invalid_request"),
    (process(description="d" * 8_001), 422, "invalid_request"),
    *((process(assignee=bad), 422, "invalid_request") for bad in ("", "x" * 129)),
    *((process(assignee=bad), 422, "bad_assignee") for bad in ("  ", "a\nb", "a\0b")),
    *(
        (process(deadline_seconds=bad), 422, "bad_deadline")
        for bad in (0, -1, -1e-9, 1e300, 10**400, 157_680_001, True, "60", None, [60], {"s": 60})
    ),
    (process(priority="high"), 422, "invalid_request"),
    ([TASK], 422, "invalid_request"),
]


@pytest.mark.parametrize(("body", "status", "code"), PROCESS, ids=[repr(body)[-60:] for body, _, _ in PROCESS])
def test_process(hostile: Client, body: Any, status: int, code: str) -> None:
    refused(hostile.http.post("/tasks/process", content=json.dumps(body), headers=JSON), status, code)


def test_changes_of_a_task(hostile: Client) -> None:
    owner = Client(hostile.urls)
    task = f"t-{mark()}"
    assert owner.post("/tasks/process", **TASK | {"task_id": task})["status"] == "started"
    owner.eventually(f"/workflows/task-workflow-{task}", lambda view: view["status"] == "completed")
    before = owner.get(f"/tasks/{task}")
    for path, bodies in {
        "status": [{"status": bad} for bad in ("done", "", None, 5, "COMPLETED", ["completed"])]
        + [{}, {"status": "overdue", "x": 1}],
        "assignee": [{"assignee": bad} for bad in ("", " ", 5, "a\0b", "x" * 129, ["Bob"])] + [{}],
        "deadline": [{"deadline": bad} for bad in ("", "tomorrow", "2030-01-01", "2030-01-01T10:00:00", 5, True, "x" * 9_000)]
        + [{"deadline_seconds": bad} for bad in (0, -5, True, "5", None, 10**30)]
        + [{}, {"deadline": None, "deadline_seconds": 5}, {"deadline": "9999-99-99T00:00:00Z"}],
    }.items():
        for body in bodies:
            answer = owner.http.post(f"/tasks/{task}/{path}", json=body)
            refused(answer, 422)
            assert answer.json()["code"] in ("invalid_request", f"bad_{path}"), answer.text
    for past in ("2001-01-01T00:00:00Z", "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00", "2999-01-01T00:00:00Z"):
        refused(owner.http.post(f"/tasks/{task}/deadline", json={"deadline": past}), (400, 422))
    refused(owner.http.post("/tasks/process", json=TASK | {"task_id": task, "title": "Another title"}), 409, "task_id_used")
    assert owner.get(f"/tasks/{task}") == before

    owner.post(f"/tasks/{task}/status", status="completed")
    for path, body in {
        "status": {"status": "pending"},
        "assignee": {"assignee": "Eve"},
        "deadline": {"deadline": None},
    }.items():
        refused(owner.http.post(f"/tasks/{task}/{path}", json=body), 409, "illegal_status_change")
    owner.close()


@pytest.mark.parametrize("bad", [bad for bad in BAD_IDS if bad not in ("", ".", "..")], ids=lambda bad: ascii(bad)[:20])
def test_ids_in_paths_name_nothing(hostile: Client, bad: str) -> None:
    encoded = "".join(f"%{byte:02X}" for byte in bad.encode())
    for path in (
        "/turns/{}",
        "/turns/{}/context",
        "/turns/{}/events",
        "/tasks/{}",
        "/tasks/{}/history",
        "/workflows/{}",
        "/workflows/task-workflow-{}",
    ):
        refused(hostile.http.get(path.format(encoded)), 404)
    for path in ("status", "assignee", "deadline"):
        refused(hostile.http.post(f"/tasks/{encoded}/{path}", json=BODIES[f"/tasks/x/{path}"]), 404)


@pytest.mark.parametrize(
    "turn",
    [
        "main.1.aaaaaaaaaaaaaaaaaaaaaaaaaa",
        "main.0.aaaaaaaaaaaaaaaaaaaaaaaaaa",
        "main.1.",
        "main",
        "main.9999999999." + "a" * 26,
    ],
)
def test_unknown_turns(hostile: Client, turn: str) -> None:
    refused(hostile.http.get(f"/turns/{turn}/context"), 404)


QUERIES = [
    *(("/history", {"limit": bad}) for bad in ("0", "-1", "101", "x", "", "1.5", "9" * 5_000, "٣")),
    *(("/history", {"before": bad}) for bad in ("0", "-1", "x", "1e3", "9" * 5_000, str(2**63))),
    *(("/history", {"conversation": bad}) for bad in BAD_IDS),
    *(("/context", {"conversation": bad}) for bad in BAD_IDS),
    *(("/tasks", {"limit": bad}) for bad in ("0", "101", "x")),
    *(("/tasks", {"cursor": bad}) for bad in ("x", LONG, "YmVsb3c6LTE", "YmVsb3c6OTk5OTk5OTk5OTk5OTk5OTk5", "\0", "é", "===")),
    ("/tasks", {"status": "done"}),
]


@pytest.mark.parametrize(("path", "query"), QUERIES, ids=[ascii(q)[:60] for q in QUERIES])
def test_queries(hostile: Client, path: str, query: dict[str, str]) -> None:
    refused(hostile.http.get(path, params=query), (400, 422))
    if "conversation" in query:
        refused(hostile.http.delete("/history", params=query), 400, "bad_conversation_id")


HEADERS = [
    *(("X-User-Id", bad, "bad_user_id") for bad in ("", "a/b", "a b", ".a", "ä", "a" * 129, LONG, "a\tb", "{}")),
    *(("X-Tenant-Id", bad, "bad_tenant_id") for bad in ("", "a.b", "..", "ä", "a" * 65, LONG)),
]
ZONES = [
    "",
    "Mars/Olympus",
    "../../etc/passwd",
    "/etc/localtime",
    "Europe",
    "Europe/",
    "utc\u00e9",
    "a" * 5_000,
    "tzdata.zi",
    "__init__.py",
]


@pytest.mark.parametrize(("name", "value", "code"), HEADERS, ids=[ascii(h[:2])[:50] for h in HEADERS])
def test_identities(hostile: Client, name: str, value: str, code: str) -> None:
    headers = httpx.Headers([(name.encode(), value.encode())])
    for method, path in [
        ("GET", p) for p in ("/history", "/context", "/tasks", "/tasks/x", "/events", "/turns/x", "/workflows/x")
    ]:
        refused(httpx.request(method, hostile.url + path, headers=headers, timeout=60, trust_env=False), 400, code)
    for path, body in BODIES.items():
        refused(httpx.post(hostile.url + path, json=body, headers=headers, timeout=60, trust_env=False), 400, code)


@pytest.mark.parametrize("zone", ZONES, ids=lambda zone: ascii(zone)[:30])
def test_time_zones(hostile: Client, zone: str) -> None:
    headers = httpx.Headers([(b"x-time-zone", zone.encode())])
    refused(hostile.http.get("/context", headers=headers), 400, "bad_time_zone")
    refused(hostile.http.post("/chat", json={"message": "hi"}, headers=headers), 400, "bad_time_zone")


@pytest.mark.parametrize("last", ["9" * 5_000, "-1", "x", "٣", "", "1.5"], ids=lambda last: ascii(last)[:20])
def test_a_strange_last_event_id_is_no_reason_to_fail(hostile: Client, last: str) -> None:
    headers = httpx.Headers([(b"last-event-id", last.encode())])
    with hostile.http.stream("GET", "/events", headers=headers) as feed:
        assert feed.status_code == 200
