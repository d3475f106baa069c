"""When a failed model call is tried again. Pure and deterministic: workflow code may call it."""

import hashlib

from agent.domain.limits import (
    MODEL_ATTEMPTS_MAX,
    MODEL_BACKOFF_FACTOR,
    MODEL_BACKOFF_FIRST,
    MODEL_BACKOFF_MAX,
    MODEL_RETRY_AFTER_MAX,
)
from agent.domain.turn_record import Failure


def given_up(failure: Failure, attempts: int) -> Failure:
    """``failure`` as the end of a turn: its message says how often it was tried."""
    if attempts <= 1:
        return failure
    return failure.model_copy(update={"message": f"{failure.message.rstrip('.')}; tried {attempts} times."})


def model_retry_delay(turn_id: str, attempt: int, retryable: bool, retry_after: float | None) -> float | None:
    """Seconds to wait before the attempt after ``attempt`` (from 0); None to give up.

    Exponential backoff; a longer Retry-After is honoured up to MODEL_RETRY_AFTER_MAX. Both are spread by up to a quarter, so
    that turns that failed together do not return together; the spread comes from the turn id, since workflow code makes no
    random numbers. So a turn waits TURN_STEPS_MAX * (MODEL_ATTEMPTS_MAX - 1) times the largest of these at most.
    """
    if not retryable or attempt + 1 >= MODEL_ATTEMPTS_MAX:
        return None
    backoff = min(MODEL_BACKOFF_FIRST * MODEL_BACKOFF_FACTOR**attempt, MODEL_BACKOFF_MAX)
    spread = hashlib.sha256(f"{turn_id}/{attempt}".encode()).digest()[0] / 255 / 4
    asked = min(retry_after or 0.0, MODEL_RETRY_AFTER_MAX)
    return max(backoff, asked) * (1 + spread)
