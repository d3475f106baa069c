"""Runs a scenario of a real JavaScript client: a script of this folder, which is told and tells in JSON lines.

Its first line in is its arguments; see ``scenario.mjs``. It lives no longer than the test waits for it.
"""

import json
import shutil
import subprocess
import threading
from pathlib import Path
from queue import Empty, Queue
from types import TracebackType
from typing import IO, Any, Self

FOLDER = Path(__file__).parent
PATIENCE = 90.0
MISSING = "The real JavaScript clients are not here: install Node 20 or newer with npm; `make test` then gets them."


class Script:
    """A script under way: ``with Script("agui/parse.mjs") as running``. Leaving kills it if it still runs."""

    def __init__(self, script: str) -> None:
        self._script = script
        self._lines: Queue[str | None] = Queue()
        self.seen: list[dict[str, Any]] = []

    def __enter__(self) -> Self:
        program = shutil.which("node")
        assert program and (FOLDER / "node_modules").is_dir(), MISSING
        pipe = subprocess.PIPE
        self._process = subprocess.Popen(
            [program, str(FOLDER / self._script)], stdin=pipe, stdout=pipe, stderr=pipe, text=True, encoding="utf-8"
        )
        assert self._process.stdout and self._process.stderr
        self._errors: list[str] = []
        self._readers = [
            threading.Thread(target=self._read, args=(self._process.stdout,)),
            threading.Thread(target=self._errors.extend, args=(self._process.stderr,)),
        ]
        for reader in self._readers:
            reader.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._process.kill()
        self._process.wait()
        for reader in self._readers:
            reader.join()
        for stream in (self._process.stdin, self._process.stdout, self._process.stderr):
            assert stream
            stream.close()

    def ask(self, question: Any, timeout: float = PATIENCE) -> Any:
        """What a script made with ``answers`` replies."""
        self._write(question)
        return self._next(timeout)["answer"]

    def _write(self, data: Any) -> None:
        assert self._process.stdin
        try:
            self._process.stdin.write(json.dumps(data) + "\n")
            self._process.stdin.flush()
        except BrokenPipeError:
            pass  # it has ended; why, the next line that is read will tell

    def _next(self, timeout: float) -> dict[str, Any]:
        try:
            text = self._lines.get(timeout=timeout)
        except Empty:
            raise AssertionError(f"{self._script} told nothing for {timeout:g} s; so far {self.seen}") from None
        assert text is not None, f"{self._script} ended without a result: {''.join(self._errors)}"
        line = json.loads(text)
        assert "error" not in line, f"{self._script}: {line['error']}\nso far {self.seen}"
        return line

    def _read(self, stream: IO[str]) -> None:
        for line in stream:
            self._lines.put(line)
        self._lines.put(None)


class Scenario(Script):
    """A script made with ``scenario``: it tells what it sees, and in the end what it returns."""

    def __init__(self, script: str, **args: Any) -> None:
        super().__init__(script)
        self._args = args

    def __enter__(self) -> Self:
        super().__enter__()
        self._write(self._args)
        return self

    def until(self, seen: str, timeout: float = PATIENCE) -> dict[str, Any]:
        """The next thing of that name that the script tells."""
        while (line := self._next(timeout)).get("seen") != seen:
            assert "result" not in line, f"{self._script} ended without {seen!r}, but saw {self.seen}: {line}"
            self.seen.append(line)
        return line

    def result(self, timeout: float = PATIENCE) -> Any:
        """What the script returns in the end."""
        while "result" not in (line := self._next(timeout)):
            self.seen.append(line)
        return line["result"]


def node(script: str, timeout: float = PATIENCE, **args: Any) -> Any:
    """Runs the script to its end; what it returns."""
    with Scenario(script, **args) as running:
        return running.result(timeout)
