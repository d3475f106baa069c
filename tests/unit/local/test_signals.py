"""Signals as values: they wake the waiting loop, and nothing runs behind its back."""

import os
import signal
import subprocess
import time

import pytest

from agent.local import signals as module
from agent.local.signals import Signals, raise_on_stop


def to_myself(sig: signal.Signals) -> None:
    os.kill(os.getpid(), sig)


@pytest.mark.parametrize("sig", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_request_to_stop_ends_the_wait(sig: signal.Signals) -> None:
    with Signals() as signals:
        assert not signals.stop
        to_myself(sig)
        signals.wait(30)
        assert signals.stop
        assert not signals.hurry


def test_the_end_of_a_child_ends_the_wait_but_is_no_request_to_stop() -> None:
    with Signals() as signals:
        started = time.monotonic()
        child = subprocess.Popen(["true"])
        signals.wait(30)
        assert time.monotonic() - started < 20
        assert not signals.stop
        child.wait()


def test_the_wait_ends_by_itself() -> None:
    with Signals() as signals:
        signals.wait(0.01)
        assert not signals.stop


def test_a_second_ctrl_c_is_hurry_but_the_same_one_twice_is_not(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_HURRY_AFTER", 600.0)
    with Signals() as signals:
        for _ in range(2):  # the terminal's, and the one that make passes on
            to_myself(signal.SIGINT)
            signals.wait(30)
        assert not signals.hurry
        monkeypatch.setattr(module, "_HURRY_AFTER", 0.0)
        to_myself(signal.SIGTERM)
        signals.wait(30)
        assert not signals.hurry
        to_myself(signal.SIGINT)
        signals.wait(30)
        assert signals.hurry


def test_a_late_signal_does_not_hit_the_program_afterwards() -> None:
    with Signals():
        to_myself(signal.SIGTERM)
    assert signal.sigpending() == set()


def test_nohup_is_respected() -> None:
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with Signals() as signals:
            to_myself(signal.SIGHUP)
            signals.wait(0.01)
            assert not signals.stop
    finally:
        signal.signal(signal.SIGHUP, before)


def test_outside_a_stop_signal_interrupts() -> None:
    stops = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    before = {sig: signal.getsignal(sig) for sig in stops}
    try:
        raise_on_stop()
        with pytest.raises(KeyboardInterrupt):
            to_myself(signal.SIGTERM)
            signal.sigtimedwait((), 5)
    finally:
        for sig, handler in before.items():
            signal.signal(sig, handler)
