"""The whole model on one screen: read the messages, understand the newest, act, and answer with calls or text."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from agent.demo import replies
from agent.demo.actions import carry_out
from agent.demo.conversation import Conversation, Json, read
from agent.demo.desk import Desk, Needs, Unclear, Wanted
from agent.demo.dialogue import interpret
from agent.demo.intents import Intent
from agent.demo.limits import CALLS_PER_STEP_MAX, TOOL_ROUNDS_MAX


@dataclass(frozen=True)
class Reply:
    """Text, or tool calls with perhaps some text before them."""

    text: str
    calls: Sequence[Wanted] = ()


def think(messages: Sequence[Json], tools: Iterable[str]) -> Reply:
    """The next step of the turn that the messages are in."""
    conversation = read(messages, tools)
    desk = Desk(conversation)
    texts: list[str] = []
    needs: list[Needs] = []
    kind: type[Intent] | None = None
    for intent in interpret(conversation):
        if needs and type(intent) is not kind:
            break  # "cancel it and show my list": the list is looked at after the change
        kind = type(intent)
        try:
            texts.append(carry_out(intent, desk))
        except Needs as need:
            needs.append(need)
        except Unclear as unclear:
            texts.append(unclear.text)
    if not needs:
        return Reply(_joined(texts))
    if conversation.turns[-1].rounds >= TOOL_ROUNDS_MAX or desk.diverged():
        return Reply(_so_far(conversation, texts))
    calls = list({repr(call): call for need in needs for call in need.calls}.values())
    return Reply("\n".join(need.saying for need in needs if need.saying), calls[:CALLS_PER_STEP_MAX])


def _joined(texts: Sequence[str]) -> str:
    """One answer; the same question for several tasks is asked once, and questions come last."""
    asked = [text for text in texts if text == replies.WHO]
    said = list(dict.fromkeys(text for text in texts if text != replies.WHO))
    said.sort(key=lambda text: text.endswith("?"))
    if asked:
        said.append(replies.WHO if len(asked) == 1 else replies.WHO_EACH)
    return "\n".join(said) or "All right."


def _so_far(conversation: Conversation, texts: Sequence[str]) -> str:
    """When the turn has used up its steps, or no longer reads as it did: what happened, and nothing more."""
    done = [
        replies.created(call.arguments, call.result or {}, conversation.facts)
        for call in conversation.turns[-1].calls
        if call.name == "create_task"
    ]
    return "\n".join(
        dict.fromkeys([*texts, *done, "I stop here: this took more steps than I may take. Please tell me what is left."])
    )
