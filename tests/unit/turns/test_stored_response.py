"""A stored turn as an OpenAI response: what a cancel cut off keeps the id under which it was streamed."""

import pytest

from agent.api.wires.responses.projection import response_of
from agent.domain.messages import Message
from agent.domain.turn_calls import KeepShown
from tests.unit.turns.host import ChatHost, turn_key


@pytest.mark.parametrize("silent", [0, 1], ids=["the newest attempt", "one before a silent one"])
async def test_a_message_that_was_cut_off_is_named_by_the_attempt_that_told_it(host: ChatHost, silent: int) -> None:
    turn = (await host.submit()).turn_id
    told = await host.begin(turn)
    for _ in range(silent):
        await host.begin(turn)
    await host.chats.cancel(turn_key(turn))
    shown = Message(role="assistant", content="half an ans", tokens=3, interrupted=True)
    await host.chats.keep_shown(KeepShown(ref=host.ref(turn), shown=shown, epoch=told.epoch))
    view = await host.chats.get_turn(turn_key(turn))
    assert view.epoch == told.epoch + silent
    assert [item["id"] for item in response_of(view, None)["output"]] == [f"msg_{turn}-{told.epoch}"]
