"""What is stored under a state key, with the number of its format, so that no release misreads what another one wrote.

While replicas are replaced one by one, old and new code meet the same state. New code reads every older format. Old code
refuses a newer one and changes nothing: it would lose what it does not know.
"""

from typing import Any, ClassVar, TypeVar

from agent.domain.errors import Unavailable
from agent.domain.messages import Value

S = TypeVar("S", bound="Stored")
_BESIDE = frozenset({"format", "writes"})  # of a stored object, beside the value's own fields


class Stored(Value):
    """Base of the models of stored values. ``FORMAT`` is the one that is written; it grows with every change of the model.

    New fields have defaults, so that older formats can be read.
    """

    FORMAT: ClassVar[int] = 1


def dump(value: Stored) -> dict[str, Any]:
    """``value`` as it is stored: a JSON object with ``format`` beside its fields."""
    return {"format": value.FORMAT, **value.model_dump(mode="json")}


def load(model: type[S], data: dict[str, Any]) -> S:
    """The value that was stored as ``data``.

    Raises:
        Unavailable: ``newer_state``: a newer release wrote it.
    """
    found = data["format"]
    if found > model.FORMAT:
        raise Unavailable(
            "newer_state",
            f"This was stored by a newer release (format {found}; this one reads up to {model.FORMAT}); try again later.",
        )
    return model.model_validate({name: value for name, value in data.items() if name not in _BESIDE})
