"""What ``useChat`` posts: its whole history. Only the last user message is taken: the server's history is the truth."""

import hashlib
from typing import Annotated, Any, Literal

from pydantic import BaseModel, Field, StrictStr

from agent.domain.conversation import OnBusy
from agent.domain.errors import BadRequest, Unprocessable
from agent.domain.limits import NAME_TOLD_CHARS_MAX


class UIPart(BaseModel):
    type: StrictStr
    text: StrictStr = ""


class UIMessage(BaseModel):
    """The user's message; what else the client wrote into it is left out."""

    id: StrictStr
    role: Literal["user"]
    parts: list[UIPart]

    def text(self) -> str:
        """Its text parts, one below the other. Raises Unprocessable for a part that is not text."""
        for part in self.parts:
            if part.type != "text":
                told = part.type[:NAME_TOLD_CHARS_MAX]
                raise Unprocessable("unsupported_part", f"Only text is taken; the message has a part of type {told!r}.")
        return "\n".join(part.text for part in self.parts)


class UIChatRequest(BaseModel):
    """The default body. Clients add fields of their own; they are ignored, but for ``on_busy``."""

    id: Annotated[StrictStr, Field(description="Name of the conversation; it is made when it is new.")]
    messages: Annotated[list[dict[str, Any]], Field(description="Only the last one of role `user` is taken.")]
    trigger: Literal["submit-message", "regenerate-message"] = "submit-message"
    messageId: StrictStr | None = None
    on_busy: Annotated[OnBusy, Field(description="As of `POST /chat`.")] = "queue"

    def check_for_news(self) -> None:
        """Raises BadRequest ``no_new_message`` where the client would put the answer behind what it shows of one already.

        It does so with the message that ``messageId`` names, or else the last one, if that is an assistant's.
        """
        if self.trigger != "submit-message" or not self.messages:
            return
        named = (m for m in self.messages if self.messageId is not None and m.get("id") == self.messageId)
        goes_on = next(named, self.messages[-1])
        if goes_on.get("role") == "assistant" and goes_on.get("parts"):
            why = "The messages end with an answer: resumeStream() goes on with it, regenerate() makes another one."
            raise BadRequest("no_new_message", why)

    def last_user_message(self) -> UIMessage:
        """Raises BadRequest ``no_user_message``, Unprocessable ``bad_message``."""
        found = next((m for m in reversed(self.messages) if m.get("role") == "user"), None)
        if found is None:
            raise BadRequest("no_user_message", "There is no message of role 'user' in messages.")
        try:
            return UIMessage.model_validate(found)
        except ValueError:
            raise Unprocessable("bad_message", "The last user message needs an id and parts, each with a type.") from None


def fingerprint(text: str) -> str:
    """What a message's id stands for."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
