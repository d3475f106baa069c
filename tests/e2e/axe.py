"""What axe says of a page, in both colour schemes."""

from collections.abc import Callable, Generator
from pathlib import Path
from typing import Literal

from tests.e2e.screen import Screen

SCHEMES: tuple[Literal["light", "dark"], ...] = ("light", "dark")
AXE = (Path(__file__).parents[2] / "web" / "node_modules" / "axe-core" / "axe.min.js").read_text()
# Of what axe cannot decide only contrasts count as wrong until shown otherwise: its other questions ask for a person's eye.
UNDECIDED = "color-contrast"
RUN = "axe.run(document, {resultTypes: ['violations', 'incomplete']})"

Scan = Callable[[Screen, str], None]


def in_each_scheme(screen: Screen) -> Generator[str]:
    """The state it is in, in one colour scheme after the other."""
    for scheme in SCHEMES:
        screen.page.emulate_media(color_scheme=scheme)
        yield scheme


def violations(screen: Screen) -> list[str]:
    """What axe finds wrong, rule by rule, and every contrast that it cannot tell."""
    screen.page.evaluate(AXE)
    found = screen.page.evaluate(RUN)
    rules = [*found["violations"], *(rule for rule in found["incomplete"] if rule["id"] == UNDECIDED)]
    return [f"{v['id']}: {node['html'][:160]} {node['failureSummary'][:200]}" for v in rules for node in v["nodes"]]
