"""What the commands of the terminal chat show: tasks, history and context, each as plain lines."""

from typing import Any

from agent.local.call_words import short


def tasks(page: dict[str, Any]) -> str:
    """A line for each task, and whether there are more."""
    lines = [f"{t['task_id']}  {t['status']:<11} {t['title']}{_who_and_when(t)}" for t in page["tasks"]]
    if page["next"]:
        lines.append(f"these are the newest {len(lines)}; there are more")
    return "\n".join(lines) or "no tasks yet"


def history(page: dict[str, Any]) -> str:
    """What was said, former answers marked as such, and whether there is more."""
    lines: list[str] = [f"these are the newest {len(page['turns'])} turns; there are more"] if page["next"] else []
    for turn in page["turns"]:
        former = " (answered again below)" if turn["regenerated_by"] else ""
        spoken = [m for m in turn["messages"] if m["role"] in ("user", "assistant") and m["content"]]
        lines += [f"{m['role']}{former}> {m['content']}" for m in spoken]
        if turn["status"] not in ("completed",):
            lines.append(f"({turn['status']})")
    return "\n".join(lines) or "nothing said yet"


def context(view: dict[str, Any]) -> str:
    """The budget and where it goes, then each message with its tokens and, if it is left out, why."""
    parts = {"system": 0, "exchanges": 0}
    for message in view["messages"]:
        if message["included"]:
            parts["system" if message["role"] == "system" else "exchanges"] += message["tokens"]
    free = max(0, view["budget"] - view["used"])
    summed = f"{view['used']} of {view['budget']} tokens: system {parts['system']}, exchanges {parts['exchanges']}, "
    lines = [f"{summed}tools and framing {view['overhead']}, free {free}"]
    for message in view["messages"]:
        why = "" if message["included"] else f"  [left out: {message['reason']}]"
        calls = ", ".join(call["name"] for call in message["tool_calls"])
        lines.append(f"{message['tokens']:>6}  {message['role']:<9}  {short(message['content'] or calls)}{why}")
    if view["omitted_turns"]:
        lines.append(f"and {view['omitted_turns']} older turns")
    return "\n".join(lines)


def _who_and_when(task: dict[str, Any]) -> str:
    who = f", {task['assignee']}" if task["assignee"] else ""
    return who + (f", due {task['deadline']}" if task["deadline"] else "")
