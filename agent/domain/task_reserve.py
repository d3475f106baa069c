"""Taking a task id for one request: the first request keeps it for good."""

from datetime import datetime, timedelta

from agent.domain.errors import Conflict
from agent.domain.processing import ProcessTask, Reservation, fingerprint
from agent.domain.task import iso
from agent.domain.task_record import TaskRecord


def reserve(record: TaskRecord | None, tenant: str, owner: str, request: ProcessTask, now: datetime) -> TaskRecord:
    """The record with the reservation; ``record`` itself when the same request of the same user has it already.

    Raises:
        Conflict: ``task_id_used``: another request, or another user, has the id. ``undone``: its turn was undone.
    """
    mark = fingerprint(request)
    if record is not None:
        record.refuse_undone(request.key)
    if record is not None and (held := record.reservation) is not None:
        if held.owner != owner:
            raise Conflict("task_id_used", f"The task id {request.task_id} was used by another user.")
        if held.fingerprint != mark:
            raise Conflict("task_id_used", f"The task id {request.task_id} was used with another request.")
        return record
    seconds = timedelta(seconds=request.deadline_seconds)
    deadline = datetime.fromisoformat(request.deadline) if request.deadline is not None else now + seconds
    reservation = Reservation(fingerprint=mark, request=request, owner=owner, accepted_at=iso(now), deadline=iso(deadline))
    return (record or TaskRecord(tenant=tenant)).model_copy(update={"reservation": reservation})
