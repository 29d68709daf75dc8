"""Rules between keys of the network: hours, people, further nodes, slots, the site."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from omosim.config.errors import Problem
from omosim.config.facts import Facts, Loc

_TIME = re.compile(r"([01]\d|2[0-4]):([0-5]\d)\Z", re.ASCII)


def minutes(text: Any) -> int | None:
    """Minutes after midnight of HH:MM, None when it is no time of day."""
    match = _TIME.match(text) if isinstance(text, str) else None
    if match is None:
        return None
    value = int(match.group(1)) * 60 + int(match.group(2))
    return value if value <= 24 * 60 else None


def hours(facts: Facts) -> Iterator[Problem]:
    """Stores close after they open, and are busy while they are open."""
    base: Loc = ("network", "stores")
    for name in ("closes", "peak_to"):
        text = facts.get(*base, name)
        if isinstance(text, str) and _TIME.match(text) and minutes(text) is None:
            yield facts.problem((*base, name), "no time of day", "Write '24:00' for midnight", "00:00 to 24:00")
    opens, closes = minutes(facts.get(*base, "opens")), minutes(facts.get(*base, "closes"))
    start, end = minutes(facts.get(*base, "peak_from")), minutes(facts.get(*base, "peak_to"))
    if opens is not None and closes is not None and closes <= opens:
        yield facts.problem(
            (*base, "closes"),
            f"not after opens = {facts.get(*base, 'opens')}",
            "Close after opening, at 24:00 at the latest",
        )
        return
    if start is not None and end is not None and end < start:
        yield facts.problem(
            (*base, "peak_to"),
            f"before peak_from = {facts.get(*base, 'peak_from')}",
            "End the busy hours after their start",
        )
    span = f"{facts.get(*base, 'opens')} to {facts.get(*base, 'closes')}"
    for name, value in (("peak_from", start), ("peak_to", end)):
        if value is not None and opens is not None and closes is not None and not opens <= value <= closes:
            yield facts.problem((*base, name), "outside the opening hours", "Put the busy hours inside them", span)


def some_store(facts: Facts) -> Iterator[Problem]:
    """There is at least one store."""
    if facts.number("network", "stores", "count") == 0:
        yield facts.problem(
            ("network", "stores", "count"),
            "no stores",
            "Give 1 store at least; every strategy compared here has a shelf",
            "1 or more",
        )


def pickers(facts: Facts) -> Iterator[Problem]:
    """Somebody picks where a capability sends orders."""
    on = facts.switched_on()
    for loc, names in (
        (("network", "work", "centre_pickers"), ("web_shop",)),
        (("network", "stores", "pickers"), ("bopis", "same_day", "ship_from_store", "reserve_and_collect")),
        (("network", "dark_stores", "pickers"), ("dark_stores",)),
    ):
        asking = [n for n in names if n in on]
        if loc[1] == "stores" and facts.get("network", "stores", "roster") is not None:
            continue  # who picks there stands in the roster
        if asking and facts.number(*loc) == 0:
            yield facts.problem(
                loc, f"nobody picks, and '{asking[0]}' sends orders here", f"Give 1 at least, or drop {', '.join(asking)}", "1 or more"
            )


def waves(facts: Facts) -> Iterator[Problem]:
    """Couriers leave at times of day, in order."""
    loc: Loc = ("network", "carrier", "waves")
    before = -1
    for i, text in enumerate(facts.items(*loc)):
        if not isinstance(text, str):
            continue
        value = minutes(text)
        if value is None or value >= 24 * 60:
            yield facts.problem((*loc, i), "no time of day", "Write times as '10:30'", "HH:MM from 00:00 to 23:59")
        elif value <= before:
            yield facts.problem((*loc, i), "not after the wave before it", "Write each time once, in ascending order")
        before = value if value is not None else before


def records(facts: Facts) -> Iterator[Problem]:
    """Records that show stock where there is none are part of the wrong ones."""
    wrong, harmful = (facts.number("network", "stock", n) for n in ("record_wrong", "record_harmful"))
    if wrong is not None and harmful is not None and harmful > wrong:
        yield facts.problem(
            ("network", "stock", "record_harmful"), f"more than record_wrong = {wrong:g}", f"Choose {wrong:g} or less"
        )


def further_hours(facts: Facts) -> Iterator[Problem]:
    """Dark stores and pickup points close after they open."""
    for group in ("dark_stores", "points"):
        opens, closes = (minutes(facts.get("network", group, name)) for name in ("opens", "closes"))
        if opens is not None and closes is not None and closes <= opens:
            value = facts.get("network", group, "opens")
            yield facts.problem(("network", group, "closes"), f"not after opens = {value}", "Close after opening, at 24:00 at the latest")


def further_nodes(facts: Facts) -> Iterator[Problem]:
    """A capability that uses further nodes, slots or people finds them in the network."""
    on = facts.switched_on()
    for name, keys in USES.items():
        numbers = [facts.number("network", *key) for key in keys]
        if name in on and None not in numbers and not any(numbers):
            wanted = " or ".join(".".join(("network", *key)) for key in keys)
            yield facts.problem(("network", *keys[0]), f"none, and '{name}' needs them", f"Give {wanted}, or drop {name}", "1 or more")
    slots = [facts.number("network", "operations", name) for name in ("slot_minutes", "slot_orders")]
    if None not in slots and bool(slots[0]) != bool(slots[1]):
        missing = "slot_orders" if slots[0] else "slot_minutes"
        yield facts.problem(("network", "operations", missing), "a slot needs length and capacity", "Give both, or 0 for both", "1 or more")
    opens, closes = (minutes(facts.get("network", "stores", name)) for name in ("opens", "closes"))
    length = slots[0]
    if length and opens is not None and closes is not None:
        starts = [at for at in range(0, 24 * 60, int(length)) if opens <= at < closes] if 24 * 60 % int(length) == 0 else []
        if not starts:
            yield facts.problem(
                ("network", "operations", "slot_minutes"), "slots of this length do not fall into the opening hours at the same times every day",
                "Choose a length that divides the day, such as 15, 30, 60 or 120", "a part of 1440 with a beginning in the opening hours",
            )  # fmt: skip


def trips(facts: Facts) -> Iterator[Problem]:
    """The part of a trip that several orders share is part of an order's picking time."""
    walk, base = facts.number("network", "operations", "walk_s"), facts.number("network", "work", "pick_base_s")
    batches = [facts.number("network", "operations", name) or 0 for name in ("batch_orders", "centre_batch_orders")]
    if walk is not None and base is not None and walk > base and max(batches) >= 2:
        yield facts.problem(("network", "operations", "walk_s"), f"more than work.pick_base_s = {base:g}", f"Choose {base:g} or less")


def site(facts: Facts) -> Iterator[Problem]:
    """A site with a capacity has sessions that last."""
    sessions, length = facts.number("network", "site", "sessions"), facts.number("network", "site", "session_minutes")
    if sessions is not None and length == 0:
        yield facts.problem(
            ("network", "site", "session_minutes"), "sessions without length never fill a site", "Give their mean length, or sessions: null", "above 0"
        )


#: capability -> keys of the network of which one must be above 0
USES: dict[str, tuple[tuple[str, str], ...]] = {
    "lockers": (("points", "lockers"), ("points", "points")),
    "dark_stores": (("dark_stores", "count"),),
    "outsourced_nodes": (("outsourced", "count"),),
    "pickup_slots": (("operations", "slot_minutes"),),
}
NETWORK_RULES = (hours, some_store, pickers, waves, records, further_hours, further_nodes, trips, site)
