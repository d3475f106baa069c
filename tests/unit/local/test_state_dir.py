"""The data folder: one living owner, and what it writes down."""

import multiprocessing
import os
import signal
import stat
from multiprocessing.connection import Connection
from pathlib import Path

import pytest

from agent.local import ps
from agent.local.state_dir import Occupied, Run, RunningChild, StateDir

RUN = Run(4711, "http://127.0.0.1:8080", (RunningChild("placement", 1, None, None), RunningChild("app", 2, 0, "http://x")))


def own_and_wait(path: Path, owned: Connection) -> None:
    data = StateDir(path)
    with data.owned():
        data.write_run(RUN)
        owned.send("mine")
        signal.pause()


@pytest.fixture
def data(tmp_path: Path) -> StateDir:
    return StateDir(tmp_path / "deep" / "data")


def test_the_owner_creates_it_for_this_user_only(data: StateDir) -> None:
    with data.owned():
        assert stat.S_IMODE(data.path.stat().st_mode) == 0o700
        assert data.logs.is_dir()


def test_there_is_one_owner_and_others_learn_which(data: StateDir) -> None:
    with data.owned():
        data.write_run(RUN)
        with pytest.raises(Occupied) as refused, StateDir(data.path).owned():
            pass
        assert refused.value.run == RUN
        assert data.current_run() == RUN
    with data.owned():
        pass


def test_looking_does_not_take_the_folder_away(data: StateDir) -> None:
    with data.owned():
        data.write_run(RUN)
        for _ in range(3):
            assert data.current_run() == RUN
        with pytest.raises(Occupied), StateDir(data.path).owned():
            pass


def test_a_dead_owner_does_not_matter(data: StateDir) -> None:
    ours, theirs = multiprocessing.Pipe()
    owner = multiprocessing.get_context("spawn").Process(target=own_and_wait, args=(data.path, theirs))
    owner.start()
    assert ours.recv() == "mine"
    assert data.current_run() == RUN
    with pytest.raises(Occupied), data.owned():
        pass

    os.kill(owner.pid or 0, signal.SIGKILL)
    owner.join()

    assert data.current_run() is None
    assert ps.running(data) == []
    with data.owned():
        assert data.was_left()
        assert data.current_run() is None, "its process ids may be anybody's by now"
        with pytest.raises(Occupied) as refused, StateDir(data.path).owned():
            pass
        assert refused.value.run is None


def test_a_crash_is_known_to_each_owner_until_one_has_cleared_up(data: StateDir) -> None:
    with data.owned():
        assert not data.was_left()
        data.write_run(RUN)
    for _ in range(2):
        with data.owned():
            assert data.was_left()
    with data.owned():
        data.clear_run()
        assert not data.was_left()
        data.write_run(RUN)
        assert data.current_run() == RUN
        data.clear_run()
    with data.owned():
        assert not data.was_left()


def test_ps_lists_name_pid_replica_url(data: StateDir) -> None:
    with data.owned():
        assert ps.running(data) == []
        data.write_run(RUN)
        assert ps.running(data) == [
            {"name": "placement", "pid": 1, "replica": None, "url": None},
            {"name": "app", "pid": 2, "replica": 0, "url": "http://x"},
        ]
        data.clear_run()
        data.clear_run()
        assert ps.running(data) == []


def test_nothing_runs_in_a_folder_that_is_not_there(data: StateDir) -> None:
    assert data.current_run() is None
    assert not data.path.exists()


@pytest.mark.parametrize("content", ["", "{", "[]", '{"pid": 1}', '{"pid": 1, "url": "x", "children": [{"nonsense": 1}]}'])
def test_a_broken_record_is_no_record(data: StateDir, content: str) -> None:
    with data.owned():
        (data.path / "run.json").write_text(content)
        assert data.last_run() is None
    with data.owned():
        assert data.was_left(), "somebody was here"
        data.clear_run()
        assert not data.was_left()
