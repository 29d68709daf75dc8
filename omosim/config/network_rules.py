"""Rules between keys of the network: hours, people, further nodes, slots, the site; what is half set up is refused."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from omosim.config.errors import Problem, nearest
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
            if keys[0][0] == "fitting":  # shares, and an alteration takes work
                wanted = wanted.replace("alterable", "alterable with network.fitting.alter_minutes")
            allowed = "above 0, to 1" if keys[0][0] == "fitting" else "1 or more"
            yield facts.problem(("network", *keys[0]), f"none, and '{name}' needs them", f"Give {wanted}, or drop {name}", allowed)
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


# ---- what is half set up -------------------------------------------------------------------------------------------
def _planned(facts: Facts, *key: str) -> float | None:
    """The number of the network at a key, 0 where it is left out, None where it is no number."""
    return 0 if facts.get("network", *key) is None else facts.number("network", *key)


def _dated(facts: Facts, what: str) -> Iterator[tuple[Loc, dict[str, Any]]]:
    """Dated changes of a quantity, with their places."""
    for i, row in enumerate(facts.items("scenario", "interventions")):
        if isinstance(row, dict) and row.get("what") == what:
            yield ("scenario", "interventions", i), row


def _set_by_date(facts: Facts, what: str) -> bool:
    """Whether a dated change gives the network some of a quantity."""
    return any((facts.number(*loc, "set") or 0) > 0 for loc, _ in _dated(facts, what))


def dated_places(facts: Facts) -> Iterator[Problem]:
    """A dated change finds what it changes."""
    for what, key in PLACES.items():
        name = ".".join(("network", *key))
        for loc, _ in _dated(facts, what):
            none = _planned(facts, *key) == 0 if what != "site_capacity" else facts.get("network", *key) is None
            if facts.number(*loc, "times") is not None and none and not _set_by_date(facts, what):
                yield facts.problem((*loc, "times"), f"there is nothing to multiply: {name} is not given", f"Write set: NUMBER, or give {name}")
            if what == "slots" and _planned(facts, "operations", "slot_minutes") == 0:
                yield facts.problem(loc, "no slots are booked: network.operations.slot_minutes is 0", "Give network.operations.slot_minutes and slot_orders")


def site(facts: Facts) -> Iterator[Problem]:
    """A site with a capacity has sessions that last; without one it has no queue."""
    sessions, length = facts.number("network", "site", "sessions"), _planned(facts, "site", "session_minutes")
    limited = sessions is not None or any(facts.number(*loc, "set") is not None for loc, _ in _dated(facts, "site_capacity"))
    if sessions == 0:
        yield facts.problem(
            ("network", "site", "sessions"), "a site that carries nobody",
            "Write null for no limit; an outage is a dated change (what: site_capacity, set: 0)", "1 or more, or null",
        )  # fmt: skip
    if limited and length == 0:
        yield facts.problem(
            ("network", "site", "session_minutes"), "sessions without length never fill a site", "Give their mean length, or sessions: null", "above 0"
        )
    if not limited and facts.number("network", "site", "queue_page") is not None:
        yield facts.problem(
            ("network", "site", "queue_page"), "a queue page of a site without limit", "Give network.site.sessions, or queue_page: null", "null"
        )


def fitting(facts: Facts) -> Iterator[Problem]:
    """A number of rooms wants the time in them (without a number there are as many as are needed); alterations and their work belong together."""
    rooms, minutes = _planned(facts, "operations", "fitting_rooms"), _planned(facts, "fitting", "room_minutes")
    some = bool(rooms) or _set_by_date(facts, "rooms")
    if some and minutes == 0:
        yield facts.problem(("network", "fitting", "room_minutes"), "fitting rooms that nobody uses", "Give the mean time in one, or no rooms", "above 0")
    share, work = _planned(facts, "fitting", "alterable"), _planned(facts, "fitting", "alter_minutes")
    if share and work == 0:
        yield facts.problem(("network", "fitting", "alter_minutes"), "alterations without work", "Give their mean work, or alterable: 0", "above 0")
    if work and share == 0:
        yield facts.problem(("network", "fitting", "alterable"), "nothing is altered", "Give the share of misfits, or alter_minutes: 0", "above 0")


def people(facts: Facts) -> Iterator[Problem]:
    """A desk has people of its own."""
    if _planned(facts, "operations", "desk") and facts.get("network", "operations", "pooled_staff") is True:
        yield facts.problem(
            ("network", "operations", "desk"), "pooled_staff: true makes one pool of all, without a desk", "Drop one of the two", "0 with pooled staff"
        )


def further_stock(facts: Facts) -> Iterator[Problem]:
    """Further nodes that ship have something to ship, and couriers somewhere to go and room."""
    on = facts.switched_on()
    for name, group in (("dark_stores", "dark_stores"), ("outsourced_nodes", "outsourced")):
        if name in on and facts.number("network", group, "stock_share") == 0 and facts.number("network", "stock", "store_min_units") == 0:
            yield facts.problem(("network", group, "stock_share"), f"nothing lies there, and '{name}' ships from it", f"Give a share, or drop {name}", "above 0")
    for key in ("same_day_radius_km", "wave_capacity"):
        dated = key == "wave_capacity" and _set_by_date(facts, "courier_capacity")
        if "same_day" in on and facts.number("network", "carrier", key) == 0 and not dated:
            yield facts.problem(("network", "carrier", key), "no courier comes, and 'same_day' offers them", "Give a number, or drop same_day", "above 0")


def stock_policy(facts: Facts) -> Iterator[Problem]:
    """A policy that the settings make another one is called by that one's name."""
    policy = facts.get("network", "stock", "policy")
    if policy == "r_q" and facts.number("network", "stock", "lot_days") == 0:
        yield facts.problem(("network", "stock", "lot_days"), "lots of nothing", "Give days, or policy: order_up_to", "above 0")
    point = _planned(facts, "stock", "reorder_days")
    if policy != "s_s" or point is None:
        return
    for name, nodes in COVERS.items():
        cover = facts.number("network", "stock", name)
        if cover is not None and point and point >= cover:
            yield facts.problem(
                ("network", "stock", "reorder_days"), f"at {nodes} the reorder point lies at the level ({name} = {cover:g}) or above: that is order_up_to",
                f"Lower it, or give more {name}", f"below {cover:g}" if cover else "0",
            )  # fmt: skip


