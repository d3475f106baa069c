"""The machine's clock and its source of randomness: the only ones."""

import secrets
from datetime import UTC, datetime


class SystemClock:
    """See ``agent.ports.Clock``."""

    def now(self) -> datetime:
        return datetime.now(UTC)


class SystemRandomness:
    """See ``agent.ports.Randomness``."""

    def token(self, size: int) -> bytes:
        return secrets.token_bytes(size)
