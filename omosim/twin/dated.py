"""From a twin's tables to its state on a date: seats for its customers, stock by counts and flows, orders under way.

What the tables do not have keeps the model's own start, and is said.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
from scipy.special import ndtr, ndtri

from omosim.schema.codes import Entry
from omosim.schema.columns import DAY, HOUR
from omosim.schema.days import date_of
from omosim.schema.settings import Settings
from omosim.twin.bgcnbd import RepeatFit
from omosim.twin.history import Floats, Ints
from omosim.twin.opening import Opening, opening_of, reconcile
from omosim.twin.tables import COLLECTED, Tables
from omosim.world.nodes import node_names
from omosim.world.start import MOST_UNDER_WAY, UNDER_WAY
from omosim.world.synthesis import planned_stores

CHANNELS = {entry.name.lower(): int(entry) for entry in Entry if entry != Entry.NONE}
#: a parcel not yet delivered after so many days is lost to the books, not under way
LOST_AFTER_DAYS = 21
_COUNTER_S = 188


@dataclass(frozen=True)
class Dated:
    """State on a date and how it was found.

    seats : shoppers' names in the order of seats; stock : a row a counted cell; said : what was taken, and what is unknown
    places : node of the model -> the retailer's name of it, where there is one; of several warehouses the first
    nodes : the retailer's name -> node; all his warehouses are the market's centre
    weeks : length of the log without its lost days, in which those who hold no seat bought nothing
    """

    opening: Opening
    seats: Any
    stock: pd.DataFrame
    said: list[str] = field(default_factory=list)
    places: dict[str, str] = field(default_factory=dict)
    nodes: dict[str, str] = field(default_factory=dict)
    weeks: float = 0.0


def lost_days(states: Sequence[str], first_day: int) -> Ints:
    """Days (since 1970) on which no order could be seen: gaps of the log, and closed days of weekdays that are mostly open.

    states : of each day from `first_day` on, of `quality.STATES`. A weekday that is always closed is in the rates that were fitted
    """
    state = np.array(states, dtype=str)
    weekday = np.arange(state.size) % 7
    closed = state == "closed"
    usual = np.bincount(weekday, closed, 7) < 0.5 * np.maximum(np.bincount(weekday, state != "gap", 7), 1)
    return first_day + np.flatnonzero((state == "gap") | (closed & usual[weekday]))


def state_of(tables: Tables, settings: Settings, law: RepeatFit, end_day: int, share: float, stores: dict[str, str] | None = None,
             lost: Ints | None = None) -> Dated:  # fmt: skip
    """What the tables say of the first second of `end_day` (days since 1970); nothing later is looked at.

    Parameters
    ----------
    settings : the market whose categories and stores the state is put in
    law : BG/CNBD-k of purchases
    share : purchases per need, until `shares.shares_by_kind` measures it
    stores : names in the data -> names of stores in the model; None: equal names, else in their order
    lost : days since 1970 on which no order could be seen: customers' time stands still, or they would be taken to have bought nothing
    """
    seen = (lambda day: day) if lost is None else (lambda day: day - np.searchsorted(lost, np.floor(day)))
    end, said = end_day * DAY, [] if stores is None else [f"stores by the given names: {len(stores)}"]
    lines = tables.orders.lines
    lines = lines[lines["placed_local"] < end].reset_index(drop=True)
    kinds = list(settings.catalogue.categories)
    kind = kinds_of(lines, settings)
    orders = lines.assign(kind=kind).groupby("order_id", sort=False).agg(
        shopper_id=("shopper_id", "first"), local=("placed_local", "min"), utc=("placed_utc", "min"), channel=("channel", "first"),
        kind=("kind", "first"), value=("value", "sum"), units=("units", "sum"),
    )  # fmt: skip
    entry = orders["channel"].map(CHANNELS).fillna(0).to_numpy(np.int64)
    as_of = date_of(end_day)
    opening, seats = opening_of(
        orders["shopper_id"].to_numpy(object), seen(orders["local"].to_numpy(np.float64) / DAY), np.asarray(entry, np.int64), orders["kind"].to_numpy(), orders["value"].to_numpy(np.float64),
        as_of, float(seen(end_day)), law, len(kinds), share,
    )  # fmt: skip
    unknown = int(orders["shopper_id"].isna().sum())
    said.append(f"{len(seats):,} known customers; of {len(orders):,} orders {unknown:,} name no customer")
    nodes = node_names(settings, planned_stores(settings)[0])
    names = _stores(tables, lines, nodes, stores, said)
    stock, cells = _stock(tables, lines, kind, end_day, nodes, names, kinds, said)
    under_way = _under_way(tables, lines.assign(kind=kind), settings, seats, end, nodes, names, said)
    weeks = float(seen(end_day) - seen(lines["placed_local"].min() / DAY)) / 7 if len(lines) else 0.0
    more = {**vars(opening), "stock": stock, "orders": under_way}
    return Dated(Opening(**more), seats, cells, said, {names[name]: name for name in sorted(names, reverse=True)}, names, weeks)


def kinds_of(lines: pd.DataFrame, settings: Settings) -> Ints:
    """(lines,) the market's category: by name where the names are the market's, else the one of the nearest price."""
    names = {name: i for i, name in enumerate(settings.catalogue.categories)}
    by_name = lines["category"].map(names)
    if by_name.notna().mean() > 0.5:
        return np.asarray(by_name.fillna(-1), np.int64)
    prices = np.log([max(kind.price, 1) for kind in settings.catalogue.categories.values()])
    order = lines.groupby("order_id")[["value", "units"]].transform("sum")
    paid = np.log(np.maximum(order["value"] / np.maximum(order["units"], 1), 1e-9).to_numpy(np.float64))
    return np.asarray(np.abs(paid[:, None] - prices).argmin(axis=1), np.int64)


def handed_over(lines: pd.DataFrame) -> np.ndarray:
    """(n,) lines that were sold or picked up in a store; where a line does not say how it was handed over, those of channel store or with a place."""
    in_store = (lines["channel"] == "store").to_numpy(bool) if "channel" in lines else np.zeros(len(lines), bool)
    unsaid = in_store | lines["store_id"].notna().to_numpy(bool)
    if "fulfilment" not in lines:
        return unsaid
    way = lines["fulfilment"]
    return np.where(way.isna(), unsaid, way.isin((*COLLECTED, "store"))).astype(bool)


def _stores(tables: Tables, lines: pd.DataFrame, nodes: list[str], given: dict[str, str] | None, said: list[str]) -> dict[str, str]:
    """Names of places in the data -> names of nodes: places that sell or hand over are stores, all others are the centre."""
    if given is not None:
        return given
    stores, beside = set(lines.loc[handed_over(lines), "store_id"].dropna()), set(lines["store_id"].dropna())
    for kind, rows in tables.further.items():
        if "store_id" in rows:
            (stores if kind == "traffic" else beside).update(rows["store_id"].dropna())
    if lines["store_id"].isna().all():  # orders that name no place do not tell a store from a warehouse
        stores, beside = stores | beside, set()
    beside -= stores
    if stores <= set(nodes):
        out = {name: name for name in sorted(stores)}
    else:
        free = [node for node in nodes if node.startswith("S")]
        if len(stores) > len(free):
            orders = lines["store_id"].value_counts()
            kept = sorted(stores, key=lambda name: (-int(orders.get(name, 0)), name))
            said.append(f"{len(stores)} stores in the data, {len(free)} in the model: {', '.join(sorted(kept[len(free):])[:5])} are left out")
            stores = set(kept[: len(free)])
        out = dict(zip(sorted(stores), free, strict=False))
    other = {name: name if name in nodes and name not in out.values() else nodes[0] for name in sorted(beside)}
    warehouses = [name for name, node in other.items() if node == nodes[0]]
    if warehouses and warehouses != [nodes[0]]:
        said.append(f"places without sales or pickups are the centre: {', '.join(warehouses[:5])}{f' and {len(warehouses) - 5} more' if len(warehouses) > 5 else ''}")
    return out | other


def _stock(tables: Tables, lines: pd.DataFrame, kind: Ints, end_day: int, nodes: list[str], names: dict[str, str], kinds: list[str],
           said: list[str]) -> tuple[Floats | None, pd.DataFrame]:  # fmt: skip
    """(N, C) units by the last counts and what moved since, item by item where items were counted; None without counts."""
    counts = tables.further.get("stock")
    if counts is None or counts.empty:
        said.append("no stock counts: shelves begin at the model's own levels")
        return None, pd.DataFrame()
    items = [name for name in ("sku", "category") if name in counts and counts[name].notna().any()][:1]
    if not items:
        return None, pd.DataFrame()
    by = items[0]
    frame = lambda rows, day, units: pd.DataFrame({
        "node": rows["store_id"].where(rows["store_id"].isin(list(names))).to_numpy(), "category": rows[by].to_numpy(), "day": np.asarray(day) / DAY, "units": np.asarray(units, np.float64),
    }).dropna(subset=["node", "category"])  # fmt: skip
    centre = [name for name, node in names.items() if node == nodes[0]]
    if len(centre) == 1 and lines["store_id"].notna().any():  # what no store hands over leaves the one warehouse
        lines = lines.assign(store_id=lines["store_id"].where(lines["store_id"].notna() | handed_over(lines), centre[0]))
        said.append(f"orders that name no place and are sent are taken off the stock of {centre[0]}")
    sold = lines[lines["store_id"].notna()]
    flows = [frame(sold, sold["placed_local"], -sold["units"])]
    back = sold[sold["returned_utc"] >= 0] if "returned_utc" in sold else sold[:0]
    if len(back):
        flows.append(frame(back, back["returned_utc"] + back["placed_local"] - back["placed_utc"], back["units"]))
    came = tables.further.get("deliveries")
    if came is not None and by in came:
        mine = came[came["order_id"].isna()] if "order_id" in came else came
        flows.append(frame(mine, mine["local"], mine["units"]))
    else:
        said.append("no deliveries to stores: what came since a count is unknown, and stock may be more than is taken")
    every = sorted(set(counts[by].dropna()))
    units, cells = reconcile(frame(counts, counts["local"], counts["on_hand"]), pd.concat(flows), float(end_day), list(names), every)
    cells["node"] = cells["node"].map(names)
    of = {name: i for i, name in enumerate(kinds)}
    if by == "sku":
        told = pd.Series(kind).groupby(lines["sku"].to_numpy()).agg(lambda x: x.mode().iloc[0])
        of = {str(name): int(i) for name, i in told.items()}
    out = np.full((len(nodes), len(kinds)), np.nan)
    for row, place in enumerate(names.values()):
        for column, name in enumerate(every):
            at = of.get(name, -1)
            if at >= 0 and place in nodes and not np.isnan(units[row, column]):
                node = nodes.index(place)
                out[node, at] = np.nan_to_num(out[node, at]) + units[row, column]
    odd = cells["note"].ne("").sum()
    said.append(f"{len(cells):,} cells counted; {odd} of them odd; {cells['missing'].sum():,.0f} units fewer than counts and flows say")
    return out, cells


def _under_way(tables: Tables, lines: pd.DataFrame, settings: Settings, seats: Any, end: int, nodes: list[str], names: dict[str, str],
               said: list[str]) -> np.ndarray:  # fmt: skip
    """UNDER_WAY rows: pickups not collected, parcels not delivered."""
    lines = lines[lines["shopper_id"].notna() & (lines["kind"] >= 0)]
    if "status" in lines:
        lines = lines[~lines["status"].fillna("").str.lower().isin(("cancelled", "expired", "refused", "returned", "left"))]
    shift = lines["placed_local"] - lines["placed_utc"]
    way = lines["fulfilment"] if "fulfilment" in lines else pd.Series(None, index=lines.index, dtype=object)
    age = end - lines["placed_local"]
    pickup, carrier = settings.network.pickup, settings.network.carrier
    parts = []
    collected = lines["collected_utc"] + shift if "collected_utc" in lines else None
    if collected is not None and (lines["collected_utc"] >= 0).any():
        waits = way.isin(COLLECTED) & ((lines["collected_utc"] < 0) | (collected >= end)) & (age < (pickup.hold_days + 1) * DAY)
        mine = lines[waits].assign(age=age[waits], way=0)
        sigma = max(pickup.collect_sigma, 1e-3)
        parts.append(_left(mine, np.log(pickup.collect_median_h * HOUR), sigma, pickup.no_show))
    else:
        said.append("no times of collection: which pickups still wait is unknown")
    came = tables.further.get("deliveries")
    if came is not None and "order_id" in came and came["order_id"].notna().any():
        done = set(came.loc[came["order_id"].notna() & (came["local"] < end), "order_id"])
        road = (way.fillna("ship") == "ship") & (lines["channel"] != "store") & ~lines["order_id"].isin(done) & (age < LOST_AFTER_DAYS * DAY)
        mine = lines[road].assign(age=age[road], way=1)
        sigma = float(np.sqrt(np.log1p(carrier.lead_cv**2))) or 1e-3
        parts.append(_left(mine, np.log(carrier.lead_days * DAY) - sigma**2 / 2, sigma, 0.0))
    else:
        said.append("no deliveries of orders: which parcels are under way is unknown")
    rows = pd.concat(parts).reset_index(drop=True) if parts else pd.DataFrame()
    if rows.empty:
        return np.zeros(0, UNDER_WAY)
    seat = {name: i for i, name in enumerate(seats)}
    rows["seat"] = rows["shopper_id"].map(seat)
    rows["node"] = [nodes.index(names[s]) if w == 0 and s in names else -1 for s, w in zip(rows["store_id"], rows["way"], strict=True)]
    rows = rows[(rows["way"] == 1) | (rows["node"] > 0)]
    rows = rows[rows.groupby(["seat", "kind"]).cumcount() < MOST_UNDER_WAY]
    out = np.zeros(len(rows), UNDER_WAY)
    out["shopper"], out["node"], out["category"], out["units"] = rows["seat"], rows["node"], rows["kind"], rows["units"]
    out["channel"] = rows["channel"].map(CHANNELS).fillna(0).replace(int(Entry.STORE), int(Entry.WEB))
    out["price"] = np.rint(rows["value"] / np.maximum(rows["units"], 1))
    out["left_s"], out["counter_s"] = rows["left_s"], _COUNTER_S
    said.append(f"{int((out['node'] >= 0).sum())} pickups wait and {int((out['node'] < 0).sum())} parcels are under way")
    return out


def _left(rows: pd.DataFrame, mu: float, sigma: float, never: float) -> pd.DataFrame:
    """Orders with the seconds left until they end: even quantiles of the lognormal time given their age; -1 as often as nobody comes."""
    orders = rows.groupby("order_id", sort=False).agg(
        shopper_id=("shopper_id", "first"), store_id=("store_id", "first"), channel=("channel", "first"), kind=("kind", "first"),
        units=("units", "sum"), value=("value", "sum"), age=("age", "min"), way=("way", "first"),
    ).reset_index()  # fmt: skip
    if orders.empty:
        return orders.assign(left_s=np.zeros(0, np.int64))
    age = orders["age"].to_numpy(np.float64)
    passed = ndtr((np.log(np.maximum(age, 1.0)) - mu) / sigma)
    u = (np.arange(len(orders)) * 0.6180339887 + 0.5) % 1
    at = np.exp(mu + sigma * ndtri(np.clip(passed + u * (1 - passed), 1e-12, 1 - 1e-9)))
    left = np.maximum(at - age, 600.0)
    gone = never / np.maximum(never + (1 - never) * (1 - passed), 1e-12)
    steps = np.cumsum(gone)
    stays = np.floor(steps + 0.5) > np.floor(np.r_[0.0, steps[:-1]] + 0.5)
    return orders.assign(left_s=np.where(stays & (never > 0), -1, left).astype(np.int64))
