"""Where state is kept: what differs between the stores in what is started, and with which settings and resource files."""

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Literal
from urllib.parse import quote

from agent.local.child import Program
from agent.local.host import Host
from agent.local.redis_address import RedisAddress
from agent.local.redis_server import RedisServer, find_redis_server, own_address, write_configuration

StoreName = Literal["sqlite", "redis"]
_RESOURCES = Path(__file__).parent / "resources"
SHARED_RESOURCES = _RESOURCES / "shared"
_REDIS_GRACE = 10.0


@dataclass(frozen=True)
class Store:
    """``identity`` tells one store's state from another's; ``scheduler`` is the folder of the reminders that belong to it.

    ``server`` is to be started before anything that needs the store; None when there is none, or it is somebody else's.
    """

    identity: str
    described: str
    resources: Path
    scheduler: Path
    for_daprd: Mapping[str, str] = field(repr=False)
    for_app: Mapping[str, str] = field(repr=False)
    server: Program | None = None


def choose_store(name: StoreName, url: str, warn: Callable[[str], None]) -> Callable[[Host, int], Store]:
    """Looks whether the store can be used, before anything is started; ``url`` is the Redis that the user gave, if any.

    What it returns makes the store for an instance; a server of the instance's own listens on the given port. Raises BadRedis.
    """
    if name == "sqlite":
        return lambda host, _: _sqlite(host)
    if url:
        from agent.local.redis_client import examine  # the library takes half a second to load

        address = RedisAddress.parse(url)
        if warning := examine(address):
            warn(warning)
        return lambda host, _: _given_redis(host, address)
    server = find_redis_server()
    return lambda host, port: _own_redis(host, port, server)


def _sqlite(host: Host) -> Store:
    dsn = {"TASK_AGENT_STATE_DSN": sqlite_dsn(host.data.state_file)}
    return Store("sqlite", "SQLite", _RESOURCES / "sqlite", host.data.scheduler(), dsn, {})


def _given_redis(host: Host, address: RedisAddress) -> Store:
    identity = f"redis at {address.shown}"
    scheduler = host.data.scheduler("redis-" + hashlib.sha256(identity.encode()).hexdigest()[:12])
    return _redis(identity, f"Redis at {address.shown}, from REDIS_URL", scheduler, address)


def _own_redis(host: Host, port: int, found: RedisServer) -> Store:
    from agent.local.redis_client import answers, has_loaded  # as above

    address = own_address(port)
    server = Program(
        name="redis",
        argv=(str(found.program), str(write_configuration(host.data.redis, address))),
        env=host.dapr_environment(),
        log=host.log("redis"),
        answers=partial(answers, address),
        grace=_REDIS_GRACE,
        ready=partial(has_loaded, address),
    )
    described = f"redis-server {found.version} in the data folder, every write synced"
    return _redis("redis", described, host.data.scheduler("redis"), address, server)


def _redis(identity: str, described: str, scheduler: Path, address: RedisAddress, server: Program | None = None) -> Store:
    app = {"REDIS_URL": address.url}
    return Store(identity, described, _RESOURCES / "redis", scheduler, address.for_dapr(), app, server)


def sqlite_dsn(path: Path) -> str:
    """``immediate`` transactions wait for each other instead of failing; NORMAL is safe against kill -9 in WAL mode.

    Not against a power cut, which may take back the last transactions, whole ones: who cannot have that takes the redis store.
    """
    return f"file:{quote(str(path))}?_txlock=immediate&_pragma=synchronous(NORMAL)"
