"""JSON as it is: what goes in comes out.

The SDK's default serializer turns strings that look like dates or durations into objects, also when stored state is read
back; this one never looks inside a string. It builds pydantic models where the interface names one.
"""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import orjson
from dapr.serializers import Serializer
from dapr.serializers.util import convert_to_dapr_duration
from pydantic import BaseModel


class PlainJson(Serializer):
    """Encodes pydantic models and timedeltas (Dapr's reminders need them); decodes to the annotated model or plain JSON."""

    def serialize(self, obj: object, custom_hook: Callable[[object], bytes] | None = None) -> bytes:
        return orjson.dumps(obj, default=_encode)

    def deserialize(
        self, data: bytes, data_type: type | None = object, custom_hook: Callable[[bytes], object] | None = None
    ) -> Any:
        value = orjson.loads(data) if data else None
        if isinstance(data_type, type) and issubclass(data_type, BaseModel):
            return data_type.model_validate(value)
        return value


def _encode(obj: object) -> object:
    if isinstance(obj, BaseModel):
        return obj.model_dump(mode="json")
    if isinstance(obj, timedelta):
        return convert_to_dapr_duration(obj)
    raise TypeError(f"{type(obj).__name__} is not JSON")
