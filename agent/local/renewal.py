"""Puts a new process in the place of each running one, one after the other: a rolling restart."""

import time
from collections.abc import Callable, Generator, Iterator, Sequence
from itertools import zip_longest
from signal import SIGKILL

from agent.local.child import Child, Program

_LOADING_MAX = 60.0  # for a successor to load what it needs; one that takes longer is done without


class NotRenewed(Exception):
    """With a text for the user: who is no good. The processes behind it are left as they are."""


def renewal(children: Sequence[Child], ready: Callable[[Program], bool]) -> Iterator[None]:
    """Yields whenever there is nothing to do but to wait; exhausted when all are replaced. The owner goes on ticking meanwhile.

    The next successor loads while the one before it starts, and nobody is asked to stop before all others are ready: at most
    one is away at any time. One that does not stop within its grace is killed. Raises NotRenewed when a new process ends before
    it is ready: what is wrong with it will be wrong with the next. Its predecessor runs on if it had not even loaded.
    """
    try:
        for child, following in zip_longest(children, children[1:]):
            old = child.pid
            yield from _load(child)
            while not all(ready(other.program) for other in children if other is not child):
                yield
            if following and child.pid == old:
                _prepare(following)
            yield from _replace(child, old, ready)
    finally:
        for child in children:
            child.dismiss()


def _prepare(child: Child) -> None:
    try:
        child.prepare()
    except OSError as problem:
        raise NotRenewed(f"{child.program.label} cannot be started anew: {problem}") from problem


def _load(child: Child) -> Generator[None]:
    _prepare(child)
    give_up = time.monotonic() + _LOADING_MAX
    while child.prepares and time.monotonic() < give_up:
        yield
    if child.lost_successor:
        raise NotRenewed(
            f"A new {child.program.label} ended before it had loaded. The old one stays (log: {child.program.log})."
        )


def _replace(child: Child, old: int | None, ready: Callable[[Program], bool]) -> Generator[None]:
    """If it has died meanwhile, its successor runs already."""
    if child.pid == old:
        child.ask_to_stop()
    give_up = time.monotonic() + child.program.grace
    while child.pid in (old, None):
        if child.pid == old and time.monotonic() > give_up:
            child.ask_to_stop(SIGKILL)
        yield
    new = child.pid
    while not (child.is_up and ready(child.program)):
        yield
        if child.pid != new:
            raise NotRenewed(f"A new {child.program.label} ended before it was ready (log: {child.program.log}).")
