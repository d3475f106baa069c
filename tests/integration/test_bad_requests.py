"""Requests that are wrong before anybody looks at what they mean: bodies, types, sizes, methods, paths."""

import json

import pytest

from agent.domain.limits import REQUEST_BODY_BYTES_MAX
from tests.integration.client import Client
from tests.integration.hostile import BODIES, JSON, refused
from tests.integration.raw_http import chunk, request, send


@pytest.mark.parametrize("path", BODIES)
class TestBodies:
    """What every route with a body refuses, before it knows what the body means."""

    @pytest.mark.parametrize(
        "body",
        [b"", b"{", b"{'message': 'hi'}", b"\xff\xfe", b"\x00", b'{"message": "hi"}{}', b"<xml/>", b'{"message": "\xff"}'],
        ids=repr,
    )
    def test_no_json(self, hostile: Client, path: str, body: bytes) -> None:
        refused(hostile.http.post(path, content=body, headers=JSON), (400, 422))

    @pytest.mark.parametrize(
        "text",
        [
            "[" * 100_000,
            '{"message":' * 50_000,
            '{"message": ' + "[" * 20_000 + "]" * 20_000 + "}",
            '{"message": NaN, "title": NaN, "assignee": NaN, "status": NaN, "deadline": NaN}',
            '{"message": Infinity, "deadline_seconds": -Infinity}',
            '{"message": ' + "9" * 100_000 + "}",
            '{"message": 1e999999}',
            '{"message": "\\ud800", "title": "\\ud800", "assignee": "\\udfff", "status": "\\ud800", "deadline": "\\ud800"}',
            '{"\\ud800": 1}',
            '{"message": "a", "message": 5, "status": "completed", "status": "x", "assignee": 1, "deadline": 1, "title": 1}',
        ],
        ids=[
            "deep list",
            "deep object",
            "deep",
            "NaN",
            "Infinity",
            "digits",
            "1e999999",
            "surrogate",
            "surrogate key",
            "twice",
        ],
    )
    def test_strange_json(self, hostile: Client, path: str, text: str) -> None:
        refused(hostile.http.post(path, content=text.encode(), headers=JSON), (400, 413, 422))

    @pytest.mark.parametrize(
        "kind", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "", "json"]
    )
    def test_another_content_type(self, hostile: Client, path: str, kind: str) -> None:
        body = json.dumps(BODIES[path]).encode()
        refused(hostile.http.post(path, content=body, headers={"content-type": kind}), 415, "unsupported_media_type")

    def test_no_content_type(self, hostile: Client, path: str) -> None:
        answer = send(hostile.url, request("POST", path, json.dumps(BODIES[path]).encode()))
        assert (answer.status, answer.json["code"]) == (415, "unsupported_media_type")

    def test_a_body_beyond_the_bound(self, hostile: Client, path: str) -> None:
        refused(hostile.http.post(path, content=b" " * (REQUEST_BODY_BYTES_MAX + 1), headers=JSON), 413, "body_too_large")

    def test_a_body_beyond_the_bound_without_length(self, hostile: Client, path: str) -> None:
        head = request("POST", path, content_type="application/json", transfer_encoding="chunked")
        answer = send(hostile.url, head, *[chunk(b" " * 65_536)] * (REQUEST_BODY_BYTES_MAX // 65_536 + 1), b"0\r\n\r\n")
        assert (answer.status, answer.json["code"]) == (413, "body_too_large")

    def test_wrong_methods(self, hostile: Client, path: str) -> None:
        for method in ("GET", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS", "TRACE", "BREW"):
            answer = hostile.http.request(method, path)
            if answer.status_code == 405:
                assert answer.headers["allow"] == "POST"
            else:  # GET /tasks/process asks for a task of that name; the server itself knows no BREW
                assert (method, path, answer.status_code) in (("GET", "/tasks/process", 404), ("BREW", path, 400))
            if method not in ("HEAD", "BREW"):
                refused(answer, (404, 405))


@pytest.mark.parametrize("length", ["-1", "1e3", "x", "9" * 400, "²", "+5", "5, 5"])
def test_a_false_length(hostile: Client, length: str) -> None:
    answer = send(
        hostile.url, request("POST", "/chat", content_type="application/json", content_length=length), half_close=True
    )
    assert 400 <= answer.status < 500


@pytest.mark.parametrize(
    ("method", "path"),
    [
        *(
            ("GET", path)
            for path in ("/chat/", "/history/", "/nope", "//chat", "/docs/", "/redoc", "/turns", "/turns/", "/.env")
        ),
        *(("GET", path) for path in ("/tasks/", "/tasks/x/y/z", "/../../etc/passwd", "/%2e%2e/etc", "/%00", "/" + "a" * 5_000)),
        *(("POST", path) for path in ("/chats", "/tasks/process/x", "/tasks/x/nope")),
        *((method, "/nope") for method in ("PUT", "DELETE", "PATCH", "OPTIONS")),
    ],
)
def test_unknown_paths(hostile: Client, method: str, path: str) -> None:
    answer = send(hostile.url, request(method, path))
    assert (answer.status, answer.json["code"]) == (404, "not_found")


def test_an_impatient_client_leaves_no_trace(hostile: Client) -> None:
    body = b'{"message": "half a'
    answer = send(
        hostile.url,
        request("POST", "/chat", body, content_type="application/json", content_length="500", x_user_id=hostile.user),
        half_close=True,
    )
    assert answer.status in (0, 400)
