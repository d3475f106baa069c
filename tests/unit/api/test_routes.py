"""The conversation's routes: one shape of refusal, whose turn it is, and what unknown looks like."""

import pytest

from actors import chat_store
from agent.api.problems import RETRY_AFTER, STATUS
from agent.domain import errors
from agent.domain.conversation import Submission
from agent.domain.errors import Problem
from agent.domain.limits import QUEUE_MAX
from agent.domain.messages import Message
from tests.unit.api.service import Service, is_problem
from tests.unit.turns.host import KEY

KINDS = [k for k in vars(errors).values() if isinstance(k, type) and issubclass(k, Problem) and k is not Problem]


@pytest.mark.parametrize("kind", KINDS, ids=lambda k: k.kind)
async def test_every_kind_of_problem_has_its_status(service: Service, kind: type[Problem]) -> None:
    service.tasks.refuse = kind("some_code", "Some sentence.", number=7)
    body = {"task_id": "t", "title": "Review it", "description": "The payment PR", "assignee": "Bob"}
    async with service.client() as client:
        answer = await client.post("/tasks/process", json=body)
    assert is_problem(answer, STATUS[kind.kind], "some_code")
    assert answer.json() == {"detail": "Some sentence.", "code": "some_code", "number": 7}
    assert answer.headers.get("Retry-After") == RETRY_AFTER.get(answer.status_code)
    assert Problem.__subclasses__() == KINDS


async def test_a_bug_is_a_500_that_says_nothing_of_the_inside(service: Service) -> None:
    async def bug(task_id: str):
        raise RuntimeError("secret detail")

    service.tasks.on_get = bug
    async with service.client() as client:
        answer = await client.get("/tasks/t")
    assert is_problem(answer, 500, "internal_error")
    assert "secret" not in answer.text


@pytest.mark.parametrize(
    ("verb", "path", "status", "code"),
    [
        ("GET", "/nowhere", 404, "not_found"),
        ("POST", "/", 405, "method_not_allowed"),
        ("GET", "/assets/nothing.js", 404, "not_found"),
        ("GET", "/docs/", 404, "not_found"),
        ("GET", "/docs/files/redoc.standalone.js", 404, "not_found"),
        ("GET", "/docs/files/..%2fcore.py", 404, "not_found"),
        ("GET", "/redoc", 404, "not_found"),
        ("GET", "/dapr/config", 404, "not_found"),
        ("GET", "/dapr/subscribe", 404, "not_found"),
        ("GET", "/healthz", 404, "not_found"),
        ("PUT", "/actors/ChatActor/default.local.main/method/GetTurn", 404, "not_found"),
        ("GET", "/chat", 405, "method_not_allowed"),
        ("GET", "/history/", 404, "not_found"),
        ("GET", "/turns/nonsense", 404, "turn_not_found"),
        ("GET", "/turns/..%2f..%2fetc", 404, "not_found"),
        ("GET", "/turns/%00", 404, "turn_not_found"),
        ("GET", "/turns/" + "x" * 10_000, 404, "turn_not_found"),
        ("GET", "/turns/main.1." + "a" * 26, 404, "turn_not_found"),
        ("GET", "/turns/main.1." + "a" * 26 + "/context", 404, "turn_not_found"),
        ("GET", "/turns/main.1." + "a" * 26 + "/context?step=0", 404, "turn_not_found"),
        ("GET", "/turns/main.1." + "a" * 26 + "/context?step=-1", 422, "invalid_request"),
        ("GET", "/turns/main.1." + "a" * 26 + "/context?step=8", 422, "invalid_request"),
        ("GET", "/turns/main.1." + "a" * 26 + "/context?step=newest", 422, "invalid_request"),
        ("GET", "/history?conversation=a.b", 400, "bad_conversation_id"),
        ("GET", "/history?limit=0", 422, "invalid_request"),
        ("GET", "/history?limit=101", 422, "invalid_request"),
        ("GET", "/history?limit=many", 422, "invalid_request"),
        ("GET", "/history?before=0", 422, "invalid_request"),
        ("GET", "/history?before=99999999999999999999", 422, "invalid_request"),
        ("DELETE", "/history?conversation=", 400, "bad_conversation_id"),
        ("GET", "/context?conversation=%F0%9F%A4%9D", 400, "bad_conversation_id"),
    ],
)
async def test_what_is_unknown_or_malformed(service: Service, verb: str, path: str, status: int, code: str) -> None:
    async with service.client() as client:
        assert is_problem(await client.request(verb, path), status, code)


