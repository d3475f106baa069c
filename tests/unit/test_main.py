"""The composition root, as far as it goes without a sidecar."""

from typing import cast

import pytest

from agent import main
from agent.main import Service


class Client:
    """Closes; ``broken`` ones fail to."""

    def __init__(self, broken: bool) -> None:
        self.broken, self.asked = broken, False

    async def close(self) -> None:
        self.asked = True
        if self.broken:
            raise RuntimeError("cannot close")

    aclose = close


@pytest.mark.parametrize("broken", [{"model"}, {"dapr"}, {"actor_client"}, {"model", "dapr", "actor_client"}, set()])
async def test_every_client_is_closed_even_when_another_fails_to(broken: set[str]) -> None:
    clients = {name: Client(name in broken) for name in ("model", "dapr", "actor_client")}
    service = object.__new__(Service)
    vars(service).update(clients)
    if broken:
        with pytest.raises(RuntimeError):
            await service.aclose()
    else:
        await service.aclose()
    assert all(client.asked for client in clients.values())


def test_refused_settings_end_the_process_with_the_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TASK_AGENT_HOST", "0.0.0.0")
    with pytest.raises(SystemExit) as ended:
        main.main()
    assert "TASK_AGENT_HOST=0.0.0.0" in cast("str", ended.value.code)
