"""Runs one external tool to its end: its output as text, or as lines as they come; its complaints go to a log."""

import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path

from agent.local.logs import tail
from agent.local.process import kill_group, spawn


class CommandFailed(Exception):
    """It ended with another status than 0; the text has its last lines and where the rest is."""


class Command:
    """``program`` with one environment, folder and log; each run starts the log anew."""

    def __init__(self, program: str, environment: Mapping[str, str], log: Path) -> None:
        self._program, self._environment, self._log = program, environment, log

    def output(self, *arguments: str, cwd: Path) -> str:
        """What it writes to stdout. Raises CommandFailed."""
        with self._log.open("wb") as log:
            process = spawn(
                [self._program, *arguments], env=self._environment, output=subprocess.PIPE, errors=log.fileno(), cwd=cwd
            )
            try:
                text, _ = process.communicate()
            finally:
                kill_group(process)  # when the wait was interrupted
        self._check(arguments, process.returncode)
        return text.decode(errors="replace")

    def lines(self, *arguments: str, cwd: Path) -> Iterator[str]:
        """What it writes to stdout and stderr, line by line. Raises CommandFailed."""
        process = spawn([self._program, *arguments], env=self._environment, output=subprocess.PIPE, cwd=cwd)
        assert process.stdout is not None
        try:
            with self._log.open("wb") as log, process.stdout as output:
                for line in output:
                    log.write(line)
                    yield line.decode(errors="replace")
            process.wait()
        finally:
            kill_group(process)
        self._check(arguments, process.returncode)

    def _check(self, arguments: tuple[str, ...], status: int) -> None:
        if status != 0:
            lines = "".join(f"\n  {line}" for line in tail(self._log))
            command = f"{Path(self._program).name} {' '.join(arguments[:2])}"
            raise CommandFailed(f"`{command} ...` ended with status {status}. Its last lines ({self._log}):{lines}")
