"""The two forms of the same service that the suite runs on. What they differ in is the product's business, not the tests'.

A test that takes the fixture ``profile``, as it does with ``service`` or ``client``, runs on both: on one process with SQLite,
and on three replicas that share a Redis, where a Client sends its requests to one replica after the other. What is about the
command line, or about one process, starts a Stack of its own and runs once.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from tests.integration.stack import Stack


@dataclass(frozen=True)
class Profile:
    """``store`` and ``replicas`` as ``task-agent up`` takes them."""

    name: str
    store: str
    replicas: int

    def stack(self, data_dir: Path, env: Mapping[str, str] | None = None) -> Stack:
        """One that is not started yet."""
        return Stack(data_dir, env=env, store=self.store, replicas=self.replicas)


EMBEDDED = Profile("embedded", "sqlite", 1)
REDIS = Profile("redis", "redis", 3)
PROFILES = (EMBEDDED, REDIS)
