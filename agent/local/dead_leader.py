"""Lets a restarted scheduler work at once. Without this it waits 22 s for the lease of its killed predecessor to run out.

The lease guards against two schedulers at work on one etcd. Here there cannot be two: the supervisor, which owns the data
folder, has seen the predecessor dead. So it deletes the leadership key through the HTTP gateway of the scheduler's embedded
etcd, and the new scheduler, which watches that key, takes it.
"""

import base64
import http.client
import json

_LEADERSHIP_KEY = "dapr/leadership/dapr-scheduler-server-0"  # another name in another Dapr version would only cost the wait


def forget_dead_leader(host: str, etcd_port: int, timeout: float = 1.0) -> bool:
    """Whether etcd was there to forget it; call again until it is."""
    connection = http.client.HTTPConnection(host, etcd_port, timeout=timeout)
    body = json.dumps({"key": base64.b64encode(_LEADERSHIP_KEY.encode()).decode()})
    try:
        connection.request("POST", "/v3/kv/deleterange", body)
        return connection.getresponse().status == 200
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()
