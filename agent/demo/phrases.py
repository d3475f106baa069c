"""The pieces that phrasings are written with. Every repetition is bounded, so no sentence can keep a pattern busy for long."""

import re

from agent.demo.vocabulary import STATUS_WORDS

REF = r"(?P<ref>[^;:!?]{1,140}?)"  # what refers to a task; references.py reads it
WHO = r"(?P<who>[^,.;:!?]{1,50}?)"  # what names a person; names.py reads it
STATUS = "(?P<status>" + "|".join(sorted(map(re.escape, STATUS_WORDS), key=len, reverse=True)) + "|ready)"
STATE = r"(?:done|finished|completed?|ready|started|in progress|overdue|late|on track|cancell?ed|assigned|open|pending|closed)"


def phrase(*alternatives: str) -> re.Pattern[str]:
    """A pattern for a whole clause that is one of the alternatives, in any case."""
    return re.compile(rf"(?:{'|'.join(alternatives)})$", re.IGNORECASE)


def one_of(*words: str) -> str:
    """A group of alternatives."""
    return f"(?:{'|'.join(words)})"
