"""What a request must pass before a route sees it: Host, content type, size; and that no input whatever is a 500."""

from collections.abc import AsyncIterator

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from agent.domain.limits import HISTORY_BODY_BYTES_MAX, MESSAGE_BYTES_MAX, REQUEST_BODY_BYTES_MAX
from tests.unit.api.service import Service, is_problem

JSON = {"Content-Type": "application/json"}


@pytest.mark.parametrize("host", ["127.0.0.1", "127.0.0.1:8080", "localhost", "LOCALHOST:1", "[::1]", "[::1]:8080"])
async def test_loopback_names_are_answered(service: Service, host: str) -> None:
    async with service.client(Host=host) as client:
        assert (await client.get("/livez")).status_code == 200


@pytest.mark.parametrize(
    "host",
    ["", "evil.example", "127.0.0.1.evil.example", "evil.example:127.0.0.1", "localhost.evil.example:80", "127.0.0.2"]
    + ["[::2]", "::1", "0.0.0.0", "localhost@evil.example", "127.0.0.1:80:80", "[::1].evil.example"],
)
async def test_another_name_is_refused_on_every_route(service: Service, host: str) -> None:
    async with service.client(Host=host) as client:
        for path in ("/livez", "/history", "/openapi.json", "/nowhere"):
            assert is_problem(await client.get(path), 421, "bad_host")


ELSEWHERE = [
    {"Sec-Fetch-Site": "cross-site"},
    {"Sec-Fetch-Site": "same-site"},  # another port of this machine
    {"Sec-Fetch-Site": "cross-site", "Origin": "http://127.0.0.1:8080"},
    {"Origin": "https://evil.example"},
    {"Origin": "http://127.0.0.1:3000"},
    {"Origin": "http://localhost:8080"},
    {"Origin": "null"},
    {"Origin": ""},
]
HERE = [
    {},
    {"Sec-Fetch-Site": "same-origin", "Origin": "http://127.0.0.1:8080"},
    {"Sec-Fetch-Site": "same-origin", "Origin": "http://localhost:5173"},  # by a proxy that changes Host
    {"Sec-Fetch-Site": "none"},
    {"Origin": "http://127.0.0.1:8080"},
    {"Sec-Fetch-Mode": "cors"},  # Node
]


@pytest.mark.parametrize("headers", ELSEWHERE, ids=str)
async def test_a_page_of_another_origin_changes_nothing(service: Service, headers: dict[str, str]) -> None:
    turn_id = (await service.host.submit("hi", secret=99)).turn_id
    async with service.client(**headers) as client:
        stopped = await client.post("/api/chat/main/stop")  # a "simple request": no preflight asks before it
        assert (stopped.status_code, stopped.headers["X-Error-Code"]) == (403, "other_origin")
        for method, path in (("POST", f"/turns/{turn_id}/cancel"), ("DELETE", "/history"), ("PUT", "/dev/notifications")):
            assert is_problem(await client.request(method, path), 403, "other_origin")
        assert (await client.get("/history")).json()["running"] == turn_id


@pytest.mark.parametrize("headers", HERE, ids=str)
async def test_the_services_own_page_and_other_clients_stop_an_answer(service: Service, headers: dict[str, str]) -> None:
    turn_id = (await service.host.submit("hi", secret=99)).turn_id
    async with service.client(**headers) as client:
        stopped = await client.post("/api/chat/main/stop")
    assert (stopped.status_code, stopped.json()) == (200, {"turn_id": turn_id, "status": "cancelled"})


@pytest.mark.parametrize("kind", ["", "text/plain", "application/x-www-form-urlencoded", "multipart/form-data", "text/json"])
async def test_a_body_that_is_no_json_is_refused(service: Service, kind: str) -> None:
    async with service.client() as client:
        answer = await client.post("/chat", content=b'{"message": "hi"}', headers={"Content-Type": kind})
        assert is_problem(answer, 415, "unsupported_media_type")
        assert is_problem(
            await client.put("/dev/notifications", content=b"{}", headers={"Content-Type": kind}), 415, answer.json()["code"]
        )
    assert service.host.store == {}


async def test_json_may_name_its_charset(service: Service) -> None:
    async with service.client() as client:
        answer = await client.post("/chat", content=b"{}", headers={"Content-Type": "Application/JSON; charset=utf-8"})
        assert is_problem(answer, 422, "invalid_request")


