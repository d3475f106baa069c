"""Children of :func:`agent.local.process.spawn`: apart from our group, and never longer alive than we are."""

import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

from agent.local.process import has_ended, kill_group, spawn
from tests.integration.stack import until

SLEEP = (sys.executable, "-c", "import signal; print(signal.pthread_sigmask(0, ()), flush=True); signal.pause()")
PARENT = """
import subprocess, sys, signal
from agent.local.process import spawn
child = spawn(["sleep", "600"], env={}, output=subprocess.DEVNULL)
print(child.pid, flush=True)
signal.pause()
"""
FOLLOWER = """
import signal
from agent.local.process import die_with_parent
die_with_parent()
print("x", flush=True)
signal.pause()
"""
LATE_FOLLOWER = """
import signal, sys
from agent.local.process import die_with_parent
print("begun", flush=True)
sys.stdin.readline()
die_with_parent()
print("x", flush=True)
signal.pause()
"""
LATE_GRANDPARENT = f"""
import subprocess, sys
follower = subprocess.Popen([sys.executable, "-c", {LATE_FOLLOWER!r}])
print(follower.pid, flush=True)
follower.wait()
"""
GRANDPARENT = f"""
import subprocess, sys
follower = subprocess.Popen([sys.executable, "-c", {FOLLOWER!r}])
print(follower.pid, flush=True)
follower.wait()
"""


def exists(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):  # the second when it ends between opening and reading
        return False


def test_a_child_has_a_session_of_its_own_and_no_blocked_signals() -> None:
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})
    try:
        child = spawn(SLEEP, env={}, output=subprocess.PIPE)
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
    assert child.stdout is not None
    with child.stdout:
        assert child.stdout.readline() == b"set()\n"
    assert os.getsid(child.pid) == child.pid
    assert not has_ended(child)

    kill_group(child)

    assert has_ended(child)
    assert child.returncode == -signal.SIGKILL


def test_a_child_dies_with_its_parent() -> None:
    parent = subprocess.Popen([sys.executable, "-c", PARENT], stdout=subprocess.PIPE)
    assert parent.stdout is not None
    with parent.stdout:
        child = int(parent.stdout.readline())
    assert exists(child)

    parent.kill()
    parent.wait()

    until(lambda: not exists(child), 30, lambda: "the child outlived its parent")


def test_killing_the_group_ends_grandchildren() -> None:
    child = spawn(["sh", "-c", "sleep 600 & echo $!; wait"], env={"PATH": os.environ["PATH"]}, output=subprocess.PIPE)
    assert child.stdout is not None
    with child.stdout:
        grandchild = int(child.stdout.readline())

    kill_group(child)

    until(lambda: not exists(grandchild), 30, lambda: "the grandchild is still there")


def test_ending_is_seen_without_reaping() -> None:
    child = spawn(["true"], env={"PATH": os.environ["PATH"]}, output=subprocess.DEVNULL)
    until(lambda: has_ended(child), 30, lambda: "it does not end")
    assert child.returncode is None  # not reaped: nobody else can get its process group id
    kill_group(child)
    assert child.returncode == 0


def test_one_that_the_system_has_reaped_has_ended() -> None:
    before = signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    try:
        child = spawn(["true"], env={"PATH": os.environ["PATH"]}, output=subprocess.DEVNULL)
        until(lambda: has_ended(child), 30, lambda: "it does not end")
        kill_group(child)
    finally:
        signal.signal(signal.SIGCHLD, before)


def test_only_the_main_thread_spawns() -> None:
    refused: list[str] = []

    def attempt() -> None:
        try:
            spawn(["true"], env={}, output=subprocess.DEVNULL)
        except RuntimeError as error:
            refused.append(str(error))

    thread = threading.Thread(target=attempt)
    thread.start()
    thread.join()
    assert refused == ["children are spawned from the main thread only"]


def test_following_the_parent() -> None:
    parent = subprocess.Popen([sys.executable, "-c", GRANDPARENT], stdout=subprocess.PIPE)
    assert parent.stdout is not None
    with parent.stdout:
        said = {parent.stdout.readline(), parent.stdout.readline()}
    pid = int(next(line for line in said if line != b"x\n"))

    parent.kill()
    parent.wait()

    until(lambda: not exists(pid), 30, lambda: "it did not follow")


def test_a_parent_that_died_before_it_was_followed_is_followed_too() -> None:
    parent = subprocess.Popen([sys.executable, "-c", LATE_GRANDPARENT], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert parent.stdin is not None and parent.stdout is not None
    with parent.stdin, parent.stdout:
        said = {parent.stdout.readline(), parent.stdout.readline()}
        follower = int(next(line for line in said if line != b"begun\n"))
        parent.kill()
        parent.wait()
        parent.stdin.write(b"now\n")
        parent.stdin.flush()
        try:
            assert parent.stdout.readline() == b"", "it goes on"
        finally:
            if exists(follower):
                os.kill(follower, signal.SIGKILL)
