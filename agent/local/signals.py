"""Signals as values: blocked, and taken one by one where the program waits anyway. Nothing runs in a handler."""

import signal
import time
from types import TracebackType

RENEW = signal.SIGUSR1  # the service's processes one after the other, in place of what runs
_HURRY_AFTER = 1.0  # one Ctrl-C can arrive twice, from the terminal and from make


class Signals:
    """Context manager; inside it the supervisor is woken by signals and never interrupted by them."""

    def __init__(self) -> None:
        self._stop_signals = _stop_signals()
        self._watched = self._stop_signals | {signal.SIGCHLD, RENEW}
        self._stop_since: float | None = None
        self.hurry = self.renewal_asked = False

    @property
    def stop(self) -> bool:
        """Whether someone has asked this process to stop. ``hurry`` is set when they press Ctrl-C again."""
        return self._stop_since is not None

    def take_renewal(self) -> bool:
        """Whether someone has asked for new processes since the last call."""
        asked, self.renewal_asked = self.renewal_asked, False
        return asked

    def wait(self, timeout: float) -> None:
        """Returns after ``timeout`` seconds, or earlier: when a child ended, or when asked for something."""
        received = signal.sigtimedwait(self._watched, max(0.0, timeout))
        self.renewal_asked |= received is not None and received.si_signo == RENEW
        if received is None or received.si_signo not in self._stop_signals:
            return
        now = time.monotonic()
        if self._stop_since is None:
            self._stop_since = now
        elif received.si_signo == signal.SIGINT and now - self._stop_since > _HURRY_AFTER:
            self.hurry = True

    def __enter__(self) -> "Signals":
        self._before = signal.pthread_sigmask(signal.SIG_BLOCK, self._watched)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        while signal.sigtimedwait(self._watched, 0):  # taken here, or it would hit the program after the mask is lifted
            pass
        signal.pthread_sigmask(signal.SIG_SETMASK, self._before)


def raise_on_stop() -> None:
    """For the time outside :class:`Signals`: SIGTERM and SIGHUP end the program as Ctrl-C does, by KeyboardInterrupt.

    RENEW, which would kill it, does nothing: it came too early or too late. SIGCHLD may have been ignored by who started this
    program; the system would then bury its children before it has looked at them.
    """
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    signal.signal(RENEW, lambda number, frame: None)
    for number in _stop_signals():
        signal.signal(number, signal.default_int_handler)


def _stop_signals() -> frozenset[signal.Signals]:
    """SIGHUP, the terminal's end, counts unless ``nohup`` has switched it off."""
    stop = {signal.SIGINT, signal.SIGTERM, signal.SIGHUP}
    return frozenset(stop - {signal.SIGHUP} if signal.getsignal(signal.SIGHUP) == signal.SIG_IGN else stop)