# ---- who ships where -----------------------------------------------------------------------------------------------
def sourcing(facts: Facts) -> Iterator[Problem]:
    """Rows of `network.sourcing.allowed` name nodes that ship and zones there are, and leave each zone somebody."""
    base: Loc = ("network", "sourcing", "allowed")
    zones, names = facts.number("market", "geography", "zones"), _shipping(facts)
    served: dict[int, set[str]] = {}
    whole = zones is not None and bool(names)
    for i, row in enumerate(facts.items(*base)):
        nodes, where = facts.items(*base, i, "nodes"), facts.items(*base, i, "zones")
        for j, name in enumerate(nodes):
            if isinstance(name, str) and names and name not in names:
                yield facts.problem(
                    (*base, i, "nodes", j), "no such node that ships", "Name the centre, stores, dark stores, outsourced nodes, or a kind",
                    _span(facts), nearest(name, names),
                )  # fmt: skip
                whole = False
        for j, zone in enumerate(where):
            if isinstance(zone, int) and zones is not None and not 0 <= zone < zones:
                yield facts.problem((*base, i, "zones", j), "no such zone", "Name zones of this market", f"0 to {int(zones) - 1}")
        if isinstance(row, dict) and zones is not None:
            for zone in where or range(int(zones)):
                if isinstance(zone, int):
                    served.setdefault(zone, set()).update(names.get(n, n) for n in nodes if isinstance(n, str))
    if whole:
        yield from _nobody(facts, base, served)


