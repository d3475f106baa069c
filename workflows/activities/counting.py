"""Every message that is stored says how many tokens the model takes it for."""

from agent.domain.context import token_text
from agent.domain.messages import Message
from agent.ports import Tokens


async def counted(tokens: Tokens, message: Message) -> Message:
    """``message`` with its tokens, and whether they are an estimate."""
    count = (await tokens.count([token_text(message)]))[0]
    return message.model_copy(update={"tokens": count.tokens, "estimated": count.estimated})
