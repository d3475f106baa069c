"""The redis-server of one instance: found on the PATH, run as a supervised child, reachable by nobody else.

It writes every change to disk before it answers (AOF, ``appendfsync always``): what is acknowledged survives ``kill -9``, also
of the whole machine. Its password is new at every start and travels by a file that only this user can read.
"""

import json
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from agent.local.redis_address import BadRedis, RedisAddress
from agent.local.tokens import new_token

VERSION_NEEDED = (6, 2)  # exclusive ranges of stream ids
HOW_TO_INSTALL = "apt-get install redis-server"
_HOST = "127.0.0.1"
_VERSION_TIMEOUT = 10.0


@dataclass(frozen=True)
class RedisServer:
    """What is on this machine to run."""

    program: Path
    version: str


def find_redis_server() -> RedisServer:
    """Raises BadRedis with what to install."""
    found = shutil.which("redis-server")
    if found is None:
        raise BadRedis(
            f"There is no redis-server on the PATH. Install it ({HOW_TO_INSTALL}), or set REDIS_URL to a Redis you have."
        )
    try:
        told = subprocess.run([found, "--version"], capture_output=True, text=True, timeout=_VERSION_TIMEOUT, check=True).stdout
    except (OSError, subprocess.SubprocessError):
        raise BadRedis(f"{found} does not run. Install it anew ({HOW_TO_INSTALL}), or set REDIS_URL.") from None
    told_version = re.search(r"v=(\S+)", told)
    text = told_version[1] if told_version else "unknown"
    version = version_of(text)
    if version is None or version < VERSION_NEEDED:
        needed = ".".join(map(str, VERSION_NEEDED))
        raise BadRedis(f"{found} is version {text}; needed is {needed} or newer ({HOW_TO_INSTALL}).")
    return RedisServer(Path(found), text)


def version_of(text: str) -> tuple[int, ...] | None:
    """``7.0.15`` as numbers; None for something else."""
    return tuple(map(int, text.split("."))) if re.fullmatch(r"\d+(\.\d+)+", text) else None


def own_address(port: int) -> RedisAddress:
    """A loopback address with a new password."""
    return RedisAddress.parse(f"redis://:{new_token()}@{_HOST}:{port}/0")


def write_configuration(folder: Path, address: RedisAddress) -> Path:
    """``redis.conf`` in ``folder``, which also keeps the data; both for this user only."""
    folder.mkdir(mode=0o700, exist_ok=True)
    settings = {
        "bind": _HOST,
        "port": str(address.port),
        "requirepass": address.password,
        "dir": json.dumps(str(folder), ensure_ascii=False),  # redis.conf quotes as JSON does
        "save": '""',
        "appendonly": "yes",
        "appendfsync": "always",
        "auto-aof-rewrite-min-size": "8mb",  # a restart reads all of it, most of which is history; the default is 64
        "maxmemory-policy": "noeviction",
        "daemonize": "no",
    }
    path = folder / "redis.conf"
    path.unlink(missing_ok=True)
    path.touch(mode=0o600)
    path.write_text("".join(f"{name} {value}\n" for name, value in settings.items()), encoding="utf-8")
    return path
