"""The clients are the packages that people use, of the versions that package.json names; and how scenarios end."""

import json

import pytest

from tests.wire.node import FOLDER, node


def test_the_clients_are_the_real_packages_of_the_versions_named() -> None:
    named = json.loads((FOLDER / "package.json").read_text())["dependencies"]
    loaded = node("clients.mjs")
    assert {name: client["version"] for name, client in loaded.items()} == named
    assert {part for client in loaded.values() for part in client["parts"]} == {"function"}


def test_a_scenario_that_fails_fails_its_test() -> None:
    with pytest.raises(AssertionError, match=r"no-such.mjs ended without a result: [\s\S]*Cannot find module"):
        node("no-such.mjs")
