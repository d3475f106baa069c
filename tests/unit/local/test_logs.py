"""Logs stay bounded while they are written, and tell their end."""

from pathlib import Path

from agent.local.logs import LOG_BYTES_MAX, bound, open_log, tail


def test_a_log_is_appended_to(tmp_path: Path) -> None:
    for text in (b"one\n", b"two\n"):
        with open_log(tmp_path / "x.log") as log:
            log.write(text)
    assert tail(tmp_path / "x.log") == ["one", "two"]


def test_a_log_that_grew_too_long_is_moved_while_its_writer_goes_on(tmp_path: Path) -> None:
    path = tmp_path / "x.log"
    with open_log(path) as log:
        log.write(b"x" * (LOG_BYTES_MAX + 1))
        log.flush()
        bound(path)
        log.write(b"after\n")
    assert path.read_bytes() == b"after\n"
    assert (tmp_path / "x.log.1").stat().st_size == LOG_BYTES_MAX + 1


def test_a_log_that_cannot_be_moved_starts_anew_all_the_same(tmp_path: Path) -> None:
    path = tmp_path / "x.log"
    (tmp_path / "x.log.1").mkdir()  # as good as a full disk: it cannot be written
    path.write_bytes(b"x" * (LOG_BYTES_MAX + 1))
    bound(path)
    assert path.read_bytes() == b""


def test_a_log_within_bounds_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "x.log"
    path.write_bytes(b"x" * LOG_BYTES_MAX)
    bound(path)
    assert [p.name for p in tmp_path.iterdir()] == ["x.log"]


def test_the_tail_is_the_last_lines_of_what_may_be_large(tmp_path: Path) -> None:
    path = tmp_path / "x.log"
    assert tail(path) == []
    path.write_text("".join(f"line {n}\n" for n in range(10_000)))
    assert tail(path, 2) == ["line 9998", "line 9999"]
