"""Builds the Dapr runtime from its Go module, whose checksum is pinned here. Knows nothing of other ways to get it."""

import fcntl
import json
import os
import re
import shutil
import tempfile
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from agent.local.command import Command, CommandFailed
from agent.local.dapr_binaries import DAPR_VERSION, is_complete
from agent.local.environment import DAPR_BIN_SETTING
from agent.local.progress import Progress

MODULE = f"github.com/dapr/dapr@v{DAPR_VERSION}"
MODULE_SUM = "h1:yT1BXImaUiYtIKaKVnOBiWVFqQU1ckQaiXkXEO2+Dh0="
MODULE_GO_MOD_SUM = "h1:IPB0S/4GBKT87gyrYWdY/lOMY/CzOC/QzroufV9cZxQ="
GO_NEEDED = (1, 26, 5)

_PROGRAMS = ("./cmd/daprd", "./cmd/placement", "./cmd/scheduler")
_TAGS = "stablecomponents"  # without it daprd knows no component at all
_LINKER_FLAGS = f"-s -w -X github.com/dapr/dapr/pkg/buildinfo.version={DAPR_VERSION}"

WAYS_OUT = f"""\
Three ways to get Dapr {DAPR_VERSION}, any one will do:
  1. Install Go {".".join(map(str, GO_NEEDED))} or newer (https://go.dev/dl) and repeat the command.
     It builds Dapr, once, in about five minutes.
  2. With the Dapr CLI: dapr init --slim --runtime-version {DAPR_VERSION}   (puts it into ~/.dapr/bin, needs no Docker)
  3. Put daprd, placement and scheduler of {DAPR_VERSION} (https://github.com/dapr/dapr/releases) into a folder, and set
     {DAPR_BIN_SETTING} to it."""


class BuildFailed(Exception):
    """There is no usable Go, the module is not the expected one, or the build broke. The text is for people."""


def build(target: Path, environment: Mapping[str, str], progress: Progress) -> Path:
    """Builds into ``target`` and returns it; at once when another process has just built it.

    Raises:
        BuildFailed: with what went wrong and the ways out.
    """
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with _only_builder(target.parent, progress):
            if not is_complete(target):
                _build(target, environment, progress)
    except (CommandFailed, OSError) as failure:
        raise BuildFailed(f"Building Dapr failed: {failure}\n\n{WAYS_OUT}") from failure
    return target


def _build(target: Path, environment: Mapping[str, str], progress: Progress) -> None:
    command = Command(_find_go(environment), environment, target.parent / "build.log")
    source = _download(command, target.parent, progress)
    _compile(command, source, target, progress)


@contextmanager
def _only_builder(folder: Path, progress: Progress) -> Generator[None]:
    with (folder / "build.lock").open("ab") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            progress.say("Another process builds Dapr already; waiting for it ...")
            fcntl.flock(lock, fcntl.LOCK_EX)
        for left_over in folder.glob("building-*"):  # of a builder that was killed: its lock is ours now
            shutil.rmtree(left_over)
        yield


def _find_go(environment: Mapping[str, str]) -> str:
    go = shutil.which("go", path=environment.get("PATH"))
    if go is None:
        raise BuildFailed(f"Dapr {DAPR_VERSION} is not on this machine, and neither is Go to build it.\n\n{WAYS_OUT}")
    return go


def _download(command: Command, folder: Path, progress: Progress) -> Path:
    progress.say(f"Fetching the source of Dapr {DAPR_VERSION} (Go module {MODULE}) ...")
    module: dict[str, Any] = json.loads(command.output("mod", "download", "-json", MODULE, cwd=folder))
    if module.get("Sum") != MODULE_SUM or module.get("GoModSum") != MODULE_GO_MOD_SUM:
        raise BuildFailed(
            f"The Go module {MODULE} is not the one this version of Task Agent was made with:\n"
            f"  expected {MODULE_SUM} and {MODULE_GO_MOD_SUM}\n"
            f"  got      {module.get('Sum')} and {module.get('GoModSum')}\n"
            f"Nothing was built.\n\n{WAYS_OUT}"
        )
    return Path(module["Dir"])


def _compile(command: Command, source: Path, target: Path, progress: Progress) -> None:
    flags = ("-mod=readonly", "-trimpath", "-tags", _TAGS)
    progress.say("Fetching what it depends on (some hundred MB the first time) ...")
    packages = len(command.output("list", "-deps", *flags, *_PROGRAMS, cwd=source).split())
    progress.say("Compiling Dapr. This happens once per machine; two cores need about five minutes for it.")
    draft = Path(tempfile.mkdtemp(prefix="building-", dir=target.parent))
    try:
        arguments = ("build", "-v", *flags, "-ldflags", _LINKER_FLAGS, "-o", f"{draft}/", *_PROGRAMS)
        for done, _ in enumerate(command.lines(*arguments, cwd=source), start=1):
            progress.show(f"compiling: {min(done, packages)} of at most {packages} packages")
        draft.chmod(0o755)
        shutil.rmtree(target, ignore_errors=True)  # incomplete, or we would not be here
        os.replace(draft, target)
    finally:
        progress.clear()
        shutil.rmtree(draft, ignore_errors=True)


def go_version(text: str) -> tuple[int, ...] | None:
    """(1, 26, 5) from the output of ``go version``."""
    match = re.search(r"\bgo(\d+)\.(\d+)(?:\.(\d+))?", text)
    return tuple(int(part or 0) for part in match.groups()) if match else None
