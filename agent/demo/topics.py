"""Phrasings of small talk, help and "who are you": clauses that need no task."""

from agent.demo.intents import Talk
from agent.demo.phrases import one_of, phrase

GREETING = (
    r"(?:hi|hello|hey|hiya|howdy|yo|greetings|good (?:morning|afternoon|evening|day)|moin|hallo|servus)"
    r"(?: (?:there|you|all|agent|bot|everyone|task agent))?"
)
_REST = r"(?: .{0,30})?"
_KIND = one_of(
    "ai", "llm", "human", "bot", "robot", "language model", "chatgpt", "gpt.{0,6}", "person", "model", "openai", "claude"
)
_PATTERNS = (
    ("greeting", phrase(GREETING)),
    (
        "help",
        phrase(
            r"(?:i need )?help(?: me)?(?: out)?",
            r"\?|commands|usage|examples|give me (?:an example|examples)|show (?:me )?help",
            rf"what(?: else)? can (?:you|i) (?:do|say|ask|help){_REST}",
            r"what do you (?:do|understand|offer)",
            r"what are you (?:able to|capable of)(?: do)?",
            rf"how (?:do|can|does) (?:i|you|it|this) (?:use|work|help|start){_REST}",
        ),
    ),
    (
        "who",
        phrase(
            rf"(?:who|what) (?:exactly )?are you{_REST}",
            r"(?:what|which) (?:llm |language |ai )?model (?:are|is|do) .{0,40}",
            rf"are you (?:an? )?(?:real |actual )?{_KIND}{_REST}",
            r"who (?:made|built|wrote|created) you",
            r"what(?:'s| is) your name|tell me about yourself|introduce yourself|what is (?:this|task agent)",
            r"how (?:do|can) i "
            rf"(?:connect|use|set up|configure) (?:an? )?(?:real |other |different )?(?:model|llm|openai){_REST}",
        ),
    ),
    ("how_is_it", phrase(r"how(?:'s| is) it (?:going|coming along|looking)(?: so far)?")),
    ("how_are_you", phrase(rf"how (?:are you|do you do|are things|'s life){_REST}", "what's up|sup")),
    (
        "thanks",
        phrase(
            rf"(?:many |ok |okay |great |perfect |cool |nice |good |alright )?(?:thanks|thank you|thx|cheers|ty|danke){_REST}"
        ),
    ),
    (
        "bye",
        phrase(rf"(?:good ?)?bye{_REST}", rf"see (?:you|ya){_REST}", "good night|cya|ciao|exit|quit", rf"that's all{_REST}"),
    ),
    (
        "ok",
        phrase(
            "ok|okay|k|fine|great|perfect|cool|nice|good|alright|all right|got it|understood|sounds good|good job|well done",
            "awesome|excellent|wow|lol|haha|sure|right|i see",
        ),
    ),
    ("yes", phrase("yes|yep|yeah|yup|correct|exactly|no problem|do it|go ahead")),
    (
        "drop",
        phrase(
            "no|nope|no thanks|no thank you|nvm|stop|leave it|nothing|don't|don't bother|skip it|abort",
            rf"never ?mind{_REST}|forget (?:it|that|about it)",
        ),
    ),
    ("joke", phrase(rf"tell (?:me )?(?:a|another) joke{_REST}", "(?:do you )?know (?:a|any) jokes?|make me laugh")),
    (
        "time",
        phrase(
            r"what(?:'s| is) (?:the )?(?:current )?(?:time|date|day|weekday)(?: today| now)?",
            rf"what (?:time|day|date) is (?:it|today){_REST}",
            "time|date|(?:the )?current time",
        ),
    ),
    ("count", phrase(rf"count (?:up )?(?:from (?:1|one) )?to (?P<n>\d{{1,9}}){_REST}")),
    (
        "message",
        phrase(
            r"(?:tell|inform|notify|message|ask) (?!me\b)\w{1,30}(?: (?!to\b)\w{1,30})? (?:that|about|if|whether)\b.{0,200}",
            r"let (?!me\b)\w{1,30} know\b.{0,200}",
        ),
    ),
)


def read_talk(text: str) -> Talk | None:
    """The topic of a clause that is nothing but small talk."""
    for topic, pattern in _PATTERNS:
        if match := pattern.match(text):
            return Talk(topic, match.groupdict().get("n") or "")
    return None
