"""Reorder levels of a decision in the retailer's own goods, beside what is on hand: what to order now."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    import pandas as pd

    from omosim.schema.settings import Settings
    from omosim.twin.dated import Dated
    from omosim.twin.goods import Good, Past
    from omosim.twin.history import Floats
    from omosim.twin.tables import Tables

DAY_S = 86_400
#: figures (place x item x world x day) that are held at once, and the items that have levels of their own whatever that gives
MOST_FIGURES, LEAST_ITEMS = 50_000_000, 50
#: states of lines that nobody had in the end and that were not wanted of a shelf
GONE = ("cancelled", "expired", "refused")
COLUMNS = (
    "node", "category", "sku", "by", "items", "unit", "daily_mean", "reorder_level", "order_up_to", "on_hand", "order_now", "runs_out", "counted", "sold_out",
    "lead_days", "review_days", "service",
)  # fmt: skip
#: types of columns that may be empty throughout
TYPES = {
    "category": "string", "sku": "string", "reorder_level": "int64", "order_up_to": "int64", "on_hand": "int64", "order_now": "int64", "runs_out": "float64", "counted": "string", "sold_out": "float64",
}  # fmt: skip


@dataclass(frozen=True)
class Terms:
    """How a shop orders.

    lead_days : from order to shelf, None: the network's; review_days : between two orders; service : order cycles without a stock-out
    """

    lead_days: float | None
    review_days: float
    service: float

    def lead(self, node: str, settings: Settings) -> float:
        """Days from order to shelf of a node of the market."""
        from omosim.schema.codes import NodeKind
        from omosim.world.nodes import node_names

        stock = settings.network.stock
        if self.lead_days is not None:
            return self.lead_days
        return stock.centre_lead_days if node == node_names(settings, 0)[int(NodeKind.DC)] else stock.store_lead_days


@dataclass(frozen=True)
class Wanted:
    """What the worlds want.

    demand : (worlds, nodes, bands, days) units; nodes : names in the market; bands : names; members : (worlds,) their numbers
    per_order : (bands,) units an order of the worlds has of each band as it is
    handed : for how many units of the retailer's stores one that the worlds' stores hand over stands, 1 as they are
    """

    demand: Floats
    per_order: Floats
    nodes: Sequence[str]
    bands: Sequence[str]
    members: Sequence[int]
    handed: float = 1.0


@dataclass
class Reorder:
    """Rows of `reorder_levels`, and what to say of them."""

    rows: list[dict[str, Any]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def columns(self) -> dict[str, list[Any]]:
        """name -> values, {} without rows."""
        return {name: [row[name] for row in self.rows] for name in COLUMNS} if self.rows else {}


def reorder_of(tables: Tables, dated: Dated, wanted: Wanted, settings: Settings, terms: Terms, end_day: int, key: int) -> Reorder:
    """Levels of every place and good, and what to order where stock was counted.

    Parameters
    ----------
    dated : the retailer's state on `end_day` (days since 1970), the first day of `wanted`; key : of the draws, 64 bits
    """
    from omosim.twin.dated import kinds_of
    from omosim.twin.decide import levels
    from omosim.twin.goods import BAND, MOST_SKUS, Good, by_goods, past_of
    from omosim.twin.lately import WEEKS

    lines = tables.orders.lines
    lines = lines[(lines["placed_local"] >= (end_day - 7 * WEEKS) * DAY_S) & (lines["placed_local"] < end_day * DAY_S)]
    lines = lines[~lines["status"].fillna("").str.lower().isin(GONE)].reset_index(drop=True)
    counted_by = _counted_by(tables)
    names, demand = [dated.places.get(node, node) for node in wanted.nodes], wanted.demand
    demand, said_parts = own_parts(demand, wanted, names, lines)
    one = _one_place(tables, names[0])
    if one:
        names, demand = [one], demand.sum(axis=1, keepdims=True)
    places = max(len(names), int(lines["store_id"].nunique()))
    most = max(LEAST_ITEMS, min(MOST_SKUS, MOST_FIGURES // (places * demand.shape[0] * demand.shape[3])))
    past = past_of(lines, kinds_of(lines, settings), wanted.bands, items=0 if counted_by == "category" else most, week=(lines["placed_local"].to_numpy(np.int64) // DAY_S - end_day) // 7 + WEEKS)
    times, said = _units(wanted, past, int(lines["order_id"].nunique()))
    paths = by_goods(demand * times[:, None], names, past, wanted.members, (key, end_day))
    goods = [*past.goods, *(Good(BAND, band, None, ()) for band in wanted.bands)]
    stock = _Stock(tables, dated, past, lines, counted_by, end_day, one)
    node_of = dated.nodes | dict(zip(names, wanted.nodes, strict=False))
    out = Reorder()
    for (place, number), path in sorted(paths.items(), key=lambda item: (item[0][0], goods[item[0][1]].category or "", goods[item[0][1]].by, goods[item[0][1]].sku or "")):
        good = goods[number]
        there = stock.of(place, number, good)
        lead = terms.lead(node_of.get(place, place), settings)
        found = levels(path, lead, terms.review_days, terms.service, there["on_hand"])
        out.rows.append({"node": place, "category": good.category, "sku": good.sku, "by": good.by, "items": len(good.items), "unit": "units", **found, **there,
                         "lead_days": lead, "review_days": terms.review_days, "service": terms.service})  # fmt: skip
    out.notes += [*_notes(out.rows, past, lines, counted_by, terms, most), *said, *said_parts]
    if one and out.rows:
        out.notes.append(f"the orders name no store: all goods are wanted of one place, {one}")
    return out


def own_parts(demand: Floats, wanted: Wanted, names: Sequence[str], lines: pd.DataFrame) -> tuple[Floats, list[str]]:
    """(worlds, nodes, bands, days) with each store's own part of the units that the stores' order lines of the last weeks have; and what to say.

    What stores hand over more or less than the worlds' (`handed`) the first node, the centre, sends less or more: sums over places
    stay in every world, on every day. A store of the market that is none of the retailer's falls to his. Then stores take their own parts: their sum over all worlds and days stays.
    names : the retailer's names of nodes.
    """
    from omosim.twin.lately import UNLIKE, WEEKS

    known = set(lines["store_id"].dropna())
    stores = [i for i, name in enumerate(names) if i and name in known]
    if not stores:
        return demand, []
    out = demand.copy()
    nobody = [i for i, (name, node) in enumerate(zip(names, wanted.nodes, strict=True)) if i and name not in known and name == node and node.startswith("S")]
    out[:, stores] += out[:, nobody].sum(axis=1, keepdims=True) / len(stores)
    out[:, nobody] = 0.0
    every = out[:, stores].sum(axis=(0, 1, 3))
    centre = out[:, 0].sum(axis=(0, 2))
    if wanted.handed <= 1.0:
        moved = (1.0 - wanted.handed) * out[:, stores]
        out[:, stores] -= moved
        out[:, 0] += moved.sum(axis=1)
    else:
        gone = np.minimum(1.0, (wanted.handed - 1.0) * every / np.maximum(centre, 1e-9))[None, :, None] * out[:, 0]
        part = out[:, stores].sum(axis=(0, 3)) / np.maximum(every, 1e-9)
        gone = gone * (every > 0)[None, :, None]
        out[:, stores] += part[None, :, :, None] * gone[:, None]
        out[:, 0] -= gone
    ran = out[:, stores].sum(axis=(0, 2, 3))
    sold = lines.groupby("store_id")["units"].sum()
    had = np.where(ran > 0, [float(sold[names[i]]) for i in stores], 0.0)
    if had.sum() <= 0:
        return out, []
    times = had / had.sum() * ran.sum() / np.where(ran > 0, ran, 1.0)
    out[:, stores] *= times[None, :, None, None]
    at = int(np.argmax(np.abs(np.log(np.where(times > 0, times, 1.0)))))
    far = float(times[at])
    said = f"stores have their own parts of units of the last {WEEKS} weeks: {names[stores[at]]} counts times {far:.2f}, the furthest from the market behind the twin"
    return out, [said] if far > 0 and abs(np.log(far)) > np.log(UNLIKE) else []


def handed_over_times(rows: Sequence[np.ndarray], mix: Mapping[str, float]) -> float:
    """For how many units of the retailer's stores one of the worlds' stands.

    rows : of each world, IN_STORE rows (`twin.whatif`); mix : how many orders of the store one of the worlds stands for, by "pickups" and "sales"
    """
    from omosim.twin.whatif import PARCEL, SERVED

    units = np.zeros(PARCEL + 1)
    for world in rows:
        units += np.bincount(world["kind"], world["units"], minlength=PARCEL + 1)
    times = np.full(PARCEL + 1, mix.get("pickups", 1.0))
    times[SERVED], times[PARCEL] = mix.get("sales", 1.0), 1.0
    return float((units * times).sum() / units.sum()) if units.sum() > 0 else 1.0


def _units(wanted: Wanted, past: Past, orders: int) -> tuple[Floats, list[str]]:
    """(bands,) how many of the retailer's units one of the worlds' stands for, and what to say.

    A band holds goods of one price in the worlds, whatever the goods in it cost, so an order of the right value may have the
    wrong number of units. Units an order has of each band in the last weeks over those of the worlds.
    """
    from omosim.twin.lately import MOST_TIMES, WEEKS

    seen = np.bincount(past.band, past.units, minlength=len(wanted.bands)) / max(orders, 1)
    told = (seen > 0) & (wanted.per_order > 0)
    times = np.clip(np.where(told, seen / np.where(told, wanted.per_order, 1.0), 1.0), 1 / MOST_TIMES, MOST_TIMES)
    off = [f"{band} times {x:.2f}" for band, x in zip(wanted.bands, times, strict=True) if abs(np.log(x)) > 0.1]
    return times, [f"units of the worlds are counted as the orders of the last {WEEKS} weeks hold them: {', '.join(off)}"] if off else []


def _one_place(tables: Tables, centre: str) -> str:
    """The retailer's one place where his orders name none: that of his counts, where these name one, else the market's centre; "" where orders name places."""
    if tables.orders.lines["store_id"].notna().any():
        return ""
    counts = tables.further.get("stock")
    found = [] if counts is None else sorted(set(counts["store_id"].dropna()))
    return str(found[0]) if len(found) == 1 else centre


def _counted_by(tables: Tables) -> str:
    """What stock counts name: "sku", "category", "" without counts; as a member's state takes them."""
    counts = tables.further.get("stock")
    if counts is None or counts.empty:
        return ""
    return next((name for name in ("sku", "category") if name in counts and counts[name].notna().any()), "")