def _nobody(facts: Facts, base: Loc, served: dict[int, set[str]]) -> Iterator[Problem]:
    """Zones to which nobody ships under this strategy, and backorders that the centre may not send."""
    rows = [row for _, row in _dated(facts, "capability")]
    on = {*facts.switched_on(), *(row.get("capability") for row in rows if row.get("set") == 1)}
    ready = {kind for kind, needs in SHIPS.items() if needs is None or needs in on}
    idle = sorted(zone for zone, kinds in served.items() if kinds and not kinds & ready)
    if idle and "web_shop" in on:
        need = " or ".join(sorted({SHIPS[kind] or "" for zone in idle for kind in served[zone]} - {""}))
        yield facts.problem(base, f"nobody ships to zones {_few(idle)} under this strategy", f"Add DC to their rows, or the capability {need}")
    late = sorted(zone for zone, kinds in served.items() if "DC" not in kinds)
    if late and facts.get("network", "backorders") is True:
        yield facts.problem(
            ("network", "backorders"), f"orders that wait are sent by the centre, which may not ship to zones {_few(late)}",
            "Add DC to their rows, or backorders: false",
        )  # fmt: skip


def _few(zones: list[int]) -> str:
    return ", ".join(map(str, zones[:8])) + (", …" if len(zones) > 8 else "")


def _shipping(facts: Facts) -> dict[str, str]:
    """Names and kinds of nodes that can ship, each with its kind; empty where the network's numbers are not known."""
    counts = [facts.number("network", "stores", "count"), _planned(facts, "dark_stores", "count"), _planned(facts, "outsourced", "count")]
    if None in counts:
        return {}
    out = {"DC": "DC"}
    for kind, letter, count in zip(("stores", "dark_stores", "outsourced"), "SDX", counts, strict=True):
        if count:
            out |= {kind: kind} | {f"{letter}{k:02d}": kind for k in range(1, int(count) + 1)}
    return out | dict.fromkeys(facts.opened(), "stores")


def _span(facts: Facts) -> str:
    """The names that may stand in a row, in short."""
    names = _shipping(facts)
    few = ["DC"]
    for kind in ("stores", "dark_stores", "outsourced"):
        own = [name for name, of in names.items() if of == kind and name != kind]
        few += [f"{own[0]} to {own[-1]}" if len(own) > 1 else own[0], kind] if own else []
    return ", ".join(few)


#: kind of node -> capability with which it ships
SHIPS: dict[str, str | None] = {"DC": None, "stores": "ship_from_store", "dark_stores": "dark_stores", "outsourced": "outsourced_nodes"}
#: dated quantity -> key of the network that it moves
PLACES: dict[str, tuple[str, str]] = {
    "bins": ("operations", "shelf_bins"),
    "bays": ("operations", "curbside_bays"),
    "rooms": ("operations", "fitting_rooms"),
    "slots": ("operations", "slot_orders"),
    "keep": ("operations", "keep_units"),
    "batch": ("operations", "batch_orders"),
    "site_capacity": ("site", "sessions"),
}
#: cover of the level -> nodes that have it
COVERS = {"store_cover_days": "stores", "centre_cover_days": "the centre"}
#: capability -> keys of the network of which one must be above 0
USES: dict[str, tuple[tuple[str, str], ...]] = {
    "lockers": (("points", "lockers"), ("points", "points")),
    "dark_stores": (("dark_stores", "count"),),
    "outsourced_nodes": (("outsourced", "count"),),
    "pickup_slots": (("operations", "slot_minutes"),),
    "pickup_space": (("fitting", "alterable"), ("fitting", "unwanted")),
}
NETWORK_RULES = (hours, some_store, pickers, waves, records, further_hours, further_nodes, trips, site, dated_places, fitting, people,
                 further_stock, stock_policy, sourcing)  # fmt: skip
