"""Dapr's two programs that all replicas share: placement, which knows where actors live, and the scheduler of reminders."""

from dataclasses import replace
from functools import partial
from pathlib import Path

from agent.local.child import Program
from agent.local.host import DAPR_GRACE, LOOPBACK, Host
from agent.local.ports import PortLease
from agent.local.probe import answers
from agent.local.scheduler_leader import forget_dead_leader, has_leader

CONTROL_PORTS = (
    *("placement", "placement_health", "placement_metrics", "placement_raft"),
    *("scheduler", "scheduler_health", "scheduler_metrics", "etcd_client", "etcd_peer"),
)


def control_plane(host: Host, ports: PortLease, scheduler_data: Path) -> list[Program]:
    """Placement and scheduler, in the order of their start."""
    placement = {
        "port": str(ports["placement"]),
        "listen-address": LOOPBACK,
        "initial-cluster": f"dapr-placement-0={LOOPBACK}:{ports['placement_raft']}",
        "keepalive-time": "1s",  # failover within a second or two instead of five
        "keepalive-timeout": "1s",
    }
    scheduler = {
        "port": str(ports["scheduler"]),
        "listen-address": LOOPBACK,
        "override-broadcast-host-port": f"{LOOPBACK}:{ports['scheduler']}",
        "etcd-data-dir": str(scheduler_data),
        "etcd-client-listen-address": LOOPBACK,
        "etcd-client-port": str(ports["etcd_client"]),
        "etcd-initial-cluster": f"dapr-scheduler-server-0=http://{LOOPBACK}:{ports['etcd_peer']}",
        # One that starts from a snapshot knows that it is alone and leads at once. Without any it listens for others for up to
        # two seconds (etcd 3.5, adjustTicks), and reads all its log again. The default is every 100,000 changes.
        "etcd-snapshot-count": "1000",
        # What was overwritten is kept for a minute or two, instead of for a million changes: a start reads all there is.
        "etcd-compaction-mode": "periodic",
        "etcd-compaction-retention": "1m",
    }
    etcd = (LOOPBACK, ports["etcd_client"])
    timer = _program(host, ports, "scheduler", scheduler)
    return [
        _program(host, ports, "placement", placement),
        replace(timer, answers=lambda: timer.answers() and has_leader(*etcd), recover=partial(forget_dead_leader, *etcd)),
    ]


def _program(host: Host, ports: PortLease, name: str, flags: dict[str, str]) -> Program:
    flags |= {
        "healthz-listen-address": LOOPBACK,  # read, but not heeded by 1.18.2: /healthz is open to all interfaces
        "healthz-port": str(ports[f"{name}_health"]),
        "metrics-listen-address": LOOPBACK,
        "metrics-port": str(ports[f"{name}_metrics"]),
    }
    healthy = partial(answers, f"http://{LOOPBACK}:{ports[f'{name}_health']}/healthz")
    return Program(name, host.argv(name, flags), host.dapr_environment(), host.log(name), healthy, DAPR_GRACE)
