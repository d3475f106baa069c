"""What a person reads when everything runs: one origin, how to talk to it, and who answers."""

from agent.local.embedded import Embedded
from agent.local.environment import ModelSettings

_DEMO = """\
No OPENAI_API_KEY and no OPENAI_BASE_URL is set, so the offline demo model answers: rule-based, no LLM.
For a real one set OPENAI_API_KEY (or OPENAI_BASE_URL, for another OpenAI-compatible endpoint) and OPENAI_MODEL.
`task-agent doctor` looks for model servers on this machine."""

_CRASHED = "The last run did not stop cleanly: what was under way goes on. Nothing acknowledged is lost{but}."
_BUT_POWER = ",\nunless the machine itself went down: then SQLite may lack the last moments"


def welcome(embedded: Embedded, model: ModelSettings, *, crashed: bool) -> str:
    """The start-up message. Shows exactly one origin; further replicas are named without a scheme."""
    origin, others = embedded.origin, embedded.replicas[1:]
    lines = [
        f"Task Agent is ready: {origin}",
        "",
        f"  talk to it   task-agent chat --url {origin}",
        f"  or           curl -N {origin}/chat -H 'content-type: application/json' \\",
        """                    -d '{"message": "Ask Bob to review the payment PR by tomorrow noon"}'""",
        f"  model        {model.describe()}",
        f"  state        {embedded.store.described}",
        f"  data, logs   {embedded.host.data.path}",
        "",
    ]
    if others:
        lines.insert(-1, f"  replicas     {len(others) + 1}: the others are at {', '.join(r.address for r in others)}")
    if model.offline_demo:
        lines += [_DEMO, ""]
    if crashed:
        lines += [_CRASHED.format(but=_BUT_POWER if embedded.store.identity == "sqlite" else ""), ""]
    lines.append("Ctrl-C stops everything.")
    return "\n".join(lines)
