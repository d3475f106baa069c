"""Who tries again, how often, and how long between: the workflow alone owns retries of its activities."""

from datetime import timedelta

from dapr.ext.workflow import RetryPolicy

from agent.domain import limits

STEP = RetryPolicy(
    first_retry_interval=timedelta(seconds=limits.ACTIVITY_BACKOFF_FIRST),
    max_number_of_attempts=limits.ACTIVITY_ATTEMPTS_MAX,
    backoff_coefficient=limits.ACTIVITY_BACKOFF_FACTOR,
    max_retry_interval=timedelta(seconds=limits.ACTIVITY_BACKOFF_MAX),
)
NOTIFY = RetryPolicy(
    first_retry_interval=timedelta(seconds=limits.NOTIFY_BACKOFF_FIRST),
    max_number_of_attempts=limits.NOTIFY_ATTEMPTS_MAX,
    backoff_coefficient=limits.NOTIFY_BACKOFF_FACTOR,
)
UNDO = RetryPolicy(  # of undoing one task: worth some patience, and not to be in the way of the others for ever
    first_retry_interval=timedelta(seconds=limits.ACTIVITY_BACKOFF_FIRST),
    max_number_of_attempts=limits.UNDO_ATTEMPTS_MAX,
    backoff_coefficient=limits.ACTIVITY_BACKOFF_FACTOR,
    max_retry_interval=timedelta(seconds=limits.ACTIVITY_BACKOFF_MAX),
)
UNTIL_DONE = RetryPolicy(  # what must not be given up: a result to record, an event to publish
    first_retry_interval=timedelta(seconds=limits.ACTIVITY_BACKOFF_FIRST),
    max_number_of_attempts=limits.PUBLISH_ATTEMPTS_MAX,
    backoff_coefficient=limits.ACTIVITY_BACKOFF_FACTOR,
    max_retry_interval=timedelta(seconds=limits.PUBLISH_BACKOFF_MAX),
)
