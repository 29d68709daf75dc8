"""Ways of trading that a twin weighs, from short words: omo, same_day, -bopis, staff*1.5, omo+staff*1.2."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
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
            changes["strategy"] = _strategy(strategy or settings.strategy.name, switched, settings)
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
    """A strategy by name with capabilities switched; ConfigError where they cannot go together or the network of `settings` lacks what they need."""
    from operator import attrgetter

    from omosim.config.compose import compose

    words = [f"strategy.capabilities.{capability}={str(on).lower()}" for capability, on in switched.items()]
    words += [f"network.{key}={value}" for key in _PLACES if (value := attrgetter(key)(settings.network))]
    return compose("run", [f"strategy={name}", *words]).settings.strategy
