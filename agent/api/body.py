"""What every JSON body has in common, in ours and in those that wires take or echo."""

import re
from typing import Any

from pydantic import BaseModel, ConfigDict, model_validator
from pydantic_core import PydanticCustomError

_HALF = re.compile("[\ud800-\udfff]")


class Body(BaseModel):
    """Unknown fields are refused: a misspelt one would go unnoticed. So is text that is no Unicode: nobody could store it."""

    model_config = ConfigDict(extra="forbid", strict=True)

    @model_validator(mode="after")
    def _is_unicode(self) -> "Body":
        for name, value in self:
            if not is_whole(str(value)):
                raise PydanticCustomError("bad_text", "{name} holds half a surrogate pair.", {"name": name})
        return self


def is_whole(text: str) -> bool:
    """Whether it is Unicode: JSON may escape half a surrogate pair, which can neither be stored nor sent."""
    return not _HALF.search(text)


def mended(value: Any) -> Any:
    """``value`` as it can be sent: in the place of each half of a surrogate pair, also in keys, the replacement character."""
    match value:
        case str():
            return _HALF.sub("\ufffd", value)
        case dict():
            return {mended(name): mended(part) for name, part in value.items()}  # pyright: ignore[reportUnknownVariableType]
        case list():
            return [mended(part) for part in value]  # pyright: ignore[reportUnknownVariableType]
        case _:
            return value
