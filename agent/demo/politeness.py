"""What is said around a wish: "hi", "could you please", "..., thanks". Taken off before phrasings are tried."""

import re

from agent.demo.phrases import one_of
from agent.demo.topics import GREETING

_ASKING = r"(?= (?:what|which|how|who|when|if|whether)\b)"
_BEFORE = re.compile(
    one_of(
        "please|pls|kindly|also|and|then|now|so|ok|okay|well|hey|oh|hmm|yes|right|great|alright|next|finally|just|actually",
        "first|second|secondly|lastly|task agent|agent|bot|go ahead and|let's|would you mind|don't forget to|remember to",
        "(?:can|could|would|will) you(?: please| kindly)?(?: help me(?: to)?)?",
        "i (?:want|would like|need) you to|i'd like you to|i want to|i'd like to|i would like to|i was wondering if you could",
        r"i need to(?= (?:create|add|list|see|know|cancel|mark|assign|reassign|check)\b)",
        "it would be (?:great|nice|good|helpful) if|make a note(?: that| to)?",
        rf"(?:tell|remind|show) me{_ASKING}|let me know{_ASKING}|do you know|i wonder|if|whether",
    )
    + "[,:]? ",
    re.IGNORECASE,
)
_AFTER = re.compile(
    r"[ ,]+(?:please|pls|thanks|thank you|for me|if you can|if possible|right now|would you|will you|ok|okay)$", re.IGNORECASE
)
_ADDRESS = re.compile(rf"{GREETING}[,.! ]+(?=\S)", re.IGNORECASE)
_ROUNDS = 6  # "ok, now could you please just ..."


def plain(text: str) -> str:
    """The text without greeting, politeness and closing punctuation."""
    address = _ADDRESS.match(text)
    text = text[address.end() if address else 0 :].strip(" .,;:!?")
    for _ in range(_ROUNDS):
        if before := _BEFORE.match(text):
            text = text[before.end() :].strip(" ,")
        if after := _AFTER.search(text):
            text = text[: after.start()].strip(" .,;:!?")
    return text
