"""``python -m tests.unit.state.write_samples``: adds a sample and the shape of every format that has none yet.

What is there stays as it is: it stands for what is stored somewhere. A format that no release has written is the exception:
delete its shape and its sample, and write them anew.
"""

import asyncio
import json
import sys
from pathlib import Path
from typing import Any

from agent.domain.stored import Stored
from tests.unit.state.written import MODELS, Store, conversation, tasks

SAMPLES = Path(__file__).parent.parent / "state_samples"
SHAPES = SAMPLES / "shapes.json"


def shape(model: type[Stored]) -> dict[str, Any]:
    """The JSON schema of what is written, without what is only said about it."""
    return _plain(model.model_json_schema(mode="serialization"))


def shapes() -> dict[str, dict[str, Any]]:
    """By model and format."""
    return json.loads(SHAPES.read_text()) if SHAPES.exists() else {}


def samples(kind: str) -> dict[str, Store]:
    """By file name, oldest first."""
    files = sorted(SAMPLES.glob(f"{kind}-*.json"), key=lambda file: int(file.stem.rpartition("-")[2]))
    return {file.stem: json.loads(file.read_text()) for file in files}


def formats(store: Store) -> dict[str, int]:
    """The format of each kind of value in it."""
    return {name: value["format"] for key, value in store.items() for name in [key.rstrip("0123456789")]}


def _plain(schema: Any) -> Any:
    if isinstance(schema, dict):
        # a property may be called "title", and then is an object
        return {k: _plain(v) for k, v in schema.items() if not (k in ("title", "description") and isinstance(v, str))}
    return [_plain(item) for item in schema] if isinstance(schema, list) else schema


async def main() -> None:
    """Writes what is missing, and says what."""
    known = shapes()
    for model in MODELS.values():
        known.setdefault(model.__name__, {}).setdefault(str(model.FORMAT), shape(model))
    SHAPES.write_text(json.dumps(known, indent=1, sort_keys=True) + "\n")
    for kind, store in (("conversation", await conversation()), ("tasks", await tasks())):
        there = samples(kind)
        if any(formats(sample) == formats(store) for sample in there.values()):
            continue
        file = SAMPLES / f"{kind}-{len(there) + 1}.json"
        file.write_text(json.dumps(store, indent=1) + "\n")
        sys.stdout.write(f"{file}\n")


if __name__ == "__main__":
    asyncio.run(main())
