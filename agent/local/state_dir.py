"""The data folder: who owns it, where things lie in it, and who runs in it (``run.json``)."""

import fcntl
import json
import os
import time
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO

_LOCK_PATIENCE = 0.5  # a `ps` holds the lock for a moment, to see whether it is free


@dataclass(frozen=True)
class RunningChild:
    """One process as ``task-agent ps`` shows it; null fields do not apply."""

    name: str
    pid: int
    replica: int | None
    url: str | None


@dataclass(frozen=True)
class Run:
    """Who runs in a data folder: written through at every change, removed at a clean stop, after a crash put aside by the next.

    ``renewals`` that were asked for have ended; what was wrong with the last one, empty when nothing was.
    """

    pid: int
    url: str
    children: tuple[RunningChild, ...]
    renewals: int = 0
    renewal_fault: str = ""


class Occupied(Exception):
    """Another, living process owns the folder. ``run`` says which, when it has got as far as writing that down."""

    def __init__(self, run: Run | None) -> None:
        super().__init__("the data folder is in use")
        self.run = run


class Unusable(Exception):
    """The folder cannot be one of ours. The text says why."""


class StateDir:
    """One data folder. Two processes never own it at once; a dead owner never matters, because its lock died with it."""

    def __init__(self, path: Path) -> None:
        self.path = path.expanduser().resolve()
        self.logs = self.path / "logs"
        self.state_file = self.path / "state.sqlite"
        self.redis = self.path / "redis"
        self._store = self.path / "store"
        self._notifications_switch = self.path / "notifications.mode"  # of the app
        self._run = self.path / "run.json"
        self._left = self.path / "run.left"  # the same of one that crashed: its process ids may be anybody's by now
        self._lock = self.path / "lock"

    @contextmanager
    def owned(self) -> Generator[None]:
        """Creates the folder, readable by this user only, and holds its lock. Raises Occupied, Unusable."""
        with self._open() as lock:
            if not _try_lock(lock, fcntl.LOCK_EX, _LOCK_PATIENCE):
                raise Occupied(self.last_run())
            if self._run.exists():
                os.replace(self._run, self._left)
            yield

    def _open(self) -> IO[bytes]:
        try:
            self.path.mkdir(mode=0o700, parents=True, exist_ok=True)
            self.logs.mkdir(exist_ok=True)
            return self._lock.open("ab")
        except OSError as problem:
            raise Unusable(f"The data folder {self.path} cannot be written: {problem.strerror}.") from problem

    def current_run(self) -> Run | None:
        """What runs in this folder now; None when its owner is dead, stopped or not yet started."""
        try:
            with self._lock.open("rb") as lock:
                if _try_lock(lock, fcntl.LOCK_SH, 0):
                    return None
        except (FileNotFoundError, NotADirectoryError, PermissionError):
            return None
        return self.last_run()

    def was_left(self) -> bool:
        """For the owner: whether the last one went without :meth:`clear_run`; after a power cut what it wrote may be empty."""
        return self._left.exists()

    def last_run(self) -> Run | None:
        """What the owner wrote last; also of one that died without cleaning up, until the next one comes."""
        try:
            data = json.loads(self._run.read_bytes())
            children = tuple(RunningChild(**child) for child in data["children"])
            return Run(data["pid"], data["url"], children, data.get("renewals", 0), data.get("renewal_fault", ""))
        except (OSError, ValueError, KeyError, TypeError):
            return None

    def write_run(self, run: Run) -> None:
        """Readers see the old or the new content, never half of it."""
        draft = self._run.with_suffix(".new")
        draft.write_text(json.dumps(asdict(run), indent=1))
        os.replace(draft, self._run)

    def clear_run(self) -> None:
        self._run.unlink(missing_ok=True)
        self._left.unlink(missing_ok=True)

    def reset_switches(self) -> None:
        """Whatever was switched while the last run lasted begins anew with what the settings say."""
        self._notifications_switch.unlink(missing_ok=True)

    def scheduler(self, store: str = "") -> Path:
        """The scheduler's data. Each store has its own: a reminder is of no use without the state that it belongs to."""
        return self.path / (f"scheduler-{store}" if store else "scheduler")

    def last_store(self) -> str | None:
        """What :meth:`write_store` was told last."""
        try:
            return self._store.read_text(encoding="utf-8").strip()
        except FileNotFoundError:
            return "sqlite" if self.state_file.exists() else None  # from before this was written down

    def write_store(self, identity: str) -> None:
        self._store.write_text(identity + "\n", encoding="utf-8")


def _try_lock(file: IO[bytes], kind: int, patience: float) -> bool:
    deadline = time.monotonic() + patience
    while True:
        try:
            fcntl.flock(file, kind | fcntl.LOCK_NB)
            return True
        except BlockingIOError:
            if time.monotonic() >= deadline:
                return False
            time.sleep(0.02)
