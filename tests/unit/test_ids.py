"""Ids, for any input: what is encoded can be decoded, and two different owners never share an actor or a workflow."""

import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from agent.domain import ids
from agent.domain.errors import BadRequest
from agent.domain.ids import ConversationKey, Identity
from agent.domain.limits import IDEMPOTENCY_KEY_CHARS_MAX
from agent.domain.task_changes import by_turn, by_undo, of_turn

NAMES = st.from_regex(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}", fullmatch=True)
USERS = st.from_regex(r"[A-Za-z0-9][A-Za-z0-9_.@+-]{0,127}", fullmatch=True)
KEYS = st.builds(ConversationKey, NAMES, USERS, NAMES)
# Few letters, so that a search for collisions meets them: the escape's own alphabet and the separator.
TRICKY = st.text("ab_.-2e5f", min_size=1, max_size=6)
TRICKY_KEYS = st.builds(ConversationKey, TRICKY, TRICKY, TRICKY)
SECRETS = st.binary(min_size=ids.TURN_SECRET_BYTES, max_size=ids.TURN_SECRET_BYTES)
DAPR_ID = re.compile(r"[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*")

BAD_NAMES = ["", " ", "a b", "a/b", "a.b", "../x", "-a", "_a", "a\n", "é", "a" * 65, "x" * 10_000, "a\0", "日本", "%2e", "‮a"]


@given(KEYS)
def test_a_chat_actor_id_is_safe_and_names_its_conversation(key: ConversationKey) -> None:
    actor = ids.chat_actor_id(key)
    assert DAPR_ID.fullmatch(actor)
    assert actor.count(".") == 2
    assert ids.parse_chat_actor_id(actor) == key


@given(st.builds(ConversationKey, *[st.text(min_size=1, max_size=20)] * 3))
def test_encoding_loses_nothing_whatever_the_text(key: ConversationKey) -> None:
    actor = ids.chat_actor_id(key)
    assert DAPR_ID.fullmatch(actor)
    assert ids.parse_chat_actor_id(actor) == key


@given(TRICKY_KEYS, TRICKY_KEYS)
@example(ConversationKey("t", "a.b", "main"), ConversationKey("t", "a_2eb", "main"))
@example(ConversationKey("t", "a_b", "main"), ConversationKey("t", "a_5fb", "main"))
@example(ConversationKey("t", "a.b", "c"), ConversationKey("t", "a", "b.c"))
def test_different_conversations_have_different_actors(a: ConversationKey, b: ConversationKey) -> None:
    assert (ids.chat_actor_id(a) == ids.chat_actor_id(b)) == (a == b)
    assert ids.parse_chat_actor_id(ids.chat_actor_id(a)) == a


@given(TRICKY, TRICKY, TRICKY, TRICKY)
def test_nothing_moves_across_a_segment(tenant: str, task: str, other_tenant: str, other_task: str) -> None:
    same = (tenant, task) == (other_tenant, other_task)
    assert (ids.task_actor_id(tenant, task) == ids.task_actor_id(other_tenant, other_task)) == same
    assert (ids.task_workflow_instance(tenant, task) == ids.task_workflow_instance(other_tenant, other_task)) == same
    one, other = Identity(tenant, task), Identity(other_tenant, other_task)
    assert (ids.task_index_actor_id(one) == ids.task_index_actor_id(other)) == same


@given(KEYS, st.integers(1, 10**10 - 1), SECRETS, st.integers(1, 9))
def test_every_start_of_a_turn_has_an_instance_of_its_own(key: ConversationKey, number: int, secret: bytes, start: int) -> None:
    turn = ids.turn_id(key.conversation, number, secret)
    instance = ids.turn_workflow_instance(key, turn, start, b"12345")
    assert DAPR_ID.fullmatch(instance)
    assert instance != ids.turn_workflow_instance(key, turn, start + 1, b"12345")
    assert instance != ids.turn_workflow_instance(key, turn, start, b"54321"), "a start that was never saved has another"
    assert instance.count(".") == 3 != ids.task_workflow_instance(key.tenant, "turn-" + turn).count(".")


@given(NAMES, st.integers(1, 10**10 - 1), SECRETS)
def test_a_turn_id_tells_conversation_and_number_and_nothing_of_its_owner(
    conversation: str, number: int, secret: bytes
) -> None:
    turn = ids.turn_id(conversation, number, secret)
    assert ids.parse_turn_id(turn) == (conversation, number)
    assert re.fullmatch(r"[a-z2-7]{26}", turn.rsplit(".", 1)[1])


