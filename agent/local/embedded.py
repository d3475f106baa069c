"""The embedded profile: which programs make up one Task Agent on one machine, with which flags and settings.

Everything listens on loopback. Tokens travel by environment only, never on a command line or into a log.
"""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from urllib.parse import quote

from agent.local.child import Program
from agent.local.dead_leader import forget_dead_leader
from agent.local.ports import PortLease
from agent.local.state_dir import StateDir

RESOURCES = Path(__file__).parent / "resources" / "embedded"
APP_ID = "task-agent"
PORT_NAMES = (
    *("placement", "placement_health", "placement_metrics", "placement_raft"),
    *("scheduler", "scheduler_health", "scheduler_metrics", "etcd_client", "etcd_peer"),
    *("dapr_http", "dapr_grpc", "dapr_internal", "dapr_metrics"),
    *("app_channel", "public"),
)

_HOST = "127.0.0.1"
_APP_GRACE = 8.0  # the app ends its streams within limits.SHUTDOWN_GRACE
_DAPR_GRACE = 5.0
# One replica has nowhere to move its actors to, so a busy moment must not take them away: three misses of 1.5 s each.
_HEALTH_INTERVAL, _HEALTH_TIMEOUT_MS, _HEALTH_THRESHOLD = "2", "1500", "3"


def _new_token() -> str:
    return secrets.token_urlsafe(32)


@dataclass(frozen=True)
class Embedded:
    """One instance. ``environment`` is what the user started us with; the tokens live as long as the instance."""

    data: StateDir
    binaries: Path
    port: int
    ports: PortLease
    environment: Mapping[str, str]
    app_command: tuple[str, ...]
    dapr_token: str = field(default_factory=_new_token, repr=False)
    app_token: str = field(default_factory=_new_token, repr=False)

    @property
    def origin(self) -> str:
        return f"http://{_HOST}:{self.port}"

    def programs(self) -> list[Program]:
        """In the order of their start."""
        return [self._placement(), self._scheduler(), self._daprd(), self._app()]

    def _placement(self) -> Program:
        flags = {
            "port": self._number("placement"),
            "listen-address": _HOST,
            "initial-cluster": f"dapr-placement-0={_HOST}:{self._number('placement_raft')}",
            "keepalive-time": "1s",  # failover within a second or two instead of five
            "keepalive-timeout": "1s",
        }
        return self._control_plane("placement", flags)

    def _scheduler(self) -> Program:
        flags = {
            "port": self._number("scheduler"),
            "listen-address": _HOST,
            "override-broadcast-host-port": f"{_HOST}:{self._number('scheduler')}",
            "etcd-data-dir": str(self.data.scheduler),
            "etcd-client-listen-address": _HOST,
            "etcd-client-port": self._number("etcd_client"),
            "etcd-initial-cluster": f"dapr-scheduler-server-0=http://{_HOST}:{self._number('etcd_peer')}",
        }
        recover = partial(forget_dead_leader, _HOST, self.ports["etcd_client"])
        return replace(self._control_plane("scheduler", flags), recover=recover)

    def _control_plane(self, name: str, flags: dict[str, str]) -> Program:
        flags |= {
            "healthz-listen-address": _HOST,  # read, but not heeded by 1.18.2: /healthz is open to all interfaces
            "healthz-port": self._number(f"{name}_health"),
            "metrics-listen-address": _HOST,
            "metrics-port": self._number(f"{name}_metrics"),
        }
        health = f"http://{_HOST}:{self._number(f'{name}_health')}/healthz"
        return Program(name, self._argv(name, flags), self._dapr_environment(), self._log(name), health, _DAPR_GRACE)

    def _daprd(self) -> Program:
        flags = {
            "app-id": APP_ID,
            "app-port": self._number("app_channel"),
            "app-channel-address": _HOST,
            "app-protocol": "http",
            "enable-app-health-check": "true",
            "app-health-probe-interval": _HEALTH_INTERVAL,
            "app-health-probe-timeout": _HEALTH_TIMEOUT_MS,
            "app-health-threshold": _HEALTH_THRESHOLD,
            "dapr-listen-addresses": _HOST,
            "dapr-http-port": self._number("dapr_http"),
            "dapr-grpc-port": self._number("dapr_grpc"),
            "dapr-internal-grpc-listen-address": _HOST,
            "dapr-internal-grpc-port": self._number("dapr_internal"),
            "metrics-listen-address": _HOST,
            "metrics-port": self._number("dapr_metrics"),
            "placement-host-address": f"{_HOST}:{self._number('placement')}",
            "scheduler-host-address": f"{_HOST}:{self._number('scheduler')}",
            "resources-path": str(RESOURCES),
            "config": str(RESOURCES / "config.yaml"),
            "dapr-graceful-shutdown-seconds": "2",
            "enable-api-logging": "false",
        }
        environment = self._dapr_environment() | self._tokens() | {
            "DAPR_HOST_IP": _HOST,  # what placement tells others; Dapr would take the address of the network card
            "TASK_AGENT_STATE_DSN": sqlite_dsn(self.data.state_file),
            "TASK_AGENT_NOTIFY_URL": f"http://{_HOST}:{self._number('app_channel')}/local/notifications",
            "TASK_AGENT_NOTIFY_TOKEN": self.app_token,
        }  # fmt: skip
        url = f"http://{_HOST}:{self._number('dapr_http')}"
        health = url + "/v1.0/healthz/outbound"
        return Program("daprd", self._argv("daprd", flags), environment, self._log("daprd"), health, _DAPR_GRACE, 0, url)

    def _app(self) -> Program:
        environment = self._without_dapr_settings() | self._tokens() | {
            "TASK_AGENT_HOST": _HOST,
            "TASK_AGENT_PORT": str(self.port),
            "TASK_AGENT_APP_PORT": self._number("app_channel"),
            "TASK_AGENT_DATA_DIR": str(self.data.path),
            "TASK_AGENT_REPLICA": "0",
            "TASK_AGENT_ALONE": "true",  # one replica: actors may trust their memory
            "DAPR_HTTP_PORT": self._number("dapr_http"),
            "DAPR_GRPC_PORT": self._number("dapr_grpc"),
        }  # fmt: skip
        health = f"http://{_HOST}:{self._number('app_channel')}/healthz"
        return Program("app", self.app_command, environment, self._log("app"), health, _APP_GRACE, 0, self.origin)

    def _argv(self, name: str, flags: Mapping[str, str]) -> tuple[str, ...]:
        return (str(self.binaries / name), *(f"--{flag}={value}" for flag, value in flags.items()))

    def _without_dapr_settings(self) -> dict[str, str]:
        """What the user started us with, but for settings that point at another Dapr runtime."""
        return {k: v for k, v in self.environment.items() if not k.startswith(("DAPR_", "APP_API_TOKEN"))}

    def _dapr_environment(self) -> dict[str, str]:
        """Dapr has no business with the model's key."""
        return {k: v for k, v in self._without_dapr_settings().items() if not k.startswith("OPENAI_")}

    def _tokens(self) -> dict[str, str]:
        return {"DAPR_API_TOKEN": self.dapr_token, "APP_API_TOKEN": self.app_token}

    def _log(self, name: str) -> Path:
        return self.data.logs / f"{name}.log"

    def _number(self, name: str) -> str:
        return str(self.ports[name])


def sqlite_dsn(path: Path) -> str:
    """``immediate`` transactions wait for each other instead of failing; NORMAL is safe against kill -9 in WAL mode."""
    return f"file:{quote(str(path))}?_txlock=immediate&_pragma=synchronous(NORMAL)"
