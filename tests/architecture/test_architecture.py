"""The rules of the house that no linter knows, read off the source itself.

Each rule is a function from one parsed file to complaints, so each is also shown a piece of wrong code that it must refuse.
"""

import ast
import re
import subprocess
import sys
import typing
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from agent.domain import events

ROOT = Path(__file__).parents[2]
FILE_LINES_MAX = 300
FUNCTION_LINES_MAX = 70

Rule = Callable[[ast.Module], Iterator[str]]


def sources(*patterns: str, without: tuple[str, ...] = ()) -> list[Path]:
    found = {path for pattern in patterns for path in ROOT.glob(pattern)}
    return sorted(p for p in found if not p.relative_to(ROOT).as_posix().startswith(without or "\0"))


PRODUCT = sources("agent/**/*.py", "actors/**/*.py", "workflows/**/*.py", "prompts/**/*.py")
EVERYTHING = sorted({*PRODUCT, *sources("tests/**/*.py", "web/*.py", "model/**/*.py")})


def complaints(rule: Rule, paths: list[Path]) -> list[str]:
    assert paths, "the rule looks at nothing: a folder was renamed"
    return [f"{path.relative_to(ROOT)}: {why}" for path in paths for why in rule(ast.parse(path.read_text()))]


def imported(tree: ast.Module) -> Iterator[tuple[int, str]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.lineno, node.module or "."


# --- layers ----------------------------------------------------------------------------------------------------------------


def test_imports_point_inward() -> None:
    lint = Path(sys.executable).with_name("lint-imports")
    done = subprocess.run([str(lint), "--no-cache"], cwd=ROOT, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stdout + done.stderr
    assert re.search(r"[1-9]\d* kept, 0 broken", done.stdout), done.stdout


def test_importing_a_package_runs_nothing() -> None:
    assert [str(p.relative_to(ROOT)) for p in EVERYTHING if p.name == "__init__.py" and p.read_text().strip()] == []


# --- sizes -----------------------------------------------------------------------------------------------------------------


def long_functions(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            lines = (node.end_lineno or node.lineno) - node.lineno + 1
            if lines > FUNCTION_LINES_MAX:
                yield f"{node.name} (line {node.lineno}) has {lines} lines; split it below {FUNCTION_LINES_MAX}"


def test_no_file_and_no_function_is_long() -> None:
    lengths = {str(p.relative_to(ROOT)): p.read_text().count("\n") for p in EVERYTHING}
    assert {name: n for name, n in lengths.items() if n > FILE_LINES_MAX} == {}
    assert complaints(long_functions, EVERYTHING) == []


# --- one vocabulary --------------------------------------------------------------------------------------------------------


def event_names() -> frozenset[str]:
    names = {events.TASK_TOPIC, events.CONVERSATION_TOPIC}
    for value in vars(events).values():
        if isinstance(value, type) and issubclass(value, events.TurnEvent | events.FeedEvent):
            for field in ("type", "event_type"):
                if field in value.model_fields:
                    names.update(typing.get_args(value.model_fields[field].annotation))
    return frozenset(names)


NAMES = event_names()


def spelled_events(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and node.value in NAMES:
            yield f"line {node.lineno} spells {node.value!r}; use agent.domain.events"


def test_event_names_are_spelled_once() -> None:
    assert {"turn.started", "text.delta", "task.overdue", "conversation.updated", "task-events"} <= NAMES
    # agent.local holds the chat client, which reads the public wire like any client; agent.demo is a program of its own.
    readers = ("agent/domain/events.py", "agent/local/", "agent/demo/")
    assert complaints(spelled_events, [p for p in PRODUCT if not p.relative_to(ROOT).as_posix().startswith(readers)]) == []


# --- purity ----------------------------------------------------------------------------------------------------------------

IMPURE = frozenset(
    {
        "asyncio",
        "concurrent",
        "ctypes",
        "glob",
        "http",
        "io",
        "logging",
        "multiprocessing",
        "os",
        "pathlib",
        "platform",
        "queue",
    }
    | {
        "random",
        "secrets",
        "select",
        "selectors",
        "shutil",
        "signal",
        "socket",
        "sqlite3",
        "ssl",
        "subprocess",
        "sys",
        "tempfile",
    }
    | {"threading", "time", "urllib", "uuid", "warnings"}
)
CLOCKS = frozenset({"now", "utcnow", "today"})


def impure(tree: ast.Module) -> Iterator[str]:
    for line, module in imported(tree):
        if module.split(".")[0] in IMPURE:
            yield f"line {line} imports {module}"
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in CLOCKS:
            yield f"line {node.lineno} reads a clock"
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in ("open", "print", "input"):
            yield f"line {node.lineno} calls {node.func.id}"


def foreign(tree: ast.Module) -> Iterator[str]:
    for line, module in imported(tree):
        top = module.split(".")[0]
        if not (module.startswith("agent.domain") or top == "pydantic" or top in sys.stdlib_module_names):
            yield f"line {line} imports {module}; the domain knows the standard library, pydantic and itself"


def test_the_domain_is_pure() -> None:
    domain = sources("agent/domain/*.py")
    assert complaints(impure, domain) == []
    assert complaints(foreign, domain) == []


def has_workflow(path: Path) -> bool:
    """Whether the file defines a generator whose first parameter is a workflow context."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.FunctionDef) and node.args.args and node.args.args[0].arg in ("ctx", "context"):
            yields = [inner for inner in ast.walk(node) if isinstance(inner, ast.Yield | ast.YieldFrom)]
            if yields:
                return True
    return False


def test_workflow_code_is_deterministic() -> None:
    assert complaints(impure, [p for p in sources("workflows/*.py") if has_workflow(p)]) == []


# --- one place for settings and for bounds ---------------------------------------------------------------------------------


def environment_reads(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and node.attr in ("environ", "environb", "getenv", "putenv"):
            yield f"line {node.lineno} uses os.{node.attr}"
        elif isinstance(node, ast.ImportFrom) and node.module == "os" and {a.name for a in node.names} & {"environ", "getenv"}:
            yield f"line {node.lineno} imports the environment"
        elif isinstance(node, ast.Name | ast.alias) and "BaseSettings" in (getattr(node, "id", ""), getattr(node, "name", "")):
            yield f"line {node.lineno} makes settings"


def test_the_environment_is_read_in_settings_only() -> None:
    # adapters/tokens.py points tiktoken at its files, which listens to nothing but TIKTOKEN_CACHE_DIR.
    readers = ("agent/settings.py", "agent/local/", "agent/adapters/tokens.py")
    assert complaints(environment_reads, [p for p in PRODUCT if not p.relative_to(ROOT).as_posix().startswith(readers)]) == []


def bounds(tree: ast.Module) -> Iterator[str]:
    for node in tree.body:
        target = node.targets[0] if isinstance(node, ast.Assign) else node.target if isinstance(node, ast.AnnAssign) else None
        if not isinstance(target, ast.Name) or not target.id.endswith(("_MAX", "_MIN", "_LIMIT", "_TIMEOUT", "_MAX_BYTES")):
            continue
        if any(isinstance(part, ast.Constant) for part in ast.walk(node)):
            yield f"line {node.lineno} defines the bound {target.id}; bounds live in agent/domain/limits.py"


def test_bounds_live_in_one_file() -> None:
    # The supervisor's and the demo model's bounds are theirs: they are processes beside the service.
    owners = ("agent/domain/limits.py", "agent/local/", "agent/demo/")
    assert complaints(bounds, [p for p in PRODUCT if not p.relative_to(ROOT).as_posix().startswith(owners)]) == []


# --- the rules themselves --------------------------------------------------------------------------------------------------

WRONG = [
    (long_functions, "def f():\n" + "    x = 1\n" * 70),
    (spelled_events, "match name:\n    case 'turn.started': pass"),
    (spelled_events, "x = f'text.delta{1}'"),
    (impure, "import logging"),
    (impure, "from time import monotonic"),
    (impure, "import datetime\nx = datetime.datetime.now()"),
    (impure, "print('hello')"),
    (foreign, "from agent.ports import Clock"),
    (foreign, "import dapr.actor"),
    (environment_reads, "import os\nx = os.environ['HOME']"),
    (environment_reads, "from os import getenv"),
    (environment_reads, "class S(BaseSettings): pass"),
    (bounds, "QUEUE_MAX = 8"),
    (bounds, "_READ_TIMEOUT: float = 5.0"),
]


@pytest.mark.parametrize(("rule", "code"), WRONG, ids=[f"{rule.__name__}-{n}" for n, (rule, _) in enumerate(WRONG)])
def test_each_rule_refuses_wrong_code(rule: Rule, code: str) -> None:
    assert list(rule(ast.parse(code)))


RIGHT = [
    (long_functions, "def f():\n" + "    x = 1\n" * 69),
    (spelled_events, "'''Says turn.started when it starts.'''\nx = events.TurnStarted(turn_id='a')"),
    (impure, "import re\nfrom datetime import datetime\nx = datetime.fromisoformat('2030-01-01')"),
    (foreign, "import re\nfrom pydantic import BaseModel\nfrom agent.domain.ids import turn_id"),
    (environment_reads, "import os\nx = os.getpid()"),
    (bounds, "from agent.domain.limits import QUEUE_MAX\nWAITING_MAX = QUEUE_MAX"),
]


@pytest.mark.parametrize(("rule", "code"), RIGHT, ids=[rule.__name__ for rule, _ in RIGHT])
def test_no_rule_refuses_right_code(rule: Rule, code: str) -> None:
    assert list(rule(ast.parse(code))) == []
