"""What a retailer may say of its costs and of the work of its stores: settings that no order log tells and no fit moves.

They replace what `market.build` assumes. Money is in minor units of the retailer's currency, and all is for the whole retailer.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

#: read from the orders' own returns
LAGS = ("network.returns.lag_days", "network.returns.lag_sigma")
COUNT, RENT, RATE = "network.stores.count", "network.stores.rent_per_day", "market.capability_cost_rate"
CENTRE = "network.work.centre_pickers"
#: gross margin of all goods: those of a member are price bands of the orders, which have no names beforehand
MARGIN = "margin"
HOURS = ("network.stores.opens", "network.stores.closes")
#: shifts, in place of the people on duty
ROSTER = "network.stores.roster"
_PEOPLE = ("network.stores.pickers", "network.stores.counter")
#: how long people of stores work for an order
WORK_TIMES = tuple(f"network.work.{name}" for name in ("pick_base_s", "pick_unit_s", "counter_s", "checkout_s"))
#: the assumptions that move profit or people most, in the order in which they are named
LEADING = (
    "network.work.wage_per_hour", CENTRE, *_PEOPLE, *HOURS, RENT, MARGIN,
    *WORK_TIMES, "network.carrier.parcel_cost", "network.returns.handling_cost", RATE,
)  # fmt: skip
#: one row that is a list of rows: its parts are given with it
_ROWS = "network.sourcing.allowed"
Given = Mapping[str, Any]


def key_given(key: str) -> str:
    """The setting that a key belongs to, "" where it is not one that can be given.

    key : dotted path of a setting, or `margin`
    """
    if key == _ROWS or key.startswith(_ROWS + "."):
        return _ROWS
    path = key.split(".")
    contact = len(path) == 4 and path[:2] == ["touchpoints", "rows"] and path[3] == "cost_per_contact"
    return key if key in (MARGIN, RATE) or contact or (path[0] == "network" and len(path) > 1 and key not in LAGS) else ""


def contact_cost(name: str) -> str:
    """Key of what a contact of a touchpoint costs."""
    return f"touchpoints.rows.{name}.cost_per_contact"


def put(parts: dict[str, Any], given: Given, notes: dict[str, str]) -> None:
    """Lay what was given of the network over its parts; changes `parts` and `notes` in place."""
    for key, value in given.items():
        group, *path = key.split(".")
        if group != "network":
            continue
        here = parts
        for step in path[:-1]:
            here = here.setdefault(step, {})
        here[path[-1]] = value
        notes[key] = "given"


def notes(given: Given) -> list[str]:
    """Which costs were given and which are assumed, a sentence each."""
    told = {*given, *(_PEOPLE if ROSTER in given else ())}
    still = [key for key in LEADING if key not in told]
    said = [f"costs and the work of stores as given: {_list(list(given), _SHOWN)}"] if given else []
    if MARGIN in given and float(given[MARGIN]) < 0:
        said.append(f"the margin that was given is below 0 ({float(given[MARGIN]):g}): goods are sold for less than they cost, and every further order loses money")
    rest = ", ".join(_short(still)[:_SHOWN])
    return [*said, f"costs and the work of stores as assumed: {rest or 'other settings'} and all else of network (omosim twin new takes them)"]


def _short(keys: list[str]) -> list[str]:
    """Keys without their group where it is the network."""
    return [key.removeprefix("network.") for key in keys]


def _list(keys: list[str], most: int) -> str:
    short = _short(keys)
    return ", ".join(short[:most]) + (f" and {len(short) - most} more" if len(short) > most else "")


_SHOWN = 8  # keys of a sentence
