"""`omosim list`: names that can be written on the command line, without Hydra, pandas or numba."""

from __future__ import annotations

from omosim.cli.flags import Flags
from omosim.cli.table import KINDS
from omosim.config.errors import nearest, refuse, show
from omosim.config.library import Library

_GROUP = {
    "markets": "market",
    "strategies": "strategy",
    "capabilities": "strategy/capability",
    "scenarios": "scenario",
    "experiments": "experiment",
    "patterns": "pattern",
    "claims": "claim",
    "touchpoints": "touchpoints",
}
_USE = {
    "markets": "market=NAME",
    "strategies": "strategy=NAME, strategies=[NAME,NAME]",
    "capabilities": "strategy.capabilities.NAME=true|false",
    "scenarios": "scenario=NAME",
    "experiments": "experiment=NAME",
    "patterns": "omosim validate patterns=NAME,NAME",
    "claims": "omosim claims claims=NAME,NAME",
    "touchpoints": "touchpoints=NAME",
}


def _quantities() -> list[str]:
    """What a dated change can move, a line each."""
    from omosim.config.explain import quantity_span
    from omosim.schema.scenario import KINDS as CHANGES

    width = max(map(len, CHANGES))
    head = "quantities (what: NAME in scenario.interventions, with set or times, from_day, to_day)"
    return [head, *(f"  {name:<{width}}  {quantity_span(name)}" for name in CHANGES)]


def run(words: list[str], flags: Flags, argv: list[str]) -> int:
    """Print names and titles; returns the exit code."""
    for word in words:
        if word not in KINDS:
            raise refuse("nothing of that kind", value=show(word), allowed=", ".join(KINDS), near=nearest(word, KINDS))
    library = Library()
    for kind in words or KINDS[:7]:
        if kind == "quantities":
            print("\n".join(_quantities()))
            continue
        group = _GROUP[kind]
        names = library.options(group)
        print(f"{kind} ({_USE[kind]})")
        width = max((len(n) for n in names), default=0)
        for name in names:
            said = [s for s in (library.title(f"{group}/{name}"), library.first_comment(f"{group}/{name}")) if s]
            # an experiment belongs to one command, which its file begins with
            print(f"  {name:<{width}}  {' · '.join(said) if group == 'experiment' else ''.join(said[:1])}".rstrip())
    return 0
