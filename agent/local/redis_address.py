"""A ``REDIS_URL`` taken apart: for the app as it is, for Dapr's components piece by piece, for people without its password."""

from dataclasses import dataclass, field
from urllib.parse import unquote, urlsplit

_WANTED = "REDIS_URL must look like redis://[user:password@]host[:port][/database], or rediss:// for TLS"


class BadRedis(Exception):
    """The Redis that was asked for cannot be used. With a text for the user, which never holds the password."""


@dataclass(frozen=True)
class RedisAddress:
    """Where one Redis database is, and how to get in."""

    url: str = field(repr=False)
    host: str
    port: int
    database: int
    username: str
    password: str = field(repr=False)
    tls: bool

    @classmethod
    def parse(cls, url: str) -> "RedisAddress":
        """Raises BadRedis."""
        try:
            parts = urlsplit(url)
            port = parts.port or 6379
        except ValueError:
            raise BadRedis(f"{_WANTED}.") from None
        database = parts.path.strip("/") or "0"
        if parts.scheme not in ("redis", "rediss") or not parts.hostname or not (database.isascii() and database.isdigit()):
            raise BadRedis(f"{_WANTED}.")
        if parts.query or parts.fragment:
            raise BadRedis(f"{_WANTED}; what follows the database cannot be passed on to Dapr.")
        username, password = unquote(parts.username or ""), unquote(parts.password or "")
        return cls(url, parts.hostname, port, int(database), username, password, parts.scheme == "rediss")

    @property
    def shown(self) -> str:
        """Host, port and database, without a scheme and without the password."""
        return f"{self._host_and_port}/{self.database}"

    def for_dapr(self) -> dict[str, str]:
        """What the resource files of the Redis store refer to."""
        return {
            "TASK_AGENT_REDIS_HOST": self._host_and_port,
            "TASK_AGENT_REDIS_USERNAME": self.username,
            "TASK_AGENT_REDIS_PASSWORD": self.password,
            "TASK_AGENT_REDIS_DB": str(self.database),
            "TASK_AGENT_REDIS_TLS": str(self.tls).lower(),
        }

    @property
    def _host_and_port(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{host}:{self.port}"
