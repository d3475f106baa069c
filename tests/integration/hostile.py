"""What tests of bad input share: good bodies to spoil, and how a refusal looks."""

import string

import httpx

JSON = {"content-type": "application/json"}
TASK = {"task_id": "bad-input", "title": "A good title", "description": "A good description.", "assignee": "Bob"}
BODIES = {
    "/chat": {"message": "hi"},
    "/tasks/process": TASK,
    "/tasks/x/status": {"status": "completed"},
    "/tasks/x/assignee": {"assignee": "Bob"},
    "/tasks/x/deadline": {"deadline": None},
}


def refused(answer: httpx.Response, status: int | tuple[int, ...], code: str | None = None) -> None:
    told = f"{answer.request.method} {answer.request.url.path[:80]}: {answer.status_code} {answer.text[:300]}"
    assert answer.status_code in ((status,) if isinstance(status, int) else status), told
    assert answer.headers["content-type"] == "application/json", told
    body = answer.json()
    assert isinstance(body["detail"], str) and body["detail"] and len(body["detail"]) < 1_100, told
    assert isinstance(body["code"], str) and set(body["code"]) <= set(string.ascii_lowercase + "_"), told
    assert code is None or body["code"] == code, told
