"""What every program of one instance has in common: where it runs, what it inherits, where it logs."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from agent.local.state_dir import StateDir
from agent.local.understudy import CUE

LOOPBACK = "127.0.0.1"
DAPR_GRACE = 5.0
_NOT_INHERITED = ("DAPR_", "APP_API_TOKEN", "REDIS_URL", CUE)
# To Dapr 1.18.2 the namespace is a part of the name of every workflow: with another one it would find none of those under way.
_OF_KUBERNETES = frozenset({"NAMESPACE", "POD_NAME", "SENTRY_LOCAL_IDENTITY"})


@dataclass(frozen=True)
class Host:
    """``environment`` is what the user started us with."""

    data: StateDir
    binaries: Path
    environment: Mapping[str, str] = field(repr=False)

    def argv(self, name: str, flags: Mapping[str, str]) -> tuple[str, ...]:
        """The command line of one of Dapr's programs."""
        return (str(self.binaries / name), *(f"--{flag}={value}" for flag, value in flags.items()))

    def log(self, name: str) -> Path:
        return self.data.logs / f"{name}.log"

    def app_environment(self) -> dict[str, str]:
        """The user's, but for settings that point at another Dapr runtime, and the Redis that only the redis store uses."""
        return {k: v for k, v in self.environment.items() if not k.startswith(_NOT_INHERITED)}

    def dapr_environment(self) -> dict[str, str]:
        """The same for everything else, without the model's key and without what a pod would be told."""
        kept = self.app_environment().items()
        return {k: v for k, v in kept if not k.startswith("OPENAI_") and k not in _OF_KUBERNETES}
