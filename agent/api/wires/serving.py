"""The wires beside the service's own: their routes, and the shapes of their refusals. One line here for each."""

from fastapi import APIRouter

from agent.api.admission import Admissions
from agent.api.problems import Dialect
from agent.api.turns import TurnApi
from agent.api.wires.agui.routes import AguiApi, agui_router
from agent.api.wires.aisdk.frames import error_text
from agent.api.wires.aisdk.routes import AiSdkApi, aisdk_router
from agent.api.wires.responses.errors import error_body
from agent.api.wires.responses.routes import ResponsesApi, responses_router
from agent.ports import Chats, Randomness, Tasks, TurnLog

REFUSALS = {"/v1": Dialect(error_body, unprocessable=400), "/api": Dialect(error_text)}
"""By the first part of the path."""


def wire_routers(
    chats: Chats, log: TurnLog, tasks: Tasks, admissions: Admissions, turns: TurnApi, randomness: Randomness
) -> list[APIRouter]:
    """The routes of every wire."""
    return [
        aisdk_router(AiSdkApi(chats, log, admissions, turns)),
        agui_router(AguiApi(chats, log, admissions, tasks)),
        responses_router(ResponsesApi(chats, log, admissions, turns, randomness)),
    ]