class _Stock:
    """What lies where by the last counts and what moved since."""

    def __init__(self, tables: Tables, dated: Dated, past: Past, lines: pd.DataFrame, by: str, end_day: int, one: str) -> None:
        self.by = by
        self.cells: dict[tuple[str, str], tuple[float, float]] = {}  # (place, item) -> units, day of the count
        self.empty: dict[tuple[str, str], list[bool]] = {}
        self.sold: dict[tuple[str, int], set[str]] = {}  # (place, good) -> items that were sold there
        if not by:
            return
        from omosim.twin.lately import WEEKS

        cells = dated.stock
        sales = dict(list(tables.orders.lines.groupby(by))) if one else {}
        for node, item, stock, day in zip(cells["node"], cells["category"], cells["stock"], cells["counted_day"], strict=True):
            gone = _sold_since(sales.get(item), float(day), end_day)  # a state takes sales off the stock of their store alone
            at = dated.places.get(node, node), str(item)
            units, since = self.cells.get(at, (0.0, float(day)))  # warehouses are one centre
            self.cells[at] = (units + max(0.0, float(stock) - gone), min(since, float(day)))
        counts = tables.further["stock"]
        counts = counts[(counts["local"] >= (end_day - 7 * WEEKS) * DAY_S) & (counts["local"] < end_day * DAY_S) & counts[by].notna()]
        for place, item, units in zip(counts["store_id"], counts[by], counts["on_hand"], strict=True):
            self.empty.setdefault((dated.places.get(dated.nodes.get(place, ""), str(place)), str(item)), []).append(bool(units <= 0))
        if by == "sku":
            named = lines["sku"].notna().to_numpy() & ((past.place >= 0) | bool(one))
            for place, number, item in set(zip(past.place[named].tolist(), past.good[named].tolist(), lines["sku"].to_numpy(object)[named].tolist(), strict=True)):
                self.sold.setdefault((one or past.places[place], number), set()).add(str(item))

    def of(self, place: str, number: int, good: Good) -> dict[str, Any]:
        """on_hand (units), counted (ISO day of the oldest count), sold_out (share of its counts that found none); None each where not every item of it was counted."""
        from omosim.twin.goods import CATEGORY

        items = {good.sku} if good.sku else self.sold.get((place, number), set()) if self.by == "sku" else {good.category} if good.by == CATEGORY else set()
        found = [self.cells.get((place, str(item))) for item in sorted(map(str, items))]
        known = [cell for cell in found if cell is not None]
        if not self.by or not found or len(known) < len(found) or (good.sku and self.by != "sku"):
            return {"on_hand": None, "counted": None, "sold_out": None}
        none = [empty for item in items for empty in self.empty.get((place, str(item)), ())]
        day = np.datetime64(int(min(day for _, day in known)), "D")
        return {"on_hand": int(np.floor(sum(units for units, _ in known) + 1e-6)), "counted": str(day), "sold_out": round(float(np.mean(none)), 4) if none else None}


