"""Free loopback ports for the children, the same ones for as long as the supervisor lives."""

import os
import socket
from collections.abc import Collection, Sequence

_FIRST, _LAST, _BLOCK = 20_000, 30_000, 16  # below the range from which the kernel takes ports for outgoing connections
_HOST = "127.0.0.1"


class NoFreePorts(Exception):
    """All blocks are taken; not seen outside tests."""


class PortLease:
    """A block of ports. Its first port stays bound (not listening): that is the lease, and it ends with the process."""

    def __init__(self, holder: socket.socket, names: Sequence[str]) -> None:
        first = holder.getsockname()[1]
        self._holder = holder
        self.numbers = {name: first + 1 + index for index, name in enumerate(names)}

    def __getitem__(self, name: str) -> int:
        return self.numbers[name]

    def close(self) -> None:
        self._holder.close()


def lease(names: Sequence[str], avoid: Collection[int] = ()) -> PortLease:
    """One free port per name, from a block that no other supervisor on this machine holds, and with none of ``avoid`` in it.

    Raises:
        NoFreePorts: every block is taken, or has a port in use.
    """
    if len(names) >= _BLOCK:
        raise ValueError(f"at most {_BLOCK - 1} ports")
    blocks = (_LAST - _FIRST) // _BLOCK
    for offset in range(blocks):
        first = _FIRST + (os.getpid() + offset) % blocks * _BLOCK  # neighbours in time start at different blocks
        holder = None if any(port in avoid for port in range(first, first + _BLOCK)) else _hold(first)
        if holder is None:
            continue
        if all(is_free(first + 1 + index) for index in range(len(names))):
            return PortLease(holder, names)
        holder.close()
    raise NoFreePorts(f"no {len(names)} neighbouring free ports on {_HOST} between {_FIRST} and {_LAST}")


def is_free(port: int) -> bool:
    """Whether a server could listen on the loopback port now."""
    return not why_not(port)


def why_not(port: int) -> str:
    """What hinders a server from listening on the loopback port now, as the end of a sentence; empty when nothing does."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # connections in TIME_WAIT do not hinder a server
        try:
            probe.bind((_HOST, port))
        except PermissionError:
            return "is for privileged users only"
        except OSError:
            return "is in use"
        return ""


def _hold(port: int) -> socket.socket | None:
    """Binds without SO_REUSEADDR, so that nobody else can bind it as well."""
    holder = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    try:
        holder.bind((_HOST, port))
    except OSError:
        holder.close()
        return None
    return holder
