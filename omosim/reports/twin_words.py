"""How a twin's page names series and parameters, and how it rounds: three digits that count, never more."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping

from omosim.results.words import PLAIN, SHARES, is_money, minor_units, unit_words

#: what a series of the panel is, by the part of its name before the point
SERIES = {
    "orders": "Orders", "revenue": "Revenue", "new_customers": "New customers", "pickups": "Pickups", "returned_units": "Units returned",
    "returned_value": "Money returned", "units": "Units", "traffic": "Store visitors", "sessions": "Web sessions", "stockout_share": "Items out of stock",
}  # fmt: skip
#: channels as every order file names them: words of this project, no user's names
CHANNELS = ("web", "store", "social", "live")
#: laws that closed forms give: name in posterior.parquet -> what it says
LAWS = {
    "repeat.r": "how alike customers' purchase rates are (shape)", "repeat.alpha": "weeks over which rates spread (scale)",
    "repeat.a": "leaving after a purchase (a of its beta law)", "repeat.b": "leaving after a purchase (b of its beta law)",
    "repeat.stages": "how regular gaps between purchases are (stages)", "order_value.median": "typical order",
    "order_value.sd_log": "spread of order values (log sd)", "order_value.between": "part of that spread that lies between customers",
    "returned.value_share": "part of sales that comes back", "returned.events_per_order": "returns an order", "returned.lag_median": "days until goods come back, median",
    "acquisition.new_per_week": "new customers a week", "acquisition.known_before": "customers from before the data",
    "acquisition.trend": "change of new customers from week to week", "orders_per_week": "purchase days of known customers a week, last 13 weeks", "gap_regularity": "regularity seen in two gaps in a row (stages)",
}  # fmt: skip
#: parameters that data move in a running twin: name -> what it is, unit
MOVING = {
    "pace": ("pace of purchases beside the fitted laws", "factor"),
    "newcomers": ("how many have not bought yet, and how many come to know the retailer, beside the fitted laws", "factor"), "order_value": ("typical order", "minor"),
    "taste_store": ("taste for store beside the web", "share of price"), "taste_social": ("taste for social beside the web", "share of price"),
    "taste_live": ("taste for live beside the web", "share of price"), "pickup_users": ("people who weigh pickup", "share"), "season": ("height of the year's end beside the rest of the year", "log"),
}  # fmt: skip
LEVEL = "level."  # a series of the data beside the members', where no parameter tells it
#: units of things that come whole
COUNTS = ("orders", "people", "units", "sessions", "customers")
LOG_STEP = "log a week"  # a change by a factor; read as per cent


def of_currency(unit: str, currency: str) -> str:
    """The unit with its currency: tables of a twin say `minor` alone."""
    return f"minor {currency}" if unit == "minor" and currency else unit


def name_of(series: str) -> tuple[str, str]:
    """What a series is, and of what: ("Orders", "web"); a name that is not known stands as it is."""
    kind, _, of = series.partition(".")
    return SERIES.get(kind, kind.replace("_", " ").capitalize()), of


def brief(value: float | None, unit: str, *, sign: bool = False, bare: bool = False, digits: int = 3) -> str:
    """A figure with its unit and three digits that count; whole things from ten on without decimals, money from a hundred on.

    bare: without the unit's word or the currency's code; digits: that count
    """
    if value is None or not math.isfinite(value):
        return "–"
    shown = value / minor_units(unit) * (100 if unit in SHARES else 1)
    whole = (is_money(unit) and minor_units(unit) == 1.0) or (unit in COUNTS and abs(shown) >= 9.95)
    text = _three(shown, sign, whole=whole, most=1 if unit in COUNTS else 6, digits=digits)
    if bare:
        return text
    if is_money(unit):
        return f"{unit_words(unit)} {text}"
    return f"{text} {'%' if unit in SHARES else '' if unit in PLAIN else unit_words(unit)}".rstrip()


def _three(value: float, sign: bool, whole: bool = False, most: int = 6, digits: int = 3) -> str:
    plus = "+" if sign and value else ""
    if abs(value) < 5e-10:
        return "0"
    places = digits - 1 - math.floor(math.log10(abs(value)))
    if places <= 0 or whole:
        return f"{round(value, min(places, 0)):{plus},.0f}"
    text = f"{round(value, places):{plus},.{min(places, most)}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def span(low: float | None, high: float | None, unit: str, *, sign: bool = False) -> str:
    """Both ends, the unit left to the figure beside them; with more digits where three would make them one."""
    if low is None or high is None:
        return ""
    for digits in (3, 4, 5, 6):
        left, right = (brief(v, unit, sign=sign, bare=True, digits=digits) for v in (low, high))
        if left != right or low == high:
            break
    return f"{left} to {right}"


def ends(low: float, high: float, unit: str) -> str:
    """An interval that stands alone, with its unit once."""
    text = f"{brief(low, unit, bare=True)} to {brief(high, unit, bare=True)}"
    if is_money(unit):
        return f"{unit_words(unit)} {text}"
    return f"{text} {'%' if unit in SHARES else '' if unit in PLAIN else unit_words(unit)}".rstrip()


def told_twice(values: Mapping[str, Iterable[float | None]]) -> set[str]:
    """Series that are a total once more, like orders.web of a shop without other channels: parts that have its values, to a thousandth.

    values : series -> figures of the same days
    """
    kept = {name: [v or 0.0 for v in row] for name, row in values.items()}

    def same(name: str, total: str) -> bool:
        pairs = list(zip(kept[name], kept[total], strict=False))
        return len(kept[name]) == len(kept[total]) and all(abs(part - whole) <= 1e-3 * abs(whole) for part, whole in pairs)

    return {name for name in kept if (total := name.partition(".")[0]) != name and total in kept and same(name, total)}
