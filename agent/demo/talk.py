"""The answers of small talk, help and "who are you"."""

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
    "how_is_it": "I am a small program and in good order, thank you. What is there to do?",
    "how_are_you": "I am a small program and in good order, thank you. What is there to do?",
    "ok": "All right.",
    "yes": 'I have no open question, so I am not sure what you agree to. Tell me what to do, for example "Mark it as done".',
    "drop": "All right, I dropped it. Nothing was changed.",
    "joke": "A task walks into a bar. The bartender says: you are overdue. (Rule-based demo, one joke.)",
    "move_deadline": "I cannot move a deadline: none of my tools does that. The service can, with POST /tasks/{id}/deadline; "
    "or cancel the task and create it again with the new deadline.",
    "unassign": "I have no tool that leaves a task with nobody. I can give it to somebody else or cancel it.",
    "message": "I cannot talk to people, I only keep tasks for them. "
    'Say, for example, "Ask Bob to look at the auth PR by Friday".',
    "fallback": FALLBACK,
}


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
