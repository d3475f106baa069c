"""``task-agent restart``: new processes in place of the running ones, one at a time, with pretended Dapr and a stand-in app."""

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import IO

import pytest
from typer.testing import CliRunner

from agent.local import restart as module
from agent.local.child import Program
from agent.local.cli import app
from agent.local.process import kill_group
from agent.local.renewal import NotRenewed, renewal
from agent.local.restart import NotRestarted, restart
from agent.local.signals import Signals
from agent.local.state_dir import Run, StateDir
from agent.local.supervisor import Supervisor
from agent.local.understudy import Understudy
from tests.integration.stack import Stack, until
from tests.unit.local import fake_dapr
from tests.unit.local.test_process import exists
from tests.unit.local.test_up import UP


@pytest.fixture
def dapr(tmp_path: Path) -> Path:
    return fake_dapr.make(tmp_path / "dapr")


def stack(dapr: Path, store: str = "sqlite", replicas: int = 1, **env: str) -> Stack:
    return Stack(dapr.parent / "data", 0, {"TASK_AGENT_DAPR_BIN": str(dapr)} | env, UP, store=store, replicas=replicas)


@pytest.fixture
def stranger() -> Iterator["subprocess.Popen[bytes]"]:
    """A process that is none of ours, and that a signal ends."""
    process = subprocess.Popen(["sleep", "600"])
    yield process
    process.kill()
    process.wait()


def opened(pipe: Path) -> IO[bytes]:
    """Once somebody reads it."""
    found: list[int] = []

    def is_read() -> bool:
        with suppress(OSError):
            found.append(os.open(pipe, os.O_WRONLY | os.O_NONBLOCK))
        return bool(found)

    until(is_read, 30, lambda: "nobody reads it")
    return open(found[0], "wb")


def apps(running: Stack) -> list[int | None]:
    return [running.pid("app", replica) for replica in range(running.replicas)]


def test_each_replica_is_replaced_when_the_one_before_it_is_there_again(dapr: Path, tmp_path: Path) -> None:
    told = tmp_path / "told"
    with stack(dapr, "redis", 3, STAND_IN_TELLS=str(told)) as running:
        old = apps(running)
        shared = [running.pid(name) for name in ("redis", "placement", "scheduler")]
        begun = told.read_text().split()
        assert [new.replica for new in restart(StateDir(running.data_dir))] == [0, 1, 2]
        assert not set(apps(running)) & {*old, None}
        assert [running.pid(name) for name in ("redis", "placement", "scheduler")] == shared
        happened = told.read_text().split()[len(begun) :]
        until(lambda: "Restarted." in running.printed(), 10, running.printed)
    changes = [what for what in happened if not what.startswith("waits")]
    assert changes == ["stops-0", "begins-0", "stops-1", "begins-1", "stops-2", "begins-2"]
    assert [happened.index(f"waits-{n}") < happened.index(f"stops-{n}") for n in range(3)] == [True] * 3
    assert "starting it again" not in running.printed()
    assert running.printed().count("Restarting the service") == 1


def test_the_command_says_who_is_new_and_that_all_are_ready(dapr: Path) -> None:
    with stack(dapr) as running:
        old = running.pid("app")
        result = CliRunner().invoke(app, ["restart", "--data-dir", str(running.data_dir)], catch_exceptions=False)
        assert running.pid("app") not in (None, old)
    assert result.exit_code == 0
    assert [line.partition(" (")[0] for line in result.output.splitlines()] == [
        f"Replica 0, at {running_url(result.output)}: a new process has taken over",
        "Restarted, and ready",
    ]


def running_url(output: str) -> str:
    [url] = re.findall(r"http://[0-9.:]+\d", output)
    return url


def test_new_code_that_does_not_load_replaces_nobody(dapr: Path, tmp_path: Path) -> None:
    switch = tmp_path / "broken"
    with stack(dapr, STAND_IN_DIES_IF=str(switch)) as running:
        old = running.pid("app")
        switch.touch()
        with pytest.raises(NotRestarted, match=r"ended before it had loaded\. The old one stays"):
            list(restart(StateDir(running.data_dir)))
        assert running.pid("app") == old
        switch.unlink()
        assert len(list(restart(StateDir(running.data_dir)))) == 1, "the fault was that of the restart before"


def test_new_code_that_does_not_start_stops_at_the_first_replica(dapr: Path, tmp_path: Path) -> None:
    switch = tmp_path / "broken"
    with stack(dapr, "redis", 2, STAND_IN_DIES_AT_CUE_IF=str(switch)) as running:
        old = apps(running)
        switch.touch()
        with pytest.raises(NotRestarted, match="app-0 ended before it was ready"):
            list(restart(StateDir(running.data_dir)))
        assert running.pid("app", 1) == old[1]
        switch.unlink()
        running.wait_pid_changed("app", old[0] or 0, replica=0)
        running.wait_ready()


def test_an_app_whose_program_is_gone_runs_on(dapr: Path, tmp_path: Path) -> None:
    program = tmp_path / "python"
    program.symlink_to(sys.executable)
    with Stack(dapr.parent / "data", 0, {"TASK_AGENT_DAPR_BIN": str(dapr), "STAND_IN_PYTHON": str(program)}, UP) as running:
        old = running.pid("app")
        program.unlink()
        with pytest.raises(NotRestarted, match="cannot be started anew"):
            list(restart(StateDir(running.data_dir)))
        assert running.pid("app") == old


def test_one_that_was_never_ready_can_be_replaced(dapr: Path, tmp_path: Path) -> None:
    switch = tmp_path / "unready"
    with stack(dapr, STAND_IN_UNREADY_IF=str(switch)) as running:
        switch.touch()
        old = running.pid("app")
        replaced = restart(StateDir(running.data_dir))
        assert next(replaced).pid != old
        switch.unlink()
        assert list(replaced) == []


