"""What the Dockerfile promises: a locked environment, complete sources, an unprivileged user, and no secret."""

import re
import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[2]
DOCKERFILE = (ROOT / "Dockerfile").read_text()


def test_the_environment_is_the_locked_one() -> None:
    assert re.search(r"^RUN .*uv sync --locked --no-dev --no-editable$", DOCKERFILE, re.M)
    *builders, last = re.findall(r"^FROM (\S+)", DOCKERFILE, re.M)
    assert builders == ["docker.io/library/node:22-slim", "docker.io/library/python:3.11-slim"]
    assert last == "docker.io/library/python:3.11-slim"


def test_the_page_is_built_from_its_lock_file_and_goes_into_the_wheel() -> None:
    assert re.search(r"^RUN npm ci\b", DOCKERFILE, re.M)
    before_the_wheel = DOCKERFILE.split("uv sync --locked --no-dev --no-editable\n")[0]
    assert "COPY --from=page /src/agent/page ./agent/page" in before_the_wheel
    assert tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["hatch"]["build"]["artifacts"] == ["agent/page"]


def test_it_runs_the_service_as_nobody_in_particular() -> None:
    assert re.findall(r"^USER (.*)$", DOCKERFILE, re.M) == ["65532:65532"]
    assert re.search(r'^ENTRYPOINT \["task-agent", "serve"\]$', DOCKERFILE, re.M)


def test_no_secret_and_nothing_from_the_network_is_added() -> None:
    assert not re.search(r"^ADD|(KEY|TOKEN|PASSWORD|SECRET)=", DOCKERFILE, re.M)


def test_every_package_of_the_wheel_reaches_the_builder_and_nothing_else_does() -> None:
    words = {word for line in re.findall(r"^COPY (?!--)(.+)$", DOCKERFILE, re.M) for word in line.split()[:-1]}
    copied = {word.split("/")[0] for word in words}
    packages = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"]
    assert copied == {"pyproject.toml", "uv.lock", "README.md", "web", *packages}
    ignore = [line for line in (ROOT / ".dockerignore").read_text().splitlines() if line and not line.startswith("#")]
    assert ignore[0] == "*"
    assert {line for line in ignore if line.startswith("!")} == {f"!{name}" for name in copied}
