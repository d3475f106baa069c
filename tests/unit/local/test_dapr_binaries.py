"""Where Dapr is looked for, and which versions will do."""

from pathlib import Path

import pytest

from agent.local.dapr_binaries import BadSetting, Places, find
from tests.unit.local import fake_dapr


@pytest.fixture
def places(tmp_path: Path) -> Places:
    return Places(None, tmp_path / "home", tmp_path / "cache")


def test_nothing_anywhere(places: Places) -> None:
    assert find(places) is None


def test_the_setting_wins_over_home_and_home_over_the_cache(places: Places, tmp_path: Path) -> None:
    named = fake_dapr.make(tmp_path / "named")
    fake_dapr.make(places.cache)
    found = find(places)
    assert found is not None
    assert found.folder == places.cache

    fake_dapr.make(places.home)
    found = find(places)
    assert found is not None
    assert found.folder == places.home
    assert (found.version, found.warning) == ("1.18.2", "")

    found = find(Places(named, places.home, places.cache))
    assert found is not None
    assert (found.folder, found.source) == (named, "TASK_AGENT_DAPR_BIN")


def test_a_setting_that_cannot_be_used_is_an_error_not_a_hint(places: Places, tmp_path: Path) -> None:
    fake_dapr.make(places.cache)
    half = fake_dapr.make(tmp_path / "half", names=("daprd",))
    with pytest.raises(BadSetting, match="no placement, scheduler in it"):
        find(Places(half, places.home, places.cache))
    broken = fake_dapr.make(tmp_path / "broken", version_status=1)
    with pytest.raises(BadSetting, match="does not run"):
        find(Places(broken, places.home, places.cache))


def test_another_patch_release_will_do_with_a_warning(places: Places) -> None:
    fake_dapr.make(places.home, version="1.18.0")
    found = find(places)
    assert found is not None
    assert found.warning == "This is Dapr 1.18.0; Task Agent is tested with 1.18.2."


@pytest.mark.parametrize("version", ["1.17.9", "1.19.0", "2.18.2", "edge"])
def test_another_minor_version_is_passed_over(places: Places, version: str) -> None:
    fake_dapr.make(places.home, version=version)
    fake_dapr.make(places.cache)
    found = find(places)
    assert found is not None
    assert found.folder == places.cache


def test_the_named_folder_may_have_any_version(places: Places, tmp_path: Path) -> None:
    found = find(Places(fake_dapr.make(tmp_path / "named", version="1.19.0"), places.home, places.cache))
    assert found is not None
    assert "1.19.0" in found.warning


@pytest.mark.parametrize("missing", fake_dapr.NAMES)
def test_an_incomplete_folder_is_passed_over(places: Places, missing: str) -> None:
    fake_dapr.make(places.home, names=tuple(name for name in fake_dapr.NAMES if name != missing))
    assert find(places) is None
