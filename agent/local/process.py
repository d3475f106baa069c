"""Spawns children that cannot outlive this process.

Each child leads its own session, so signals for this process's group do not reach it, and carries PR_SET_PDEATHSIG, so the
kernel kills it when this process dies, however that happens.
"""

import ctypes
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import IO

_PR_SET_PDEATHSIG = 1
_STARTED_BY = os.getppid()  # or who took its place, if it was gone already: the command line imports this before all else


def spawn(
    argv: Sequence[str],
    *,
    env: Mapping[str, str],
    output: IO[bytes] | int,
    errors: IO[bytes] | int = subprocess.STDOUT,
    cwd: Path | None = None,
    keep: Sequence[int] = (),
) -> subprocess.Popen[bytes]:
    """Starts ``argv``, with the open files ``keep`` under the same numbers; SIGKILL reaches it when this process dies.

    Only from the main thread: the kernel sends the death signal when the *thread* that forked ends.
    """
    if threading.current_thread() is not threading.main_thread():
        raise RuntimeError("children are spawned from the main thread only")
    return subprocess.Popen(
        argv,
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=errors,
        env=env,
        cwd=cwd,
        pass_fds=tuple(keep),
        start_new_session=True,
        preexec_fn=_tie_to(os.getpid()),
    )


def unsupported() -> str:
    """Why children cannot be kept in this system; empty where they can."""
    if sys.platform == "linux":
        return ""
    return f"Task Agent runs on Linux (WSL 2 is one), and this is {sys.platform}."


def die_with_parent() -> None:
    """Asks the kernel for SIGTERM when the process that started this one dies; it comes at once if that has died already.

    The parent must be the one it was, and may be any: in a container the process with the number 1 starts others, too.
    """
    _set_death_signal()(signal.SIGTERM)
    if os.getppid() != _STARTED_BY:  # it died before the line above: nobody would send the signal
        signal.raise_signal(signal.SIGTERM)


def has_ended(process: subprocess.Popen[bytes]) -> bool:
    """Whether it has ended; does not reap it, so its process group id stays reserved."""
    if process.returncode is not None:
        return True
    try:
        return os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None
    except ChildProcessError:
        return True  # somebody else has reaped it


def cpu_seconds(process: subprocess.Popen[bytes]) -> float:
    """What it has used so far (proc(5), ``stat``); 0 where the system does not tell."""
    try:
        fields = Path(f"/proc/{process.pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0.0
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def kill_group(process: subprocess.Popen[bytes]) -> None:
    """SIGKILL to all that is left of the child's session, then reaps the child."""
    if process.returncode is None:
        try:
            os.killpg(process.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass  # it died between fork and setsid; wait() below reaps it
        process.wait()


def _tie_to(parent: int) -> Callable[[], None]:
    set_death_signal = _set_death_signal()  # looked up before the fork: the child should do as little as possible

    def in_child() -> None:
        set_death_signal(signal.SIGKILL)
        if os.getppid() != parent:  # the parent died before the line above: nobody would send the signal
            os._exit(1)
        signal.pthread_sigmask(signal.SIG_SETMASK, ())  # the supervisor blocks signals; the child must not inherit that

    return in_child


def _set_death_signal() -> Callable[[signal.Signals], None]:
    prctl = ctypes.CDLL(None).prctl
    return lambda number: prctl(_PR_SET_PDEATHSIG, int(number), 0, 0, 0)
