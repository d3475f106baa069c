"""What the Makefile says where Node.js is missing or of the wrong version."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

MAKEFILE = Path(__file__).parents[3] / "Makefile"
TOOLS = ("sh", "find", "awk", "touch", "make")
FAKE_NODE = """#!/bin/sh
exec {node} -e "Object.defineProperty(process, 'versions', {{value: {{node: '{version}'}}}}); $2"
"""


def make(folder: Path, *arguments: str, **programs: str) -> subprocess.CompletedProcess[str]:
    """Runs make in ``folder``; on the PATH is what the Makefile needs anyway, and ``programs``, by their text."""
    path = folder / "bin"
    path.mkdir()
    for tool in TOOLS:
        (path / tool).symlink_to(shutil.which(tool) or pytest.skip(f"no {tool} here"))
    for name, text in programs.items():
        (path / name).write_text(text)
        (path / name).chmod(0o755)
    environment = {name: value for name, value in os.environ.items() if not name.startswith("MAKE")} | {"PATH": str(path)}
    command = ["make", "-f", str(MAKEFILE), *arguments]
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, timeout=60, check=False)


def test_no_npm_is_told_before_anything_is_tried(tmp_path: Path) -> None:
    (tmp_path / "web").mkdir()
    for name in ("package.json", "package-lock.json"):
        (tmp_path / "web" / name).touch()
    ended = make(tmp_path, "page")
    assert ended.returncode != 0
    assert "with npm (https://nodejs.org). Install it and repeat the command." in ended.stdout
    assert "not found" not in ended.stderr


@pytest.mark.parametrize(
    ("version", "will_do"),
    [("20.18.3", False), ("20.19.0", True), ("21.7.3", False), ("22.11.0", False), ("22.12.0", True), ("24.0.0", True)],
)
def test_the_versions_of_node_are_those_that_vite_takes(tmp_path: Path, version: str, will_do: bool) -> None:
    node = shutil.which("node") or pytest.skip("no Node.js here")
    told = make(tmp_path, "--eval", 'node: ; @echo "[$(NODE)]"', "node", node=FAKE_NODE.format(node=node, version=version))
    assert told.stdout == ("[yes]\n" if will_do else "[]\n")
