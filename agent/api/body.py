"""What every JSON body of ours has in common."""

from pydantic import BaseModel, ConfigDict, model_validator
from pydantic_core import PydanticCustomError


class Body(BaseModel):
    """Unknown fields are refused: a misspelt one would go unnoticed. So is text that is no Unicode: nobody could store it."""

    model_config = ConfigDict(extra="forbid", strict=True)

    @model_validator(mode="after")
    def _is_unicode(self) -> "Body":
        for name, value in self:
            try:
                str(value).encode()
            except UnicodeEncodeError:
                raise PydanticCustomError("bad_text", "{name} holds half a surrogate pair.", {"name": name}) from None
        return self
