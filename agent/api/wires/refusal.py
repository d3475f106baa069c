"""How wires whose requests have more in them than is taken refuse one thing of it."""

from typing import NoReturn

from agent.domain.errors import BadRequest


def refuse(code: str, detail: str, param: str) -> NoReturn:
    """Refuses one parameter by its name."""
    raise BadRequest(code, detail, param=param)
