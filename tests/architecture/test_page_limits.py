"""The page's copies of the service's bounds say what the service says."""

import re
from pathlib import Path

from agent.domain import limits

COPIES = Path(__file__).parents[2] / "web" / "src" / "limits.ts"
COPY = re.compile(r"^export const (\w+) = ([0-9_]+)(?: \* ([0-9_]+))?;", re.MULTILINE)


def test_bounds_that_the_page_names_are_those_of_the_service() -> None:
    text = COPIES.read_text()
    copies = {name: int(first) * int(second or 1) for name, first, second in COPY.findall(text)}
    assert len(copies) == text.count("export ") > 0
    assert copies == {name: getattr(limits, name) for name in copies}
