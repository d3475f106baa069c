"""Saves that a zombie cannot make: a value carries how often its key was written, and replaces the write before it or nothing.

Dapr moves actors away from a sidecar that is silent, and cannot stop it from going on when it wakes up: it would save what it
makes of state that others have changed meanwhile. In Redis the count is the ETag that Dapr's store gives a key. The keys of one
save are checked one by one, and Redis takes none of them back: what a half-refused save leaves behind, ChatKeeper puts right.
An admission names its turn and its key in ``meta``, so it saves those first and ``meta`` when they are saved. A turn that ends
is saved before what follows from that, so that a refused end starts nothing beside it.
"""

from typing import Any

import orjson

WRITES = "writes"  # beside the fields of a stored value: how often its key was written
_NEW = "-1"  # no key that is there has this ETag
HUB = "meta"  # the key that is written, at once or right after, whenever more than one is
REFUSED = "failed to set key"  # what the store says then
REMOVE_REFUSED = "failed to delete"


class Superseded(Exception):
    """What a method has read is not what is stored any more: it is to be called again, where the actor is now."""


def with_etags(save: bytes) -> bytes:
    """A save as the SDK sends it, with the ETag that each counted value must find.

    With a key to remove the SDK sends what was read of it: that, and nothing newer, is to be removed.
    """
    operations: list[dict[str, Any]] = orjson.loads(save)
    for operation in operations:
        value = operation["request"].get("value")
        if isinstance(value, dict) and (writes := value.get(WRITES)):
            found = writes if operation["operation"] == "delete" else writes - 1
            operation["request"]["etag"] = str(found) if found else _NEW
    return orjson.dumps(operations)
