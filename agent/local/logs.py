"""Log files of the children: bounded, and read back when something went wrong."""

import os
import shutil
from contextlib import suppress
from pathlib import Path
from typing import IO

LOG_BYTES_MAX = 10 * 1024 * 1024


def open_log(path: Path) -> IO[bytes]:
    """Opens for appending, so that a log that was cut from outside goes on at its new end."""
    bound(path)
    return path.open("ab")


def bound(path: Path) -> None:
    """Moves a log that has grown over LOG_BYTES_MAX to ``NAME.1`` and starts it anew, also while a child writes to it.

    On a full disk nothing is kept of it, but it starts anew all the same: that makes room.
    """
    if path.exists() and path.stat().st_size > LOG_BYTES_MAX:
        with suppress(OSError):
            shutil.copyfile(path, path.with_name(path.name + ".1"))
        os.truncate(path, 0)


def tail(path: Path, lines: int = 15) -> list[str]:
    """The last lines, from at most the last 16 KB."""
    if not path.exists():
        return []
    with path.open("rb") as log:
        log.seek(max(0, path.stat().st_size - 16_384))
        return log.read().decode(errors="replace").splitlines()[-lines:]