async def test_a_client_that_posts_its_whole_history_may_send_more(service: Service) -> None:
    old = {"id": "a", "role": "assistant", "parts": [{"type": "text", "text": "x" * REQUEST_BODY_BYTES_MAX}]}
    async with service.client() as client:
        answer = await client.post("/api/chat", json={"id": "main", "messages": [old]})
        assert (answer.status_code, answer.text) == (400, "There is no message of role 'user' in messages. (no_user_message)")
        most = {"id": "main", "messages": [old] * (HISTORY_BODY_BYTES_MAX // REQUEST_BODY_BYTES_MAX)}
        answer = await client.post("/api/chat", json=most)
        assert (answer.status_code, answer.text.partition(" (")[2]) == (413, "body_too_large)")
        said = {"role": "assistant", "content": "x" * REQUEST_BODY_BYTES_MAX}
        items = {"input": [said, {"role": "user", "content": " "}], "conversation": "main"}
        assert (await client.post("/v1/responses", json=items)).json()["error"]["code"] == "empty_message"


async def test_a_body_that_says_it_is_too_large_is_refused_unread(service: Service) -> None:
    async with service.client() as client:
        answer = await client.post("/chat", content=b"x" * (REQUEST_BODY_BYTES_MAX + 1), headers=JSON)
        assert is_problem(answer, 413, "body_too_large")
        assert answer.json()["limit"] == REQUEST_BODY_BYTES_MAX
        for length in ("-1", "1e9", "9" * 40, "0x10"):
            answer = await client.post("/chat", content=b"x", headers={**JSON, "Content-Length": length})
            assert is_problem(answer, 413, "body_too_large")


async def test_a_body_that_grows_without_end_is_refused(service: Service) -> None:
    sent = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal sent
        yield b'{"message": "'
        while sent < 4 * REQUEST_BODY_BYTES_MAX:
            sent += 65_536
            yield b"x" * 65_536

    async with service.client() as client:
        answer = await client.post("/chat", content=endless(), headers=JSON)
        assert is_problem(answer, 413, "body_too_large")
        assert is_problem(await client.post("/tasks/process", content=endless(), headers=JSON), 413, "body_too_large")


async def test_half_a_surrogate_pair_in_a_task_is_refused(service: Service) -> None:
    body = b'{"task_id": "t", "title": "Review \\ud83d", "description": "The payment PR", "assignee": "Bob"}'
    async with service.client() as client:
        assert is_problem(await client.post("/tasks/process", content=body, headers=JSON), 422, "invalid_request")


async def test_the_largest_message_fits_through_and_one_byte_more_does_not(service: Service) -> None:
    async with service.client() as client:
        answer = await client.post("/chat", json={"message": "x" * (MESSAGE_BYTES_MAX + 1)})
        assert is_problem(answer, 413, "message_too_large")
        assert (answer.json()["bytes"], answer.json()["limit"]) == (MESSAGE_BYTES_MAX + 1, MESSAGE_BYTES_MAX)
        answer = await client.post("/chat", json={"message": "é" * (MESSAGE_BYTES_MAX // 2 + 1)})
        assert is_problem(answer, 413, "message_too_large")
    turn = (await service.host.submit("x" * MESSAGE_BYTES_MAX, secret=1)).turn_id
    assert turn, "state takes what the door lets through"


BODIES = [
    (b"", 422),
    (b"{", 400),
    (b"nonsense", 400),
    (b"[]", 422),
    (b"null", 422),
    (b'"x"', 422),
    (b"{}", 422),
    (b'{"message": ""}', 400),
    (b'{"message": " \\n\\t\\u2003"}', 400),
    (b'{"message": 5}', 422),
    (b'{"message": null}', 422),
    (b'{"message": ["hi"]}', 422),
    (b'{"message": "hi", "mesage": "typo"}', 422),
    (b'{"message": "hi", "conversation": "a/b"}', 400),
    (b'{"message": "hi", "conversation": "' + b"c" * 10_000 + b'"}', 400),
    (b'{"message": "hi", "conversation": "\\u65e5"}', 400),
    (b'{"message": "hi", "conversation": 7}', 422),
    (b'{"message": "\\ud800"}', 422),
    (b'{"message": "hi", "\\ud800": 1}', 422),
    (b'{"message": "hi", "conversation": "\\udfff"}', 422),
    (b'\xff\xfe{"message": "hi"}', 400),
    (b'{"message": "\xff"}', 400),
    (b"[" * 20_000, 400),
    (b'{"message": "hi"}{"message": "hi"}', 400),
    (b'{"message": NaN}', 422),
]


@pytest.mark.parametrize(("body", "status"), BODIES, ids=[str(b[:40]) for b, _ in BODIES])
async def test_a_bad_body_is_a_refusal_with_a_code_and_never_a_turn(service: Service, body: bytes, status: int) -> None:
    async with service.client() as client:
        answer = await client.post("/chat", content=body, headers=JSON)
    assert is_problem(answer, status, answer.json()["code"])
    assert len(answer.content) < 2_000, "a refusal does not repeat what it refuses"
    assert service.host.store == {}


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture])
@given(st.binary(max_size=200) | st.text(max_size=80).map(str.encode))
async def test_no_bytes_are_a_server_error(service: Service, body: bytes) -> None:
    async with service.client() as client:
        for path in ("/chat", "/tasks/process", "/tasks/t/status", "/tasks/t/deadline"):
            answer = await client.post(path, content=body, headers=JSON)
            assert 400 <= answer.status_code < 500, (path, body)


@pytest.mark.parametrize(
    ("headers", "code"),
    [
        ({"X-User-Id": "a/b"}, "bad_user_id"),
        ({"X-User-Id": ""}, "bad_user_id"),
        ({"X-User-Id": "u" * 129}, "bad_user_id"),
        ({"X-Tenant-Id": "a.b"}, "bad_tenant_id"),
        ({"X-Tenant-Id": "../default"}, "bad_tenant_id"),
        ({"X-Time-Zone": "Mars/Base"}, "bad_time_zone"),
        ({"X-Time-Zone": "../../etc/passwd"}, "bad_time_zone"),
        ({"X-Time-Zone": "America"}, "bad_time_zone"),
        ({"X-Time-Zone": "localtime"}, "bad_time_zone"),
        ({"X-Time-Zone": "posixrules"}, "bad_time_zone"),
        ({"X-Time-Zone": ""}, "bad_time_zone"),
        ({"X-Time-Zone": "z" * 5_000}, "bad_time_zone"),
    ],
)
async def test_bad_identities_and_zones_are_refused(service: Service, headers: dict[str, str], code: str) -> None:
    async with service.client() as client:
        answer = await client.post("/chat", json={"message": "hi"}, headers=headers)
    assert is_problem(answer, 400, code)
    assert service.host.store == {}
