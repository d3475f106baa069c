"""Prompts from ``prompts/*.md``: front matter, then a Jinja2 template rendered strictly.

Knows files and templates. A prompt whose declared and used variables differ stops the start, not a turn.
"""

import re
from collections.abc import Mapping
from importlib import resources
from importlib.resources.abc import Traversable
from typing import NamedTuple

from jinja2 import StrictUndefined, Template, TemplateSyntaxError, meta
from jinja2.sandbox import SandboxedEnvironment

_FRONT_MATTER = re.compile(r"---\n(?P<fields>.*?)\n---\n(?P<body>.*)", re.DOTALL)
_FIELDS = frozenset({"name", "version", "variables"})


class Prompt(NamedTuple):
    """A loaded prompt; ``version`` counts its wordings."""

    name: str
    version: int
    variables: frozenset[str]
    template: Template


class FilePrompts:
    """``ports.Prompts`` over the markdown files of a folder (by default the package ``prompts``), all read at construction."""

    def __init__(self, folder: Traversable | None = None) -> None:
        """Raises ValueError, naming the file, when one is not well-formed."""
        # Sandboxed and not escaped: prompts are plain text, and a variable is never a template
        environment = SandboxedEnvironment(undefined=StrictUndefined, autoescape=False)
        files = sorted((folder or resources.files("prompts")).iterdir(), key=lambda file: file.name)
        prompts = [_load(file, environment) for file in files if file.name.endswith(".md")]
        self._prompts = {prompt.name: prompt for prompt in prompts}

    def version(self, name: str) -> int:
        """The version of the prompt ``name``; KeyError when there is none."""
        return self._prompts[name].version

    def render(self, name: str, variables: Mapping[str, str]) -> str:
        """The text of the prompt ``name``; KeyError when it is unknown or ``variables`` are not exactly those it declares."""
        prompt = self._prompts[name]
        missing, extra = prompt.variables - variables.keys(), variables.keys() - prompt.variables
        if missing or extra:
            raise KeyError(f"prompt {name!r}: variables missing: {sorted(missing)}, not declared: {sorted(extra)}")
        return prompt.template.render(variables)


def _load(file: Traversable, environment: SandboxedEnvironment) -> Prompt:
    match = _FRONT_MATTER.fullmatch(file.read_text(encoding="utf-8"))
    if match is None:
        raise ValueError(f"{file.name}: starts with no front matter between lines of ---")
    fields = dict(_field(file.name, line) for line in match["fields"].splitlines())
    if fields.keys() != _FIELDS:
        raise ValueError(f"{file.name}: the front matter has {sorted(fields)}, not {sorted(_FIELDS)}")
    if fields["name"] + ".md" != file.name or not fields["version"].isdecimal():
        raise ValueError(f"{file.name}: name must be the file's, version a number")
    declared = frozenset(variable.strip() for variable in fields["variables"].strip("[]").split(",") if variable.strip())
    try:
        used = frozenset(meta.find_undeclared_variables(environment.parse(match["body"])))
    except TemplateSyntaxError as fault:
        raise ValueError(f"{file.name}: {fault}") from fault
    if used != declared:
        raise ValueError(f"{file.name}: declares the variables {sorted(declared)} and uses {sorted(used)}")
    return Prompt(fields["name"], int(fields["version"]), declared, environment.from_string(match["body"].strip()))


def _field(file: str, line: str) -> tuple[str, str]:
    name, colon, value = line.partition(":")
    if not colon:
        raise ValueError(f"{file}: {line!r} in the front matter is no 'name: value'")
    return name.strip(), value.strip()
