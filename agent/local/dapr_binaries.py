"""Finds the Dapr runtime: an explicit setting, then ``~/.dapr/bin``, then our cache. Never builds or downloads."""

import subprocess
from dataclasses import dataclass
from pathlib import Path

from platformdirs import user_cache_path

from agent.local.environment import DAPR_BIN_SETTING

DAPR_VERSION = "1.18.2"
NEEDED = ("placement", "scheduler", "daprd")
_VERSION_TIMEOUT = 20.0  # a cold disk reads 130 MB


@dataclass(frozen=True)
class DaprBinaries:
    """A folder with all programs of the runtime. ``warning`` is empty when the version is exactly the tested one."""

    folder: Path
    version: str
    source: str
    warning: str = ""


class BadSetting(Exception):
    """The folder that the user named cannot be used; guessing another one instead would surprise them."""


@dataclass(frozen=True)
class Places:
    """Where to look, in this order."""

    setting: Path | None
    home: Path
    cache: Path

    @classmethod
    def usual(cls, setting: Path | None) -> "Places":
        cache = user_cache_path("task-agent") / "dapr" / DAPR_VERSION
        return cls(setting, Path.home() / ".dapr" / "bin", cache)


def find(places: Places) -> DaprBinaries | None:
    """The first usable runtime.

    Raises:
        BadSetting: the explicit setting names a folder that has no usable runtime.
    """
    if places.setting is not None:
        return _from_setting(places.setting)
    return _usable(places.home, "dapr init") or _usable(places.cache, "our cache")


def passed_over(places: Places) -> str:
    """The runtime of another minor version that ``find`` leaves alone, in words; empty when there is none."""
    version = _version(places.home) if places.setting is None and is_complete(places.home) else None
    return f"Dapr {version} in {places.home} is passed over." if version and _minor(version) != _minor(DAPR_VERSION) else ""


def is_complete(folder: Path) -> bool:
    """Whether all programs are there; says nothing about their version."""
    return all((folder / name).is_file() for name in NEEDED)


def _from_setting(folder: Path) -> DaprBinaries:
    missing = [name for name in NEEDED if not (folder / name).is_file()]
    if missing:
        raise BadSetting(f"{DAPR_BIN_SETTING} is {folder}, but there is no {', '.join(missing)} in it.")
    version = _version(folder)
    if version is None:
        raise BadSetting(f"{DAPR_BIN_SETTING} is {folder}, but its daprd does not run.")
    return DaprBinaries(folder, version, DAPR_BIN_SETTING, _difference(version))


def _usable(folder: Path, source: str) -> DaprBinaries | None:
    """Another patch release of the same minor version will do, with a warning; another minor version is passed over."""
    if not is_complete(folder):
        return None
    version = _version(folder)
    if version is None or _minor(version) != _minor(DAPR_VERSION):
        return None
    return DaprBinaries(folder, version, source, _difference(version))


def _version(folder: Path) -> str | None:
    try:
        result = subprocess.run(
            [folder / "daprd", "--version"], capture_output=True, text=True, timeout=_VERSION_TIMEOUT, check=True
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return result.stdout.strip()


def _minor(version: str) -> list[str]:
    return version.split(".")[:2]


def _difference(version: str) -> str:
    return "" if version == DAPR_VERSION else f"This is Dapr {version}; Task Agent is tested with {DAPR_VERSION}."
