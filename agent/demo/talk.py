"""Small talk, help, and who it is: phrasings that need no task, and their answers."""

import re

from agent.demo.conversation import Facts
from agent.demo.intents import Talk
from agent.demo.limits import COUNT_MAX

MODEL = "task-agent-offline-demo"
HELP = """\
I turn sentences into tasks. You can say, for example:
- "Ask Bob to review the payment PR by tomorrow noon"
- "Create a task for Carol to write the release notes by Friday 5pm"
- "What is on my list?" or "Show overdue tasks" or "What does Bob have to do?"
- "What is the status of the payment PR?"
- "Mark it as done", "Bob started on it", "Cancel that task"
- "Give it to Carol instead" or "Undo that"
- "Count to 50", to watch an answer stream
I am the offline demo model: rule-based, no language model."""
WHO = f"""\
I am the offline demo model of Task Agent ({MODEL}): a rule-based, deterministic program, not an LLM. I understand a fixed set \
of phrasings about tasks; say "help" to see them. To connect a real language model, set OPENAI_API_KEY (and, for another \
OpenAI-compatible endpoint, OPENAI_BASE_URL and OPENAI_MODEL) and start Task Agent again."""
FALLBACK = """\
I am a rule-based demo and did not understand that. Try "Ask Bob to review the payment PR by tomorrow noon", \
"What is on my list?", "Mark it as done", or "help"."""
_PARTLY = 'I am a rule-based demo and did not understand "{words}".'
_ANSWERS = {
    "help": HELP,
    "who": WHO,
    "thanks": "You're welcome.",
    "bye": "Goodbye. Your tasks stay where they are.",
    "how_are_you": "I am a small program and in good order, thank you. What is there to do?",
    "ok": "All right.",
    "yes": 'I have no open question, so I am not sure what you agree to. Tell me what to do, for example "Mark it as done".',
    "drop": "All right, I dropped it. Nothing was changed.",
    "joke": "A task walks into a bar. The bartender says: you are overdue. (Rule-based demo, one joke.)",
    "move_deadline": "I cannot move a deadline: none of my tools does that. The service can, with POST /tasks/{id}/deadline; "
    "or cancel the task and create it again with the new deadline.",
    "unassign": "I have no tool that leaves a task with nobody. I can give it to somebody else or cancel it.",
    "fallback": FALLBACK,
}
_GREETING = r"(?:hi|hello|hey|hiya|howdy|yo|greetings|good (?:morning|afternoon|evening|day)|moin|hallo|servus)(?: (?:there|you|all|agent|bot|everyone|task agent))?"
_TOPICS: tuple[tuple[str, str], ...] = (
    ("greeting", _GREETING),
    ("help", r"(?:(?:i need |please )?help(?: me)?(?: please| out)?|\?|commands|usage|what can (?:you|i) (?:do|say|ask)(?: .{0,30})?|what do you (?:do|understand|offer)"
     r"|how (?:do|can|does) (?:i|you|it|this) (?:use|work|help|start)(?: .{0,30})?|show (?:me )?help|what are you (?:able to|capable of)(?: do)?"
     r"|how can you help(?: me)?|what(?: else)? can you help.{0,30}|examples|give me (?:an example|examples))"),
    ("who", r"(?:who|what) (?:exactly )?are you(?: .{0,30})?|(?:what|which) (?:llm |language |ai )?model (?:are|is|do) .{0,40}|what(?:'s| is) your name"
     r"|are you (?:an? )?(?:real |actual )?(?:ai|llm|human|bot|robot|language model|chatgpt|gpt.{0,6}|person|model|openai|claude|smart|intelligent)(?: .{0,30})?"
     r"|who (?:made|built|wrote|created) you|tell me about yourself|introduce yourself|what is (?:this|task agent)"
     r"|how (?:do|can) i (?:connect|use|set up|configure) (?:a |an )?(?:real |openai |other |different )?(?:model|llm|openai|chatgpt).{0,30}"),
    ("how_are_you", r"how (?:are you|do you do|are things|is it going|'s it going|'s life)(?: .{0,20})?|how's it going|what's up|sup"),
    ("thanks", r"(?:many |ok |okay |great |perfect |cool |nice |good |alright )?(?:thanks|thank you|thx|cheers|ty|danke)(?: .{0,30})?"),
    ("bye", r"(?:good ?)?bye(?:.{0,20})?|see (?:you|ya)(?: .{0,20})?|good night|cya|ciao|that's all(?: .{0,20})?|exit|quit"),
    ("ok", r"ok|okay|k|fine|great|perfect|cool|nice|good|alright|all right|got it|understood|sounds good|good job|well done|awesome|excellent|wow|lol|haha|sure|right|i see"),
    ("yes", r"yes|yep|yeah|yup|yes please|correct|exactly|no problem|do it|go ahead"),
    ("drop", r"no|nope|no thanks|no thank you|never ?mind(?: .{0,20})?|nvm|forget (?:it|that|about it)|stop|leave it|nothing|don't|don't bother|skip it|abort"),
    ("joke", r"tell (?:me )?(?:a|another) joke(?: .{0,20})?|(?:do you )?know (?:a|any) jokes?|make me laugh"),
    ("time", r"what(?:'s| is) (?:the )?(?:time|date|day|weekday)(?: .{0,30})?|what (?:time|day|date) is it(?: .{0,20})?|what day is (?:it )?today|time|date|(?:the )?current time"),
    ("count", r"(?:please )?count (?:up )?(?:from (?:1|one) )?to (?P<n>\d{1,9})(?: .{0,20})?"),
)  # fmt: skip
_PATTERNS = tuple((topic, re.compile(rf"(?:{pattern})$", re.IGNORECASE)) for topic, pattern in _TOPICS)
_ADDRESS = re.compile(rf"{_GREETING}[,.! ]+(?=\S)", re.IGNORECASE)


def read_talk(text: str) -> Talk | None:
    """The topic of a sentence that is nothing but small talk."""
    for topic, pattern in _PATTERNS:
        if match := pattern.match(text):
            return Talk(topic, match.groupdict().get("n") or "")
    return None


def without_greeting(text: str) -> str:
    """ "Hi, ask Bob ..." without the "Hi"."""
    match = _ADDRESS.match(text)
    return text[match.end() :] if match else text


def answer(talk: Talk, facts: Facts) -> str:
    """What to say."""
    match talk.topic:
        case "greeting":
            name = "" if facts.user in ("me", "local") else f", {facts.user}"
            return f'Hello{name}! I am the offline demo model of Task Agent. Tell me who should do what by when, or say "help".'
        case "time":
            return f"It is {facts.now:%A}, {facts.now.day} {facts.now:%B %Y}, {facts.now:%H:%M} ({facts.zone_name})."
        case "count":
            return " ".join(str(n) for n in range(1, min(int(talk.words), COUNT_MAX) + 1)) or "0"
        case "partly":
            return _PARTLY.format(words=talk.words)
        case topic:
            return _ANSWERS.get(topic, FALLBACK)
