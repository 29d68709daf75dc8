"""Rules of dated changes that concern people: segments, touchpoints, groups of experiments, levels, items."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from omosim.config import levels
from omosim.config.errors import Problem, nearest, show
from omosim.config.facts import Facts, Loc
from omosim.schema.scenario import AUDIENCE, CONTROL, KINDS, NARROWED, OF_CAPABILITY, ONLY_SET, SEEN

WORD = re.compile(r"[\w-]+")


def narrowing(facts: Facts, loc: Loc, row: dict[str, Any], what: str) -> Iterator[Problem]:
    """Nothing is narrowed by what it does not depend on."""
    allowed = NARROWED[what]
    for part in ("stores", "zones", "categories", "channels", "segments", "touchpoints", "items", "ab"):
        if not row.get(part) or part in allowed:
            continue
        cure = f"Narrow it by {', '.join(allowed)}, or drop {part}" if allowed else f"Drop {part}"
        if part in AUDIENCE and what not in SEEN:
            cure += "; it acts on more than what a shopper sees, so it is the same for all"
        yield facts.problem((*loc, part), f"'{what}' cannot be narrowed by {part}", cure, ", ".join(allowed) or "nothing")
    value, span = facts.number(*loc, "set"), KINDS[what]
    if value is not None and value > span.high:
        yield facts.problem((*loc, "set"), "too large", "Correct it", f"{span.low:g} to {span.high:g} [{span.unit}]")
    if what in ONLY_SET and row.get("times") is not None:
        yield facts.problem((*loc, "times"), f"'{what}' has no factor", "Write set: NEW VALUE")
    yield from _assortment(facts, loc, row) if what == "assortment" else ()
    if what == "accuracy" and "store" in facts.items(*loc, "channels"):
        yield facts.problem((*loc, "channels"), "in a store the goods themselves are seen", "Name web, social or live", "web, social, live")
    if what == "rival_store" and not row.get("zones"):
        yield facts.problem(loc, "no zones named", "Add zones: [3, …]: where the rival's store stands")


def _assortment(facts: Facts, loc: Loc, row: dict[str, Any]) -> Iterator[Problem]:
    channels, stores = facts.items(*loc, "channels"), facts.items(*loc, "stores")
    narrowed = [part for part in AUDIENCE if row.get(part)]
    if narrowed and (stores or not channels or "store" in channels):
        cure = f"Name channels on line (web, social, live) and no stores, or drop {', '.join(narrowed)}"
        yield facts.problem(loc, "shelves are the same for all who pass them", cure)
    if stores and any(channel != "store" for channel in channels):
        yield facts.problem((*loc, "stores"), "stores are not on line", "Name stores, or channels on line, in changes of their own")
    items, named = facts.items(*loc, "items"), facts.items(*loc, "categories")
    if items and len(named) != 1:
        yield facts.problem((*loc, "items"), "items are places in a category", "Name one category: categories: [NAME]")
    elif items:
        count = facts.number("catalogue", "categories", str(named[0]), "skus")
        wrong = [i for i in items if isinstance(i, int) and count is not None and not 0 <= i < count]
        if wrong and count is not None:
            yield facts.problem((*loc, "items"), f"no item {wrong[0]} in '{named[0]}'", "Name places in the category", f"0 to {int(count) - 1}")


def people(facts: Facts, loc: Loc) -> Iterator[Problem]:
    """Segments and touchpoints are those of this market."""
    for part, word, have in (
        ("segments", "segment", list(facts.mapping("market", "segments"))),
        ("touchpoints", "touchpoint", list(facts.mapping("touchpoints", "rows"))),
    ):
        for j, name in enumerate(facts.items(*loc, part)):
            if isinstance(name, str) and have and name not in have:
                yield facts.problem((*loc, part, j), f"no such {word}", f"Name {word}s of this market", ", ".join(have), nearest(name, have))


def capability(facts: Facts, loc: Loc, row: dict[str, Any]) -> Iterator[Problem]:
    """A change of a capability or a level names one that exists, and one that shoppers see where it is narrowed."""
    what, name, level = row.get("what"), row.get("capability"), row.get("level")
    if what in OF_CAPABILITY and name is None:
        yield facts.problem(loc, "no capability named", "Add capability: NAME", ", ".join(levels.names()))
    if what not in OF_CAPABILITY and name is not None:
        cure = "Remove it, or write what: capability or what: level"
        yield facts.problem((*loc, "capability"), f"has no meaning for what: {show(what)}", cure)
    if what == "level" and level is None:
        known = levels.levels(name) if isinstance(name, str) else {}
        yield facts.problem(loc, "no level named", "Add level: NAME", ", ".join(known))
    if what != "level" and level is not None:
        yield facts.problem((*loc, "level"), f"has no meaning for what: {show(what)}", "Remove it, or write what: level")
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


def experiments(facts: Facts) -> Iterator[Problem]:
    """The groups of each experiment have one share each, at most 1 together; names are words."""
    shares: dict[str, dict[str, float]] = {}
    for i, row in enumerate(facts.items("scenario", "interventions")):
        ab = row.get("ab") if isinstance(row, dict) else None
        if not isinstance(ab, dict):
            continue
        loc: Loc = ("scenario", "interventions", i, "ab")
        name, group, share = ab.get("name"), ab.get("group", "treated"), facts.number(*loc, "share")
        for key, value in (("name", name), ("group", group)):
            if isinstance(value, str) and not WORD.fullmatch(value):
                yield facts.problem((*loc, key), "not a plain word", "Use letters, digits, _ and -")
        if group == CONTROL:
            yield facts.problem((*loc, "group"), f"'{CONTROL}' is the group of those whom no change reaches", "Name it otherwise")
        if not isinstance(name, str) or not isinstance(group, str) or share is None:
            continue
        groups = shares.setdefault(name, {})
        if groups.setdefault(group, share) != share:
            cure = f"Write share: {groups[group]:g} in both; a group is one draw"
            yield facts.problem((*loc, "share"), f"group '{group}' of '{name}' has the share {groups[group]:g} above", cure)
        elif sum(groups.values()) > 1 + 1e-9:
            cure = "Make them smaller: groups exclude one another, the rest is the control"
            yield facts.problem((*loc, "share"), f"the groups of '{name}' add up to {sum(groups.values()):g}", cure, "at most 1 together")
