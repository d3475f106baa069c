"""A turn answered anew: told to the model once, with what the former answer did; the former stays, as an alternative."""

import json
from collections.abc import Sequence

import pytest

from agent.domain import ids
from agent.domain.context import ContextView
from agent.domain.errors import Conflict, Gone, NotFound, Unprocessable
from agent.domain.limits import ALTERNATIVES_MAX
from agent.domain.messages import ToolCall
from agent.domain.undo import EndUndo, TaskUndo, UndoRef
from tests.unit.turns.host import KEY, ChatHost, call, turn_key

CREATE = call(0, "create_task", json.dumps({"title": "Review the PR", "description": "It is big", "assignee": "Bob"}))
ASSIGN = call(1, "assign_task", '{"task_id": "t-1", "assignee": "Eve"}')
LOOK = call(0)


async def acts(host: ChatHost, turn: str, *calls: ToolCall, text: str = "", step: int = 0, results: Sequence[str] = ()) -> None:
    """A step that calls, and the results of its first calls."""
    await host.commit(turn, (await host.begin(turn, step)).epoch, text, step, calls)
    epoch = (await host.chats.begin_tools(host.ref(turn, step))).epoch
    for made, result in zip(calls, results, strict=False):
        await host.commit_result(turn, epoch, made.call_id, step, result)


async def finish(host: ChatHost, turn: str, step: int, text: str) -> None:
    await host.commit(turn, (await host.begin(turn, step)).epoch, text, step)


async def sent(host: ChatHost, turn: str, step: int = 0) -> list[str]:
    return [m.content for m in (await host.begin(turn, step)).messages[1:]]


@pytest.fixture
async def answered(host: ChatHost) -> str:
    """A turn that looked, created and assigned, and answered; another one is before it."""
    await host.answer((await host.submit("before", secret=90)).turn_id, "a")
    turn = (await host.submit("do it", secret=91)).turn_id
    await acts(host, turn, LOOK, text="let me see", results=['{"seen": 1}'])
    await acts(host, turn, CREATE, ASSIGN, step=1, results=['{"status": "completed"}', '{"assigned": 1}'])
    await finish(host, turn, 2, "done")
    return turn


async def test_the_model_sees_the_message_once_and_what_was_done_not_what_was_said(host: ChatHost, answered: str) -> None:
    again = await host.regenerate(answered, secret=92, text="do it")
    assert again.status == "running"
    done = ["do it", "", '{"status": "completed"}', '{"assigned": 1}']
    assert await sent(host, again.turn_id) == ["before", "a", *done]
    await host.commit(again.turn_id, 2, "all set")
    later = await host.submit("and now?", secret=93)
    assert await sent(host, later.turn_id) == ["before", "a", *done, "all set", "and now?"]


async def test_what_every_former_answer_did_is_told_in_its_order(host: ChatHost, answered: str) -> None:
    second = (await host.regenerate(answered, secret=92, text="do it")).turn_id
    await acts(host, second, call(0, "update_task_status", '{"task_id": "t-9", "status": "completed"}'), results=['"2"'])
    await finish(host, second, 1, "again done")
    third = (await host.regenerate(second, secret=93, text="do it")).turn_id
    told = await sent(host, third)
    assert told[2:] == ["do it", "", '{"status": "completed"}', '{"assigned": 1}', "", '"2"']
    assert (await host.chats.get_history(KEY, 10, None)).turns[-1].alternatives == 2


async def test_a_failed_turn_is_tried_again_behind_what_it_had_done(host: ChatHost) -> None:
    turn = (await host.submit("do it", secret=1)).turn_id
    await acts(host, turn, CREATE, text="on it")
    await host.chats.cancel(turn_key(turn))
    again = await host.regenerate(turn, secret=2, text="do it")
    told = (await host.begin(again.turn_id)).messages[1:]
    assert [m.role for m in told] == ["user", "assistant", "tool"]
    assert "effect unknown" in told[2].content, "whether it was done is not known"


async def test_what_was_undone_is_not_told_as_done(host: ChatHost) -> None:
    turn = (await host.submit("do it", secret=1)).turn_id
    await acts(host, turn, ASSIGN, results=['{"assigned": 1}'])
    await host.begin(turn, 1)
    await host.chats.cancel(turn_key(turn), "undo")
    ref = UndoRef(**turn_key(turn)._asdict(), conversation="main", instance=host.stored("undo-1")["instance"])
    await host.chats.end_undo(EndUndo(ref=ref, tasks=(TaskUndo(task_id="t-1", state="undone"),)))
    again = await host.regenerate(turn, secret=2, text="do it")
    told = (await host.begin(again.turn_id)).messages[1:]
    assert [m.role for m in told] == ["user", "assistant", "tool"], "an answer must follow a result"
    assert told[2].content.startswith('{"assigned": 1}\n(')
    assert "Undone: t-1." in told[2].content


