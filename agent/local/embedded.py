"""The embedded profile: which programs make up one Task Agent on one machine, and in which order they start.

Everything listens on loopback. Tokens and passwords travel by environment or by files of this user, never on a command line or
into a log.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from agent.local.child import Program
from agent.local.control_plane import CONTROL_PORTS, control_plane
from agent.local.host import Host
from agent.local.ports import PortLease
from agent.local.replica import Replica
from agent.local.store import Store
from agent.local.tokens import new_token

SHARED_PORTS = (*CONTROL_PORTS, "redis")


@dataclass(frozen=True)
class Embedded:
    """One instance. Its tokens live as long as it does."""

    host: Host
    store: Store
    shared: PortLease
    replicas: tuple[Replica, ...]
    app_command: tuple[str, ...]

    @classmethod
    def of(
        cls, host: Host, store: Store, shared: PortLease, places: Sequence[tuple[int, PortLease]], app_command: tuple[str, ...]
    ) -> "Embedded":
        """One replica for each public port in ``places`` and the ports it has to itself."""
        app_token, alone = new_token(), len(places) == 1
        replicas = tuple(
            Replica(host, store, ports, shared, number, port, alone, app_token, new_token())
            for number, (port, ports) in enumerate(places)
        )
        return cls(host, store, shared, replicas, app_command)

    @property
    def origin(self) -> str:
        """The service's URL: that of the first replica."""
        return self.replicas[0].origin

    def programs(self) -> list[Program]:
        """In the order of their start."""
        server = [self.store.server] if self.store.server else []
        return [
            *server,
            *control_plane(self.host, self.shared, self.store.scheduler),
            *(replica.daprd() for replica in self.replicas),
            *(replica.app(self.app_command) for replica in self.replicas),
        ]
