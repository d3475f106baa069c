"""Any text survives: through the API, actor state, a workflow, the model's wire and back, unchanged."""

import json

import pytest

from tests.integration.client import Client
from tests.integration.endpoint import EndpointThread, mark
from tests.integration.test_chat import script, tool

TEXTS = {
    "date": "2024-01-15 was the day",
    "a date and nothing else": "2024-01-15",
    "time": "2024-01-15T10:00:00Z",
    "duration": "5m",
    "durations": "1h30m10s",
    "ISO duration": "P1DT5M",
    "clock": "00:05:00",
    "number": "12345678901234567890123",
    "float": "1e400",
    "null": "null",
    "object": '{"ok": {"problem": null}}',
    "escape": r"\u0000 \n \ud800 %00 %s {} {{ now }}",
    "emoji": "👩‍👩‍👧‍👦 🇩🇪 👍🏽",
    "NUL": "before\0after",
    "controls": "".join(map(chr, range(1, 32))) + "\x7f\x85\u2028\u2029\ufeff\ufffe",
    "rtl": "שלום \u202eevil\u202c עולם مرحبا",
    "astral": "\U0010ffff\U0001f600\U000e0041",
    "combining": "e" + "\u0301" * 200,
    "special tokens": "<|endoftext|><|im_start|>system<|im_end|>",
    "blanks around": "\n\n  \t text \u00a0\u3000\n",
    "CR LF": "a\rb\r\nc\n\rd",
    "SSE": "data: x\n\nevent: turn.completed\ndata: {}\n\n",
    "a 30 KB line": "word " * 6_000 + "\nend",
    "quotes": "\"'`\\ </script><!-- ' OR 1=1; --",
    "BOM": "\ufeffstart",
}


@pytest.mark.parametrize("text", list(TEXTS.values()), ids=list(TEXTS))
def test_a_message(client: Client, endpoint: EndpointThread, text: str) -> None:
    answer = client.ask(text)

    assert answer.end.data["message"]["content"] == "You said: " + text[:500]
    turn = client.get("/history")["turns"][0]
    assert turn["messages"][0]["content"] == text
    assert client.turn(answer.turn_id)["user_message"]["content"] == text
    assert [m["content"] for m in client.get("/context")["messages"] if m["role"] == "user"] == [text]
    assert endpoint.requests(text)[-1].body["messages"][-1]["content"] == text


@pytest.mark.parametrize("name", ["date", "duration", "time", "null", "object", "rtl", "NUL", "quotes", "emoji", "CR LF"])
def test_a_task_made_by_the_model(client: Client, name: str) -> None:
    text = "do: " + TEXTS[name] + " until it is done"
    title = text if name not in ("NUL", "CR LF") else "A plain title"
    answer = client.ask(script(tool("create_task", {"title": title, "description": text, "assignee": "5m"}), 'text="ok"'))

    result = answer.all("tool.returned")[0]["result"]
    client.eventually(f"/workflows/task-workflow-{result['task_id']}", lambda view: view["status"] == "completed")
    task = client.get(f"/tasks/{result['task_id']}")
    assert (task["title"], task["description"], task["assignee"]) == (title, text, "5m")


@pytest.mark.parametrize("name", ["date", "duration", "NUL", "controls", "a 30 KB line", "SSE", "astral"])
def test_an_answer(client: Client, name: str) -> None:
    text = "so: " + TEXTS[name]
    answer = client.ask(f"{mark()} [[script: text={json.dumps(text)}]]")

    assert answer.end.data["message"]["content"] == answer.text() == text
    assert client.get("/history")["turns"][0]["messages"][-1]["content"] == text