def test_one_that_does_not_stop_is_killed(dapr: Path) -> None:
    running = stack(dapr, STAND_IN_MODE="stay").start()
    old = running.pid("app")
    [new] = restart(StateDir(running.data_dir))
    assert new.pid != old
    assert "app was killed by signal 9" in running.printed()
    running.kill_all()


def test_nothing_to_restart_is_said_with_what_to_do(dapr: Path, tmp_path: Path) -> None:
    result = CliRunner().invoke(app, ["restart", "--data-dir", str(tmp_path / "nobody")])
    assert result.exit_code == 1
    assert "task-agent up" in result.output


def test_whoever_has_the_number_of_one_that_crashed_is_left_alone_while_the_next_one_starts(
    dapr: Path, tmp_path: Path, stranger: "subprocess.Popen[bytes]"
) -> None:
    running = stack(dapr).start()
    running.kill_all()
    data = StateDir(running.data_dir)
    left = data.last_run()
    assert left is not None
    data.write_run(replace(left, pid=stranger.pid))
    daprd, gate = (dapr / "daprd").read_text(), tmp_path / "gate"
    os.mkfifo(gate)
    (dapr / "daprd").write_text(f"#!/bin/sh\nread go < {gate}\necho 1.18.2\n")

    running.spawn()
    with opened(gate) as held:  # it looks for Dapr, and has the folder: in its place it might build for minutes
        refused = stack(dapr)
        refused.spawn()
        assert refused.wait_ended() == 1
        assert "another process, which is just starting or stopping" in refused.printed()
        with pytest.raises(NotRestarted, match="Nothing runs in"):
            list(restart(data))
        (dapr / "daprd").unlink()
        (dapr / "daprd").write_text(daprd)
        (dapr / "daprd").chmod(0o755)
        held.write(b"go\n")
    until(lambda: "did not stop cleanly" in running.printed(), 30, running.printed)
    running.stop()
    stranger.terminate()
    assert stranger.wait() == -signal.SIGTERM, "nothing else had ended it"


def test_a_process_of_somebody_elses_is_none_of_ours(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(pid: int, sig: int) -> None:  # tests may run as root, who may signal anybody
        raise PermissionError

    monkeypatch.setattr(module.os, "kill", refuse)
    data = StateDir(tmp_path)
    with data.owned():
        data.write_run(Run(1, "http://127.0.0.1:1", ()))
        with pytest.raises(NotRestarted, match="Nothing runs in"):
            list(restart(data))


def test_a_stop_ends_a_restart(dapr: Path, tmp_path: Path) -> None:
    switch = tmp_path / "unready"
    running = stack(dapr, STAND_IN_UNREADY_IF=str(switch)).start()
    switch.touch()
    watching = restart(StateDir(running.data_dir))
    next(watching)  # never ready
    running.supervisor.send_signal(signal.SIGINT)
    with pytest.raises(NotRestarted, match="stopped meanwhile"):
        list(watching)
    assert running.wait_ended() == 0


def test_a_successor_that_waits_does_not_outlive_the_others(tmp_path: Path) -> None:
    log = tmp_path / "app.log"
    waiting = 'echo "$$"; exec sleep 600'  # the socket stays open, and nobody writes to it
    program = Program("app", ("sh", "-c", waiting), {"PATH": os.environ["PATH"]}, log, lambda: True, 5.0, takes_cue=True)
    with Signals() as signals:
        supervisor = Supervisor([program], lambda children: None)
        supervisor.tick()
        [child] = supervisor.taking_cues()
        child.prepare()
        until(lambda: len(log.read_text().split()) == 2, 10, log.read_text)
        signals.hurry = True
        supervisor.stop(signals)
        assert [pid for pid in map(int, log.read_text().split()) if exists(pid)] == []


def test_a_program_that_vanishes_while_another_is_replaced_is_told(tmp_path: Path) -> None:
    gone = tmp_path / "python"
    gone.symlink_to(sys.executable)
    waits = "n = os.environ.get('TASK_AGENT_CUE'); s = n and socket.socket(fileno=int(n)); s and s.send(b'x'); time.sleep(600)"
    script = f"import os, socket, time; {waits}"
    env = dict(os.environ)
    first = Program("a", (sys.executable, "-c", script), env, tmp_path / "a.log", lambda: True, 5.0, takes_cue=True)
    second = Program("b", (str(gone), "-c", script), env, tmp_path / "b.log", lambda: True, 5.0, takes_cue=True)
    with Signals() as signals:
        supervisor = Supervisor([first, second], lambda children: None)
        supervisor.tick()
        old = [child.pid for child in supervisor.running()]
        gone.unlink()
        with pytest.raises(NotRenewed, match="b cannot be started anew"):
            for _ in renewal(supervisor.taking_cues(), lambda program: True):
                signals.wait(0.05)
        assert [child.pid for child in supervisor.running()] == old
        signals.hurry = True
        supervisor.stop(signals)


def test_a_successor_that_is_just_ending_ends_nobody_else(tmp_path: Path) -> None:
    tells = "import os, socket, time; s = socket.socket(fileno=int(os.environ['TASK_AGENT_CUE'])); s.send(b'x'); s.close()"
    argv = (sys.executable, "-c", f"{tells}; time.sleep(600)")
    successor = Understudy(argv, dict(os.environ), tmp_path / "log")
    until(lambda: successor.waits, 10, (tmp_path / "log").read_text)
    kill_group(successor.give_cue())
