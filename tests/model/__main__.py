"""``python -m tests.model``: every world of CI, one of them, or one made of the given bounds; with rules taken away."""

import argparse
import sys
from dataclasses import replace

from tests.model.explore import Found, explore
from tests.model.rules import RULES, Bounds
from tests.model.scenarios import WORLDS
from tests.model.state import Budget, Post


def main() -> int:
    """Prints what was found, a shortest trace for a violation; 1 when there was one."""
    asked = _parser().parse_args()
    if asked.messages is not None:
        worlds = {"made to measure": _made(asked)}
    else:
        worlds = {name: WORLDS[name] for name in (asked.world or WORLDS)}
    found = [_told(name, explore(replace(b, without=frozenset(asked.without)))) for name, b in worlds.items()]
    return 1 if any(f.violation for f in found) else 0


def _told(name: str, found: Found) -> Found:
    if found.violation is None:
        sys.stdout.write(f"{name}: {found.states} states, {found.at_rest} at rest, every invariant holds\n")
    else:
        sys.stdout.write(f"{name}: '{found.violation}' is broken, after {found.states} states:\n")
        sys.stdout.writelines(f"  {i}. {move}\n" for i, move in enumerate(found.trace, 1))
    return found


def _made(asked: argparse.Namespace) -> Bounds:
    policies = asked.policy or ["queue"]
    posts = tuple(Post(i, policy=policies[min(i, len(policies) - 1)]) for i in range(asked.messages))
    budget = Budget(**{name: getattr(asked, name) for name in Budget._fields})
    bounds = Bounds(posts, budget, asked.steps, asked.calls, asked.queue, asked.attempts, watched=not asked.unwatched)
    return replace(bounds, silent_max=asked.silent, undo=asked.undo, sagas=asked.sagas, split=asked.split)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.model", description=__doc__)
    parser.add_argument("--world", action="append", choices=sorted(WORLDS), help="one of CI's worlds (repeatable)")
    parser.add_argument(
        "--without", action="append", choices=sorted(RULES), default=[], help="a rule to take away (repeatable)"
    )
    parser.add_argument("--messages", type=int, help="a world made to measure, with so many messages; the rest is for it:")
    parser.add_argument(
        "--policy", action="append", choices=["queue", "reject", "interrupt"], help="of the first, the second, ..."
    )
    for name, default in (("steps", 1), ("calls", 1), ("queue", 1), ("attempts", 2), ("silent", 0)):
        parser.add_argument(f"--{name}", type=int, default=default)
    for name in Budget._fields:
        parser.add_argument(f"--{name}", type=int, default=0)
    parser.add_argument("--undo", action="store_true", help="cancels undo the effects")
    parser.add_argument("--sagas", action="store_true", help="a tool call orders a task and its workflow")
    parser.add_argument("--split", action="store_true", help="a store that checks a save key by key")
    parser.add_argument("--unwatched", action="store_true", help="nobody looks, so nothing is healed")
    return parser


if __name__ == "__main__":
    sys.exit(main())
