"""Fields spelled out in a sentence: "..., assignee: Bob, due: tomorrow, description: ..."."""

import re

_KEYS = {
    "title": "title",
    "subject": "title",
    "what": "title",
    "description": "description",
    "detail": "description",
    "details": "description",
    "note": "description",
    "notes": "description",
    "assignee": "assignee",
    "owner": "assignee",
    "who": "assignee",
    "assigned to": "assignee",
    "assign to": "assignee",
    "assign it to": "assignee",
    "and assign it to": "assignee",
    "and assign to": "assignee",
    "responsible": "assignee",
    "deadline": "deadline",
    "due": "deadline",
    "due date": "deadline",
    "when": "deadline",
}
_KEY = re.compile(
    r"(?:^|[,;.] ?|\s)"
    r"(?:(title|subject|what|description|details?|notes?|assignee|owner|who|responsible|deadline|due(?: date)?|when) ?[:=]"
    r"|((?:and )?assign(?: it)? to|assigned to|assignee) )\s?",
    re.IGNORECASE,
)


def take_fields(text: str) -> tuple[str, dict[str, str]]:
    """The text before the first field, and the fields; a field ends where the next one begins."""
    matches = list(_KEY.finditer(text))
    if not matches:
        return text, {}
    ends = [match.start() for match in matches[1:]] + [len(text)]
    fields: dict[str, str] = {}
    for match, end in zip(matches, ends, strict=True):
        key = _KEYS[(match[1] or match[2]).lower()]
        fields.setdefault(key, text[match.end() : end].strip(" ,;."))
    return text[: matches[0].start()].strip(" ,;."), fields
