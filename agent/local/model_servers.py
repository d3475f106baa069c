"""Looks for OpenAI-compatible model servers on the ports where they usually listen on this machine."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import httpx

_TIMEOUT = 0.5
_OURS = ("task-agent",)  # Task Agent lists itself as a model


@dataclass(frozen=True)
class KnownServer:
    """A product and its usual port."""

    name: str
    port: int


@dataclass(frozen=True)
class FoundServer:
    """One that answered ``GET /v1/models``; ``models`` are the ids it offers, perhaps none."""

    name: str
    base_url: str
    models: tuple[str, ...]

    def settings(self) -> str:
        """The lines that make Task Agent use it."""
        model = self.models[0] if self.models else "NAME_OF_A_MODEL"
        return f"export OPENAI_BASE_URL={self.base_url} OPENAI_MODEL={model} OPENAI_API_KEY=local"


USUAL = (
    KnownServer("Ollama", 11434),
    KnownServer("LM Studio", 1234),
    KnownServer("vLLM", 8000),
    KnownServer("llama.cpp", 8080),
)


def look_for(servers: Sequence[KnownServer] = USUAL) -> list[FoundServer]:
    """Those that answer as a model server does; anything else on these ports is passed over."""
    with httpx.Client(timeout=_TIMEOUT, trust_env=False) as client:
        return list(_answering(client, servers))


def _answering(client: httpx.Client, servers: Iterable[KnownServer]) -> Iterable[FoundServer]:
    for server in servers:
        base_url = f"http://127.0.0.1:{server.port}/v1"
        try:
            listing = client.get(f"{base_url}/models").raise_for_status().json()
            models = _model_ids(listing)
            if models == _OURS:
                continue
        except (httpx.HTTPError, ValueError, KeyError, TypeError):
            continue
        yield FoundServer(server.name, base_url, models)


def _model_ids(listing: dict[str, Any]) -> tuple[str, ...]:
    return tuple(str(model["id"]) for model in listing["data"] or ())
