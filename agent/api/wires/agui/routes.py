"""AG-UI over the service's turns: ``POST /agui`` runs a message, joins its run again, or shows a thread.

``threadId`` is the conversation. ``runId`` is the idempotency key: the same one again is the same turn, followed from where it
is. The stock client knows no other way to come back than to run again, so joining is the same request. It makes up a new
``runId`` each time unless it is given one, so the same message, by its id and text, is the same turn, too.
"""

from collections.abc import AsyncIterator
from typing import Any

from ag_ui.core import BaseEvent, RunAgentInput, RunFinishedEvent, RunFinishedSuccessOutcome
from ag_ui.encoder import EventEncoder
from fastapi import APIRouter
from sse_starlette.sse import EventSourceResponse

from agent.api import sse
from agent.api.admission import Admissions, Said
from agent.api.following import open_turn
from agent.api.identity import Who, Zone
from agent.api.problems import responses
from agent.api.turns import STREAM
from agent.api.wires.agui.messages import stored_messages, turn_of_user_message
from agent.api.wires.agui.projection import Run, RunEvents
from agent.api.wires.agui.request import Asked, asked
from agent.api.wires.agui.tasks import TaskState
from agent.api.wires.agui.thread import newest_turns
from agent.api.wires.answers import newest_answer
from agent.domain import ids
from agent.domain.errors import Unprocessable
from agent.domain.events import LogEntry
from agent.domain.ids import ConversationKey, TurnKey
from agent.domain.limits import TASKS_PAGE_MAX
from agent.domain.turn_record import ENDED, TurnStatus
from agent.ports import Chats, Tasks, TurnLog

_RUN, _MESSAGE = "agui", "agui-message"  # scopes of keys
_encode = EventEncoder().encode


class AguiApi:
    """The handler with its ports."""

    def __init__(self, chats: Chats, log: TurnLog, admissions: Admissions, tasks: Tasks) -> None:
        self._chats, self._log, self._admissions, self._tasks = chats, log, admissions, tasks

    async def run(self, body: RunAgentInput, user: Who, zone: Zone) -> EventSourceResponse:
        """Admits the last user message and streams its run.

        The same `runId` again, or the same message by its id, follows the same turn, with a snapshot of its messages first
        where the client has some of them. Without a user message it shows the thread, and follows what runs there. Leaving
        cancels nothing; `POST /turns/{turn_id}/cancel` does, with the id that RUN_STARTED tells in its metadata.
        `forwardedProps.on_busy` is that of `POST /chat`.
        """
        key, said = ids.conversation_key(user, body.thread_id), asked(body)
        page = await self._tasks.list_tasks(user, None, TASKS_PAGE_MAX, None)
        tasks = TaskState(user.user, page.tasks)
        if said is None:
            return await self._show(key, body, tasks)
        turn, status = await self._turn(key, body.run_id, said, zone)
        run = Run(body.thread_id, body.run_id, turn.turn_id, said.before)
        return await self._follow(turn, run, tasks, joins=said.knows_more, status=status)

    async def _turn(self, key: ConversationKey, run_id: str, said: Asked, zone: str) -> tuple[TurnKey, TurnStatus | None]:
        """The turn that answers the message, and how it is if it has just been asked. Raises what ``Admissions.admit`` does."""
        if (turn_id := turn_of_user_message(said.message_id, key.conversation)) is not None:  # it has come from a snapshot
            turn = TurnKey(key.tenant, key.user, turn_id)
            if (await self._chats.get_turn(turn)).user_message.content != said.text:
                raise _reused(f"messages[{len(said.before) - 1}].id", "a new message")
            return await self._answer(turn), None
        used, also = ids.scoped_key(_RUN, run_id), ids.scoped_key(_MESSAGE, said.message_id)
        try:
            message = Said(said.text, zone, said.on_busy, used, said.fingerprint(), also=also)
            turn, admitted = await self._admissions.admit(key, message)
        except Unprocessable as refused:
            raise (_reused("runId", "a new run") if refused.code == "idempotency_key_reused" else refused) from refused
        if admitted.status not in ENDED:
            return turn, admitted.status
        return await self._answer(turn), None

    async def _answer(self, turn: TurnKey) -> TurnKey:
        """``turn``, or the newest that answered its message anew."""
        return turn._replace(turn_id=(await newest_answer(self._chats, turn)).turn_id)

    async def _show(self, key: ConversationKey, body: RunAgentInput, tasks: TaskState) -> EventSourceResponse:
        """The thread's messages, and the turn that runs in it, if any, to its end."""
        turns, running = await newest_turns(self._chats, key)
        open_ones = [n for n, turn in enumerate(turns) if turn.status not in ENDED]
        at = next((n for n in open_ones if turns[n].turn_id == running), next(iter(open_ones), None))
        if at is None:
            return sse.stream(_shown(Run(body.thread_id, body.run_id, "", tuple(stored_messages(turns))), tasks), {})
        turn_id, behind = turns[at].turn_id, tuple(stored_messages(turns[at + 1 :]))
        before = (*stored_messages(turns[:at]), next(stored_messages(turns[at : at + 1])))
        run = Run(body.thread_id, body.run_id, turn_id, before, behind)
        return await self._follow(TurnKey(key.tenant, key.user, turn_id), run, tasks, joins=True)

    async def _follow(
        self, turn: TurnKey, run: Run, tasks: TaskState, *, joins: bool, status: TurnStatus | None = None
    ) -> EventSourceResponse:
        entries = await open_turn(self._log, self._chats, turn, None, status)
        return sse.stream(_frames(RunEvents(run, tasks), turn.turn_id, entries, joins), {"X-Turn-Id": turn.turn_id})


async def _frames(events: RunEvents, turn_id: str, entries: AsyncIterator[list[LogEntry]], joins: bool) -> AsyncIterator[bytes]:
    """Frames as they come. One who joins gets what is in the log already as one snapshot."""
    if not joins:
        yield _framed(f"{turn_id}/0-0", events.begin())
    async for batch in entries:
        if joins:
            yield _framed(f"{turn_id}/{batch[-1].id}", events.join(batch))
            joins = False
        elif told := b"".join(_framed(f"{turn_id}/{entry.id}", events.feed(entry)) for entry in batch):
            yield told


async def _shown(run: Run, tasks: TaskState) -> AsyncIterator[bytes]:
    """A thread in which nothing runs."""
    finished = RunFinishedEvent(thread_id=run.thread_id, run_id=run.run_id, outcome=RunFinishedSuccessOutcome())
    yield _framed("0-0", [*RunEvents(run, tasks).join([]), finished])


def _framed(frame_id: str, events: list[BaseEvent]) -> bytes:
    return "".join(f"id: {frame_id}\n{_encode(event)}" for event in events).encode()


def _reused(where: str, what: str) -> Unprocessable:
    return Unprocessable("idempotency_key_reused", f"'{where}' was sent with another text; {what} has a new id.", param=where)


ENDS: dict[int | str, dict[str, Any]] = {
    200: STREAM[200]
    | {"description": "AG-UI events. The run ends with exactly one RUN_FINISHED or RUN_ERROR. Leaving it cancels nothing."}
}


def agui_router(api: AguiApi) -> APIRouter:
    """The one route of this wire."""
    router = APIRouter(tags=["ag-ui"])
    router.add_api_route(
        "/agui",
        api.run,
        methods=["POST"],
        response_class=EventSourceResponse,
        responses={**ENDS, **responses(400, 404, 409, 410, 413, 415, 422, 429, 503)},
    )
    return router