@given(SECRETS, SECRETS)
def test_all_128_bits_are_in_the_turn_id(a: bytes, b: bytes) -> None:
    assert (ids.turn_id("main", 1, a) == ids.turn_id("main", 1, b)) == (a == b)


@given(st.text(max_size=60))
def test_parsing_a_turn_id_never_fails(text: str) -> None:
    parsed = ids.parse_turn_id(text)
    assert parsed is None or text.startswith(f"{parsed.conversation}.{parsed.number}.")


SECRET = "a" * 26
NO_NUMBERS = ["", "main", "main.1", *(f"main.{n}.{SECRET}" for n in ("0", "01", "-1", "٣", "99999999999", "1.1"))]
NO_SECRETS = [*(f"main.1.{s}" for s in ("", SECRET[1:], SECRET + "a", "A" * 26, "1" * 26, SECRET + "\n")), f"a/b.1.{SECRET}"]


@pytest.mark.parametrize("text", [*NO_NUMBERS, *NO_SECRETS])
def test_what_is_no_turn_id_is_none(text: str) -> None:
    assert ids.parse_turn_id(text) is None


@pytest.mark.parametrize("name", BAD_NAMES)
def test_bad_names_are_refused_with_a_code(name: str) -> None:
    with pytest.raises(BadRequest) as tenant:
        ids.identity(name, "local")
    with pytest.raises(BadRequest) as conversation:
        ids.conversation_key(Identity("default", "local"), name)
    with pytest.raises(BadRequest) as task:
        ids.task_id(name)
    assert [r.value.code for r in (tenant, conversation, task)] == ["bad_tenant_id", "bad_conversation_id", "bad_task_id"]
    assert len(task.value.detail) < 200, "a refusal never repeats ten thousand characters"


@pytest.mark.parametrize("user", ["", ".a", "@b", "a b", "a/b", "a\r\nX: y", "é", "a" * 129, "a:b"])
def test_bad_users_are_refused(user: str) -> None:
    with pytest.raises(BadRequest, match="user id"):
        ids.identity("default", user)


@given(NAMES, USERS)
def test_good_ids_are_taken_as_they_are(name: str, user: str) -> None:
    assert ids.identity(name, user) == (name, user)
    assert ids.conversation_key(Identity(name, user), name) == (name, user, name)
    assert ids.task_id(name) == name


@given(st.tuples(NAMES, st.integers(0, 9), st.integers(0, 15)), st.tuples(NAMES, st.integers(0, 9), st.integers(0, 15)))
def test_a_tool_call_makes_ids_of_its_own_every_time(a: tuple[str, int, int], b: tuple[str, int, int]) -> None:
    one, other = ids.tool_call_key(*a), ids.tool_call_key(*b)
    assert (ids.task_id_from_key(one) == ids.task_id_from_key(other)) == (a == b)
    assert (ids.call_id_from_key(one) == ids.call_id_from_key(other)) == (a == b)
    assert ids.task_id(ids.task_id_from_key(one)) == ids.task_id_from_key(one)
    assert ids.call_id_from_key(one)[2:] != ids.task_id_from_key(one)[2:], "knowing one tells nothing about the other"


def test_an_id_of_a_client_is_a_key_of_its_wire_alone() -> None:
    one = ids.scoped_key("aisdk", "m-1")
    assert one == ids.scoped_key("aisdk", "m-1") != ids.scoped_key("agui", "m-1")
    assert one != ids.idempotency_key("m-1")
    assert ids.scoped_key("aisdk", "é🤝")
    for bad in ("", "x" * (IDEMPOTENCY_KEY_CHARS_MAX + 1), "half \ud800"):
        with pytest.raises(BadRequest, match="An id has 1 to"):
            ids.scoped_key("aisdk", bad)


def test_who_changed_a_task_is_told_without_the_turns_id() -> None:
    """Tasks belong to the tenant, conversations to their user: neither name nor secret goes with the change."""
    turn = ids.turn_id("salary-talks", 3, b"x" * 16)
    assert by_turn("alice", turn).startswith("turn:alice.")
    for by in (by_turn("alice", turn), by_turn("a.b@c", turn), by_undo(turn)):
        assert "salary" not in by
        assert turn.rsplit(".", 1)[1] not in by
        assert of_turn(by, turn)
        assert not of_turn(by, ids.turn_id("salary-talks", 3, b"y" * 16))
    assert not of_turn(f"user:{ids.turn_mark(turn)}", turn)