@pytest.mark.parametrize("body", ["9" * 5_000, "[" * 100_000 + "]" * 100_000], ids=["digits", "brackets"])
async def test_json_that_breaks_the_parser_is_refused_in_our_words(service: Service, body: str) -> None:
    async with service.client() as client:
        answer = await client.post("/chat", content=f'{{"message": {body}}}', headers={"Content-Type": "application/json"})
    assert is_problem(answer, 400, "invalid_json")
    assert "JSON" in answer.json()["detail"]


async def test_a_turn_is_its_users_alone(service: Service) -> None:
    turn = (await service.host.submit("mine")).turn_id
    async with service.client() as client:
        assert (await client.get(f"/turns/{turn}")).json()["user_message"]["content"] == "mine"
        for stranger in ({"X-User-Id": "eve"}, {"X-Tenant-Id": "other"}):
            for path in (f"/turns/{turn}", f"/turns/{turn}/context"):
                answer = await client.get(path, headers=stranger)
                assert is_problem(answer, 404, "turn_not_found")
                assert answer.json()["detail"] == "Turn not found"
            assert (await client.get("/history", headers=stranger)).json()["turns"] == []
        guess = turn[:-1] + ("b" if turn[-1] != "b" else "c")
        assert is_problem(await client.get(f"/turns/{guess}"), 404, "turn_not_found")


async def test_history_context_and_clearing_over_http(service: Service) -> None:
    turn = (await service.host.submit("question")).turn_id
    async with service.client() as client:
        assert is_problem(await client.delete("/history"), 409, "turn_running")
        await service.answer(turn, "ans", "wer")
        seen = (await client.get(f"/turns/{turn}")).json()
        assert (seen["status"], seen["message"]["content"], seen["usage"]["total_tokens"]) == ("completed", "answer", 5)
        page = (await client.get("/history")).json()
        assert [m["content"] for m in page["turns"][0]["messages"]] == ["question", "answer"]
        assert (page["total_turns"], page["next"]) == (1, None)
        context = (await client.get("/context")).json()
        assert context["used"] == sum(m["tokens"] for m in context["messages"] if m["included"]) + context["overhead"]
        sent = (await client.get(f"/turns/{turn}/context")).json()
        assert (sent["messages"][-1]["content"], sent["step"], sent["steps"]) == ("question", 0, [0])
        assert (await client.get(f"/turns/{turn}/context?step=0")).json() == sent
        assert is_problem(await client.get(f"/turns/{turn}/context?step=1"), 404, "no_context")
        assert (context["step"], context["steps"]) == (None, []), "a turn has steps, now has none"
        assert (await client.delete("/history")).json() == {"cleared_turns": 1, "cleared_tokens": 2}
        assert (await client.get("/history")).json()["turns"] == []
        assert "p-" not in str(page)


async def test_a_full_queue_is_a_429_with_a_time(service: Service) -> None:
    for n in range(QUEUE_MAX + 1):
        await service.host.submit(secret=n + 100)
    async with service.client() as client:
        answer = await client.post("/chat", json={"message": "one too many"})
    assert is_problem(answer, 429, "queue_full")
    assert answer.headers["Retry-After"]


async def test_a_bound_that_stays_reached_names_no_time(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(chat_store, "IDEMPOTENCY_KEYS_MAX", 2)
    said = Message(role="user", content="hi", tokens=1, created_at=service.host.clock.now().isoformat())
    await service.host.chats.process_message(KEY, Submission(secret="0" * 32, message=said, time_zone="UTC", key="a", also="b"))
    async with service.client() as client:
        answer = await client.post("/chat", json={"message": "one too many"}, headers={"Idempotency-Key": "c"})
    assert is_problem(answer, 429, "too_many_keys")
    assert "Retry-After" not in answer.headers


async def test_about_is_typed(service: Service) -> None:
    async with service.client() as client:
        assert (await client.get("/about")).json() == {"version": "1.2.3", "model": "m", "demo": True, "replica": "0"}


async def test_readiness_names_what_it_waits_for(service: Service) -> None:
    async with service.client() as client:
        assert (await client.get("/readyz")).status_code == 200
        service.ready["actors"] = False
        answer = await client.get("/readyz")
    assert is_problem(answer, 503, "not_ready")
    assert "actors" in answer.json()["detail"]
    assert "sidecar" not in answer.json()["detail"]
