"""Names of things: public ids, what they may look like, and the Dapr ids made from them.

Knows the grammar of every id. Refuses to know where ids are used, and makes no random ones (callers pass the randomness in).

Public ids never carry the tenant. A Dapr id is segments joined by dots; every segment is encoded injectively to
``[A-Za-z0-9_-]``, so two different owners can never share an actor or a workflow.
"""

import base64
import hashlib
import re
from typing import NamedTuple

from agent.domain.errors import BadRequest
from agent.domain.limits import IDEMPOTENCY_KEY_CHARS_MAX

_TENANT = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}")
_USER = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.@+-]{0,127}")
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}")
_TURN = re.compile(r"(?P<conversation>[A-Za-z0-9][A-Za-z0-9_-]{0,63})\.(?P<number>[1-9][0-9]{0,9})\.(?P<secret>[a-z2-7]{26})")
_FROM_KEY = re.compile(r"t-[a-z2-7]{20}")
_SAFE = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-")

TASK_WORKFLOW_PREFIX = "task-workflow-"
TURN_SECRET_BYTES = 16  # 128 random bits: a turn id cannot be guessed


class Identity(NamedTuple):
    """Who speaks: the tenant that owns tasks and the user that owns conversations."""

    tenant: str
    user: str


class ConversationKey(NamedTuple):
    """One conversation of one user: names exactly one ChatActor."""

    tenant: str
    user: str
    conversation: str


class TurnKey(NamedTuple):
    """One turn; names exactly one TurnLog."""

    tenant: str
    user: str
    turn_id: str


class ParsedTurnId(NamedTuple):
    conversation: str
    number: int


def identity(tenant: str, user: str) -> Identity:
    """Checks both parts.

    Raises:
        BadRequest: ``bad_tenant_id`` or ``bad_user_id``.
    """
    if not _TENANT.fullmatch(tenant):
        raise BadRequest(
            "bad_tenant_id", "A tenant id is 1 to 64 letters, digits, '-' or '_', starting with a letter or digit."
        )
    if not _USER.fullmatch(user):
        raise BadRequest(
            "bad_user_id", "A user id is 1 to 128 letters, digits or any of '-_.@+', starting with a letter or digit."
        )
    return Identity(tenant, user)


def conversation_key(who: Identity, conversation: str) -> ConversationKey:
    """Raises BadRequest ``bad_conversation_id`` when the name has another form than 1 to 64 of ``[A-Za-z0-9_-]``."""
    if not _NAME.fullmatch(conversation):
        raise BadRequest(
            "bad_conversation_id", "A conversation id is 1 to 64 letters, digits, '-' or '_', starting with a letter or digit."
        )
    return ConversationKey(who.tenant, who.user, conversation)


def task_id(value: str) -> str:
    """Returns ``value``; raises BadRequest ``bad_task_id`` when it has another form than 1 to 64 of ``[A-Za-z0-9_-]``."""
    if not _NAME.fullmatch(value):
        raise BadRequest("bad_task_id", "A task id is 1 to 64 letters, digits, '-' or '_', starting with a letter or digit.")
    return value


def turn_id(conversation: str, number: int, secret: bytes) -> str:
    """``{conversation}.{number}.{128 random bits in base32}``."""
    return f"{conversation}.{number}.{_base32(secret)}"


def parse_turn_id(value: str) -> ParsedTurnId | None:
    """None when ``value`` cannot be a turn id (callers answer as for an unknown turn)."""
    match = _TURN.fullmatch(value)
    return ParsedTurnId(match["conversation"], int(match["number"])) if match else None


def turn_number(value: str) -> int:
    """The number in a turn id of ours; 0, which no turn has, in anything else."""
    parsed = parse_turn_id(value)
    return parsed.number if parsed else 0


def idempotency_key(value: str) -> str:
    """The key as it is stored: a hash of fixed length.

    Raises:
        BadRequest: ``bad_idempotency_key``: empty, longer than IDEMPOTENCY_KEY_CHARS_MAX, or with characters no header carries.
    """
    if not 0 < len(value) <= IDEMPOTENCY_KEY_CHARS_MAX or not value.isascii() or not value.isprintable():
        raise BadRequest(
            "bad_idempotency_key", f"An idempotency key is 1 to {IDEMPOTENCY_KEY_CHARS_MAX} printable ASCII characters."
        )
    return _base32(hashlib.sha256(value.encode()).digest()[:20])


