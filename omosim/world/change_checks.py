"""What is wrong with the dated changes of a scenario, checked against settings and world before anything runs."""

from __future__ import annotations

import re
from collections.abc import Iterable

from omosim.schema.scenario import (
    AUDIENCE,
    BY_HOUR,
    DARK_TOO,
    FILTERS,
    KINDS,
    NARROWED,
    OF_CAPABILITY,
    ONLY_SET,
    ONLY_TIMES,
    SEEN,
    SWITCHES,
    WHOLE_RUN,
    Intervention,
)
from omosim.schema.settings import Settings
from omosim.world.audiences import trial_problems
from omosim.world.errors import CannotIntervene


def problems(settings: Settings, node_names: Iterable[str] | None = None) -> list[str]:
    """All that is wrong with a scenario's dated changes, one text each: place, value, what is allowed.

    Parameters
    ----------
    settings : the run's settings
    node_names : names of the world's nodes; without them any name like S07 counts as a store, like D02 as a dark store
    """
    found: list[str] = []
    names = None if node_names is None else set(node_names)
    categories, zones = list(settings.catalogue.categories), settings.market.geography.zones
    known = {"segment": list(settings.market.segments), "touchpoint": list(settings.touchpoints.rows)}
    for row, change in enumerate(settings.scenario.interventions):
        place = f"scenario.interventions[{row}] ({change.what})"
        found += [f"{place}: {text}" for text in _shape_problems(change, settings)]
        for name in change.stores:
            letters = "SD" if change.what in DARK_TOO else "S"
            if not re.fullmatch(rf"[{letters}]0*[1-9]\d{{0,3}}", name) or (names is not None and name not in names):
                dark = ", dark stores D01, …" if change.what in DARK_TOO else ""
                found.append(
                    f"{place}: there is no store '{name}'; stores are S01, S02, … in order of placement{dark}."
                )
        for zone in change.zones:
            if not 0 <= zone < zones:
                found.append(f"{place}: there is no zone {zone}; zones are 0 to {zones - 1}.")
        for category in change.categories:
            if category not in categories:
                found.append(f"{place}: there is no category '{category}'; the catalogue has {', '.join(categories)}.")
        for word, names_here in known.items():
            for name in getattr(change, f"{word}s"):
                if name not in names_here:
                    found.append(f"{place}: there is no {word} '{name}'; there are {', '.join(names_here)}.")
    return found + [f"scenario.interventions: {text}" for text in trial_problems(settings.scenario.interventions)]


def _shape_problems(change: Intervention, settings: Settings) -> list[str]:
    found: list[str] = []
    if (change.set is None) == (change.times is None):
        found.append("give either set or times.")
    if change.what in SWITCHES and change.set not in (0, 1):
        found.append("set must be 1 (on) or 0 (off).")
    if change.what in ONLY_TIMES and change.set is not None:
        found.append("give times, a factor; it has no absolute value.")
    if change.what in ONLY_SET and change.times is not None:
        found.append("give set; it has no factor.")
    if change.what in ("bins", "bays", "rooms") and change.set is not None and 0 <= change.set < 0.5:
        found.append("0 stands for as many as are needed; set 1 or more, or close the offer instead.")
    if change.set is not None and change.set < 0:
        found.append(f"set = {change.set:g} is below 0.")
    elif change.set is not None and change.set > KINDS[change.what].high:
        found.append(f"set = {change.set:g} is above {KINDS[change.what].high:g} [{KINDS[change.what].unit}].")
    if (change.what in OF_CAPABILITY) != (change.capability is not None):
        found.append(f"name a capability with `what: {' or '.join(OF_CAPABILITY)}`, and only there.")
    if (change.what == "level") != (change.level is not None):
        found.append("name a level with `what: level`, and only there.")
    if change.what == "store_open" and not change.stores:
        found.append("name the stores.")
    if change.what == "rival_store" and not change.zones:
        found.append("name the zones.")
    allowed = NARROWED[change.what]
    for part in (*FILTERS, "ab"):
        if getattr(change, part) and part not in allowed:
            why = (
                ""
                if part not in AUDIENCE or change.what in SEEN
                else " It acts on more than what a shopper sees, so it is the same for all."
            )
            found.append(f"it cannot be narrowed by {part}; allowed: {', '.join(allowed) or 'nothing'}.{why}")
    found += _assortment_problems(change) if change.what == "assortment" else []
    if change.what == "accuracy" and "store" in change.channels:
        found.append("in a store the goods themselves are seen: name web, social or live.")
    if change.to_day is not None and change.to_day <= change.from_day:
        found.append(f"to_day {change.to_day} is not after from_day {change.from_day}.")
    if change.what not in BY_HOUR and (change.from_hour, change.to_hour) != (0, 24):
        found.append(f"it holds for whole days; hours are for {', '.join(BY_HOUR)}.")
    if change.to_hour <= change.from_hour:
        found.append(f"to_hour {change.to_hour} is not after from_hour {change.from_hour}.")
    if change.what in WHOLE_RUN and not _whole(change, settings):
        found.append(f"it holds for a whole run: from_day at most {-settings.burn_in_days} (or -3650), and no to_day.")
    return found


def _assortment_problems(change: Intervention) -> list[str]:
    """Shelves are the same for all who pass them; items have a place in one category."""
    found = []
    shelves = bool(change.stores) or not change.channels or "store" in change.channels
    if shelves and any(getattr(change, part) for part in AUDIENCE):
        found.append(
            "shelves are the same for all: name channels on line (web, social, live) and no stores, or drop segments, zones and ab."
        )
    if change.stores and any(channel != "store" for channel in change.channels):
        found.append("stores are not on line: name stores, or channels on line, in changes of their own.")
    if change.items and len(change.categories) != 1:
        found.append("items are places in a category: name one category.")
    return found


def _whole(change: Intervention, settings: Settings) -> bool:
    return change.from_day <= -settings.burn_in_days and change.to_day is None


def check_interventions(settings: Settings, node_names: Iterable[str] | None = None) -> None:
    """Refuse a scenario whose dated changes cannot be carried out.

    Raises
    ------
    CannotIntervene : lists every problem
    """
    found = problems(settings, node_names)
    if found:
        raise CannotIntervene("\n".join(found))
