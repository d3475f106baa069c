"""What can go wrong, in words a person understands and codes a program can match.

    Problem                     an answer, not a bug: has code, detail, HTTP-like kind; never retried by itself
    |- BadRequest               the caller must change the request (400)
    |- TooLarge                 beyond a size bound; says the numbers (413)
    |- NotFound                 unknown, or somebody else's (404)
    |- Conflict                 the state of things forbids it (409)
    |- Gone                     it was here, and was cleared (410)
    |- Unprocessable            well-formed, and impossible (422)
    |- Busy                     a bound is reached for now (429)
    |- Unavailable              a part this needs is out of reach; try again later (503)
    LogRefused                  a TurnLog append that must not be repeated
    |- Fenced                   a newer epoch writes: stop at once, report nothing
    |- Closed                   the turn has its closing entry: stop at once
    LogUnavailable              the log is out of reach: commit as ``log_incomplete``

Problems cross the actor boundary as data (``as_data`` / ``from_data``): Dapr turns a raised exception into a bare 500.
"""

from typing import Any, ClassVar


class Problem(Exception):
    """A refusal with a machine-readable ``code`` and a sentence in ``detail``; ``extra`` holds further JSON fields."""

    kind: ClassVar[str] = "problem"

    def __init__(self, code: str, detail: str, **extra: Any) -> None:
        super().__init__(detail)
        self.code, self.detail, self.extra = code, detail, extra

    def as_data(self) -> dict[str, Any]:
        """JSON object that :func:`from_data` turns back into the same problem."""
        return {"kind": self.kind, "code": self.code, "detail": self.detail, "extra": self.extra}


class BadRequest(Problem):
    kind = "bad_request"


class TooLarge(Problem):
    kind = "too_large"


class NotFound(Problem):
    kind = "not_found"


class Conflict(Problem):
    kind = "conflict"


class Gone(Problem):
    kind = "gone"


class Unprocessable(Problem):
    kind = "unprocessable"


class Busy(Problem):
    kind = "busy"


class Unavailable(Problem):
    kind = "unavailable"


ENGINE_AWAY = "workflows_unavailable"  # the code of an Unavailable: nothing was begun, and nothing saved


class LogRefused(Exception):
    """The entry was not written and must not be tried again."""


class Fenced(LogRefused):
    """A greater epoch has written: this writer is a zombie."""


class Closed(LogRefused):
    """The turn's closing entry is there: nothing may follow it."""


class LogUnavailable(Exception):
    """The log cannot be reached; the turn goes on and commits without it."""


_KINDS: dict[str, type[Problem]] = {
    c.kind: c for c in (BadRequest, TooLarge, NotFound, Conflict, Gone, Unprocessable, Busy, Unavailable)
}


def from_data(data: dict[str, Any]) -> Problem:
    """Inverse of :meth:`Problem.as_data`."""
    return _KINDS[data["kind"]](data["code"], data["detail"], **data["extra"])
