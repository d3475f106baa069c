"""One replica: an app and its daprd, which know each other by their ports and by the tokens in their environment."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import partial

from agent.local.child import Program
from agent.local.host import DAPR_GRACE, LOOPBACK, Host
from agent.local.ports import PortLease
from agent.local.probe import answers
from agent.local.store import SHARED_RESOURCES, Store

REPLICA_PORTS = ("dapr_http", "dapr_grpc", "dapr_internal", "dapr_metrics", "app_channel", "public")

_APP_ID = "task-agent"
_BODY_MAX = "32Mi"  # one turn may come to 8 MB in one save, a page of history to more; Dapr's 4 would refuse both, for ever
_APP_GRACE = 10.0  # the app ends its streams within limits.SHUTDOWN_GRACE, and hands over the rest within HAND_OVER_MAX
# One replica has nowhere to move its actors to, so a busy moment must not take them away: three misses of 1.5 s each.
_HEALTH_ALONE = {"app-health-probe-interval": "2", "app-health-probe-timeout": "1500", "app-health-threshold": "3"}
_HEALTH_AMONG_OTHERS = {"app-health-probe-interval": "1", "app-health-probe-timeout": "900", "app-health-threshold": "2"}


@dataclass(frozen=True)
class Replica:
    """``alone``: there is no other. ``app_token`` is the same in all of them: replicas call each other's actors."""

    host: Host
    store: Store
    ports: PortLease
    shared: PortLease
    number: int
    port: int
    alone: bool
    app_token: str = field(repr=False)
    dapr_token: str = field(repr=False)

    @property
    def origin(self) -> str:
        return f"http://{self.address}"

    @property
    def address(self) -> str:
        return f"{LOOPBACK}:{self.port}"

    def daprd(self) -> Program:
        flags = {
            "app-id": _APP_ID,
            "app-port": str(self.ports["app_channel"]),
            "app-channel-address": LOOPBACK,
            "app-protocol": "http",
            "enable-app-health-check": "true",
            **(_HEALTH_ALONE if self.alone else _HEALTH_AMONG_OTHERS),
            "dapr-listen-addresses": LOOPBACK,
            "dapr-http-port": str(self.ports["dapr_http"]),
            "dapr-grpc-port": str(self.ports["dapr_grpc"]),
            "dapr-internal-grpc-listen-address": LOOPBACK,
            "dapr-internal-grpc-port": str(self.ports["dapr_internal"]),
            "metrics-listen-address": LOOPBACK,
            "metrics-port": str(self.ports["dapr_metrics"]),
            "placement-host-address": f"{LOOPBACK}:{self.shared['placement']}",
            "scheduler-host-address": f"{LOOPBACK}:{self.shared['scheduler']}",
            "resources-path": f"{SHARED_RESOURCES},{self.store.resources}",
            "config": str(SHARED_RESOURCES / "config.yaml"),
            "dapr-graceful-shutdown-seconds": "2",
            "max-body-size": _BODY_MAX,
            "enable-api-logging": "false",
        }
        environment = self.host.dapr_environment() | self._tokens() | dict(self.store.for_daprd) | {
            "DAPR_HOST_IP": LOOPBACK,  # what placement tells others; Dapr would take the address of the network card
            "TASK_AGENT_NOTIFY_URL": f"http://{LOOPBACK}:{self.ports['app_channel']}/local/notifications",
            "TASK_AGENT_NOTIFY_TOKEN": self.app_token,
        }  # fmt: skip
        url = f"http://{LOOPBACK}:{self.ports['dapr_http']}"
        program = self._program("daprd", self.host.argv("daprd", flags), environment, url + "/v1.0/healthz/outbound", url)
        # It would keep the actors until it has given up calling the dead app. Where there is no other host, it stays: they have
        # nowhere to go, and a subscriber of somebody else would lose the events it holds in memory.
        return program if self.alone else replace(program, useless_without=self._label("app"))

    def app(self, command: tuple[str, ...]) -> Program:
        environment = self.host.app_environment() | self._tokens() | dict(self.store.for_app) | {
            "TASK_AGENT_HOST": LOOPBACK,
            "TASK_AGENT_PORT": str(self.port),
            "TASK_AGENT_APP_PORT": str(self.ports["app_channel"]),
            "TASK_AGENT_DATA_DIR": str(self.host.data.path),
            "TASK_AGENT_REPLICA": str(self.number),
            "TASK_AGENT_ALONE": str(self.alone).lower(),  # then actors may trust their memory
            "TASK_AGENT_DEV": "true",  # it notifies nobody but its own local target
            "DAPR_HTTP_PORT": str(self.ports["dapr_http"]),
            "DAPR_GRPC_PORT": str(self.ports["dapr_grpc"]),
        }  # fmt: skip
        health = f"http://{LOOPBACK}:{self.ports['app_channel']}/healthz"
        return replace(self._program("app", command, environment, health, self.origin), takes_cue=True)

    def _program(self, name: str, argv: tuple[str, ...], env: Mapping[str, str], health: str, url: str) -> Program:
        log = self.host.log(self._label(name))
        grace = _APP_GRACE if name == "app" else DAPR_GRACE
        return Program(name, argv, env, log, partial(answers, health), grace, self.number, url)

    def _label(self, name: str) -> str:
        return name if self.alone else f"{name}-{self.number}"

    def _tokens(self) -> dict[str, str]:
        return {"DAPR_API_TOKEN": self.dapr_token, "APP_API_TOKEN": self.app_token}
