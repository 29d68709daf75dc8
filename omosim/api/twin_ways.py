"""Ways of trading that a twin weighs, from short words: omo, same_day, -bopis, staff*1.5, omo+staff*1.2."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from omosim.schema.settings import Settings, StrategySettings

AS_IT_IS = "as_it_is"
_FACTOR = re.compile(r"([a-z_]+)\*(\d+(?:\.\d+)?)")
#: what may be moved by a factor: things that a retailer decides
MOVED = ("staff", "stock", "slots", "bins", "bays", "rooms", "courier_capacity", "price", "fee", "promise", "media", "batch", "keep")


def ways_of(words: Sequence[str], settings: Settings, day: int) -> dict[str, dict[str, Any]]:
    """Name -> changes of settings' groups, from `day` of the member on; the present way first.

    Parameters
    ----------
    words : each a way: parts joined by +; a strategy's name, a capability to switch on, -capability to switch it off,
        quantity*factor for staff, stock, slots and what else `MOVED` names
    settings : of the members; strategies and capabilities come in where these stand

    Raises
    ------
    ConfigError : every word that is none of these, with what is allowed and the nearest name
    """
    from omosim.config.errors import ConfigError, Problem, nearest, show
    from omosim.config.library import Library
    from omosim.strategy import capability_names

    strategies, capabilities = Library().options("strategy"), capability_names()
    out: dict[str, dict[str, Any]] = {AS_IT_IS: {}}
    wrong: list[Problem] = []
    for word in words:
        strategy, rows, switched = "", [], {}
        for part in word.split("+"):
            moved, plain = _FACTOR.fullmatch(part), part.removeprefix("-")
            if moved and moved[1] in MOVED:
                rows.append({"what": moved[1], "times": float(moved[2]), "from_day": day})
            elif part in strategies:
                strategy = part
            elif plain in capabilities:
                switched[plain] = not part.startswith("-")
            else:
                near = nearest(plain.partition("*")[0], [*strategies, *capabilities, *MOVED])
                allowed = f"a strategy ({', '.join(strategies)}), a capability (omosim list capabilities; -NAME switches it off), or {', '.join(MOVED)} times a factor"
                wrong.append(Problem("is no way of trading", key="ways", value=show(part), near=near, allowed=allowed, cure="Write it like ways=[omo,-bopis,staff*1.5]"))
        if wrong:
            continue
        changes: dict[str, Any] = {}
        if strategy or switched:
            changes["strategy"] = _strategy(strategy, switched, settings)
        if rows:
            from omosim.schema.scenario import Intervention

            scenario = settings.scenario
            changes["scenario"] = scenario.model_copy(update={"interventions": [*scenario.interventions, *map(Intervention.model_validate, rows)]})
        out[word] = changes
    if wrong:
        raise ConfigError(wrong)
    return out


#: what capabilities ask of the network, and stands in none unless it is given
_PLACES = ("points.lockers", "points.points", "dark_stores.count", "outsourced.count", "operations.slot_minutes", "operations.slot_orders",
           "fitting.alterable", "fitting.alter_minutes", "fitting.unwanted")  # fmt: skip


def _strategy(name: str, switched: Mapping[str, bool], settings: Settings) -> StrategySettings:
    """A strategy by name with capabilities switched; ConfigError where they cannot go together or the network of `settings` lacks what they need.

    name : "" the present one, with what is switched in it already. What is the retailer's own in levels of the present one (fitted,
    or told) goes along to any other.
    """
    from operator import attrgetter

    from omosim.config.library import Library

    present = settings.strategy
    places = tuple((key, value) for key in _PLACES if (value := attrgetter(key)(settings.network)))
    file = _composed(present.name, (), places) if present.name in Library().options("strategy") else present
    was = {n: row.enabled for n, row in file.capabilities.items()}
    now = {n: row.enabled for n, row in present.capabilities.items()}
    apart = {} if name else {n: now.get(n, False) for n in {*was, *now} if now.get(n, False) != was.get(n, False)}
    made = _composed(name or present.name, tuple(sorted({**apart, **switched}.items())), places)
    rows = dict(made.capabilities)
    for n, mine in present.capabilities.items():
        theirs = file.capabilities.get(n)
        own = {} if theirs is None else {key: value for key, value in mine.levels.items() if theirs.levels.get(key) != value}
        if own and n in rows:
            rows[n] = rows[n].model_copy(update={"levels": {**rows[n].levels, **own}})
    return made if rows == made.capabilities else made.model_copy(update={"capabilities": rows})


@lru_cache(maxsize=64)
def _composed(name: str, switched: tuple[tuple[str, bool], ...] = (), places: tuple[tuple[str, Any], ...] = ()) -> StrategySettings:
    """A strategy of the library with capabilities switched, in a network with these places; each is read once."""
    from omosim.config.compose import compose

    words = [f"strategy.capabilities.{capability}={str(on).lower()}" for capability, on in switched]
    words += [f"network.{key}={value}" for key, value in places]
    return compose("run", [f"strategy={name}", *words]).settings.strategy


# ---- the present way ------------------------------------------------------------------------------------------
def present_on(head: Mapping[str, Any], day: str) -> dict[str, Any]:
    """What the present way is on an ISO day: row of `present` of `twin.json` (from, ways in the order in which they were taken); from "" and no ways where the twin trades as it was made."""
    rows = [row for row in head.get("present", ()) if row["from"] <= day]
    return dict(rows[-1]) if rows else {"from": "", "ways": []}


def with_ways(settings: Settings, words: Sequence[str]) -> Settings:
    """The settings with ways taken one after another, each on what the one before it left."""
    for word in words:
        settings = settings.model_copy(update=ways_of([word], settings, 0)[word])
    return settings
