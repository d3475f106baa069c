"""What the model endpoint was asked, kept apart from the service: the oracle's own book, one line per model call."""

import time
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from tests.fakes.endpoint_ledger import Record
from tests.integration.endpoint import EndpointThread, newest_user_message


@dataclass
class Ledger:
    """``calls`` by the mark of the message that was being answered. Bodies are judged on arrival and forgotten."""

    endpoint: EndpointThread
    calls: dict[str, list[Record]] = field(default_factory=lambda: defaultdict(list))
    complaints: list[str] = field(default_factory=list[str])

    def collect(self) -> None:
        """Takes over what the endpoint has recorded since."""
        for record in self.endpoint.take():
            mark = mark_of(newest_user_message(record))
            self.complaints += [f"{mark}: {why}" for why in context_faults(record.body["messages"])]
            record.body = {"model": record.body.get("model")}
            self.calls[mark].append(record)

    def open_call(self, mark: str) -> Record | None:
        """The model call of a message that is being answered right now."""
        self.collect()
        return next((c for c in reversed(self.calls.get(mark, [])) if c.finished is None and c.disconnected is None), None)

    def asked_since(self, mark: str, moment: float) -> bool:
        """Whether the model was asked for a message after ``moment`` (``time.time()``)."""
        return any(call.started > moment for call in self.calls.get(mark, []))

    @property
    def total(self) -> int:
        return sum(map(len, self.calls.values()))


def mark_of(text: str) -> str:
    return text.split(" ", 1)[0]


def context_faults(messages: list[dict[str, Any]]) -> Iterator[str]:
    """What must never be sent to a model: a tool call without its result, a result without its call, a message twice."""
    open_calls: set[str] = set()
    for message in messages:
        if message["role"] == "tool":
            if message["tool_call_id"] not in open_calls:
                yield f"result {message['tool_call_id']} answers no call"
            open_calls.discard(message["tool_call_id"])
            continue
        if open_calls:
            yield f"calls without result: {sorted(open_calls)}"
        open_calls = {call["id"] for call in message.get("tool_calls") or []}
    if open_calls:
        yield f"calls without result at the end: {sorted(open_calls)}"
    said = [mark_of(message["content"]) for message in messages if message["role"] == "user"]
    yield from (f"{mark} is in the context {said.count(mark)} times" for mark in sorted(set(said)) if said.count(mark) > 1)


def now() -> float:
    """The clock of the endpoint's records."""
    return time.time()
