"""Who speaks, in development mode: two headers, believed because only this machine's loopback can reach the service.

Coroutines, because FastAPI calls a plain function in a thread: half a millisecond of each request.
"""

from typing import Annotated
from zoneinfo import available_timezones

from fastapi import Depends, Header

from agent.domain import ids
from agent.domain.errors import BadRequest
from agent.domain.ids import Identity
from agent.domain.limits import NAME_TOLD_CHARS_MAX

_TIME_ZONES = frozenset(available_timezones()) - {"localtime"}  # a file in some folders of zones, and no name


async def who(
    x_user_id: Annotated[str, Header(description="The user; conversations are private to them.")] = "local",
    x_tenant_id: Annotated[str, Header(description="The tenant; tasks belong to it.")] = "default",
) -> Identity:
    """Identity from ``X-User-Id`` and ``X-Tenant-Id``. Raises BadRequest."""
    return ids.identity(x_tenant_id, x_user_id)


async def time_zone(
    x_time_zone: Annotated[str, Header(description="IANA name, such as Europe/Berlin.")] = "UTC",
) -> str:
    """A known IANA time zone name. Raises BadRequest ``bad_time_zone``."""
    if x_time_zone not in _TIME_ZONES:
        told = x_time_zone[:NAME_TOLD_CHARS_MAX]
        raise BadRequest("bad_time_zone", f"There is no time zone {told!r}; use a name such as Europe/Berlin.")
    return x_time_zone


Who = Annotated[Identity, Depends(who)]
Zone = Annotated[str, Depends(time_zone)]
