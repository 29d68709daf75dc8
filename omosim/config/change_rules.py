"""Rules of dated changes: the table of `omosim.schema.refusals` with the place of each in its file; capabilities and levels as the registry has them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from omosim.config import levels
from omosim.config.errors import Problem, nearest
from omosim.config.facts import Facts, Loc
from omosim.schema.refusals import Refusal, Surroundings, group_refusals, refusals
from omosim.schema.scenario import AUDIENCE

CHANGES: Loc = ("scenario", "interventions")


def interventions(facts: Facts) -> Iterator[Problem]:
    """Each intervention changes one thing that exists, from one day to a later one."""
    here = surroundings(facts)
    for i, row in enumerate(facts.items(*CHANGES)):
        if isinstance(row, dict):
            for refusal in refusals(row, here):
                yield _problem(facts, (*CHANGES, i), refusal)
            yield from capability(facts, (*CHANGES, i), row)


def experiments(facts: Facts) -> Iterator[Problem]:
    """The groups of each experiment have one share each, at most 1 together; names are words."""
    for i, refusal in group_refusals(facts.items(*CHANGES)):
        yield _problem(facts, (*CHANGES, i), refusal)


def _problem(facts: Facts, loc: Loc, refusal: Refusal) -> Problem:
    at = (*loc, *refusal.at)
    value = facts.get(*at)
    near = nearest(value, refusal.names) if isinstance(value, str) and refusal.names else None
    return facts.problem(at, refusal.message, refusal.cure, refusal.allowed, near)


def surroundings(facts: Facts) -> Surroundings:
    """What dated changes may name, as far as the composed data tell."""
    count, opened = facts.number("network", "stores", "count"), facts.opened()
    darks = [f"D{k:02d}" for k in range(1, int(facts.number("network", "dark_stores", "count") or 0) + 1)]

    def is_store(name: str, dark: bool) -> bool:
        match = re.fullmatch(r"S(\d{2,})", name, re.ASCII)
        known = match is not None and (1 <= int(match.group(1)) <= (count or 0) or name in opened)
        return known or (dark and name in darks)

    return Surroundings(
        burn_in_days=facts.number("burn_in_days"),
        zones=facts.number("market", "geography", "zones"),
        categories={name: facts.number("catalogue", "categories", name, "skus") for name in facts.mapping("catalogue", "categories")},
        segments=list(facts.mapping("market", "segments")),
        touchpoints=list(facts.mapping("touchpoints", "rows")),
        capabilities=levels.names(),
        levels_of=lambda name: list(levels.levels(name)),
        is_store=is_store if count is not None and count >= 1 else None,
        stores=lambda dark: f"S01 to S{int(count or 0):02d}" + (f", D01 to {darks[-1]}" if dark and darks else ""),
    )


def capability(facts: Facts, loc: Loc, row: dict[str, Any]) -> Iterator[Problem]:
    """A change of a capability or a level names one that exists, and one that shoppers see where it is narrowed."""
    what, name, level = row.get("what"), row.get("capability"), row.get("level")
    if not isinstance(name, str):
        return
    kind = levels.kind(name)
    if kind is None:
        cure = "`omosim list capabilities` describes them"
        yield facts.problem((*loc, "capability"), "no such capability", cure, ", ".join(levels.names()), nearest(name, levels.names()))
        return
    if what == "level" and isinstance(level, str):
        yield from _level(facts, loc, name, level)
    found = levels.levels(name).get(level) if isinstance(level, str) else None
    narrowed = [part for part in AUDIENCE if row.get(part)]
    if narrowed and (kind.network or (found is not None and found.network)):
        which = f"'{name}'" if found is None or kind.network else f"level '{level}' of '{name}'"
        message = f"{which} acts on the network, which is the same for all shoppers"
        yield facts.problem((*loc, narrowed[0]), message, f"Drop {', '.join(narrowed)}")


def _level(facts: Facts, loc: Loc, name: str, level: str) -> Iterator[Problem]:
    known = levels.levels(name)
    if level not in known:
        cure = "Name one of its levels" if known else "Take another capability"
        yield facts.problem((*loc, "level"), f"'{name}' has no such level", cure, ", ".join(known) or "no levels", nearest(level, list(known)))
        return
    value = facts.number(*loc, "set")
    if value is not None and known[level].problem(value) is not None:
        span = f"{known[level].low:g} to {known[level].high:g} [{known[level].unit}]"
        yield facts.problem((*loc, "set"), f"not a value of '{level}'", "Correct it", span)
