"""A message cut into the pieces that can each be one wish: lines, bullets, sentences. Knows punctuation, no meaning."""

import re
import unicodedata
from dataclasses import dataclass

from agent.demo.limits import SEGMENTS_MAX

_QUOTES = str.maketrans({"’": "'", "‘": "'", "“": '"', "”": '"', "\u00a0": " ", "\u202f": " ", "\t": " ", "…": "..."})
_BULLET = re.compile(r"(?:[-*•‣–]|\(?\d{1,2}[.)]|\[[ x]?\]) +")
_FIELD = re.compile(
    r"(?:title|subject|description|details?|notes?|assignee|assigned to|owner|deadline|due(?: date)?|by|when|who|what) ?:",
    re.IGNORECASE,
)
_SENTENCE_END = re.compile(r"(?<=[.!?]) +")
_ABBREVIATIONS = (
    "mr.",
    "mrs.",
    "ms.",
    "dr.",
    "prof.",
    "st.",
    "e.g.",
    "i.e.",
    "vs.",
    "etc.",
    "no.",
    "approx.",
    "a.m.",
    "p.m.",
    "jr.",
)
_SPACES = re.compile(r" {2,}")


@dataclass(frozen=True)
class Segment:
    """One wish at most. ``bullet``: an item of a list, so even a bare "X" is something to do."""

    text: str
    bullet: bool = False


def tidy(text: str) -> str:
    """Plain quotes, single spaces, no control characters; lines stay lines."""
    text = text.replace("\r\n", "\n").replace("\r", "\n").translate(_QUOTES)
    kept = "".join(c for c in text if c == "\n" or unicodedata.category(c) not in ("Cc", "Cf", "Cs"))
    return "\n".join(_SPACES.sub(" ", line).strip() for line in kept.split("\n")).strip()


def segments(text: str) -> list[Segment]:
    """The pieces of a tidy message, in order, at most SEGMENTS_MAX."""
    pieces: list[Segment] = []
    for line in text.split("\n"):
        bullet = _BULLET.match(line)
        body = line[bullet.end() :] if bullet else line
        if pieces and _FIELD.match(body):
            # "Title: X" on a line of its own belongs to the task above it.
            pieces[-1] = Segment(f"{pieces[-1].text.rstrip(':.,')}; {body}", pieces[-1].bullet)
        elif body:
            pieces += [Segment(sentence, bool(bullet)) for sentence in _sentences(body)]
    return pieces[:SEGMENTS_MAX]


def _sentences(line: str) -> list[str]:
    sentences: list[str] = []
    for piece in _SENTENCE_END.split(line):
        if sentences and sentences[-1].lower().endswith(_ABBREVIATIONS):
            sentences[-1] += f" {piece}"
        elif piece.strip(" .!?"):
            sentences.append(piece)
    return sentences
