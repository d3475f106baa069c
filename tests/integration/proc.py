"""What /proc tells of the processes under test: their environment, command lines and sockets."""

import socket
from pathlib import Path
from typing import NamedTuple


class Listening(NamedTuple):
    address: str
    port: int

    @property
    def is_loopback(self) -> bool:
        return self.address.startswith(("127.", "::1", "::ffff:127."))


def environment(pid: int) -> dict[str, str]:
    entries = Path(f"/proc/{pid}/environ").read_text().split("\0")
    return dict(entry.split("=", 1) for entry in entries if "=" in entry)


def command_line(pid: int) -> str:
    return Path(f"/proc/{pid}/cmdline").read_text().replace("\0", " ")


def listening(pid: int) -> set[Listening]:
    """TCP sockets that listen, and UDP sockets without a peer, of one process."""
    mine = {link.name for link in _sockets(pid)}
    found: set[Listening] = set()
    for table in ("tcp", "tcp6", "udp", "udp6"):
        for fields in _rows(f"/proc/{pid}/net/{table}"):
            unconnected = fields[2].endswith(":0000")
            if fields[9] in mine and unconnected and (table.startswith("udp") or fields[3] == "0A"):
                found.add(_address(fields[1]))
    return found


def unread(port: int) -> int:
    """Open connections to this port of 127.0.0.1 with bytes that whoever listens there has not read yet."""
    established = [row for row in _rows("/proc/net/tcp") if row[3] == "01" and _address(row[1]).port == port]
    return sum(not row[4].endswith(":00000000") for row in established)


def _rows(table: str) -> list[list[str]]:
    return [line.split() for line in Path(table).read_text().splitlines()[1:]]


def _sockets(pid: int) -> list[Path]:
    inodes: list[Path] = []
    for descriptor in Path(f"/proc/{pid}/fd").iterdir():
        try:
            target = descriptor.readlink()
        except FileNotFoundError:
            continue
        if str(target).startswith("socket:["):
            inodes.append(Path(str(target)[8:-1]))
    return inodes


def _address(text: str) -> Listening:
    """``0100007F:1F90``: the address in words of four bytes, each the wrong way round."""
    host, port = text.split(":")
    raw = bytes.fromhex(host)
    ordered = b"".join(raw[n : n + 4][::-1] for n in range(0, len(raw), 4))
    return Listening(socket.inet_ntop(socket.AF_INET6 if len(raw) == 16 else socket.AF_INET, ordered), int(port, 16))
