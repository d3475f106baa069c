"""One small HTTP GET on loopback: does it answer, and with which status?"""

import http.client
from urllib.parse import urlsplit


def status_of(url: str, timeout: float = 1.0) -> int | None:
    """The status code, or None when there is no answer in time."""
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=timeout)
    try:
        connection.request("GET", parts.path or "/")
        return connection.getresponse().status
    except (OSError, http.client.HTTPException):
        return None
    finally:
        connection.close()


def answers(url: str) -> bool:
    """Whether there is an answer in time, with any status."""
    return status_of(url) is not None
