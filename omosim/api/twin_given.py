"""What `omosim twin new` is told of costs and stores: which settings it takes, which not and why, and what members get of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd

    from omosim.config.compose import Composed
    from omosim.schema.settings import Settings
    from omosim.twin.folder import Twin

#: groups of settings that a twin's fit, or what is assumed of every retailer, stands for
GROUPS = ("network", "catalogue", "market")
ALLOWED = "network.KEY (wages, hours, people, work, stock, delivery, rents), market.capability_cost_rate, margin, strategy, touchpoints, scenario, seed"
#: beginning of a key -> why it is not taken, and what to write; the longest that fits counts
_WHY: dict[str, tuple[str, str]] = {
    "network": ("a network has no name of its own in a twin", "Give its keys one by one, like network.work.wage_per_hour=15000"),
    "network.returns.lag": ("is read from the orders (returned_at)", "Leave it out"),
    "catalogue": ("goods are price bands of the orders", "Leave it out; for the gross margin of all goods write margin=0.4"),
    "catalogue.categories": ("goods are price bands of the orders, their prices, units and returns those of the fit", "Leave it out; for the gross margin of all goods write margin=0.4"),
    "market": ("people and what they choose by are the fit's, or assumed for every twin alike (docs/calibration.md)", "Leave it out"),
    "market.demand": ("is fitted on the orders", "Leave it out"),
    "market.awareness": ("is fitted on the orders", "Leave it out"),
    "market.choice.taste": ("is fitted on the orders, where they name channels", "Leave it out"),
    "market.currency": ("is that of the orders", "Write currency=EUR"),
    "market.timezone": ("is that of the orders", "Write timezone=Europe/Paris"),
    "market.name": ("is the twin's", "Write name=NAME"),
    "market.start_date": ("is the twin's day", "Leave it out; as_of=YYYY-MM-DD takes in nothing later"),
    "market.cost_basis_shoppers": ("is fitted on the orders: costs are those of the whole retailer", "Leave it out"),
}


def _words(composed: Composed) -> list[tuple[str, str]]:
    """Key and value of every word."""
    return [(key.lstrip("+~"), value) for key, _, value in (word.partition("=") for word in composed.overrides)]


def keys_given(composed: Composed) -> list[str]:
    """Settings of costs and stores that the words give, in order of their names."""
    from omosim.twin.costs import MARGIN, key_given

    told = {found for key, _ in _words(composed) if (found := key_given(key))}
    return sorted(told - ({MARGIN} if composed.options[MARGIN] is None else set()))


def used_only(composed: Composed) -> None:
    """Refuses settings that a twin's own fit replaces: they would be taken and not used.

    Raises
    ------
    ConfigError : each of them, with the reason and what can be given
    """
    from omosim.config.errors import ConfigError, Problem, show
    from omosim.config.schema_tree import lookup
    from omosim.twin.costs import HOURS, ROSTER, key_given

    wrong = []
    for key, value in _words(composed):
        group = key.partition(".")[0]
        if group not in GROUPS or key == "market":  # market=NAME names where tastes begin
            continue
        whole = lookup(tuple(key.split(".")))
        parts = whole is not None and whole.kind == "group"
        if key_given(key) and not parts:
            continue
        why, cure = ("holds several settings", f"Give them one by one, like {key}.KEY=VALUE") if key_given(key) else _reason(key)
        wrong.append(Problem(f"is not used by a twin: {why}", key=key, value=show(value), allowed=ALLOWED, cure=cure))
    given = keys_given(composed)
    if ROSTER in given and not set(HOURS) <= set(given):
        wrong.append(Problem("shifts are read within opening hours, and these are not given", key=ROSTER, allowed="with " + " and ".join(HOURS), cure="Give both"))
    if wrong:
        raise ConfigError(wrong)


def _reason(key: str) -> tuple[str, str]:
    """Why a key is not taken, and what to write; names the parameter of the fit that moves it."""
    from omosim.twin.parameters import PARAMETERS

    why, cure = _WHY[max((begin for begin in _WHY if key.startswith(begin)), key=len)]
    path = key.split(".")
    moved = [p.name for p in PARAMETERS if p.moves == key or (path[0] == "catalogue" and p.moves.split(".")[0] == "catalogue" and p.moves.split(".")[-1] == path[-1])]
    return (f"{why} (parameter {', '.join(moved)})" if moved else why), cure


def refuse_known(composed: Composed, lines: pd.DataFrame) -> None:
    """Refuses a number of stores that is not the one that the orders name. lines : of the orders"""
    from omosim.config.errors import refuse
    from omosim.twin.costs import COUNT

    named = int(lines["store_id"].nunique()) if "store_id" in lines else 0
    count = composed.settings.network.stores.count
    if COUNT in keys_given(composed) and named and count != named:
        raise refuse(f"the orders name {named} stores (store_id)", key=COUNT, value=str(count), allowed=str(named), cure="Leave it out")


def part_of_key(composed: Composed) -> dict[str, Any]:
    """What the words given add to the hash of a twin's making; empty where none is."""
    given = keys_given(composed)
    return {"given": given, "margin": composed.options["margin"]} if given else {}


def settings_of_before(composed: Composed) -> Settings:
    """The settings as they were hashed before a twin took costs: with the network of its market."""
    from omosim.config.compose import compose

    market = [f"{key}={value}" for key, value in _words(composed) if key == "market"]
    return composed.settings.model_copy(update={"network": compose("run", market).settings.network})


def given_of(twin: Twin) -> dict[str, Any]:
    """Key -> value of what the twin was told of costs and stores when it was made; empty for one made before it could be."""
    from omosim.config.reread import reread
    from omosim.twin.costs import MARGIN
    from omosim.twin.folder import checked

    keys, file = twin.head.get("given", ()), twin.file("config")
    if not keys or file is None:
        return {}
    composed = reread(checked(file))
    return {key: composed.options[MARGIN] if key == MARGIN else _at(composed.settings, key) for key in keys}


def _at(settings: Settings, key: str) -> Any:
    here: Any = settings
    for step in key.split("."):
        here = here[step] if isinstance(here, Mapping) else getattr(here, step)
    return here


def closed_days(before: Sequence[str], words: Sequence[str]) -> list[str]:
    """ISO days told as closed after `closed=[DAY,-DAY]`: -DAY takes one back. Raises ConfigError for one that was not told."""
    from omosim.config.errors import refuse, show

    back = {word[1:] for word in words if word.startswith("-")}
    every = {*before, *(word for word in words if not word.startswith("-"))}
    lacking = sorted(back - set(before))
    if lacking:
        raise refuse("was not told as closed", key="closed", value=show("-" + lacking[0]), allowed=", ".join(f"-{day}" for day in [*before][-20:]) or "days alone: none was told yet",
                     cure="Take back what was told; a weekday without orders is closed by itself")  # fmt: skip
    return sorted(every - back)
