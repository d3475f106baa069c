"""Who leads the scheduler's cron: without a leader no reminder fires and no workflow begins, and ``/healthz`` still says 200.

A killed scheduler leaves its leadership key behind, and its successor waits 22 s for the key's lease to run out. The lease
guards against two schedulers at work on one etcd. Here there cannot be two: the supervisor, which owns the data folder, has
seen the predecessor dead. So it deletes that key through the HTTP gateway of the scheduler's embedded etcd, and the new
scheduler, which watches it, takes it. The new one's own key must never go: who loses it waits for ever (go-etcd-cron 0.12,
``Reelect``). Both keys look alike but for their lease, whose id tells when its etcd was started (etcd 3.5, ``pkg/idutil``).
"""

import base64
import http.client
import json
from typing import Any

_FIRST, _BEHIND = (base64.b64encode(key).decode() for key in (b"dapr/leadership/", b"dapr/leadership0"))  # whatever its name
_STAMP_SHIFT, _STAMP_BITS = 8, 40  # of a lease id: two bytes of member, five of Unix milliseconds, one that counts
_TIMEOUT = 1.0


def has_leader(host: str, etcd_port: int) -> bool:
    """Whether a scheduler leads, or a dead one is still taken for the leader. False when etcd does not answer in time."""
    return bool(_leader(host, etcd_port))


def forget_dead_leader(host: str, etcd_port: int, started: float) -> bool:
    """Whether nobody leads from before ``started``, the Unix time of the successor's start; call again until it is so."""
    leader = _leader(host, etcd_port)
    if leader is None:
        return False
    if not leader or _is_of_etcd_since(int(leader["lease"]), started):
        return True
    unchanged = {"target": "MOD", "key": leader["key"], "mod_revision": leader["mod_revision"]}
    delete = {"requestDeleteRange": {"key": leader["key"]}}
    return _ask(host, etcd_port, "/v3/kv/txn", {"compare": [unchanged], "success": [delete]}) is not None


def _leader(host: str, etcd_port: int) -> dict[str, Any] | None:
    """The leadership key as etcd has it; empty when nobody leads, None when etcd does not answer in time."""
    found = _ask(host, etcd_port, "/v3/kv/range", {"key": _FIRST, "range_end": _BEHIND})
    return None if found is None else next(iter(found.get("kvs", ())), {})


def _is_of_etcd_since(lease: int, started: float) -> bool:
    age = (lease >> _STAMP_SHIFT) - int(started * 1000)
    return age % (1 << _STAMP_BITS) < 1 << (_STAMP_BITS - 1)  # the stamp is cut: it begins anew every 35 years


def _ask(host: str, etcd_port: int, path: str, question: dict[str, Any]) -> dict[str, Any] | None:
    connection = http.client.HTTPConnection(host, etcd_port, timeout=_TIMEOUT)
    try:
        connection.request("POST", path, json.dumps(question))
        response = connection.getresponse()
        return json.loads(response.read()) if response.status == 200 else None
    except (OSError, http.client.HTTPException, ValueError):
        return None
    finally:
        connection.close()
