"""``docs/events.md`` says what the models say."""

from agent.domain.events import TextDelta
from tests.unit.api.event_tables import DOCUMENT, document


def test_the_document_is_that_of_the_models() -> None:
    assert DOCUMENT.read_text() == document(), "run `python -m tests.unit.api.event_tables`"


def test_an_event_is_told_with_its_promise_and_its_fields() -> None:
    [row] = [line for line in document().splitlines() if "TextDelta" in line]
    assert f"`{TextDelta.model_fields['type'].default}`" in row
    assert (TextDelta.__doc__ or "nothing") in row
    assert "`step`: integer<br>`delta`: string" in row
