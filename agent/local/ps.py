"""``task-agent ps``: who runs in a data folder."""

from dataclasses import asdict
from typing import Any

from rich.table import Table

from agent.local.state_dir import StateDir


def running(data: StateDir) -> list[dict[str, Any]]:
    """One ``{name, pid, replica, url}`` per process, in the order of their start; empty when nothing runs."""
    run = data.current_run()
    return [asdict(child) for child in run.children] if run else []


def as_table(processes: list[dict[str, Any]]) -> Table:
    """The same for people."""
    table = Table("name", "pid", "replica", "url", box=None)
    for process in processes:
        table.add_row(*("" if value is None else str(value) for value in process.values()))
    return table
