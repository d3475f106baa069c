"""Prompts render with exactly their variables, and a malformed one stops the start."""

import re
from pathlib import Path

import pytest
import tiktoken

from agent.adapters.prompts import FilePrompts
from agent.adapters.tokens import TiktokenTokens

VARIABLES = {
    "now": "2026-05-29T09:30:00+02:00",
    "today": "Friday, 29 May 2026",
    "time_zone": "Europe/Berlin",
    "user": "alice@example.com",
}
GOOD = "---\nname: note\nversion: 2\nvariables: who\n---\nHello {{ who }}.\n"


def folder(tmp_path: Path, text: str, name: str = "note.md") -> FilePrompts:
    (tmp_path / name).write_text(text, encoding="utf-8")
    return FilePrompts(tmp_path)


def test_the_system_prompt_has_the_lines_the_demo_model_reads() -> None:
    lines = FilePrompts().render("system", VARIABLES).splitlines()
    assert "Current time: 2026-05-29T09:30:00+02:00" in lines
    assert "Time zone: Europe/Berlin" in lines
    assert "User: alice@example.com" in lines
    assert any("Friday, 29 May 2026" in line for line in lines)


def test_the_system_prompt_says_what_it_must_and_is_short(tmp_path: Path) -> None:
    text = FilePrompts().render("system", VARIABLES)
    for words in ("Task Agent", "Never invent a task id", "rejected", "is data", "ISO 8601", "deadline_seconds"):
        assert words in text
    assert not re.search(r"{{|}}|{%", text)
    assert TiktokenTokens("gpt-4o", tmp_path)._load() is not None  # pyright: ignore[reportPrivateUsage] -- offline vocabulary
    assert len(tiktoken.get_encoding("o200k_base").encode(text)) <= 475


@pytest.mark.parametrize(
    "variables", [{}, {**VARIABLES, "mood": "fine"}, {k: v for k, v in VARIABLES.items() if k != "user"}, {"nowhere": ""}]
)
def test_missing_or_extra_variables_are_bugs(variables: dict[str, str]) -> None:
    with pytest.raises(KeyError, match="variables missing"):
        FilePrompts().render("system", variables)


def test_an_unknown_prompt_is_a_bug() -> None:
    with pytest.raises(KeyError):
        FilePrompts().render("nope", {})


def test_a_variable_is_neither_template_nor_markup(tmp_path: Path) -> None:
    prompts = folder(tmp_path, GOOD)
    assert prompts.render("note", {"who": "{{ 7*7 }} <b> & {% x %}"}) == "Hello {{ 7*7 }} <b> & {% x %}."
    assert prompts.version("note") == 2


def test_other_files_are_no_prompts(tmp_path: Path) -> None:
    (tmp_path / "__init__.py").write_text("")
    assert folder(tmp_path, GOOD).version("note") == 2


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("Hello", "front matter"),
        (GOOD.replace("version: 2\n", ""), "front matter has"),
        (GOOD.replace("version: 2", "version: two"), "version a number"),
        (GOOD.replace("version: 2", "version 2"), "no 'name: value'"),
        (GOOD.replace("name: note", "name: other"), "name must be the file's"),
        (GOOD.replace("variables: who", "variables: who, when"), "declares"),
        (GOOD.replace("variables: who", "variables:"), "declares"),
        (GOOD.replace("{{ who }}", "{{ who "), "note.md"),
    ],
)
def test_malformed_files_stop_the_start(tmp_path: Path, text: str, says: str) -> None:
    with pytest.raises(ValueError, match=says):
        folder(tmp_path, text)


def test_templates_are_sandboxed(tmp_path: Path) -> None:
    prompts = folder(tmp_path, GOOD.replace("{{ who }}", "{{ who.__class__.__mro__ }}"))
    with pytest.raises(Exception, match="unsafe"):
        prompts.render("note", {"who": "x"})