async def test_history_shows_the_former_as_an_alternative_with_its_effects(host: ChatHost, answered: str) -> None:
    again = (await host.regenerate(answered, secret=92, text="do it")).turn_id
    await host.answer(again, "all set")
    page = await host.chats.get_history(KEY, 10, None)
    assert [(t.regenerates, t.regenerated_by, t.alternatives) for t in page.turns] == [
        (None, None, 0),
        (None, again, 0),
        (answered, None, 1),
    ]
    created = ids.task_id_from_key(ids.tool_call_key(answered, 1, 0))
    assert [(e.task_id, e.what) for e in page.turns[1].effects] == [(created, ("create",)), ("t-1", ("assign",))]
    assert (page.turns[0].effects, page.turns[2].effects) == ((), ())
    assert page.total_turns == 3
    newest = await host.chats.get_history(KEY, 1, 3)
    assert newest.turns == page.turns[1:2], "also where its successor is on another page"
    former = await host.chats.get_turn(turn_key(answered))
    assert (former.regenerated_by, former.effects) == (again, page.turns[1].effects)
    assert (await host.chats.heal(turn_key(again))).regenerates == answered


@pytest.mark.parametrize(
    ("result", "what"),
    [('{"status": "rejected"}', []), ('{"status": "failed"}', ["create"]), (None, ["create"])],
)
async def test_an_effect_is_what_may_have_been_done(host: ChatHost, result: str | None, what: list[str]) -> None:
    turn = (await host.submit("do it", secret=1)).turn_id
    await acts(host, turn, CREATE, results=[result] if result else [])
    seen = await host.chats.get_turn(turn_key(turn))
    assert [command for effect in seen.effects for command in effect.what] == what


def reasons(view: ContextView) -> dict[str | None, set[str | None]]:
    told: dict[str | None, set[str | None]] = {}
    for message in view.messages:
        told.setdefault(message.turn_id, set()).add(message.reason)
    return told


async def test_the_context_says_why_the_former_is_left_out(host: ChatHost, answered: str) -> None:
    again = (await host.regenerate(answered, secret=92, text="do it")).turn_id
    await host.begin(again)
    for view in (await host.chats.get_context(KEY, "UTC"), await host.chats.get_turn_context(turn_key(again))):
        assert reasons(view)[answered] == {"regenerated"}
        assert reasons(view)[again] == {None}
        assert view.used == sum(m.tokens for m in view.messages if m.included) + view.overhead
        assert [m.content for m in view.messages if m.included][1:] == await sent(host, again)
        assert [m.content for m in view.messages if m.turn_id == answered][-1] == "done"


async def test_alternatives_take_no_place_among_the_exchanges(host: ChatHost) -> None:
    turn = ""
    for n in range(1, 11):
        turn = (await host.submit(f"m{n}", secret=n)).turn_id
        await host.answer(turn, f"a{n}")
    for n in range(3):
        turn = (await host.regenerate(turn, secret=20 + n, text="m10")).turn_id
        await host.answer(turn, f"a10.{n}")
    told = await sent(host, (await host.submit("next", secret=30)).turn_id)
    assert told == [text for n in range(1, 10) for text in (f"m{n}", f"a{n}")] + ["m10", "a10.2", "next"]


async def test_only_the_newest_ended_turn_and_only_so_often(host: ChatHost) -> None:
    first = (await host.submit("a", secret=1)).turn_id
    with pytest.raises(Conflict) as refused:
        await host.regenerate(first, secret=2)
    assert (refused.value.code, refused.value.extra["turn_id"]) == ("turn_running", first)
    await host.answer(first)
    turn = (await host.submit("b", secret=3)).turn_id
    await host.answer(turn)
    with pytest.raises(Conflict) as refused:
        await host.regenerate(first, secret=4)
    assert refused.value.code == "turn_not_newest"
    with pytest.raises(NotFound):
        await host.regenerate(turn[:-1] + ("a" if turn[-1] != "a" else "b"), secret=5)
    for n in range(ALTERNATIVES_MAX):
        turn = (await host.regenerate(turn, secret=10 + n, text="b")).turn_id
        await host.answer(turn)
    before = dict(host.store)
    with pytest.raises(Conflict) as refused:
        await host.regenerate(turn, secret=99)
    assert refused.value.code == "too_many_alternatives"
    assert host.store == before


async def test_one_key_is_one_new_answer_also_after_a_crash(host: ChatHost) -> None:
    first = (await host.submit("a", secret=1)).turn_id
    await host.answer(first)
    again = await host.regenerate(first, secret=2, text="a", key="k", fingerprint="f")
    host.crash()
    assert (await host.regenerate(first, secret=3, text="a", key="k", fingerprint="f")).turn_id == again.turn_id
    await host.answer(again.turn_id)
    assert (await host.regenerate(first, secret=4, text="a", key="k", fingerprint="f")).turn_id == again.turn_id
    with pytest.raises(Unprocessable):
        await host.regenerate(again.turn_id, secret=5, text="a", key="k", fingerprint="g")
    await host.chats.clear_history(KEY, "first")
    with pytest.raises(Gone):
        await host.regenerate(first, secret=6, text="a", key="k", fingerprint="f")