def scoped_key(scope: str, value: str) -> str:
    """As ``idempotency_key``, for an id that a client of the wire ``scope`` gave: no two wires share one.

    Raises:
        BadRequest: ``bad_idempotency_key``: empty, longer than IDEMPOTENCY_KEY_CHARS_MAX, or no Unicode.
    """
    try:
        scoped = f"{scope}\0{value}".encode()
    except UnicodeEncodeError:
        scoped = b""
    if not scoped or not 0 < len(value) <= IDEMPOTENCY_KEY_CHARS_MAX:
        raise BadRequest("bad_idempotency_key", f"An id has 1 to {IDEMPOTENCY_KEY_CHARS_MAX} characters.")
    return _base32(hashlib.sha256(scoped).digest()[:20])


def tool_call_key(turn: str, step: int, index: int) -> str:
    """The idempotency key of one tool call: whatever runs it, however often, changes things once."""
    return f"{turn}/{step}/{index}"


def turn_of_tool_call(key: str) -> str:
    """The turn id in a tool call's key; of any other key, nothing that could be one."""
    return key.split("/", 1)[0]


def turn_mark(turn: str) -> str:
    """Tells a turn from others to who knows its id, and to others nothing: neither its conversation nor its secret."""
    return _mark(b"turn " + turn.encode())


def call_id_from_key(key: str) -> str:
    """The public id of the tool call ``key``; the provider's own id never leaves the model context."""
    return "c-" + _mark(b"call " + key.encode())


def task_id_from_key(key: str) -> str:
    """The id of the task that the tool call ``key`` creates: ``t-`` and 20 base32 characters (100 bits) of its SHA-256."""
    return "t-" + _mark(key.encode())


def is_made_from_key(task: str) -> bool:
    """Whether ``task`` has the form that :func:`task_id_from_key` gives: nobody else may choose such an id."""
    return _FROM_KEY.fullmatch(task) is not None


def chat_actor_id(key: ConversationKey) -> str:
    """The ChatActor of one conversation."""
    return _dapr_id(key.tenant, key.user, key.conversation)


def parse_chat_actor_id(actor_id: str) -> ConversationKey:
    """Inverse of :func:`chat_actor_id`."""
    return ConversationKey(*(_decode(segment) for segment in actor_id.split(".")))


def task_actor_id(tenant: str, task: str) -> str:
    """The TaskActor of one task of the tenant."""
    return _dapr_id(tenant, task)


def task_index_actor_id(who: Identity) -> str:
    """The TaskIndexActor of one user."""
    return _dapr_id(who.tenant, who.user)


def task_workflow_public_id(task: str) -> str:
    """What the public calls the workflow of ``task``."""
    return TASK_WORKFLOW_PREFIX + task


def task_workflow_instance(tenant: str, task: str) -> str:
    """The Dapr instance id of the workflow that the public calls ``task-workflow-{task}``."""
    return _dapr_id(tenant, task_workflow_public_id(task))


def turn_workflow_instance(key: ConversationKey, turn: str, start: int, fresh: bytes) -> str:
    """Each start of a turn uses a fresh instance id: ``start`` counts them from 1, ``fresh`` are random bytes."""
    return _dapr_id(key.tenant, key.user, "turn-" + turn, f"{start}-{_base32(fresh)}")


def undo_workflow_instance(key: ConversationKey, turn: str, start: int, fresh: bytes) -> str:
    """As of a turn's own workflow: each start of an undo uses a fresh instance id."""
    return _dapr_id(key.tenant, key.user, "undo-" + turn, f"{start}-{_base32(fresh)}")


def _dapr_id(*segments: str) -> str:
    return ".".join(_encode(segment) for segment in segments)


def _encode(segment: str) -> str:
    """Injective: ``_XX`` for every byte outside ``[A-Za-z0-9-]``, the underscore itself included."""
    return "".join(chr(b) if b in _SAFE else f"_{b:02x}" for b in segment.encode())


def _decode(segment: str) -> str:
    return re.sub(r"(?:_[0-9a-f]{2})+", lambda m: bytes.fromhex(m[0].replace("_", "")).decode(), segment)


def _mark(of: bytes) -> str:
    """A hundred bits of its hash."""
    return _base32(hashlib.sha256(of).digest())[:20]


def _base32(data: bytes) -> str:
    return base64.b32encode(data).decode().rstrip("=").lower()