def _sold_since(lines: pd.DataFrame | None, day: float, end_day: int) -> float:
    """Units of an item's lines that were sold from a day on, less those that came back."""
    if lines is None:
        return 0.0
    mine = lines[lines["placed_local"] < end_day * DAY_S]
    out = float(mine.loc[mine["placed_local"] >= day * DAY_S, "units"].sum())
    if "returned_utc" not in mine:
        return out
    back = mine["returned_utc"] + mine["placed_local"] - mine["placed_utc"]
    return out - float(mine.loc[(mine["returned_utc"] >= 0) & (back >= day * DAY_S) & (back < end_day * DAY_S), "units"].sum())


def _notes(rows: Sequence[Mapping[str, Any]], past: Past, lines: pd.DataFrame, counted_by: str, terms: Terms, most_items: int) -> list[str]:
    """What the levels are by, what was left out, what is not known."""
    from omosim.twin.goods import BAND, CATEGORY, LEAST_LINES, SKU
    from omosim.twin.lately import WEEKS

    if not rows:
        return ["no reorder levels: nothing is sold on any of these days"]
    said = []
    units = {by: float(past.units[np.isin(past.good, [i for i, g in enumerate(past.goods) if g.by == by])].sum()) for by in (SKU, CATEGORY, BAND)}
    every = max(sum(units.values()), 1.0)
    kinds = {by: [good for good in past.goods if good.by == by] for by in units}
    part = {by: f"{100 * units[by] / every:.0f} % of units" for by in units}
    items = {by: sum(len(good.items) for good in kinds[by]) for by in units}
    if kinds[SKU]:
        most = f"the {most_items} most sold items" if len(kinds[SKU]) == most_items else f"{len(kinds[SKU])} items with {LEAST_LINES} order lines or more"
        said.append(f"reorder levels are by SKU: {most} in the last {WEEKS} weeks, {part[SKU]}")
        if kinds[CATEGORY]:
            said.append(f"reorder levels of the others are by category: {items[CATEGORY]} items in {len(kinds[CATEGORY])} categories, {part[CATEGORY]}")
    elif kinds[CATEGORY]:
        why = "stock is counted by category" if counted_by == "category" and items[CATEGORY] else "no item sold often enough" if items[CATEGORY] else "the orders name no SKU"
        said.append(f"reorder levels are by the data's own categories, for {why}: {len(kinds[CATEGORY])} categories, {part[CATEGORY]}")
    elif not len(lines):
        said.append(f"reorder levels are by price band: no order line of the last {WEEKS} weeks tells which goods are sold; price_from_N holds goods of N minor units and more")
    else:
        said.append("reorder levels are by price band, as the worlds hold goods: the orders name no category, and no SKU that sold often enough; price_from_N holds goods of N minor units and more")
    if kinds[BAND] and (kinds[SKU] or kinds[CATEGORY]):
        said.append(f"reorder levels of goods without a category are by price band: {items[BAND]} items, {part[BAND]}; price_from_N holds goods of N minor units and more")
    said.append(f"which goods a world's units are is drawn from the order lines of the last {WEEKS} weeks of the same price band and place")
    counted = [row for row in rows if row["on_hand"] is not None]
    if counted_by and not counted:
        said.append(f"no reorder level has a count beside it: stock is counted by {counted_by}, and no count is of goods and places that levels are for")
    if counted:
        low = sum(bool(row["order_now"]) for row in counted)
        said.append(f"below the level up to which to order: {low} of {len(counted)} counted goods; what is on its way from suppliers is in no table: take it off")
    out = [row for row in counted if row["sold_out"]]
    if out:
        said.append(f"found sold out in counts of the last {WEEKS} weeks: {', '.join(_named(row) for row in out[:3])}{f' and {len(out) - 3} more' if len(out) > 3 else ''}; more was wanted than was sold, so levels are too low")
    short = sorted({f"{row['node']} {row['lead_days']:g}" for row in rows if row["order_up_to"] is None})
    if short:
        said.append(f"no level up to which to order: the horizon is shorter than lead time and review (days from order to shelf: {', '.join(short[:3])}); give a longer horizon or lead_days")
    if terms.lead_days is None:
        leads = sorted({row["lead_days"] for row in rows})
        said.append(f"lead times of reorder levels are those of the stores and the centre, assumed unless given ({', '.join(f'{lead:g}' for lead in leads)} days from order to shelf): lead_days=N says yours")
    return said


def _named(row: Mapping[str, Any]) -> str:
    return f"{row['sku'] or row['category']} in {row['node']}"
