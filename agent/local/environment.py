"""The only file of agent.local that reads the process environment. Knows names of settings, not what they are good for."""

import os
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

DAPR_BIN_SETTING = "TASK_AGENT_DAPR_BIN"
_NO = ("no", "off", "false", "0")


@dataclass(frozen=True)
class ModelSettings:
    """The OPENAI_* settings, without the key itself."""

    base_url: str
    model: str
    has_key: bool

    @property
    def offline_demo(self) -> bool:
        """True when nothing says which endpoint to use: the app then starts its rule-based demo model."""
        return not self.base_url and not self.has_key

    def describe(self) -> str:
        """One line, without any URL scheme: the start-up message shows exactly one origin, the service's own."""
        if self.offline_demo:
            return "offline demo model (rule-based, no LLM)"
        return (
            f"{self.model or 'default model'} at {self.where or 'no address (OPENAI_BASE_URL is no http:// or https:// URL)'}"
        )

    @property
    def where(self) -> str:
        """Host and port of the endpoint, without the user and password that its URL may hold; empty when it names no host."""
        if not self.base_url:
            return "api.openai.com"
        try:
            parts = urlsplit(self.base_url)
            port = "" if parts.port is None else f":{parts.port}"
        except ValueError:
            return ""
        if parts.scheme not in ("http", "https") or not parts.hostname:
            return ""
        return (f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname) + port


def inherited() -> dict[str, str]:
    """A copy of this process's environment."""
    return dict(os.environ)


def model_settings() -> ModelSettings:
    """Which model endpoint the user asked for."""
    return ModelSettings(
        base_url=os.environ.get("OPENAI_BASE_URL", ""),
        model=os.environ.get("OPENAI_MODEL", ""),
        has_key=bool(os.environ.get("OPENAI_API_KEY")),
    )


def dapr_bin() -> Path | None:
    """The folder with Dapr binaries that the user named, if any."""
    value = os.environ.get(DAPR_BIN_SETTING)
    return Path(value).expanduser() if value else None


def redis_url() -> str:
    """The Redis that the user wants the redis store to be in; empty for one of its own."""
    return os.environ.get("REDIS_URL", "")


def kill_frozen() -> bool:
    """Whether the supervisor kills what does not answer any more. Off only to study what a frozen process does."""
    return os.environ.get("TASK_AGENT_KILL_FROZEN", "").lower() not in _NO


def time_zone_setting() -> str:
    """TZ, which may start with a colon; empty when unset."""
    return os.environ.get("TZ", "").lstrip(":")
