"""Building Dapr, with a ``go`` that only pretends."""

import fcntl
import io
import json
import os
import threading
from pathlib import Path

import pytest
from rich.console import Console

from agent.local.dapr_binaries import Places, find
from agent.local.dapr_build import MODULE, MODULE_GO_MOD_SUM, MODULE_SUM, BuildFailed, build, go_version
from agent.local.progress import Progress
from tests.integration.stack import until
from tests.unit.local import fake_dapr

FAKE_GO = """#!/bin/sh
echo "$PWD: $*" >> "{folder}/calls"
case $1 in
  mod) cat "{folder}/module.json" ;;
  list) echo one; echo two ;;
  build)
    echo compiling/one; echo "compiling/two: $FAKE_GO_SAYS" >&2
    [ -z "$FAKE_GO_FAILS" ] || exit 2
    while [ "$1" != -o ]; do shift; done
    cp "{folder}"/result/* "$2" ;;
esac
"""


class Site:
    """A machine with a pretending Go, a module it can fetch, and a cache to build into."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.target = folder, folder / "cache" / "1.18.2"
        self.source = folder / "module"
        self.source.mkdir()
        self.environment = {"PATH": f"{folder / 'bin'}:{os.environ['PATH']}"}
        self._screen = io.StringIO()
        self.progress = Progress(Console(file=self._screen, width=300))
        (folder / "bin").mkdir()
        go = folder / "bin" / "go"
        go.write_text(FAKE_GO.format(folder=folder))
        go.chmod(0o755)
        fake_dapr.make(folder / "result")
        self.serve_module()

    def serve_module(self, **changes: str) -> None:
        module = {"Sum": MODULE_SUM, "GoModSum": MODULE_GO_MOD_SUM, "Dir": str(self.source)} | changes
        (self.folder / "module.json").write_text(json.dumps(module))

    def build(self) -> Path:
        return build(self.target, self.environment, self.progress)

    def calls(self) -> list[str]:
        file = self.folder / "calls"
        return file.read_text().splitlines() if file.exists() else []

    def screen(self) -> str:
        return self._screen.getvalue()

    def leftovers(self) -> list[str]:
        return [path.name for path in self.target.parent.glob("building-*")]


@pytest.fixture
def site(tmp_path: Path) -> Site:
    return Site(tmp_path)


def test_it_builds_what_is_found_afterwards(site: Site) -> None:
    assert site.build() == site.target

    found = find(Places(None, site.folder / "none", site.target))
    assert found is not None
    assert found.folder == site.target
    assert site.leftovers() == []
    mod, listing, compiling = site.calls()
    assert mod.endswith(f"mod download -json {MODULE}")
    assert listing.startswith(f"{site.source}: list -deps -mod=readonly -trimpath -tags stablecomponents")
    assert compiling.startswith(f"{site.source}: build -v -mod=readonly -trimpath -tags stablecomponents -ldflags -s -w -X")
    assert compiling.endswith("./cmd/daprd ./cmd/placement ./cmd/scheduler")
    assert "five minutes" in site.screen()


def test_what_is_built_is_not_built_again(site: Site) -> None:
    site.build()
    before = site.calls()
    assert site.build() == site.target
    assert site.calls() == before


def test_an_incomplete_result_is_replaced(site: Site) -> None:
    fake_dapr.make(site.target, names=("daprd",))
    (site.target / "stale").touch()
    site.build()
    assert sorted(path.name for path in site.target.iterdir()) == sorted(fake_dapr.NAMES)


@pytest.mark.parametrize("field", ["Sum", "GoModSum"])
def test_a_module_with_another_checksum_is_not_built(site: Site, field: str) -> None:
    site.serve_module(**{field: "h1:evil="})
    with pytest.raises(BuildFailed, match=r"(?s)h1:evil=.*Nothing was built.*Three ways"):
        site.build()
    assert len(site.calls()) == 1
    assert not site.target.exists()


def test_no_go_names_the_three_ways_out(site: Site) -> None:
    site.environment["PATH"] = str(site.folder / "nothing")
    with pytest.raises(BuildFailed) as failure:
        site.build()
    for way in ("go.dev/dl", "dapr init --slim --runtime-version 1.18.2", "TASK_AGENT_DAPR_BIN"):
        assert way in str(failure.value)


def test_a_cache_that_cannot_be_written_is_told_with_the_ways_out(site: Site) -> None:
    site.target.parent.parent.mkdir(exist_ok=True)
    site.target.parent.write_text("a file")
    with pytest.raises(BuildFailed, match=r"(?s)cache.*Three ways"):
        build(site.target, site.environment, Progress(Console(file=io.StringIO())))


def test_a_broken_build_shows_its_last_lines_and_leaves_nothing(site: Site) -> None:
    site.environment |= {"FAKE_GO_FAILS": "1", "FAKE_GO_SAYS": "undefined: foo"}
    with pytest.raises(BuildFailed, match=r"(?s)`go build -v ...` ended with status 2.*build.log.*undefined: foo.*Three ways"):
        site.build()
    assert site.leftovers() == []
    assert not site.target.exists()


def test_what_a_killed_builder_left_is_removed(site: Site) -> None:
    (site.target.parent / "building-old").mkdir(parents=True)
    site.build()
    assert site.leftovers() == []


def test_a_second_builder_waits_and_then_takes_what_the_first_built(site: Site) -> None:
    site.target.parent.mkdir(parents=True)
    with (site.target.parent / "build.lock").open("ab") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        built: list[Path] = []
        waiting = threading.Thread(target=lambda: built.append(site.build()))  # spawns nothing: it finds the result
        waiting.start()
        until(lambda: "Another process builds Dapr" in site.screen(), 30, site.screen)
        fake_dapr.make(site.target)
    waiting.join(30)
    assert built == [site.target]
    assert site.calls() == []


def test_an_interrupted_build_leaves_nothing(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(text: str) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(site.progress, "show", interrupt)
    with pytest.raises(KeyboardInterrupt):
        site.build()
    assert site.leftovers() == []
    assert not site.target.exists()


@pytest.mark.parametrize(
    ("text", "version"),
    [
        ("go version go1.26.8 linux/amd64", (1, 26, 8)),
        ("go version go1.27 darwin/arm64", (1, 27, 0)),
        ("go version go1.26rc1 linux/amd64", (1, 26, 0)),
        ("command not found", None),
    ],
)
def test_go_versions_are_read(text: str, version: tuple[int, ...] | None) -> None:
    assert go_version(text) == version
