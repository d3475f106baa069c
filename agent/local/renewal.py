"""Puts a new process in the place of each running one, one after the other: a rolling restart."""

import time
from collections.abc import Callable, Iterator, Sequence
from itertools import zip_longest
from signal import SIGKILL

from agent.local.child import Child

_LOADING_MAX = 60.0  # for a successor to load what it needs; one that takes longer is done without


def renewal(children: Sequence[Child], all_ready: Callable[[], bool]) -> Iterator[None]:
    """Yields whenever there is nothing to do but to wait; exhausted when all are replaced. The owner goes on ticking meanwhile.

    The next successor loads while the one before it starts, and nobody is asked to stop before ``all_ready``: at most one is
    away at any time. One that does not stop within its grace is killed.
    """
    for child, following in zip_longest(children, children[1:]):
        child.prepare()
        give_up = time.monotonic() + _LOADING_MAX
        while (child.prepares and time.monotonic() < give_up) or not all_ready():
            yield
        old = child.pid
        child.ask_to_stop()
        if following:
            following.prepare()
        give_up = time.monotonic() + child.program.grace
        while child.pid == old:
            if time.monotonic() > give_up:
                child.ask_to_stop(SIGKILL)
            yield
        while not (child.is_up and all_ready()):
            yield
