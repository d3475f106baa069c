"""What is in the wheel: the code, all that it reads beside itself, the page too if it is built, and nothing else.

It is built as the image builds it and as a packager does, and then run from its own files alone: the checkout is on the
path of the tests' interpreter as well, and would stand in for whatever the wheel lacks.
"""

import ast
import json
import os
import re
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGES = {file.parent.name for file in ROOT.glob("*/__init__.py")} - {"tests"}
UV = shutil.which("uv") or str(ROOT / ".uv" / "bin" / "uv")  # as in the Makefile
# RUN asks each for its folder; doctor looks for the page.
READERS = {"agent/adapters/prompts.py", "agent/api/page.py", "agent/local/doctor.py", "agent/local/store.py"}
RUN = """
import json, sys
from importlib import metadata, resources
import agent.main
from agent.adapters.prompts import FilePrompts
from agent.api.page import PAGE
from agent.local.store import SHARED_RESOURCES

[script] = metadata.entry_points(group="console_scripts", name="task-agent")
script.load()
FilePrompts().version("system")
modules = [m.__file__ for name, m in sys.modules.items() if name.split(".")[0] in sys.argv[1:] and m.__file__]
folders = [resources.files("prompts"), PAGE, SHARED_RESOURCES.parent]
installed = metadata.distribution("task-agent").locate_file("")
print(json.dumps({"modules": modules, "folders": [str(f) for f in folders], "installed": str(installed)}))
"""


def build(target: Path, *how: str) -> Path:
    """The wheel. What builds it is in uv's cache since the project was installed; were that cleared, it is fetched."""
    command = [UV, "build", "--quiet", "--python", sys.executable, "--out-dir", str(target), *how, str(ROOT)]
    offline = subprocess.run([*command, "--offline"], capture_output=True, timeout=120)
    if offline.returncode != 0:
        done = subprocess.run(command, capture_output=True, text=True, timeout=120)
        assert done.returncode == 0, done.stderr
    [wheel] = target.glob("*.whl")
    return wheel


@pytest.fixture(scope="module", params=[("--wheel",), ()], ids=["as the image does", "as a packager does"])
def wheel(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with its files. A packager's is made from the source distribution, so from what that one holds."""
    folder = tmp_path_factory.mktemp("wheel")
    with zipfile.ZipFile(build(tmp_path_factory.mktemp("dist"), *request.param)) as archive:
        archive.extractall(folder)
    return folder


def files(folder: Path) -> set[str]:
    """Whatever lies in it, but for what Python has left there."""
    found = (path.relative_to(folder) for path in folder.rglob("*") if path.is_file())
    return {path.as_posix() for path in found if "__pycache__" not in path.parts}


def test_it_holds_the_packages_as_they_are_and_nothing_else(wheel: Path) -> None:
    [about] = wheel.glob("*.dist-info")
    assert {path.name for path in wheel.iterdir()} == {*PACKAGES, about.name}
    for package in PACKAGES:
        assert files(wheel / package) == files(ROOT / package)


def test_it_runs_from_its_own_files(wheel: Path, tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-P", "-c", RUN, *PACKAGES],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(wheel)},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    ran = json.loads(done.stdout)
    assert Path(ran["installed"]) == wheel
    assert [path for path in ran["modules"] if not Path(path).is_relative_to(wheel)] == []
    for folder in map(Path, ran["folders"]):
        of_source = files(ROOT / folder.relative_to(wheel))
        assert files(folder) == of_source
        assert of_source or folder.name == "page", "only the page may be missing, where there is no Node.js"


def test_the_page_in_it_is_whole(wheel: Path) -> None:
    page = wheel / "agent" / "page"
    if not page.exists():
        pytest.skip("the page is not built here: make page")
    named = re.findall(r'(?:src|href)="/([^"]+)"', (page / "index.html").read_text())
    assert {Path(name).suffix for name in named} >= {".js", ".css"}
    assert set(named) <= files(page)


def looks_beside_itself(tree: ast.Module) -> Iterator[str]:
    """Ways to a file that lies beside the code. Those into other distributions are their wheels' affair."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Name) and node.id in ("__file__", "__path__", "__spec__"):
            yield node.id
        elif isinstance(node, ast.Call) and ast.unparse(node.func).split(".")[-1] in ("files", "get_data"):
            package = node.args[0].value if node.args and isinstance(node.args[0], ast.Constant) else None
            if not isinstance(package, str) or package.split(".")[0] in PACKAGES:
                yield ast.unparse(node)


def test_every_reader_of_such_files_is_asked_above() -> None:
    sources = [path for package in PACKAGES for path in (ROOT / package).rglob("*.py")]
    found = {str(path.relative_to(ROOT)) for path in sources if list(looks_beside_itself(ast.parse(path.read_text())))}
    assert found == READERS


@pytest.mark.parametrize("code", ["p = Path(__file__).parent", "resources.files('agent.local')", "files(__name__)"])
def test_such_a_reader_is_found(code: str) -> None:
    assert list(looks_beside_itself(ast.parse(code)))
